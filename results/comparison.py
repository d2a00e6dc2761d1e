"""How two runs differ: what they were told, what they planned, what was learnt, and what it cost."""

from collections.abc import Mapping
from typing import Any

from ioa.graph.config import RunConfig
from ioa.memory.records import ItemResult, Record, Score
from ioa.memory.run_dir import RunDirectory
from ioa.results.facts import Facts, read_facts
from ioa.results.run_cards import read_card
from ioa.results.summary import FinalSummary, Summary, summarise
from ioa.training.exams.paired import Paired, compare_right_wrong


class Setting(Record):
    """A key of the run file in which two runs differ."""

    key: str
    """With dots, as in `--set`."""
    a: Any
    """Its value; none where that run has no such key."""
    b: Any


class StageSide(Record):
    """A stage of one run."""

    title: str
    modules: tuple[str, ...]
    rounds: int
    """How often it was taught and examined so far."""
    mastered: bool | None
    """None before its first examination."""


class StageDifference(Record):
    """The stages of that number, side by side."""

    number: int
    a: StageSide | None
    """None where that run has no such stage."""
    b: StageSide | None


class ModuleSide(Record):
    """A module of the domain in one run."""

    stage: int | None
    """None where it is not taught."""
    mastered: bool | None
    """None where it never came to its gate."""
    before: Score | None
    """In the final examination, or else in the diagnosis."""
    after: Score | None
    """In the final examination."""


class ModuleDifference(Record):
    """A module, side by side."""

    module: str
    a: ModuleSide | None
    """None where that run's domain does not have it."""
    b: ModuleSide | None


class RunSide(Record):
    """One run as a whole."""

    run_id: str
    status: str
    final: FinalSummary
    """The final examination in three sums: its targets, what was never taught, the whole domain."""
    mastered: int
    """Modules of the plan that passed their gate."""
    targets: int
    accepted: int
    """Lessons."""
    refused: int
    calls: int
    tokens: int
    usd: float | None
    """None where a price is not known."""
    wall_seconds: float | None


class Comparison(Record):
    """Two runs beside each other."""

    a: RunSide
    b: RunSide
    config: tuple[Setting, ...]
    curriculum: tuple[StageDifference, ...]
    modules: tuple[ModuleDifference, ...]
    final: Paired | None
    """The taught students of both on the items that both sat, B against A: a positive difference says that B is better.
    None where there is no such item."""
    items: tuple[int, int]
    """Items of the final examination of A and of B; `final.n` of them are the same."""


def compare(a: RunDirectory, b: RunDirectory) -> Comparison:
    """Put two runs side by side.

    Raises:
        UserError: a file of a run cannot be read as what it should be.
    """
    return compare_facts(*(read_facts(run, read_card(run).status) for run in (a, b)))


def compare_facts(first: Facts, second: Facts) -> Comparison:
    """Put what runs A and B have left side by side."""
    facts = (first, second)
    summaries = [summarise(one) for one in facts]
    sat = [_items(one) for one in facts]
    shared = [key for key in sat[0] if key in sat[1]]
    numbers = sorted({stage.number for one in facts if one.curriculum for stage in one.curriculum.stages})
    names = dict.fromkeys([*first.module_ids, *second.module_ids])
    return Comparison(
        a=_side(first, summaries[0]),
        b=_side(second, summaries[1]),
        config=differing_settings(first.config, second.config),
        curriculum=tuple(
            StageDifference(number=number, a=_stage(first, number), b=_stage(second, number)) for number in numbers
        ),
        modules=tuple(ModuleDifference(module=name, a=_module(first, name), b=_module(second, name)) for name in names),
        final=compare_right_wrong(*([sat[which][key].correct for key in shared] for which in (1, 0)))
        if shared
        else None,
        items=(len(sat[0]), len(sat[1])),
    )


def _side(facts: Facts, summary: Summary) -> RunSide:
    planned = [module for module in summary.modules if module.planned]
    return RunSide(
        run_id=facts.run_id,
        status=facts.status,
        final=summary.final,
        mastered=sum(module.mastered is True for module in planned),
        targets=len(planned),
        accepted=summary.examples.accepted,
        refused=summary.examples.rejected,
        calls=summary.teacher.calls,
        tokens=summary.teacher.tokens.input + summary.teacher.tokens.output,
        usd=summary.teacher.usd,
        wall_seconds=summary.wall_seconds,
    )


def _items(facts: Facts) -> Mapping[tuple[str, str, str], ItemResult]:
    """The taught student's final examination by what makes an item the same in another run."""
    return {(item.module, item.question, item.expected): item for item in facts.examinations.get("final-after", ())}


def _stage(facts: Facts, number: int) -> StageSide | None:
    stages = facts.curriculum.stages if facts.curriculum else ()
    found = next((stage for stage in stages if stage.number == number), None)
    if found is None:
        return None
    kept = next((one for one in facts.kept if one.stage == number), None)
    return StageSide(
        title=found.title,
        modules=found.modules,
        rounds=sum(one.stage == number for one in facts.assessments),
        mastered=all(result.mastered for result in kept.gate) if kept else None,
    )


def _module(facts: Facts, module: str) -> ModuleSide | None:
    if module not in facts.module_ids:
        return None
    after = facts.scores("final-after").get(module)
    before = facts.scores("final-before" if after else "diagnosis-student").get(module)
    return ModuleSide(stage=facts.stage_of.get(module), mastered=facts.verdict(module), before=before, after=after)


def differing_settings(a: RunConfig | None, b: RunConfig | None) -> tuple[Setting, ...]:
    """The keys in which two run files differ."""
    first, second = ({} if one is None else flat(one.model_dump(mode="json")) for one in (a, b))
    keys = sorted({*first, *second})
    return tuple(
        Setting(key=key, a=first.get(key), b=second.get(key)) for key in keys if first.get(key) != second.get(key)
    )


def flat(value: Any, above: str = "") -> dict[str, Any]:
    """The values of nested mappings by their keys joined with dots; a list is a value."""
    if not isinstance(value, dict) or (above and not value):
        return {above: value}
    found: dict[str, Any] = {}
    for key, below in value.items():
        found |= flat(below, f"{above}.{key}" if above else str(key))
    return found
