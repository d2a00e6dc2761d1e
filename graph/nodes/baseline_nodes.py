"""Nodes of the methods that IOA is compared with: what is deficient, what is asked for, and a training on all of it.

They ask their teacher for nothing but the examination and lessons, and ask for these in plain form. Such a method has
one stage, and each iteration is a round of it, so that run folder, report and transcript are those of any run.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from ioa.agents.gaps import find_gaps
from ioa.graph.answer_agreement import scorer_of_level
from ioa.graph.config import RunConfig, with_settings
from ioa.graph.context import RunContext
from ioa.graph.curriculum_file import curriculum_yaml
from ioa.graph.lesson_budget import within_budget
from ioa.graph.nodes.diagnosis_nodes import examine_bare
from ioa.graph.nodes.planning_nodes import show_plan
from ioa.graph.nodes.training_nodes import train_on
from ioa.graph.run_examinations import examine_student
from ioa.graph.state import Node, RunState, dump_notes
from ioa.memory import Curriculum, Diagnosis, Example, Note, Probe, Remedy, Split, Stage
from ioa.memory.files import read_record, read_records, write_record, write_records, write_text
from ioa.memory.records import Gap, Kind, Strategy
from ioa.training import is_complete, observe


class Asked(NamedTuple):
    """What an iteration asks for of a module."""

    lessons: int
    seeds: tuple[str, ...] = ()
    """Problems after which new ones are to be made, one a request, where the teacher can; empty: after none."""
    strategies: tuple[Strategy, ...] = ()


Share = Callable[[RunContext, int], Mapping[str, Asked]]
"""What an iteration asks for of each module, given the context and how many lessons there may be together."""


def plainly(config: RunConfig, **training: object) -> RunConfig:
    """The run file of a method that has no Organizer, no Adapter and no gate: lessons are plain, and given out once."""
    return with_settings(
        config,
        diagnosis={"top_share": 1.0, "selection": "severity", "estimators": ("pack",)},
        curriculum={"stages": "one", "bridges": False, "revise": False, "cycles": 1, "review": False},
        synthesis={
            "choice": "off",
            "portion": None,
            "introductory_share": 0.0,
            "counterfactual_share": 0.0,
            "alignment": False,
        },
        mastery={"rounds": 0},
        practice={"rounds": 0},
        training={"consolidation": 0, **training},
    )


def lessons_in_all(ctx: RunContext, modules: int) -> int:
    """How many lessons a method may have: those of the budget, or `synthesis.per_module` of each module."""
    return ctx.config.budget.lessons or ctx.config.synthesis.per_module * modules


def even_shares(count: int, names: Sequence[str]) -> dict[str, int]:
    """The count in equal parts; what is left over goes to the first ones, one each."""
    each, over = divmod(count, max(1, len(names)))
    return {name: each + (place < over) for place, name in enumerate(names)}


def in_proportion(count: int, names: Sequence[str]) -> dict[str, int]:
    """The count by how often each name occurs; what the rounding leaves goes to the commonest, one each."""
    often = Counter(names)
    whole = {name: count * times // len(names) for name, times in often.most_common()}
    over = count - sum(whole.values())
    return {name: share + (place < over) for place, (name, share) in enumerate(whole.items())}


def evenly(ctx: RunContext, count: int) -> dict[str, Asked]:
    """Plain lessons of all modules of the plan, in equal numbers."""
    return {module: Asked(share) for module, share in even_shares(count, _planned(ctx)).items()}


def at_random(ctx: RunContext, count: int) -> dict[str, Asked]:
    """Plain lessons, the module of each drawn anew."""
    rng = random.Random(f"{ctx.config.seed}/modules/{len(ctx.store().examples())}")
    drawn = Counter(rng.choices(_planned(ctx), k=count))
    return {module: Asked(drawn[module]) for module in _planned(ctx) if drawn[module]}


def _planned(ctx: RunContext) -> tuple[str, ...]:
    return ctx.curriculum().stages[0].modules


def find_deficient(ctx: RunContext) -> Node:
    """Every module whose gap exceeds tau_gap is a target (Eq. 2 and 5); nobody is asked why, or what builds on what."""

    def node(_state: RunState) -> RunState:
        examined = examine_bare(ctx)
        gaps = find_gaps(*examined.scores, (), ctx.config.diagnosis)
        gaps = tuple(gap.model_copy(update={"teacher_same": examined.teacher_same(gap.module)}) for gap in gaps)
        write_record(ctx.run.diagnosis, Diagnosis(gaps=gaps, edges=()))
        ctx.message(f"{sum(gap.deficient for gap in gaps)} of {len(gaps)} modules are deficient")
        return {}

    return node


def lay_out(ctx: RunContext, *, iterations: int, why: str, share: Share, whole: bool = False) -> Node:
    """Write down the one stage, of all modules that are taught, and what its first iteration asks for.

    Args:
        ctx: The run.
        iterations: How often lessons are asked for and trained on.
        why: The method, in a sentence.
        share: What the first iteration asks for.
        whole: Whether lessons are drawn from the whole domain, as a method does that has no idea of deficient modules.
    """

    def node(_state: RunState) -> RunState:
        gaps = read_record(ctx.run.diagnosis, Diagnosis).gaps
        wanted = any(gap.targeted for gap in gaps)
        taught = [gap for gap in gaps if gap.targeted or (whole and gap.delta is not None)] if wanted else []
        curriculum = Curriculum(stages=(_only_stage(taught, why),) if taught else ())
        write_text(ctx.run.curriculum, curriculum_yaml(curriculum))
        note = Note(sender="planner", receiver="adapter", text=why)
        show_plan(ctx, curriculum, note)
        if taught:
            first = lessons_in_all(ctx, len(taught)) // iterations
            ask_for(ctx, 0, iterations, share(ctx, first))
        return {
            "stages": len(curriculum.stages),
            "stage": 1,
            "round": 0,
            "remediation": 0,
            "adapter": "",
            "notes": dump_notes(note),
        }

    return node


def _only_stage(taught: Sequence[Gap], why: str) -> Stage:
    hard = fmean(gap.delta or 0.0 for gap in taught)
    modules = tuple(gap.module for gap in taught)
    return Stage(title="All lessons", modules=modules, difficulty=min(1.0, max(0.0, hard)), rationale=why)


def ask_for(ctx: RunContext, round_: int, iterations: int, asked: Mapping[str, Asked]) -> None:
    """Write down what an iteration asks for, at the levels that are examined."""
    wanted = [
        Remedy(
            module=module,
            diagnosis="",
            kind=Kind.CHAIN_OF_THOUGHT,
            level=ctx.domain().module(module).exam_level,
            strategies=own.strategies,
            lessons=own.lessons,
            seeds=own.seeds,
            portion=round_ + 1,
            portions=iterations,
        )
        for module, own in asked.items()
        if own.lessons
    ]
    write_records(ctx.run.remedies(1, round_), within_budget(ctx, wanted))


def ask_lessons(ctx: RunContext, lessons: Sequence[Example]) -> list[tuple[Example, bool]]:
    """Ask the student, as the last iteration left it, the problems of lessons; each with whether it was right."""
    if not lessons:
        return []
    last = max(lesson.round for lesson in ctx.store().examples())
    probes = [_as_probe(ctx, lesson) for lesson in lessons]
    results = examine_student(ctx, f"pool-after-{last + 1:02d}", probes, _adapter_after(ctx, last))
    return [(lesson, result.correct) for lesson, result in zip(lessons, results, strict=True)]


def _adapter_after(ctx: RunContext, round_: int) -> Path | None:
    """The last adapter that was trained up to that round; none where no lesson came, or no token was left."""
    adapters = ctx.run.rounds_with(ctx.run.adapter).items()
    trained = [path for (_, at), path in adapters if at <= round_ and is_complete(path)]
    return trained[-1] if trained else None


def _as_probe(ctx: RunContext, lesson: Example) -> Probe:
    scorer, family = scorer_of_level(ctx.bank(), ctx.domain().module(lesson.module), lesson.level)
    return Probe(
        id=f"pool/{lesson.module}/{lesson.id}",
        module=lesson.module,
        split=Split.GATE,
        level=lesson.level,
        question=lesson.problem,
        answer=lesson.answer,
        family=family,
        scorer=scorer,
    )


def begin_next(ctx: RunContext, iterations: int, share: Share) -> Node:
    """Decide what the next iteration asks for; it has its part of the lessons that are left."""

    def node(state: RunState) -> RunState:
        done = state["round"] + 1
        left = lessons_in_all(ctx, len(_planned(ctx))) - len(ctx.store().examples())
        asked = share(ctx, max(0, left) // (iterations - done))
        ask_for(ctx, done, iterations, asked)
        told = ", ".join(f"{own.lessons} of {module}" for module, own in asked.items() if own.lessons)
        ctx.message(f"Iteration {done + 1} asks for {told or 'nothing'}")
        return {"round": done}

    return node


def train_all(ctx: RunContext, *, anew: bool = True) -> Node:
    """Train on all lessons so far, from the bare student or (not `anew`) from where the last iteration ended."""

    def node(state: RunState) -> RunState:
        lessons = ctx.store().examples()
        own = {lesson.id for lesson in lessons if lesson.round == state["round"]}
        if not own:
            ctx.message("No new lesson: nothing is trained.")
            return {"trained": False}
        start: Path | None = None if anew or not state["adapter"] else ctx.run.root / state["adapter"]
        share = _training_share(ctx, state["round"])
        return train_on(ctx, state, lessons, block=own, start=start, settings=ctx.config.training, share=share)

    return node


def _training_share(ctx: RunContext, round_: int) -> float:
    """The share of the training tokens left that an iteration may take: by how many lessons each of those left has.

    Iteration k of n trains on k n-ths of the lessons, so of what the first k - 1 left it has k / (k + ... + n).
    """
    wishes = read_records(ctx.run.remedies(1, round_), Remedy)
    number, count = max(((wish.portion, wish.portions) for wish in wishes), default=(1, 1))
    return number / sum(range(number, count + 1))


def measure_gain(ctx: RunContext) -> list[tuple[Example, float]]:
    """How much likelier each lesson's solution was to the student before its iteration than to the bare one.

    In nats per token, relative to the mean of its iteration; those of the first one, before which nothing was taught,
    count by how unlikely they are to the bare student.
    """
    found, training = [], ctx.config.training
    everything = ctx.store().examples()
    for round_ in sorted({lesson.round for lesson in everything}):
        own = {lesson.id: lesson for lesson in everything if lesson.round == round_}
        before = _adapter_after(ctx, round_ - 1)
        earlier = [before] if before else []
        bare, *taught = (
            {
                one.example: one.nll
                for one in observe(
                    ctx.student(), list(own.values()), start=start, batch_size=8, max_length=training.max_length
                )
            }
            for start in (None, *earlier)
        )
        gains = {name: nll - (taught[0][name] if taught else 0.0) for name, nll in bare.items()}
        mean = sum(gains.values()) / max(1, len(gains))
        found += [(own[name], gain - mean) for name, gain in gains.items()]
    return found
