"""What a run will ask of its teachers, before anything is asked."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ioa.agents.decomposition_estimate import SENTENCE, SOLVED, assume_domain, decomposition_calls
from ioa.agents.exchange import (
    AnalyseBrief,
    AssignBrief,
    Brief,
    Candidate,
    Claimed,
    FailedItem,
    LessonsBrief,
    ModuleBrief,
    ModuleFailures,
    PlanBrief,
    PrerequisitesBrief,
    RemedyBrief,
    SolveBrief,
    SourceProblem,
    TemplateBrief,
)
from ioa.agents.exchange.briefs import module_brief
from ioa.agents.prompting import messages, prompt_text
from ioa.agents.settings.curriculum import CurriculumSettings
from ioa.agents.settings.decomposition import DecompositionSettings
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.agents.teachers import Price, TeacherSettings
from ioa.agents.teachers.answer import estimate_tokens
from ioa.memory.domains.procedural import draw
from ioa.memory.records import Domain, Generator, Kind, Module, Record, Source, Strategy
from ioa.memory.transcript import Tokens

TOKENS_PER_WORD = 1.5
"""Of the tokenisers in use English has about 1.3 tokens a word; sums and formulas, which lessons are full of, more."""
FINDING = 80
"""Tokens of one finding, claim, stage or remedy."""
ASSIGNED = 25
"""Tokens of one wrong answer placed under a misconception."""
FAST, SLOW = (0.5, 150.0), (4.0, 25.0)
"""Seconds until a reply begins and tokens a second after that: of a quick small model and of a slow large one."""
FEWEST_DEFICIENT = 0.3
"""Share of a domain's modules that a student at least lacks, when it was worth choosing."""


class Range(Record):
    """From the least to the most that is to be expected."""

    low: float
    high: float


class Line(Record):
    """Calls of one kind."""

    agent: str
    task: str
    calls: Range
    input: Range
    """Tokens of all their prompts."""
    output: Range
    """Tokens of all their replies, reasoning not counted."""


class Estimate(Record):
    """What a run will ask of its teachers."""

    lines: tuple[Line, ...]
    usd: Range | None
    """None where a price is not known."""
    seconds: Range
    """Of waiting for teachers; training comes on top."""

    def total(self, what: str) -> Range:
        """Sum of `calls`, `input` or `output` over all lines."""
        ranges = [getattr(line, what) for line in self.lines]
        return Range(low=sum(one.low for one in ranges), high=sum(one.high for one in ranges))


@dataclass(frozen=True)
class Plan:
    """What the estimate needs to know of a run."""

    source: Domain | Source
    decomposition: DecompositionSettings
    diagnosis: DiagnosisSettings
    curriculum: CurriculumSettings
    synthesis: SynthesisSettings
    probes: Mapping[str, int]
    """Items a module: `diagnosis`, `gate`, `final`."""
    spare: Mapping[str, int]
    """Further items a module that `diagnosis` and `gate` may ask."""
    final_scope: Literal["domain", "targets"]
    """Whose items the final examination has."""
    rounds: int
    """Most remediation rounds a stage."""
    consolidates: bool
    """Whether a stage is appended that trains on all that was taught, and examines it."""
    lessons: int | None
    """Most accepted lessons; none where nothing bounds them."""
    max_words: int


@dataclass(frozen=True)
class _Kind:
    agent: str
    brief: Brief
    output: float
    low: float
    high: float
    least: Brief | None = None
    """The shortest of these briefs, where they differ; none: all are about as long as `brief`."""


def estimate(plan: Plan, cast: Mapping[str, TeacherSettings], prices: Mapping[str, Price | None]) -> Estimate:
    """Count the calls and measure their prompts, which are built as the run would build them.

    Args:
        plan: The run.
        cast: Who is asked, by agent.
        prices: Of each of them, by agent.

    Raises:
        UserError: a module's generator cannot be drawn from.
    """
    lines, low_usd, high_usd, fast, slow = [], 0.0, 0.0, 0.0, 0.0
    for kind in _kinds(plan):
        prompt = estimate_tokens(messages(kind.agent, kind.brief))
        shortest = estimate_tokens(messages(kind.agent, kind.least)) if kind.least else prompt
        line = Line(
            agent=kind.agent,
            task=kind.brief.task,
            calls=Range(low=kind.low, high=kind.high),
            input=Range(low=kind.low * shortest, high=kind.high * prompt),
            output=Range(low=kind.low * kind.output, high=kind.high * kind.output),
        )
        lines.append(line)
        price, settings = prices[kind.agent], cast[kind.agent]
        if price is not None:
            low_usd += price.cost(Tokens(input=round(line.input.low), output=round(line.output.low)))
            high_usd += price.cost(Tokens(input=round(line.input.high), output=round(line.output.high)))
        fast += _seconds(line.calls.low, line.output.low, shortest, settings, FAST)
        slow += _seconds(line.calls.high, line.output.high, prompt, settings, SLOW)
    known = all(prices[line.agent] is not None for line in lines)
    return Estimate(
        lines=tuple(lines),
        usd=Range(low=low_usd, high=high_usd) if known else None,
        seconds=Range(low=fast, high=slow),
    )


def _kinds(plan: Plan) -> Iterator[_Kind]:
    """All kinds of calls with how often each is made, at least and at most.

    Lessons on trial, of interventions, are counted at most: for all modules.

    At least: few modules are deficient, every lesson is accepted, every stage is mastered at once. At most: all
    are deficient, each pass over a stage brings half of what is missing, and all rounds are needed by all modules.
    """
    source, counts = plan.source, plan.probes
    domain = assume_domain(source, plan.decomposition) if isinstance(source, Source) else source
    modules = fewest = len(domain.modules)
    most = {split: counts[split] + plan.spare[split] for split in ("diagnosis", "gate")}
    if isinstance(source, Source):
        fewest = len(source.modules) or plan.decomposition.least
        calls = decomposition_calls(source, domain, plan.decomposition, sum(counts.values()))
        yield from (_Kind(*counted) for counted in calls)
    shares = ((FEWEST_DEFICIENT, fewest), (1.0, modules))
    targets = [max(1, math.ceil(plan.diagnosis.top_share * share * count)) for share, count in shares]
    targets[1] *= _most_cycles(plan, targets[1], modules)
    module = domain.modules[0]
    problem = _problem(module, source)
    told = module_brief(module, module.exam_level, (problem,) * 3)
    bridged = plan.curriculum.bridges and plan.curriculum.most_bridges and plan.curriculum.stages != "one"
    bridges = max(len(known.levels) for known in domain.modules) - 1 if bridged else 0
    shown = _worked_examples(plan.diagnosis)
    # The whole domain, or what is planned.
    final = (targets[0], min(modules, targets[1])) if plan.final_scope == "targets" else (fewest, modules)
    yield _Kind(
        "examinee",
        SolveBrief(problem=problem),
        SOLVED,
        fewest * (shown + counts["diagnosis"]) + targets[0] * counts["gate"] + final[0] * counts["final"],
        modules * (shown + most["diagnosis"] + most["gate"])
        + final[1] * counts["final"]
        + targets[1] * bridges * (counts["diagnosis"] + counts["gate"]),
    )
    everything = PrerequisitesBrief(domain=domain.name, modules=(told,) * modules)
    claimed = int("teacher" in plan.diagnosis.estimators)
    yield _Kind("diagnoser", everything, 2 * FINDING * modules, claimed, claimed)
    several = plan.curriculum.stages != "one"
    stages = [math.ceil(count / plan.curriculum.largest_stage) if several else 1 for count in targets]
    # Each may be a stage of its own, and is in the one that consolidates them.
    remedial = plan.rounds * targets[1] * (1 + bridges + (plan.consolidates and several))
    yield from _readings(plan, told, FailedItem(probe="", question=problem, expected="", reply=""), targets)
    proposed = PlanBrief(
        targets={},
        prerequisites=(),
        admissible=(),
        largest_stage=plan.curriculum.largest_stage,
        tau_zpd=plan.curriculum.tau_zpd,
    )
    revisions = targets[1] * (1 + bridges) if plan.curriculum.revise and several else 0
    yield _Kind("planner", proposed, FINDING * stages[1], 1, 1 + revisions)
    yield _Kind("planner", RemedyBrief(weak=(), gate=0.9, round=1), FINDING * 2, 0, remedial)
    yield from _lessons(plan, domain, told, targets, remedial, bridges)


def _most_cycles(plan: Plan, targets: int, modules: int) -> int:
    """Cycles at most; where the lessons bound them, as many as it takes to have taught every module once."""
    if plan.curriculum.cycles is not None:
        return plan.curriculum.cycles
    return math.ceil(modules / targets) if plan.lessons else 1


def _lessons(
    plan: Plan, domain: Domain, told: ModuleBrief, targets: Sequence[int], remedial: int, bridges: int
) -> Iterator[_Kind]:
    """Lessons and their independent solutions.

    At least: a majority of solutions agrees at once, and there is no later module to place a problem in. At most: all
    solutions are needed, and all other targets are later.
    """
    synthesis, problem = plan.synthesis, told.samples[0]
    brief = LessonsBrief(
        module=told,
        level=domain.modules[0].exam_level,
        kind=Kind.CHAIN_OF_THOUGHT,
        strategies=_strategies(synthesis, longest=False),
        count=synthesis.per_request,
        seed=0,
        max_words=plan.max_words,
    )
    longest: dict[str, object] = {"strategies": _strategies(synthesis, longest=True), "seed_problem": problem}
    if synthesis.counterfactual_share:
        sources = (SourceProblem(id="0" * 16, problem=problem, answer="0" * 4),) * synthesis.per_request
        longest |= {"kind": Kind.COUNTERFACTUAL, "sources": sources}
    told_twice = 1 if synthesis.choice == "off" else 2  # the plain solution and the adapted one
    # 60: the fields around the two solutions, which are the problem, the answer and the check.
    lesson = told_twice * TOKENS_PER_WORD * plan.max_words + 60
    # At best the first portion is enough.
    portion = min(synthesis.portion or synthesis.per_module, synthesis.per_module)
    first = [targets[0] * portion, targets[1] * synthesis.per_module]
    first[1] += targets[1] * bridges * (plan.curriculum.bridge_lessons or synthesis.per_module)
    if plan.consolidates and plan.curriculum.stages != "one":
        first[1] += targets[1] * synthesis.per_consolidation
    again = remedial * synthesis.per_remedy
    # Each pass is taken to lose half of what it asks for, which the next one asks for again.
    wasted = sum(0.5**number for number in range(synthesis.passes))
    first[0], taught = (min(count, plan.lessons or count) for count in (first[0], first[1] + again))
    most = taught * wasted + len(domain.modules) * _trial_lessons(plan.diagnosis)
    # Easiest level, examined level, counterfactuals of each portion, and remedies: each ends in a short request.
    wishes = 3 * targets[1] * math.ceil(synthesis.per_module / portion) + remedial
    if synthesis.choice == "bandit" or Strategy.FORMAT in synthesis.strategies:
        form = TemplateBrief(module=told, strategies=brief.strategies, max_words=plan.max_words)
        fixed = synthesis.choice == "fixed"
        yield _Kind("adapter", form, TOKENS_PER_WORD * plan.max_words, targets[0] * fixed, targets[1])
    yield _Kind(
        "adapter",
        brief.model_copy(update=longest),
        lesson * synthesis.per_request,
        math.ceil(first[0] / synthesis.per_request),
        math.ceil(most / synthesis.per_request) + wishes * synthesis.passes,
        least=brief,
    )
    if synthesis.verify:
        solve = SolveBrief(problem=problem)
        others = domain.modules[1 : targets[1]] if synthesis.alignment else ()
        candidates = tuple(Candidate(id=m.id, description=m.description, sample=problem) for m in others)
        placed = solve.model_copy(update={"candidates": (*candidates[:1], *candidates)})  # its own module is one
        majority = synthesis.solutions // 2 + 1
        calls = first[0] * majority, math.ceil(most) * synthesis.solutions
        yield _Kind("verifier", placed, SOLVED, *calls, least=solve)


def _readings(plan: Plan, module: ModuleBrief, item: FailedItem, targets: Sequence[int]) -> Iterator[_Kind]:
    """The two readings of wrong answers: each module's, batch by batch.

    At least: each target's failed items fit into one batch. At most: every item fails, at the diagnosis and before
    each remediation.
    """
    settings = plan.diagnosis.misconceptions
    shown = min(settings.batch, max(1, plan.probes["diagnosis"] // 2))
    items = (item.model_copy(update={"reply": item.question}),) * shown
    asked = {split: plan.probes[split] + plan.spare[split] for split in ("diagnosis", "gate")}
    most = targets[1] * math.ceil(asked["diagnosis"] / settings.batch)
    most += plan.rounds * targets[1] * math.ceil(asked["gate"] / settings.batch)
    wrong = ModuleFailures(module=module, right=0, asked=shown, failed=items)
    found = (Claimed(label="1", text=module.description),) * settings.most
    first = AnalyseBrief(modules=(wrong,), most=settings.most)
    yield _Kind("diagnoser", first, FINDING * settings.most, targets[0], most)
    second = AssignBrief(module=module, misconceptions=found, items=items)
    yield _Kind("diagnoser", second, ASSIGNED * shown, targets[0], most)


def _strategies(synthesis: SynthesisSettings, *, longest: bool) -> tuple[Strategy, ...]:
    """Those whose prompts are the shortest, or the longest, that may be asked for."""
    if synthesis.choice == "off":
        return ()
    if synthesis.choice == "fixed":
        return synthesis.strategies
    by_length = sorted(Strategy, key=lambda s: len(prompt_text(f"strategy-{s.value}")), reverse=longest)
    return tuple(by_length[: synthesis.strategies_per_module])


def _worked_examples(settings: DiagnosisSettings) -> int:
    """Solutions a module that stand before the questions of the population's variants."""
    return max(settings.population.shots, default=0) if "population" in settings.estimators else 0


def _trial_lessons(settings: DiagnosisSettings) -> int:
    """Lessons a module, where the student cannot do it, for an intervention."""
    return settings.intervention.lessons if "intervention" in settings.estimators else 0


def _problem(module: Module, source: Domain | Source) -> str:
    """A problem of the usual length."""
    if isinstance(module.exam, Generator):
        return draw(module.exam, seed=0, count=1)[0].question
    items = source.items if isinstance(source, Source) else ()
    # The longest of a few: an estimate should rather be too high than too low.
    return max((item.question for item in items[:20]), key=len, default=SENTENCE)


def _seconds(calls: float, output: float, prompt: int, settings: TeacherSettings, pace: tuple[float, float]) -> float:
    if settings.model.startswith("tutor:"):
        # It works in this process: there is no network to wait for.
        return 0.01 * calls
    begins, rate = pace
    waiting = (calls * begins + output / rate) / settings.concurrency
    by_requests = 60 * calls / settings.rpm if settings.rpm else 0.0
    by_tokens = 60 * (calls * prompt + output) / settings.tpm if settings.tpm else 0.0
    return max(waiting, by_requests, by_tokens)
