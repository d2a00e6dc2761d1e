"""What a run will ask of its teachers, before anything is asked."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ioa.agents.calling import Price, TeacherSettings
from ioa.agents.calling.answer import estimate_tokens
from ioa.agents.diagnoser import module_brief
from ioa.agents.estimate_source import SENTENCE, SOLVED, decomposition_calls, stand_in
from ioa.agents.exchange import (
    AnalyseBrief,
    Brief,
    LessonsBrief,
    PlanBrief,
    PrerequisitesBrief,
    RemedyBrief,
    SolveBrief,
)
from ioa.agents.gaps import DiagnosisSettings
from ioa.agents.outline import DecompositionSettings
from ioa.agents.prompting import messages
from ioa.agents.requests import SynthesisSettings
from ioa.agents.staging import CurriculumSettings
from ioa.memory.procedural import draw
from ioa.memory.records import Domain, Generator, Kind, Module, Record, Source
from ioa.memory.transcript import Tokens

TOKENS_PER_WORD = 1.5
FINDING = 80
"""Tokens of one finding, claim, stage or remedy."""
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
    rounds: int
    """Most remediation rounds a stage."""
    max_words: int


@dataclass(frozen=True)
class _Kind:
    agent: str
    brief: Brief
    output: float
    low: float
    high: float


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
        line = Line(
            agent=kind.agent,
            task=kind.brief.task,
            calls=Range(low=kind.low, high=kind.high),
            input=Range(low=kind.low * prompt, high=kind.high * prompt),
            output=Range(low=kind.low * kind.output, high=kind.high * kind.output),
        )
        lines.append(line)
        price, settings = prices[kind.agent], cast[kind.agent]
        if price is not None:
            low_usd += price.cost(Tokens(input=round(line.input.low), output=round(line.output.low)))
            high_usd += price.cost(Tokens(input=round(line.input.high), output=round(line.output.high)))
        fast += _seconds(line.calls.low, line.output.low, prompt, settings, FAST)
        slow += _seconds(line.calls.high, line.output.high, prompt, settings, SLOW)
    known = all(prices[line.agent] is not None for line in lines)
    return Estimate(
        lines=tuple(lines),
        usd=Range(low=low_usd, high=high_usd) if known else None,
        seconds=Range(low=fast, high=slow),
    )


def _kinds(plan: Plan) -> Iterator[_Kind]:
    """All kinds of calls with how often each is made, at least and at most.

    At least: few modules are deficient, every lesson is accepted, every stage is mastered at once. At most: all
    are deficient, each pass over a stage brings half of what is missing, and all rounds are needed by all modules.
    """
    source, synthesis, counts = plan.source, plan.synthesis, plan.probes
    domain = stand_in(source, plan.decomposition) if isinstance(source, Source) else source
    modules = fewest = len(domain.modules)
    if isinstance(source, Source):
        fewest = len(source.modules) or plan.decomposition.least
        calls = decomposition_calls(source, domain, plan.decomposition, sum(counts.values()))
        yield from (_Kind(*counted) for counted in calls)
    shares = ((FEWEST_DEFICIENT, fewest), (1.0, modules))
    targets = [max(1, math.ceil(plan.diagnosis.top_share * share * count)) for share, count in shares]
    module = domain.modules[0]
    problem = _problem(module, source)
    told = module_brief(module, module.exam_level, (problem,) * 3)
    solve = SolveBrief(problem=problem)
    yield _Kind(
        "examinee",
        solve,
        SOLVED,
        fewest * counts["diagnosis"] + targets[0] * (counts["gate"] + counts["final"]),
        modules * counts["diagnosis"] + targets[1] * (counts["gate"] + counts["final"]),
    )
    everything = PrerequisitesBrief(domain=domain.name, modules=(told,) * modules)
    yield _Kind("diagnoser", everything, 2 * FINDING * modules, 1, 1)
    stages = [math.ceil(count / plan.curriculum.largest_stage) for count in targets]
    remedial = plan.rounds * targets[1]  # each may be a stage of its own
    yield _Kind("diagnoser", AnalyseBrief(modules=()), FINDING * stages[1], 1, 1 + remedial)
    proposed = PlanBrief(targets={}, prerequisites=(), admissible=(), largest_stage=plan.curriculum.largest_stage)
    yield _Kind("planner", proposed, FINDING * stages[1], 1, 1)
    yield _Kind("planner", RemedyBrief(weak=(), gate=0.9, round=1), FINDING * 2, 0, remedial)
    brief = LessonsBrief(
        module=told,
        level=module.exam_level,
        kind=Kind.CHAIN_OF_THOUGHT.value,
        strategies=synthesis.strategies,
        count=synthesis.per_request,
        seed=0,
        max_words=plan.max_words,
    )
    lesson = TOKENS_PER_WORD * plan.max_words + 60
    first = [count * synthesis.per_module for count in targets]
    again = remedial * synthesis.per_remedy
    wasted = sum(0.5**number for number in range(synthesis.passes))
    most = (first[1] + again) * wasted
    yield _Kind(
        "adapter",
        brief,
        lesson * synthesis.per_request,
        math.ceil(first[0] / synthesis.per_request),
        math.ceil(most / synthesis.per_request),
    )
    if synthesis.verify:
        yield _Kind("verifier", solve, SOLVED, first[0], math.ceil(most))


def _problem(module: Module, source: Domain | Source) -> str:
    """A problem of the usual length."""
    if isinstance(module.exam, Generator):
        return draw(module.exam, seed=0, count=1)[0].question
    items = source.items if isinstance(source, Source) else ()
    return max((item.question for item in items[:20]), key=len, default=SENTENCE)


def _seconds(calls: float, output: float, prompt: int, settings: TeacherSettings, pace: tuple[float, float]) -> float:
    if settings.model.startswith("tutor:"):
        return 0.01 * calls
    begins, rate = pace
    waiting = (calls * begins + output / rate) / settings.concurrency
    by_requests = 60 * calls / settings.rpm if settings.rpm else 0.0
    by_tokens = 60 * (calls * prompt + output) / settings.tpm if settings.tpm else 0.0
    return max(waiting, by_requests, by_tokens)
