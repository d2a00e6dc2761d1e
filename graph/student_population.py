"""Examining the variants of the student over which Eq. 3 is computed; each set of answers is a file of the run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ioa.agents import Variant, measure_by_population
from ioa.agents.settings.diagnosis import PopulationSettings
from ioa.graph.context import RunContext
from ioa.graph.reply_limits import bounded_student
from ioa.graph.run_examinations import examine_student, examine_teacher, select_probes, sit_exam
from ioa.memory import ItemResult, Measured, Probe, Score, Split
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.procedural import seed_range
from ioa.memory.records import Generator
from ioa.training import Sampling, Shot, StudentVariant, is_complete, score_by_module


@dataclass(frozen=True)
class State:
    """What a variant of the student is made of."""

    name: str
    """In words."""
    label: str
    """Of its answers in the run directory."""
    adapter: Path | None = None
    sampling: Sampling | None = None
    shots: int = 0


def estimate_by_population(ctx: RunContext) -> Measured:
    """Eq. 3 over the bare student, its variants, and every checkpoint that the run has made so far."""
    settings = ctx.config.diagnosis.population
    probes = first_items(ctx, settings.items)
    teacher = teacher_scores(ctx, probes)
    bare = Variant(name="greedy", scores=score_by_module(bare_answers(ctx, probes)))
    states = [*bare_states(settings, ctx.config.seed), *checkpoints(ctx)]
    variants = [bare, *(Variant(name=state.name, scores=_scores(ctx, state, probes)) for state in states)]
    return measure_by_population(variants, teacher, ctx.config.diagnosis)


def bare_states(settings: PopulationSettings, seed: int) -> Iterator[State]:
    """The variants of the bare student beside itself, decoded greedily: with worked examples, then sampled."""
    others = settings.variants - 1
    for count in settings.shots[:others]:
        yield State(f"{count} shots", f"population-{count}-shots", shots=count)
    for number in range(others - len(settings.shots)):
        temperature = settings.temperatures[number % len(settings.temperatures)]
        sampling = Sampling(temperature=temperature, seed=seed + number)
        label = f"population-temperature-{temperature}-seed-{sampling.seed}"
        yield State(f"temperature {temperature}, seed {sampling.seed}", label, sampling=sampling)


def checkpoints(ctx: RunContext) -> Iterator[State]:
    """The student after each training that the run has finished."""
    for folder in ctx.run.rounds_with(ctx.run.adapter).values():
        if is_complete(folder):
            yield State(f"checkpoint {folder.name}", f"population-{folder.name}", adapter=folder)


def first_items(ctx: RunContext, count: int) -> list[Probe]:
    """The first items of each module in the diagnosis split."""
    chosen = []
    taken: dict[str, int] = {}
    for probe in select_probes(ctx, Split.DIAGNOSIS):
        taken[probe.module] = taken.get(probe.module, 0) + 1
        if taken[probe.module] <= count:
            chosen.append(probe)
    return chosen


def teacher_scores(ctx: RunContext, probes: Sequence[Probe]) -> dict[str, Score]:
    """P_T on these items of the diagnosis split."""
    return score_by_module(examine_teacher(ctx, "diagnosis-teacher", probes, "examine"))


def bare_answers(ctx: RunContext, probes: Sequence[Probe]) -> list[ItemResult]:
    """The bare student's answers to these items of the diagnosis split."""
    known = examine_student(ctx, "diagnosis-student", select_probes(ctx, Split.DIAGNOSIS), None)
    asked = {probe.id for probe in probes}
    return [result for result in known if result.probe in asked]


def _scores(ctx: RunContext, state: State, probes: Sequence[Probe]) -> dict[str, Score]:
    def variant() -> StudentVariant:
        shots = _worked(ctx, state.shots, probes) if state.shots else {}
        ctx.student().use(state.adapter)
        return bounded_student(ctx, probes, sampling=state.sampling, shots=shots)

    return score_by_module(sit_exam(ctx, state.label, probes, variant, f"student, {state.name}"))


def _worked(ctx: RunContext, count: int, probes: Sequence[Probe]) -> dict[str, tuple[Shot, ...]]:
    """By question, the first worked examples of its module."""
    samples = _samples(ctx)
    answers = {
        result.probe: result
        for result in examine_teacher(ctx, "population-samples", samples, "relate", same_items=True)
    }
    shots: dict[str, list[Shot]] = {}
    for sample in samples:
        told = answers[sample.id]
        reply = told.reply if told.correct else f"Answer: {sample.answer}"  # a wrong example would teach the error
        shots.setdefault(sample.module, []).append(Shot(question=sample.question, reply=reply))
    return {probe.question: tuple(shots.get(probe.module, ())[:count]) for probe in probes}


def _samples(ctx: RunContext) -> list[Probe]:
    """What is worked out before the questions: of each module's easiest level, from seeds that no probe uses.

    Probes in form, so that the teacher can be asked for worked solutions and these be judged like any other.
    """
    settings, domain = ctx.config.diagnosis.population, ctx.domain()
    avoid = [item_key(probe.question, probe.answer) for probe in ctx.probes()]
    samples = []
    for ordinal, module in enumerate(domain.modules):
        level, source = next(iter(module.levels.items()))
        seed = seed_range(ctx.config.seed, "samples", ordinal)
        supplied = ctx.bank().supply_shown(module, level, seed=seed, exclude=avoid)
        drawn = islice(supplied, max(settings.shots))
        samples += [
            Probe(
                id=f"samples/{module.id}/{number:03d}",
                module=module.id,
                split=Split.DIAGNOSIS,
                level=level,
                question=item.question,
                answer=item.answer,
                family=source.family if isinstance(source, Generator) else "",
                metadata=item.metadata,
            )
            for number, item in enumerate(drawn)
        ]
    return samples
