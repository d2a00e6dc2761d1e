"""Charts of examinations: the gap, mastery by round, what was forgotten, and the final examination."""

from collections.abc import Mapping, Sequence

from ioa.memory.plain_text import plain
from ioa.memory.records import Gap, GateResult, Score
from ioa.results.charts.chart_look import (
    SYMBOLS,
    Look,
    Options,
    Panel,
    axis,
    base,
    js,
    names_axis,
    room,
    rows_of_scores,
    stage_panel,
    whiskers,
)
from ioa.results.comparison import Comparison, ModuleSide
from ioa.results.facts import Facts
from ioa.results.summary import module_scores
from ioa.results.words import score_words

_TOP = 116
"""Per cent at the top of the mastery charts: a student may pass its teacher."""


def gap_charts(facts: Facts, look: Look) -> list[Panel]:
    """Student against teacher on the diagnosis split, widest gap first."""
    if not facts.diagnosis or not facts.diagnosis.gaps:
        return []
    gaps = sorted(facts.diagnosis.gaps, key=lambda gap: (gap.delta is None, -(gap.delta or 0.0), gap.module))
    names = [("▸ " if gap.targeted else "") + gap.module for gap in gaps]
    panel = rows_of_scores(
        look,
        "Score of student and teacher on each module at the diagnosis, with 95 % intervals, widest gap first.",
        names,
        {
            "student": (look.student, "circle", [gap.student for gap in gaps]),
            "teacher": (look.teacher, "diamond", [gap.teacher for gap in gaps]),
        },
        "right answers on the diagnosis split (%)",
    )
    if facts.config is not None:
        threshold = _threshold(look, gaps, facts.config.diagnosis.tau_gap)
        panel.options["series"].append(threshold)
        panel.options["legend"]["data"].append(threshold["name"])
    return [panel]


def _threshold(look: Look, gaps: Sequence[Gap], tau: float) -> Options:
    """Marks where each module's gap would be exactly tau_gap, P_S = (1 - tau_gap) P_T, from Eq. 2."""
    return {
        "type": "scatter",
        "name": f"a student left of this is deficient (Δ > {tau:g})",
        "symbol": "rect",
        "symbolSize": [2, 26],
        "itemStyle": {"color": look.ink},
        "data": [
            {
                "value": [100 * (1 - tau) * gap.teacher.mean, row],
                "tip": f"{plain(gap.module)}: deficient below {100 * (1 - tau) * gap.teacher.mean:.0f} %",
            }
            for row, gap in enumerate(gaps)
            if gap.teacher.k
        ],
        "z": 2,
    }


def final_charts(facts: Facts, look: Look) -> list[Panel]:
    """Before, after and the teacher on the final split: the modules of the plan, then what was never taught."""
    scores = {module: scores for module, scores in module_scores(facts).items() if scores.before and scores.after}
    rows = [module for module in facts.targets if module in scores]
    rows += [module for module in scores if module not in facts.targets]
    if not rows:
        return []
    names = [("▸ " if module in facts.targets else "") + module for module in rows]
    return [
        rows_of_scores(
            look,
            "Student before and after teaching, and teacher, on the final examination, by module.",
            names,
            {
                "student before": (look.student, "circle", [scores[m].before for m in rows]),
                "student after": (look.teacher, "diamond", [scores[m].after for m in rows]),
                "teacher": (look.ink, "triangle", [scores[m].teacher for m in rows]),
            },
            "right answers on the final split (%)",
        )
    ]


def mastery_charts(facts: Facts, look: Look) -> list[Panel]:
    """P_S / P_T at the gate after each round, a panel a stage (Eq. 9)."""
    panels = []
    for stage in sorted({assessment.stage for assessment in facts.assessments}):
        rounds = {a.round: a.gate for a in facts.assessments if a.stage == stage}
        words = {round_: facts.teaching(stage, round_).words for round_ in rounds}
        tau = facts.config.mastery.tau_mastery if facts.config else None
        panels.append(_mastery_panel(stage, rounds, words, tau, look))
    return panels


def _mastery_panel(
    stage: int, rounds: Mapping[int, Sequence[GateResult]], words: Mapping[int, str], tau: float | None, look: Look
) -> Panel:
    modules = list(dict.fromkeys(result.module for gate in rounds.values() for result in gate))
    series: list[Options] = []
    for place, module in enumerate(modules):
        shift = 0.09 * (place - (len(modules) - 1) / 2)  # side by side, so that equal ratios can all be seen
        points = [(r, result) for r, gate in sorted(rounds.items()) for result in gate if result.module == module]
        series += _mastery_line(module, points, words, shift, place, look)
    last = max(rounds)
    if tau is not None and series:
        label = {"formatter": f"gate {100 * tau:g} %", "position": "insideStartTop", "color": look.ink}
        line = {"yAxis": 100 * tau, "label": label}
        style = {"color": look.ink, "type": "dashed", "width": 1.2}
        series[0]["markLine"] = {"silent": True, "symbol": "none", "data": [line], "lineStyle": style}
    rounds_axis = axis(look, "value", "round", min=-0.5, max=last + 0.5, interval=0.5, nameGap=26)
    rounds_axis["splitLine"] = {"show": False}
    rounds_axis["axisLabel"] |= {":formatter": js("whole")}
    scores_axis = axis(look, "value", "student ÷ teacher (%)", min=0, max=_TOP, interval=20, nameGap=36)
    scores_axis["axisLabel"] |= {"showMaxLabel": False}
    names = [plain(module) for module in modules]
    what = "The student's score at the gate as a share of the teacher's, by module and round"
    return stage_panel(look, what, stage, names, rounds_axis, scores_axis, series)


def _mastery_line(
    module: str,
    points: Sequence[tuple[int, GateResult]],
    words: Mapping[int, str],
    shift: float,
    place: int,
    look: Look,
) -> list[Options]:
    colour = look.series[place % len(look.series)]
    bars = []
    for round_, result in points:
        scale = 100 / result.teacher.mean if result.teacher.k else 0.0
        low, high = result.student.interval
        bars.append((round_ + shift, scale * low, min(_TOP, scale * high)))
    line: Options = {
        "type": "line",
        "name": plain(module),
        "symbol": SYMBOLS[place % len(SYMBOLS)],
        "symbolSize": 9,
        "color": colour,
        "lineStyle": {"color": colour, "width": 2},
        "data": [
            {
                "value": [round_ + shift, 100 * result.ratio],
                "tip": f"{plain(module)}, round {round_}, {words[round_]}\nstudent {score_words(result.student)}\n"
                f"teacher {score_words(result.teacher)}\n"
                f"ratio {100 * result.ratio:.0f} %: {'mastered' if result.mastered else 'not mastered'}",
            }
            for round_, result in points
        ],
        "z": 3,
    }
    return [line, whiskers(bars, colour, upright=True)]


def forgetting_charts(facts: Facts, look: Look) -> list[Panel]:
    """The student's score at the gate, by module, at the end of each stage."""
    ends = {a.stage: {r.module: r.student for r in (*a.gate, *a.earlier) if not r.level} for a in facts.kept}
    own = {a.stage: dict.fromkeys(r.module for r in a.gate if not r.level) for a in facts.kept}
    taught = [module for modules in own.values() for module in modules]
    modules = list(dict.fromkeys([*taught, *(module for scores in ends.values() for module in scores)]))
    if not modules:
        return []
    cells = [
        _cell(column, row, module, score, look, own=module in own[stage])
        for column, (stage, scores) in enumerate(ends.items())
        for row, module in enumerate(modules)
        if (score := scores.get(module)) is not None
    ]
    stages = axis(look, "category", data=[f"after stage {stage}" for stage in ends], position="top")
    options = base(
        look,
        "The student's scores at the gate: a row a module, a column a stage's end.",
        grid={"left": room(modules), "right": 8, "top": 28, "bottom": 8},
        xAxis=stages,
        yAxis=names_axis(look, modules),
        visualMap={"show": False, "min": 0, "max": 100, "dimension": 2, "inRange": {"color": list(look.shades)}},
        series=[{"type": "heatmap", "data": cells, "label": {"show": True, ":formatter": js("text")}}],
    )
    return [Panel(options, 50 + 34 * len(modules), width=min(1200, 300 + 150 * len(ends)))]


def _cell(column: int, row: int, module: str, score: Score, look: Look, *, own: bool) -> Options:
    return {
        "value": [column, row, round(100 * score.mean, 1)],
        "text": f"{100 * score.mean:.0f} %  {score.fraction}",
        "tip": f"{plain(module)}\n{score_words(score)}" + ("\ntaught in this stage" if own else ""),
        "label": {"color": look.ink},
        "itemStyle": {"borderColor": look.ink if own else look.back, "borderWidth": 2 if own else 1},
    }


def comparison_charts(compared: Comparison, look: Look) -> list[Panel]:
    """What the students of both runs scored by module: in the final examination, else in the diagnosis."""
    rows = [one for one in compared.modules if _last(one.a) or _last(one.b)]
    if not rows:
        return []
    first: Sequence[Score | None] = [_last(one.a) for one in rows]
    second: Sequence[Score | None] = [_last(one.b) for one in rows]
    series = {
        f"A: {compared.a.run_id}": (look.student, "circle", first),
        f"B: {compared.b.run_id}": (look.teacher, "diamond", second),
    }
    names = [one.module for one in rows]
    label = "Score of both runs' students on each module, with 95 % intervals."
    return [rows_of_scores(look, label, names, series, "right answers, as each run measured last (%)")]


def _last(side: ModuleSide | None) -> Score | None:
    if side is None:
        return None
    return side.after or side.before
