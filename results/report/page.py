"""The report for people: one HTML file that needs nothing else."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib.resources import files
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from ioa.memory.errors import UserError
from ioa.memory.plain_text import plain
from ioa.memory.records import Difficulty, Example, Refusal, Strategy
from ioa.memory.redaction import redact_keys, redact_strings
from ioa.memory.transcript import Tokens
from ioa.memory.transcript.spending import add_tokens
from ioa.results.activities import COLUMNS, activity_rows
from ioa.results.cards.blocks import fold_parts
from ioa.results.cards.lesson_cards import lesson_card, lesson_part
from ioa.results.charts import LIGHT, Panel, stage_colour
from ioa.results.facts import Facts
from ioa.results.lesson_history import Lesson, lessons
from ioa.results.remarks import remarks
from ioa.results.report.script import page_script, script_hash
from ioa.results.report.transcript_data import BUDGET, BUDGET_RUNNING, TranscriptData, link_inside, pack_transcript
from ioa.results.sections import REMARKS, SECTIONS
from ioa.results.summary import Summary, module_scores, scope_words
from ioa.results.tiles import bars_svg, tiles
from ioa.results.words import change_words, duration, money, percent, score_words
from ioa.training.exams.paired import Paired, compare_right_wrong

if TYPE_CHECKING:
    from jinja2 import Template

_SAMPLES = 2
"""Lessons shown of each module."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
"""What could end a script element or a line of it; inside JSON all of them can only be in strings."""


def render_page(facts: Facts, summary: Summary) -> str:
    """The report as HTML that loads nothing: styles and charts are inside, and models' text is escaped."""
    from markupsafe import Markup

    data = page_data(facts)
    script, policy, trouble = charts_script() if data.charts or data.lessons or data.transcript else ("", POLICY, "")
    return open_template("report.html").render(
        facts=facts,
        summary=summary,
        sections=SECTIONS,
        charts=data.charts,
        transcript=data.transcript,
        data=Markup(data.json),  # noqa: S704 - escaped by `page_data`
        script=Markup(script),  # noqa: S704 - ours, and the library's
        policy=Markup(policy),  # noqa: S704 - ours
        trouble=trouble,
        tiles=tiles(facts),
        bars=lambda tile: Markup(bars_svg(tile, LIGHT)),  # noqa: S704 - drawn by us
        stage_colour=lambda stage: stage_colour(stage, LIGHT),
        rows=module_scores(facts),
        paired=paired_test(facts),
        change_words=change_words,
        scope_words=scope_words,
        activity_columns=COLUMNS,
        activity_rows=activity_rows(summary.activities),
        conversation=conversation(facts),
        notes=agents_notes(facts),
        refused=Counter(refusal.reason.value for refusal in facts.refusals).most_common(),
        lessons=data.lessons,
        remarks_title=REMARKS,
        remarks=remarks(facts),
        effects=[effect for effect in facts.strategies.effects if effect.n] if facts.strategies else [],
        difficulties=difficulties(facts),
        page_style=Markup(page_file("report", "page.css")),  # noqa: S704 - ours
        card_style=Markup(page_file("cards", "cards.css")),  # noqa: S704 - ours
    )


@cache
def open_template(name: str) -> "Template":
    """A page's template: a fifth of the time of drawing it would go into compiling that."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(partial(page_file, "report")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: redact_keys(plain(value)) if type(value) is str else value,
    )
    environment.filters |= {
        "money": money,
        "percent": percent,
        "score": score_words,
        "duration": duration,
    }
    return environment.get_template(name)


def charts_script() -> tuple[str, str, str]:
    """The script, the page's policy, which lets it run and no other, and what is wrong where there is none."""
    try:
        script = page_script()
    except UserError as error:  # a run that took hours is not to fail for want of its charts
        return "", POLICY, str(error)
    return script, f"{POLICY}; script-src '{script_hash(script)}'", ""


def page_file(room: str, name: str) -> str:
    """A file of one of the rooms of `results/`, such as a template or a style sheet."""
    return (files(f"ioa.results.{room}") / name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class PageData:
    """What the script of the page draws."""

    charts: Mapping[str, Sequence[Panel]]
    """By the name of their section; those that have anything to show."""
    lessons: Mapping[str, Sequence[Lesson]]
    """Some of each module."""
    transcript: TranscriptData | None
    json: str
    """All of it, to be put into a script element of type `application/json`."""


def page_data(facts: Facts) -> PageData:
    """The charts, some lessons and the transcript of a run."""
    charts = {name: panels for name, one in SECTIONS.items() if (panels := one.draw(facts, LIGHT))}
    accepted = {one.id: one for one in facts.examples}
    samples = sample_lessons(facts)
    budget = BUDGET_RUNNING if facts.status == "running" else BUDGET
    known: dict[str, Example | Refusal] = {one.id: one for one in facts.refusals}
    transcript = pack_transcript(facts.run_id, facts.transcript, known | accepted, budget) if facts.transcript else None
    content = {
        "charts": {name: [asdict(panel) for panel in panels] for name, panels in charts.items()},
        "lessons": [_cards(found, accepted) for found in samples.values()],
        "transcript": transcript.content if transcript else None,
    }
    text = json.dumps(redact_strings(content), ensure_ascii=False, separators=(",", ":"))
    return PageData(charts, samples, transcript, text.translate(ESCAPES))


def _cards(found: Sequence[Lesson], accepted: Mapping[str, Example]) -> dict[str, Any]:
    """The cards of lessons, and the texts behind their folds."""
    cards = [lesson_card(lesson, None, accepted, link_inside) for lesson in found]
    parts = {
        lesson.id: {part: plain(lesson_part(lesson, part)) for part in fold_parts(card["body"])}
        for lesson, card in zip(found, cards, strict=True)
    }
    return {"cards": cards, "parts": parts}


def paired_test(facts: Facts) -> Paired | None:
    """After against before on the target modules' final items; none where no item was asked twice."""
    targets = set(facts.targets)
    before, after = (
        {item.probe: item.correct for item in facts.examinations.get(label, ()) if item.module in targets}
        for label in ("final-before", "final-after")
    )
    both = [probe for probe in before if probe in after]
    return compare_right_wrong(*([sat[probe] for probe in both] for sat in (after, before))) if both else None


@dataclass(frozen=True)
class Talk:
    """What one agent asked of the teacher in one task."""

    agent: str
    task: str
    calls: int
    failed: int
    """Calls whose reply could not be used."""
    tokens: Tokens
    seconds: float
    """Sum over the calls; calls side by side count each."""


def conversation(facts: Facts) -> list[Talk]:
    """Calls and tokens by agent and task, in the order in which they first spoke."""
    keys = dict.fromkeys((event.context.agent, event.context.task) for event in facts.events)
    talks = []
    for agent, task in keys:
        events = [e for e in facts.events if (e.context.agent, e.context.task) == (agent, task)]
        talks.append(
            Talk(
                agent=agent,
                task=task,
                calls=len(events),
                failed=sum(1 for event in events if event.error),
                tokens=add_tokens(event.tokens for event in events),
                seconds=sum(event.seconds for event in events),
            )
        )
    return talks


def agents_notes(facts: Facts) -> list[tuple[str, str, str]]:
    """(agent, where, text) of every note that an agent left for the next one in its reply."""
    notes = []
    for event in facts.events:
        note = event.parsed.get("note") if isinstance(event.parsed, dict) else None
        if isinstance(note, str) and note.strip():
            stage, round_ = event.context.stage, event.context.round
            where = "" if stage is None else f"stage {stage}" + ("" if round_ is None else f", round {round_}")
            notes.append((event.context.agent, where, note))
    return notes


@dataclass(frozen=True)
class Difficult:
    """Lessons of one difficulty, as it was asked for, and how hard they were for the student."""

    difficulty: Difficulty
    n: int
    mean: float
    """Of the lessons' mean negative log-likelihood per token, in nats, before they were taught."""
    sd: float | None
    """Between lessons; none for a single one."""


def difficulties(facts: Facts) -> list[Difficult]:
    """Difficulty asked for against difficulty observed, easiest first."""
    rows = []
    for difficulty in Difficulty:
        found = [one.nll for one in facts.observed if one.difficulty is difficulty]
        if found:
            rows.append(Difficult(difficulty, len(found), mean(found), stdev(found) if len(found) > 1 else None))
    return rows


def sample_lessons(facts: Facts) -> dict[str, list[Lesson]]:
    """A few lessons of each module: the first, then those that show other strategies, kinds or levels."""
    by_module: dict[str, list[Example]] = {}
    for example in facts.examples:
        by_module.setdefault(example.module, []).append(example)
    histories = {lesson.id: lesson for lesson in lessons(facts)}
    modules = [module for module in dict.fromkeys((*facts.targets, *by_module)) if module in by_module]
    return {module: [histories[one.id] for one in _varied(by_module[module])] for module in modules}


def _varied(examples: list[Example]) -> list[Example]:
    chosen = examples[:1]
    while len(chosen) < min(_SAMPLES, len(examples)):
        rest = [example for example in examples if example not in chosen]
        shown = {trait for example in chosen for trait in _traits(example)}
        news = [len(_traits(example) - shown) for example in rest]
        chosen.append(rest[news.index(max(news))])
    return chosen


def _traits(example: Example) -> set[str]:
    strategies: Iterable[Strategy] = example.strategies
    return {example.kind.value, example.level, *(strategy.value for strategy in strategies)}
