"""Teaching the student one module alone, on trial: lessons, a LoRA that is thrown away, and an examination of all."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from ioa.agents import Checked, Draft, LessonRequest, choose_modules_to_teach, measure_by_intervention
from ioa.agents.requests import TRIAL
from ioa.graph.context import RunContext
from ioa.graph.run_examinations import scores
from ioa.graph.student_population import bare_answers, first_items, teacher_scores
from ioa.memory import Example, ItemResult, Measured, Probe
from ioa.memory.domains.procedural import lesson_seed
from ioa.memory.files import append_records, read_records, write_records
from ioa.memory.records import Kind
from ioa.training import examine, train

R = TypeVar("R", bound=BaseModel)


def estimate_by_intervention(ctx: RunContext) -> Measured:
    """Teach each module that the bare student cannot do, alone, and see what else it can do afterwards."""
    settings = ctx.config.diagnosis
    probes = first_items(ctx, settings.intervention.items)
    teacher, before = teacher_scores(ctx, probes), bare_answers(ctx, probes)
    taught = choose_modules_to_teach(scores(before), teacher, settings)
    after = {}
    for number, module in enumerate(taught, start=1):
        ctx.reporter.work("modules taught on trial", number, len(taught), module)
        after[module] = _trial(ctx, module, probes)
    shutil.rmtree(ctx.run.interventions, ignore_errors=True)
    return measure_by_intervention(before, after, teacher, settings)


def _trial(ctx: RunContext, module: str, probes: Sequence[Probe]) -> list[ItemResult]:
    """The answers after lessons on that module alone; none where there was no lesson."""
    name = module.replace("/", ".")
    path = ctx.run.scores(f"intervention-{name}")
    if path.exists():
        return read_records(path, ItemResult)
    lessons = _lessons(ctx, module)
    results: list[ItemResult] = []
    if lessons:
        adapter = ctx.run.interventions / name
        manner, training = ctx.config.diagnosis.intervention, ctx.config.training
        brief = {"epochs": manner.epochs, "learning_rate": training.learning_rate * manner.rate}
        train(
            ctx.student(),
            lessons,
            start=None,
            out=adapter,
            settings=training.model_copy(update=brief),
            seed=ctx.config.seed,
            on_step=lambda now: ctx.reporter.work(f"trial, {module}", now.step, now.steps, f"loss {now.loss:.3f}"),
        )
        ctx.student().use(adapter)
        results = examine(
            ctx.student(),
            probes,
            lambda done, total: ctx.reporter.work(f"student taught {module}", done, total),
        )
        ctx.student().use(None)
    write_records(path, results)
    return results


def _lessons(ctx: RunContext, module: str) -> list[Example]:
    """Lessons that passed the checks of all lessons; they do not enter the store, and block no later one."""
    requests = _requests(ctx, module)
    folder = ctx.run.intervention_lessons(module)
    drafts = _complete(
        folder / "drafts.jsonl",
        Draft,
        requests,
        lambda request: request.batch,
        lambda draft: draft.request.batch,
        lambda open_, keep: ctx.adapter().draft(ctx.domain(), open_, keep),
    )
    checked = _complete(
        folder / "checked.jsonl",
        Checked,
        drafts,
        lambda draft: draft.request.batch,
        lambda done: done.batch,
        lambda open_, keep: ctx.adapter().verify(ctx.domain(), open_, keep),
    )
    longest, form = ctx.config.student.max_new_tokens, ctx.student().format
    sound = [example for done in checked for example in done.sound]
    sound = [example for example in sound if len(form.encode_reply(example.solution)) <= longest]
    collisions = ctx.store().check([example.problem for example in sound])
    return [example for example, collision in zip(sound, collisions, strict=True) if collision is None]


T = TypeVar("T")


def _complete(
    path: Path,
    kind: type[R],
    wanted: Sequence[T],
    key: Callable[[T], str],
    made_key: Callable[[R], str],
    make: Callable[[Sequence[T], Callable[[R], None]], None],
) -> list[R]:
    """What was made of each of `wanted`, in their order; what the file holds already is not made again."""
    have = {made_key(made) for made in read_records(path, kind)}
    make([item for item in wanted if key(item) not in have], lambda made: append_records(path, [made]))
    by_key = {made_key(made): made for made in read_records(path, kind)}
    return [by_key[key(item)] for item in wanted]


def _requests(ctx: RunContext, module: str) -> list[LessonRequest]:
    """As the first lessons of a first stage would be asked for, with seeds of their own."""
    synthesis, lessons = ctx.config.synthesis, ctx.config.diagnosis.intervention.lessons
    requests = []
    for number, start in enumerate(range(0, lessons, synthesis.per_request)):
        batch = f"{TRIAL}{module}/{number:03d}"
        requests.append(
            LessonRequest(
                batch=batch,
                module=module,
                stage=1,
                round=0,
                kind=Kind.CHAIN_OF_THOUGHT,
                level=ctx.domain().module(module).exam_level,
                strategies=() if synthesis.choice == "off" else synthesis.strategies,
                count=min(synthesis.per_request, lessons - start),
                seed=lesson_seed(ctx.config.seed, batch),
            )
        )
    return requests
