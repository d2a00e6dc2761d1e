"""Sittings at the gate: each is asked items of its own, and what the Diagnoser read is never asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ioa.agents import LessonRequest, portion_count
from ioa.graph.context import RunContext
from ioa.graph.run_examinations import recorded_answers
from ioa.memory import Probe, Split, Stage
from ioa.memory.domains.families.forms import item_key
from ioa.memory.files import append_records, read_record, read_records
from ioa.memory.records import Assessment
from ioa.memory.run_dir import Round, round_name
from ioa.training import NEVER, Design, certainty, further_probes, gate_seed


@dataclass(frozen=True)
class History:
    """What earlier sittings asked."""

    asked: Mapping[str, int]
    """The probes that were asked, each with the number of the last sitting that did."""
    read: frozenset[str]
    """Those of modules that failed and whose answers the Diagnoser read, right ones too: the wrong ones alone left out,
    the rest would be the kinder items."""

    @classmethod
    def before(cls, ctx: RunContext, at: Round) -> "History":
        """What was asked before that round was examined; the same when the run is resumed."""
        asked, read = dict[str, int](), set[str]()
        earlier = sorted(place for place in ctx.run.rounds_with(ctx.run.assessment) if place < at)
        for number, place in enumerate(earlier):
            results = recorded_answers(ctx, round_name(*place))
            asked |= {result.probe: number for result in results}
            if ctx.run.misconceptions(*place).exists():
                found = read_record(ctx.run.assessment(*place), Assessment)
                failed = {result.module for result in found.gate if not result.mastered}
                read |= {result.probe for result in results if result.module in failed}
        return cls(asked, frozenset(read))


@dataclass(frozen=True)
class Wanted:
    """What a sitting wants of a module."""

    module: str
    level: str
    """The level that is examined."""
    name: str
    """What its probes bear: the module's id, with `@level` where that is not the module's own."""
    full: int
    """Items of the examination in full."""
    most: int
    """The same with spare ones."""


def sitting_items(
    ctx: RunContext, taught: Stage, watched: Sequence[str], history: History
) -> dict[str, tuple[Probe, ...]]:
    """By module what a sitting may ask: items that were not asked before, and only where these end, used ones.

    A module's items are one row, of which each sitting goes on where the last one stopped asking. Where the row ends,
    it is drawn further, and kept with the other probes before any of it is asked: what is taught from then on is
    compared with it, and what comes near a lesson that was taught already, or was shown to a teacher, is not taken.
    """
    wanted = [*(_wanted(ctx, module, taught.levels.get(module), spare=True) for module in taught.modules)]
    wanted += [_wanted(ctx, module, None, spare=False) for module in watched]
    _draw(ctx, wanted, history)
    items, told = dict[str, tuple[Probe, ...]](), dict[str, str]()
    for one in wanted:
        row = _row(ctx, one.name)
        fresh = [probe for probe in row if probe.id not in history.asked][: one.most]
        used = [probe for probe in row if probe.id in history.asked and probe.id not in history.read]
        used.sort(key=lambda probe: history.asked[probe.id])  # stable: then in the order of the row
        again = used[: max(0, one.full - len(fresh))]
        items[one.module] = (*fresh, *again)
        if len(fresh) < one.full:
            told[one.module] = f"{one.module} ({len(fresh)} new, {len(again)} used before, of {one.full})"
    if told:
        ctx.message(f"No fresh items are left for a whole sitting at the gate: {', '.join(told.values())}")
    return items


def certainties(
    ctx: RunContext, taught: Stage, items: Mapping[str, Sequence[Probe]], round_: int
) -> dict[str, tuple[int, float | None]]:
    """By module of the stage: which sitting it is, from 1, and how certain a pass has to be (`Design.sure`).

    A bridge is no mastery: the estimate decides there.
    """
    settings, tau = ctx.config.examination, ctx.config.mastery.tau_mastery
    portions = 1 if taught.consolidation else portion_count(taught, ctx.config.synthesis)
    most = portions + ctx.config.mastery.rounds
    earlier = [one for one in ctx.rounds().of(taught.number) if one.round < round_]
    found = dict[str, tuple[int, float | None]]()
    for module in taught.modules:
        past = [result for one in earlier for result in one.gate if result.module == module and not result.stands]
        sitting = len(past) + 1
        sure: float | None = None
        if not taught.levels and not any(result.mastered for result in past):
            design = Design.of(settings, Split.GATE, items=len(items[module]), share=tau, early_pass=False)
            whole = len(items[module]) >= _wanted(ctx, module, None, spare=False).full
            sure = certainty(design, sitting, most, settings.false_pass) if whole else NEVER
        found[module] = sitting, sure
    return found


def _wanted(ctx: RunContext, module: str, level: str | None, *, spare: bool) -> Wanted:
    settings, name = ctx.config.examination, f"{module}@{level}" if level else module
    # Of a module with few problems fewer are examined, and it has no spare ones: of the diagnosis neither, whose items
    # stay as they were drawn.
    full = min(settings.gate, len(_row(ctx, name)))
    diagnosed = sum(1 for probe in ctx.probes(Split.DIAGNOSIS) if probe.id.rpartition("/")[0] == f"diagnosis/{name}")
    more = settings.spares(Split.GATE) if spare and not level and diagnosed > settings.diagnosis else 0
    return Wanted(module, level or ctx.domain().module(module).exam_level, name, full, full + more)


def _row(ctx: RunContext, name: str) -> list[Probe]:
    """The gate's items of a module or of one of its easier levels, in the order in which they were drawn."""
    return [probe for probe in ctx.probes(Split.GATE) if probe.id.rpartition("/")[0] == f"gate/{name}"]


def _draw(ctx: RunContext, wanted: Sequence[Wanted], history: History) -> None:
    """Draw what the rows lack; nothing for a module that sits for the first time: it was drawn with the others."""
    lacking = {}
    for one in wanted:
        row = _row(ctx, one.name)
        fresh = sum(1 for probe in row if probe.id not in history.asked)
        if fresh < min(one.most, len(row)):
            lacking[one.name] = one.most - fresh
    if not lacking:
        return
    taken = {item_key(probe.question, probe.answer) for probe in ctx.probes()}
    taken |= {item_key(lesson.problem, lesson.answer) for lesson in ctx.store().examples()}
    taken |= _requested(ctx)
    shown = _shown(ctx)
    drawn = list[Probe]()
    while lacking:
        new = [
            probe
            for one in wanted
            if one.name in lacking
            for probe in _further(ctx, one, lacking[one.name], taken, drawn)
        ]
        refused = ctx.store().find_taught(new) if new else set()
        refused |= {probe.id for probe in new if probe.question in shown}
        drawn += [probe for probe in new if probe.id not in refused]
        names = [probe.id.rpartition("/")[0].partition("/")[2] for probe in new if probe.id in refused]
        lacking = {name: names.count(name) for name in dict.fromkeys(names)}
    append_records(ctx.run.probes, drawn)
    ctx.store().guard(drawn)
    ctx.parts.pop("adapter", None)  # it knows what it may not show


def _shown(ctx: RunContext) -> str:
    """All that teachers were shown but in examinations: a sample or a seed problem of a request is no item any more."""
    events = [event for event in ctx.transcript().attempts() if event.context.agent != "examinee"]
    return "\n".join(message.content for event in events for message in event.messages)


def _requested(ctx: RunContext) -> set[str]:
    """Keys of the problems that requests show, also those that were made ahead and wait to be asked."""
    folder = ctx.run.ahead(1).parent
    requests = [one for path in folder.glob("*/requests.jsonl") for one in read_records(path, LessonRequest)]
    problems = [one.seed_problem for one in requests]
    problems += [source.problem for one in requests for source in one.sources]
    return {item_key(problem) for problem in problems if problem}


def _further(ctx: RunContext, one: Wanted, count: int, taken: set[str], drawn: Sequence[Probe]) -> list[Probe]:
    known = [probe for probe in (*ctx.probes(), *drawn) if (probe.module, probe.level) == (one.module, one.level)]
    seed = gate_seed(ctx.domain(), one.module, one.level, ctx.config.seed)
    module = ctx.domain().module(one.module)
    return further_probes(module, one.level, known, count, seed=seed, taken=taken, bank=ctx.bank())
