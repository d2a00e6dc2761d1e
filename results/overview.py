"""One run on a page."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ioa.graph.config import RunConfig
from ioa.memory.records import GateResult, Note, Record, Score
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript.spending import by_agent, rejections, waits
from ioa.results.activities import ActivitySummary
from ioa.results.budget_use import BudgetUse, budget_use
from ioa.results.comparison import Setting, differing_settings
from ioa.results.facts import Facts, read_facts
from ioa.results.remarks import forgotten, remarks
from ioa.results.rounds_taught import RoundTaught, rounds_taught
from ioa.results.run_cards import RunCard, read_card
from ioa.results.summary import FinalSummary, activities_of, final_changes, final_summary, module_scores

_NOTES = 4
"""Notes that are shown, the newest."""


class Gate(Record):
    """A module in one examination at the gate."""

    round: int
    student: Score
    teacher: Score
    mastered: bool
    kept: bool
    """Whether it is the round whose adapter the stage was closed with, as far as is known."""


class Taught(Record):
    """A module of the plan."""

    module: str
    rounds: tuple[Gate, ...]
    """Its own stage's examinations, oldest first."""
    mastered: bool | None
    """None where it never came to its gate."""
    forgotten: bool
    """Passed its gate, or needed no teaching, and was below it when it was examined last."""
    before: Score | None
    """In the final examination, or else in the diagnosis."""
    after: Score | None
    """In the final examination."""
    teacher: Score | None
    """On the same items."""


class Untouched(Record):
    """A module that was never planned, in the final examination."""

    module: str
    before: Score | None
    after: Score | None
    teacher: Score | None


class StagePage(Record):
    """A stage of the curriculum."""

    number: int
    title: str
    modules: tuple[Taught, ...]


class AgentPage(Record):
    """What one agent asked of the teachers."""

    agent: str
    calls: int
    """Attempts that were paid for."""
    ledger: int
    """Answers that had been paid for before."""
    rejected: int
    """Attempts that came to nothing."""
    input_tokens: int
    output_tokens: int
    usd: float | None
    """None where a price is not known."""
    seconds: float
    """Spent waiting for answers, added up; several are waited for at once."""


class Overview(Record):
    """What `ioa show` tells; what the run has not reached yet is none or empty."""

    card: RunCard
    description: str
    """Of the domain."""
    modules: int
    """Of the domain."""
    settings: tuple[Setting, ...]
    """Where the run's config (`b`) is not the default (`a`)."""
    stages: tuple[StagePage, ...]
    untouched: tuple[Untouched, ...]
    """What was never taught, where the final examination asked it."""
    final: FinalSummary
    """The final examination in three sums."""
    changes: Mapping[str, tuple[int, int]]
    """By module: final items that teaching won, and those that it lost."""
    rounds: tuple[RoundTaught, ...]
    """What was asked for in each round, and what came of it."""
    forgotten: tuple[str, ...]
    """All modules that were once at the gate's height and were below it when they were examined last."""
    accepted: int
    """Lessons."""
    budget: BudgetUse
    """What was used of what bounds the teaching."""
    refused: Mapping[str, int]
    """Lessons by the check that they failed, the commonest first."""
    rejected: Mapping[str, int]
    """Attempts that came to nothing, by category, the commonest first."""
    agents: tuple[AgentPage, ...]
    phases: Mapping[str, float]
    """Seconds in each node, the longest first."""
    activities: Mapping[str, ActivitySummary]
    """Where the time went; empty where it was not counted."""
    execution: str
    """How the student is computed, in a line; empty where the run does not say."""
    notes: tuple[Note, ...]
    """What the agents told one another last, oldest first."""
    remarks: tuple[str, ...]
    """What a reader should know before believing the numbers."""
    next: Mapping[str, str]
    """Where to look next: what for, and the command."""


def overview(run: RunDirectory, where: str = "") -> Overview:
    """Put a run on a page.

    Args:
        run: The run, finished or not.
        where: What the suggested commands need besides the run's id, with a space before it.

    Raises:
        UserError: a file of the run cannot be read as what it should be.
    """
    card = read_card(run)
    facts = read_facts(run, card.status)
    phases = facts.timing.phases if facts.timing else {}
    lost = tuple(result.module for _, result in forgotten(facts))
    rejected = rejections(facts.events)
    return Overview(
        card=card,
        description=facts.domain.description if facts.domain else "",
        modules=len(facts.module_ids),
        settings=_settings(facts.config),
        stages=tuple(_stages(facts, lost)),
        untouched=tuple(_untouched(facts)),
        final=final_summary(facts),
        changes=final_changes(facts),
        rounds=tuple(rounds_taught(facts)),
        forgotten=lost,
        accepted=len(facts.examples),
        budget=budget_use(facts),
        refused=dict(Counter(refusal.reason.value for refusal in facts.refusals).most_common()),
        rejected=rejected,
        agents=tuple(_agents(facts)),
        phases=dict(sorted(phases.items(), key=lambda phase: -phase[1])),
        activities=activities_of(facts),
        execution=facts.execution.told if facts.execution else "",
        notes=tuple(note for decision in facts.decisions for note in decision.notes)[-_NOTES:],
        remarks=tuple(remarks(facts)),
        next=_next(run, card, facts, where, rejected=bool(rejected)),
    )


def _settings(config: RunConfig | None) -> tuple[Setting, ...]:
    """The keys that are not at their defaults, besides who is taught what by whom and how."""
    said = {"domain", "teacher.model", "student.model", "method.name"}
    changed = differing_settings(RunConfig(), config) if config else ()
    return tuple(setting for setting in changed if setting.key not in said)


def _stages(facts: Facts, lost: Collection[str]) -> Iterable[StagePage]:
    triples = module_scores(facts)
    kept = {(one.stage, one.round) for one in facts.kept}
    for stage in facts.curriculum.stages if facts.curriculum else ():
        rounds: dict[str, list[Gate]] = {module: [] for module in stage.modules}
        for assessment in facts.assessments:
            for result in assessment.gate if assessment.stage == stage.number else ():
                gate = _gate(result, assessment.round, kept=(stage.number, assessment.round) in kept)
                rounds.setdefault(result.module, []).append(gate)
        yield StagePage(
            number=stage.number,
            title=stage.title,
            modules=tuple(
                Taught(
                    module=module,
                    rounds=tuple(gates),
                    mastered=facts.verdict(module),
                    forgotten=module in lost,
                    **(
                        triples[module].model_dump()
                        if module in triples
                        else dict.fromkeys(("before", "after", "teacher"))
                    ),
                )
                for module, gates in rounds.items()
            ),
        )


def _untouched(facts: Facts) -> Iterable[Untouched]:
    for module, scores in module_scores(facts).items():
        if module not in facts.targets and scores.after:
            yield Untouched(module=module, **scores.model_dump())


def _gate(result: GateResult, round_: int, *, kept: bool) -> Gate:
    return Gate(round=round_, student=result.student, teacher=result.teacher, mastered=result.mastered, kept=kept)


def _agents(facts: Facts) -> Iterable[AgentPage]:
    seconds = waits(facts.events)
    for spent in by_agent(facts.events):
        yield AgentPage(
            agent=spent.name,
            calls=spent.calls,
            ledger=spent.ledger,
            rejected=spent.failed,
            input_tokens=spent.tokens.input,
            output_tokens=spent.tokens.output,
            usd=spent.usd,
            seconds=seconds[spent.name],
        )


def _next(run: RunDirectory, card: RunCard, facts: Facts, where: str, *, rejected: bool) -> dict[str, str]:
    name = f"{run.run_id}{where}"
    commands: dict[str, Any] = {}
    if card.status == "working":
        commands["what is said now"] = f"ioa transcript {name} --follow"
    elif card.status != "finished":
        commands["go on with it"] = f"ioa resume {name}"
    failed = next((module for module in facts.targets if facts.verdict(module) is False), None)
    module = failed or next(iter(facts.targets), None)
    if module:
        commands["why it was not mastered" if failed else "a module's story"] = f"ioa why {run.run_id} {module}{where}"
    if facts.decisions:
        commands["what was decided"] = f"ioa transcript {name} --kind decision"
    if rejected or facts.refusals:
        commands["what could not be used"] = f"ioa transcript {name} --rejected"
    if run.report.is_file():
        commands["the report"] = str(run.report)
    return commands
