"""The report for people: one HTML file that needs nothing else."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from statistics import mean, stdev
from typing import Any

from ioa.memory.plain_text import plain
from ioa.memory.records import Difficulty, Example, Strategy
from ioa.memory.redaction import redact
from ioa.memory.transcript import Tokens
from ioa.results.facts import Facts
from ioa.results.remarks import remarks
from ioa.results.report import charts
from ioa.results.report.embedding import BUDGET, BUDGET_RUNNING, embed
from ioa.results.report.prerequisite_picture import prerequisite_chart, stage_colour
from ioa.results.report.spending_chart import spending_chart
from ioa.results.spending import add_tokens
from ioa.results.summary import Summary, module_scores
from ioa.results.visits import group_visits
from ioa.results.words import duration, money, percent, score_words, size
from ioa.training.exams.paired import Paired, compare_right_wrong

_SAMPLES = 2
"""Lessons shown of each module."""
_LONGEST = 4_000
"""Characters that are shown of what was decided in a visit, and of a note."""


def render_page(facts: Facts, summary: Summary) -> str:
    """The report as HTML that loads nothing: styles and charts are inside, and models' text is escaped."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: redact(plain(value)) if type(value) is str else value,
    )
    environment.filters |= {
        "money": money,
        "percent": percent,
        "score": score_words,
        "duration": duration,
        "size": size,
        "clip": clip,
    }
    drawn = {
        "gaps": charts.gap_chart(facts),
        "prerequisites": prerequisite_chart(facts),
        "mastery": charts.mastery_chart(facts),
        "loss": charts.loss_chart(facts),
        "forgetting": charts.forgetting_chart(facts),
        "final": charts.final_chart(facts),
        "spending": spending_chart(facts),
    }
    return environment.get_template("report.html").render(
        facts=facts,
        summary=summary,
        charts={name: Markup(svg) if svg else None for name, svg in drawn.items()},  # noqa: S704 - drawn by us
        bar=lambda score, colour: Markup(charts.interval_bar(score, colour)),  # noqa: S704 - drawn by us
        colours={"before": charts.BEFORE, "after": charts.AFTER},
        stage_colour=stage_colour,
        rows=module_scores(facts),
        paired=paired_test(facts),
        conversation=conversation(facts),
        notes=agents_notes(facts),
        refused=Counter(refusal.reason.value for refusal in facts.refusals).most_common(),
        lessons=sample_lessons(facts),
        remarks=remarks(facts),
        effects=[effect for effect in facts.strategies.effects if effect.n] if facts.strategies else [],
        difficulties=difficulties(facts),
        transcript_style=Markup(_file("transcript.css")),  # noqa: S704 - ours
        **_transcript(facts),
    )


def _file(name: str) -> str:
    return (files("ioa.results.report") / name).read_text(encoding="utf-8")


def _transcript(facts: Facts) -> dict[str, Any]:
    """The transcript, the script that shows it, and the hash by which browsers know that the script is ours."""
    from markupsafe import Markup

    visits, script = group_visits(facts.transcript), _file("transcript.js")
    embedded = embed(facts.run_id, facts.transcript, visits, BUDGET_RUNNING if facts.status == "running" else BUDGET)
    return {
        "visits": visits,
        "embedded": embedded,
        "data": Markup(embedded.json),  # noqa: S704 - escaped by `embed`
        "script": Markup(script),  # noqa: S704 - ours
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }


def clip(text: str) -> str:
    """The beginning of a long text, and how much of it is missing."""
    left = len(text) - _LONGEST
    return text if left <= 0 else f"{text[:_LONGEST]} [… {left:,} more characters]"


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


def sample_lessons(facts: Facts) -> dict[str, list[Example]]:
    """A few lessons of each module: the first, then those that show other strategies, kinds or levels."""
    by_module: dict[str, list[Example]] = {}
    for example in facts.examples:
        by_module.setdefault(example.module, []).append(example)
    return {module: _varied(by_module[module]) for module in (*facts.targets, *by_module) if module in by_module}


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
