"""The run's numbers for machines: `summary.json`."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict

from ioa.memory.clock import Timing
from ioa.memory.records import Record, Score, Unit
from ioa.memory.transcript import Tokens
from ioa.memory.transcript.spending import Spending, by_agent, by_module, by_stage, rejections, spend
from ioa.results.activities import ActivitySummary, summarise_activities
from ioa.results.budget_use import BudgetUse, budget_use

if TYPE_CHECKING:
    from ioa.results.facts import Facts


class _Read(Record):
    """A part of `summary.json`; what another version of the program wrote there besides is passed over."""

    model_config = ConfigDict(extra="ignore")


class ModuleSummary(_Read):
    """One module of the domain.

    A row never mixes splits: where the student took the final examination in the module both before and after
    being taught, all three scores are of the final split; otherwise they are of the diagnosis split, and
    `student_after` is none.
    """

    id: str
    targeted: bool | None
    """Chosen to be taught, from `diagnosis.json`; none before the diagnosis."""
    planned: bool = False
    """Part of the plan, from `curriculum.yaml`: taught, or left out when the plan was revised."""
    stage: int | None
    """The stage in which it is taught, from `curriculum.yaml`; none for a module that is not taught."""
    student_before: Unit | None
    """`scores/final-before.jsonl`, or else `scores/diagnosis-student.jsonl`."""
    student_after: Unit | None
    """`scores/final-after.jsonl`."""
    teacher: Unit | None
    """`scores/final-teacher.jsonl`, or else `scores/diagnosis-teacher.jsonl`, on the row's split."""
    mastered: bool | None
    """The verdict of the last assessment that examined the module as part of its own stage; none where it
    never came to the gate."""
    n: int
    """Items behind `student_before` (and `student_after`); 0 where the module has not been examined."""
    unread_before: int | None = None
    """Replies behind `student_before` that could not be read and count as wrong; none where that is not known."""
    unread_after: int | None = None
    """The same behind `student_after`."""
    unread_teacher: int | None = None
    """The same behind `teacher`."""
    gained: int | None = None
    """Items of the final split that were wrong before and right after; none where it was not asked both times."""
    lost: int | None = None
    """Items of the final split that were right before and wrong after: what was forgotten."""


class FinalSum(_Read):
    """Some modules together, on the final split; a score is none until it is taken."""

    before: Score | None = None
    """`scores/final-before.jsonl`."""
    after: Score | None = None
    """`scores/final-after.jsonl`."""
    teacher: Score | None = None
    """`scores/final-teacher.jsonl`."""
    modules: int = 0
    """That were examined."""
    fell: tuple[str, ...] = ()
    """Those of them with fewer right answers after than before, in the domain's order."""


class FinalSummary(FinalSum):
    """The final examination in three sums: its own fields are those of the modules of the plan, the targets."""

    untouched: FinalSum = FinalSum()
    """The modules that were never planned; empty where the final examination kept to the plan."""
    all: FinalSum = FinalSum()
    """The whole domain; empty where not all of it was examined, as in older runs."""
    scope: Literal["domain", "targets"] | None = None
    """Which modules were examined: all, or those of the plan; none until the examination is taken."""


class ExampleSummary(_Read):
    """Lessons that were written, counted in `examples/`."""

    accepted: int
    """Lines of `stage-NN.jsonl`."""
    rejected: int
    """Lines of `refused-NN.jsonl`."""


class TeacherSummary(_Read):
    """What was asked of the teacher, counted in `transcript.jsonl`."""

    spec: str | None
    """`provider:model`, from `config.yaml`; none before it is there."""
    calls: int
    """Attempts at calls, repairs included; what came from the ledger was not asked."""
    tokens: Tokens
    """Sums of what was paid for; `estimated` where that holds of any call."""
    usd: float | None
    """By the price list; none where a price is not known."""
    ledger: int
    """Answers that had been paid for before."""
    rejected: Mapping[str, int]
    """Attempts that came to nothing, by category."""
    by_agent: tuple[Spending, ...]
    by_stage: tuple[Spending, ...]
    by_module: tuple[Spending, ...]


class ExecutionSummary(_Read):
    """How the student is computed and on what machine, from `execution.json`."""

    processor: str
    cores: int
    device: str
    dtype: str
    threads: int | None
    """Of PyTorch; none where a device computes."""
    batch_size: int
    """Replies written at a time."""
    peak: float | None
    """The most GFLOP/s that the machine was seen to do; none where it was not measured, or beside others."""


class Summary(_Read):
    """The content of `summary.json`; a value that the run has not reached yet is none."""

    run_id: str
    status: str
    """`running`, `interrupted`, `failed`, `out of budget`, `paused` or `finished`, as the caller knows it."""
    wall_seconds: float | None
    """Time in which a process worked on the run, from `clock.json`."""
    peak_rss_bytes: int | None
    """Largest resident memory of any of them, from `clock.json`."""
    modules: tuple[ModuleSummary, ...]
    """In the domain's order."""
    final: FinalSummary
    examples: ExampleSummary
    teacher: TeacherSummary
    phases: Mapping[str, float]
    """Seconds in each node of the graph, from `clock.json`."""
    phase_shares: Mapping[str, float] = {}
    """The same as shares of `wall_seconds`."""
    activities: Mapping[str, ActivitySummary] = {}
    """`training`, `generation`, `teacher` and `overhead`, from `clock.json`; empty where they were not counted."""
    execution: ExecutionSummary | None = None
    """How the student is computed; none where the run does not say."""
    budget: BudgetUse | None = None
    """What was used of what bounds the teaching, and what was left; none in summaries of older versions."""


class Triple(Record):
    """A module's scores on one split."""

    before: Score | None = None
    after: Score | None = None
    teacher: Score | None = None


def summarise(facts: "Facts") -> Summary:
    """The summary of what was read from a run."""
    timing = facts.timing
    return Summary(
        run_id=facts.run_id,
        status=facts.status,
        wall_seconds=timing.wall_seconds if timing else None,
        peak_rss_bytes=timing.peak_rss_bytes if timing else None,
        modules=_modules(facts),
        final=final_summary(facts),
        examples=ExampleSummary(accepted=len(facts.examples), rejected=len(facts.refusals)),
        teacher=_teacher(facts),
        phases=dict(timing.phases) if timing else {},
        phase_shares=phase_shares(timing),
        activities=activities_of(facts),
        execution=_execution(facts),
        budget=budget_use(facts),
    )


def phase_shares(timing: Timing | None) -> dict[str, float]:
    """Share of the wall time in each node of the graph."""
    if timing is None or timing.wall_seconds <= 0:
        return {}
    return {name: seconds / timing.wall_seconds for name, seconds in timing.phases.items()}


def activities_of(facts: "Facts") -> dict[str, ActivitySummary]:
    """Where the run's time went, against what its machine was measured to do."""
    return summarise_activities(facts.timing, facts.execution.peak if facts.execution else None)


def _execution(facts: "Facts") -> ExecutionSummary | None:
    return ExecutionSummary.model_validate(facts.execution.model_dump()) if facts.execution else None


def module_scores(facts: "Facts") -> dict[str, Triple]:
    """The scores behind each module's row, in the domain's order; see `ModuleSummary` for their split."""
    before, after, final_teacher = (facts.scores(f"final-{who}") for who in ("before", "after", "teacher"))
    student, teacher = (facts.scores(f"diagnosis-{who}") for who in ("student", "teacher"))
    return {
        module: Triple(before=before[module], after=after[module], teacher=final_teacher.get(module))
        if module in before and module in after
        else Triple(before=student.get(module), teacher=teacher.get(module))
        for module in facts.module_ids
    }


def _modules(facts: "Facts") -> tuple[ModuleSummary, ...]:
    changes = final_changes(facts)
    found = module_scores(facts).items()
    return tuple(_module(facts, module, triple, changes.get(module)) for module, triple in found)


def _module(facts: "Facts", module: str, scores: Triple, change: tuple[int, int] | None) -> ModuleSummary:
    return ModuleSummary(
        id=module,
        targeted=module in facts.diagnosis.targets if facts.diagnosis else None,
        planned=module in facts.targets,
        stage=facts.stage_of.get(module),
        student_before=_mean(scores.before),
        student_after=_mean(scores.after),
        teacher=_mean(scores.teacher),
        mastered=facts.verdict(module),
        n=scores.before.n if scores.before else 0,
        unread_before=scores.before.unread if scores.before else None,
        unread_after=scores.after.unread if scores.after else None,
        unread_teacher=scores.teacher.unread if scores.teacher else None,
        gained=change[0] if change else None,
        lost=change[1] if change else None,
    )


def _mean(score: Score | None) -> float | None:
    return score.mean if score and score.n else None


def final_summary(facts: "Facts") -> FinalSummary:
    """The final examination in three sums: the targets, what was never taught, and all."""
    examined = facts.scores("final-before") | facts.scores("final-after")
    if not examined:
        return FinalSummary()
    targets = [module for module in facts.module_ids if module in facts.targets]
    whole = set(facts.module_ids) <= examined.keys()
    untouched = [module for module in facts.module_ids if module in examined and module not in facts.targets]
    return FinalSummary(
        **_sum_over(facts, targets).model_dump(),
        untouched=_sum_over(facts, untouched),
        all=_sum_over(facts, facts.module_ids) if whole else FinalSum(),
        scope="domain" if whole else "targets",
    )


def _sum_over(facts: "Facts", modules: Collection[str]) -> FinalSum:
    scores = {who: facts.scores(f"final-{who}") for who in ("before", "after", "teacher")}
    own = {who: {m: score for m, score in found.items() if m in modules} for who, found in scores.items()}
    totals = {who: sum(found.values(), Score(k=0, n=0)) if found else None for who, found in own.items()}
    before, after = own["before"], own["after"]
    return FinalSum(
        before=totals["before"],
        after=totals["after"],
        teacher=totals["teacher"],
        modules=len(before.keys() | after.keys()),
        fell=tuple(m for m in modules if m in before and m in after and after[m].mean < before[m].mean),
    )


def scope_words(final: FinalSummary) -> str:
    """Which modules the final examination asked, in a sentence; empty before it."""
    if final.scope is None:
        return ""
    if final.scope == "targets":
        return "The final examination kept to the modules of the plan: what was forgotten elsewhere is not known."
    return "The final examination covered the whole domain, also what was never taught."


def final_changes(facts: "Facts") -> dict[str, tuple[int, int]]:
    """By module: items of the final split that the student gained by being taught, and those that it lost."""
    before, after = (
        {item.probe: item for item in facts.examinations.get(label, ())} for label in ("final-before", "final-after")
    )
    changes = {item.module: (0, 0) for probe, item in before.items() if probe in after}
    for probe, was in before.items():
        now = after.get(probe)
        if now is not None and now.correct != was.correct:
            gained, lost = changes[was.module]
            changes[was.module] = (gained + now.correct, lost + was.correct)
    return changes


def _teacher(facts: "Facts") -> TeacherSummary:
    spec = facts.config.teacher.model if facts.config else None
    whole = spend("all", facts.events)
    return TeacherSummary(
        spec=spec,
        calls=whole.attempts,
        tokens=whole.tokens,
        usd=whole.usd,
        ledger=whole.ledger,
        rejected=rejections(facts.events),
        by_agent=by_agent(facts.events),
        by_stage=by_stage(facts.events),
        by_module=by_module(facts.events),
    )
