"""Examining the variants of the student over which Eq. 3 is computed; each set of answers is a file of the run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ioa.agents import Variant, measure_by_population
from ioa.agents.settings.diagnosis import PopulationSettings
from ioa.graph.context import RunContext
from ioa.graph.reply_limits import bounded_student
from ioa.graph.run_examinations import (
    examine_student,
    examine_teacher,
    recorded_answers,
    select_probes,
    sit_exam,
)
from ioa.memory import Assessment, ItemResult, Measured, Probe, Score, Split
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


def estimate_by_population(ctx: RunContext, after: int = 0) -> Measured:
    """Eq. 3 over the bare student, its variants, and the student as it left each stage up to `after`."""
    settings = ctx.config.diagnosis.population
    probes = first_items(ctx, settings.items)
    teacher = teacher_scores(ctx, probes)
    bare = Variant(name="greedy", scores=score_by_module(bare_answers(ctx, probes)))
    states = bare_states(settings, ctx.config.seed)
    variants = [bare, *(Variant(name=state.name, scores=_scores(ctx, state, probes)) for state in states)]
    return measure_by_population([*variants, *taught_variants(ctx, after, probes)], teacher, ctx.config.diagnosis)


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


def taught_variants(ctx: RunContext, after: int, probes: Sequence[Probe]) -> Iterator[Variant]:
    """The student as it left each stage up to that one, as far as it was trained there.

    Of a stage the kept round alone: its rounds go on from one another and differ little, and each would count as much
    as a student that learnt something else. It is examined on `probes` where the config allows that, and else known by
    what was asked of it anyway.
    """
    rounds, seen = ctx.rounds(), set[str]()
    for stage in range(1, after + 1):
        kept = rounds.best(stage)
        if kept is None or not kept.adapter or kept.adapter in seen:
            continue
        seen.add(kept.adapter)
        folder = ctx.run.root / kept.adapter
        name = f"checkpoint {folder.name}"
        if not ctx.config.diagnosis.population.revise:
            yield _known_variant(ctx, name, kept)
        elif is_complete(folder):
            state = State(name, f"population-{folder.name}", adapter=folder)
            yield Variant(name=name, scores=_scores(ctx, state, probes))


def _known_variant(ctx: RunContext, name: str, kept: Assessment) -> Variant:
    """By its gate and by the revision of the plan that came after it.

    Both ask items like those of the population, of the same levels; those of bridges are easier, and left out. P_T is
    what the teacher scored on the same items.
    """
    student = score_by_module(recorded_answers(ctx, f"revision-{kept.stage:02d}"))
    answers = score_by_module(recorded_answers(ctx, "diagnosis-teacher"))
    teacher = {module: answers[module] for module in student if module in answers}
    own = [result for result in (*kept.earlier, *kept.gate) if not result.level]
    return Variant(
        name=name,
        scores={module: student[module] for module in teacher} | {result.module: result.student for result in own},
        teacher=teacher | {result.module: result.teacher for result in own},
    )


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
