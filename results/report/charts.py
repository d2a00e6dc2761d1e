"""The charts of scores: gaps, mastery by round, loss, forgetting and the final examination.

Each function returns an `<svg>` element, or none where the run has nothing yet to show. Scores are drawn in
per cent; bars are Wilson's 95 % intervals.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ioa.memory.records import Gap, GateResult, Score
from ioa.memory.run_dir import Round
from ioa.results.facts import Facts
from ioa.results.report.style import (
    BLUE,
    DASHES,
    INK,
    MARKERS,
    RULE,
    SERIES,
    VERMILION,
    WIDTH,
    bare,
    chart_style,
    new_figure,
    to_svg,
)
from ioa.results.summary import module_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def gap_chart(facts: Facts) -> str | None:
    """Student against teacher on the diagnosis split, widest gap first."""
    if not facts.diagnosis or not facts.diagnosis.gaps:
        return None
    gaps = sorted(facts.diagnosis.gaps, key=lambda gap: (gap.delta is None, -(gap.delta or 0.0), gap.module))
    with chart_style("gaps"):
        figure = new_figure(WIDTH, 1.15 + 0.36 * len(gaps))
        axes = _per_cent_axes(figure, [("▸ " if gap.targeted else "") + gap.module for gap in gaps])
        for row, gap in enumerate(gaps):
            if gap.targeted:
                axes.axhspan(row - 0.5, row + 0.5, color="#f1f5f9", lw=0, zorder=0)
        _dots(axes, [gap.student for gap in gaps], 0.13, VERMILION, "o", "student")
        _dots(axes, [gap.teacher for gap in gaps], -0.13, BLUE, "D", "teacher")
        _gap_threshold(axes, gaps, facts.config.diagnosis.tau_gap if facts.config else None)
        axes.set_xlabel("right answers on the diagnosis split (%)")
        _legend_above(axes)
        return to_svg(figure, "gaps")


def _gap_threshold(axes: "Axes", gaps: Sequence[Gap], tau: float | None) -> None:
    """Mark where each module's gap would be exactly tau_gap, P_S = (1 - tau_gap) P_T, from Eq. 2."""
    if tau is None:
        return
    at = [(100 * (1 - tau) * gap.teacher.mean, row) for row, gap in enumerate(gaps) if gap.teacher.k]
    axes.vlines(
        [x for x, _ in at],
        [row - 0.42 for _, row in at],
        [row + 0.42 for _, row in at],
        color=INK,
        lw=1.4,
        label=f"a student left of this is deficient (Δ > {tau:g})",
    )


def final_chart(facts: Facts) -> str | None:
    """Before against after on the final split, for the target modules."""
    triples = {m: t for m, t in module_scores(facts).items() if m in facts.targets and t.before and t.after}
    if not triples:
        return None
    rows = [m for m in facts.targets if m in triples]
    before = [triples[m].before for m in rows]
    after = [triples[m].after for m in rows]
    with chart_style("final"):
        figure = new_figure(WIDTH, 1.15 + 0.4 * len(rows))
        axes = _per_cent_axes(figure, rows)
        for row, module in enumerate(rows):
            teacher = triples[module].teacher
            if teacher:
                label = "teacher" if row == 0 else "_"
                axes.vlines(100 * teacher.mean, row - 0.36, row + 0.36, color=INK, lw=1.6, label=label)
        _dots(axes, before, 0.13, VERMILION, "o", "student before")
        _dots(axes, after, -0.13, BLUE, "D", "student after")
        axes.set_xlabel("right answers on the final split (%)")
        _legend_above(axes)
        return to_svg(figure, "final")


def _per_cent_axes(figure: "Figure", labels: Sequence[str]) -> "Axes":
    axes = figure.subplots()
    axes.set(xlim=(-2, 102), ylim=(len(labels) - 0.4, -0.6), yticks=range(len(labels)), xticks=range(0, 101, 20))
    axes.set_yticklabels(labels)
    axes.grid(axis="x")
    bare(axes)
    return axes


def _dots(axes: "Axes", scores: Sequence[Score | None], shift: float, colour: str, marker: str, label: str) -> None:
    """One dot a row with its interval; rows that were not examined stay empty."""
    asked = [(row + shift, score) for row, score in enumerate(scores) if score and score.n]
    for row, score in asked:
        low, high = score.interval
        axes.plot([100 * low, 100 * high], [row, row], color=colour, lw=2.2, alpha=0.35, solid_capstyle="round")
    axes.plot(
        [100 * score.mean for _, score in asked],
        [row for row, _ in asked],
        marker,
        color=colour,
        ms=6.2,
        mec="white",
        mew=0.8,
        label=label,
        clip_on=False,
        zorder=4,
    )


def _legend_above(axes: "Axes") -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0.2, handletextpad=0.4)


def mastery_chart(facts: Facts) -> str | None:
    """P_S / P_T at the gate after each round, one panel a stage (Eq. 9)."""
    stages = sorted({assessment.stage for assessment in facts.assessments})
    if not stages:
        return None
    with chart_style("mastery"):
        figure, panels = _panels(len(stages), 3.1)
        for stage, axes in zip(stages, panels, strict=False):
            rounds = {a.round: a.gate for a in facts.assessments if a.stage == stage}
            _mastery_panel(axes, rounds, facts.config.mastery.tau_mastery if facts.config else None)
            axes.set_title(f"Stage {stage}")
        panels[0].set_ylabel("student ÷ teacher (%)")
        return to_svg(figure, "mastery")


def _mastery_panel(axes: "Axes", rounds: Mapping[int, Sequence[GateResult]], tau: float | None) -> None:
    modules = list(dict.fromkeys(result.module for gate in rounds.values() for result in gate))
    for at, module in enumerate(modules):
        shift = 0.09 * (at - (len(modules) - 1) / 2)  # side by side, so that equal ratios can all be seen
        points = [(r, result) for r, gate in sorted(rounds.items()) for result in gate if result.module == module]
        x = [r + shift for r, _ in points]
        colour, marker = SERIES[at % len(SERIES)], MARKERS[at % len(MARKERS)]
        for place, (_, result) in zip(x, points, strict=True):
            scale = 100 / result.teacher.mean if result.teacher.k else 0.0
            low, high = result.student.interval
            axes.plot([place] * 2, [scale * low, scale * high], color=colour, lw=2, alpha=0.3)
        y = [100 * result.ratio for _, result in points]
        name = module.split("/")[-1]
        axes.plot(x, y, marker=marker, color=colour, lw=1.4, ms=5.5, mec="white", mew=0.7, label=name)
    if tau is not None:
        axes.axhline(100 * tau, color=INK, lw=1.1, ls=(0, (4, 3)), label=f"gate, {100 * tau:g} %")
    last = max(rounds)
    axes.set(xlim=(-0.5, last + 0.5), ylim=(0, 116), xticks=range(last + 1), xlabel="remediation round")
    axes.set_yticks(range(0, 101, 20))
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.22), fontsize=8, borderaxespad=0)


def loss_chart(facts: Facts) -> str | None:
    """Training loss by step, one panel a stage, one line a round."""
    by_stage: dict[int, list[Round]] = {}
    for at, log in facts.training.items():
        if log.steps:
            by_stage.setdefault(at[0], []).append(at)
    if not by_stage:
        return None
    with chart_style("loss"):
        figure, panels = _panels(len(by_stage), 2.5)
        for (stage, rounds), axes in zip(by_stage.items(), panels, strict=False):
            for line, key in enumerate(rounds):
                steps = facts.training[key].steps
                x, y = [point.step for point in steps], [point.loss for point in steps]
                colour = SERIES[line % len(SERIES)]
                axes.plot(x, y, color=colour, lw=0.8, alpha=0.35)
                axes.plot(x, _smooth(y), color=colour, lw=1.8, ls=DASHES[line % len(DASHES)], label=f"round {key[1]}")
            axes.set_title(f"Stage {stage}")
            axes.set_xlabel("optimiser step")
            axes.set_ylim(bottom=0)
            axes.legend(loc="upper right", fontsize=8)
        panels[0].set_ylabel("loss (nats per token)")
        return to_svg(figure, "loss")


def _smooth(values: Sequence[float]) -> list[float]:
    """Mean over a window of a tenth of the run, shorter at its ends."""
    half = len(values) // 20
    windows = (values[max(0, i - half) : i + half + 1] for i in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def _panels(count: int, height: float) -> "tuple[Figure, list[Axes]]":
    """Panels in rows of three, with a common scale upwards; those left over are hidden."""
    rows = -(-count // 3)
    columns = min(count, 3)
    figure = new_figure(max(4.6, WIDTH * columns / 3), height * rows)
    axes = [a for row in figure.subplots(rows, columns, sharey=True, squeeze=False) for a in row]
    for at, panel in enumerate(axes):
        panel.set_visible(at < count)
        panel.grid(axis="y")
        bare(panel)
    return figure, axes


def forgetting_chart(facts: Facts) -> str | None:
    """The student's score at the gate, by module, at the end of each stage."""
    ends = {a.stage: {r.module: r.student for r in (*a.gate, *a.earlier) if not r.level} for a in facts.kept}
    own = {a.stage: {r.module for r in a.gate if not r.level} for a in facts.kept}
    taught = [module for modules in own.values() for module in modules]
    modules = list(dict.fromkeys([*taught, *(module for scores in ends.values() for module in scores)]))
    if not modules:
        return None
    with chart_style("forgetting"):
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.patches import Rectangle

        shades = LinearSegmentedColormap.from_list("blues", ["#f6f9fc", "#cfe5f5", "#5fade0"])
        figure = new_figure(min(WIDTH, 3.6 + 1.15 * len(ends)), 1.0 + 0.36 * len(modules))
        axes = figure.subplots()
        for column, (stage, scores) in enumerate(ends.items()):
            for row, module in enumerate(modules):
                if module not in scores:
                    continue
                score = scores[module]
                edge = INK if module in own[stage] else "white"
                box = Rectangle((column - 0.47, row - 0.44), 0.94, 0.88, fc=shades(score.mean), ec=edge, lw=1.3)
                axes.add_patch(box)
                text = f"{100 * score.mean:.0f} %  ({score.k}/{score.n})"
                axes.text(column, row, text, ha="center", va="center", fontsize=8, color=INK)
        axes.set(xlim=(-0.55, len(ends) - 0.45), ylim=(len(modules) - 0.4, -0.6))
        axes.set_xticks(range(len(ends)), [f"after stage {stage}" for stage in ends])
        axes.set_yticks(range(len(modules)), modules)
        axes.xaxis.tick_top()
        axes.set_xlabel("student's right answers at the gate (%)")
        bare(axes)
        axes.spines["bottom"].set_visible(False)
        return to_svg(figure, "forgetting")


def interval_bar(score: Score, colour: str) -> str:
    """A small bar for the headline: the score as a dot, its interval as a line, from 0 to 100 %."""
    low, high = score.interval
    return (
        '<svg viewBox="0 0 204 16" class="bar" aria-hidden="true">'
        f'<line x1="2" x2="202" y1="8" y2="8" stroke="{RULE}" stroke-width="2"/>'
        f'<line x1="{2 + 200 * low:.1f}" x2="{2 + 200 * high:.1f}" y1="8" y2="8" stroke="{colour}" '
        'stroke-width="6" stroke-opacity="0.4" stroke-linecap="round"/>'
        f'<circle cx="{2 + 200 * score.mean:.1f}" cy="8" r="5" fill="{colour}"/></svg>'
    )


BEFORE, AFTER = VERMILION, BLUE
"""Colours of the student before and after being taught."""
