"""Measuring what depends on what, before the diagnosis, when the plan is revised, and, where wanted, at the end."""

import shutil
from collections.abc import Sequence

from ioa.agents import Checked, Draft, LessonRequest, choose_modules_to_teach, measure_by_intervention
from ioa.agents.requests import TRIAL
from ioa.graph.context import RunContext
from ioa.graph.reply_limits import bounded_student
from ioa.graph.run_examinations import exam_file, sit_exam
from ioa.graph.student_population import bare_answers, estimate_by_population, first_items, teacher_scores
from ioa.graph.teacher_budget import draft_within
from ioa.graph.training_budget import count_training, training_ended, training_left
from ioa.memory import Diagnosis, Example, ItemResult, Measured, Prerequisites, Probe
from ioa.memory.domains.procedural import lesson_seed
from ioa.memory.files import read_record, read_records, write_record
from ioa.memory.open_work import do_open
from ioa.memory.records import Edge, Kind
from ioa.training import Examinee, NoTokensLeftError, score_by_module, train


def measure_prerequisites(ctx: RunContext, after: int = 0) -> Measured:
    """What the measuring estimators of the config find; every answer they rest on is in a file and asked for once.

    Args:
        ctx: The run.
        after: The student as it left the stages up to this one counts as well; 0: the bare student alone.
    """
    measured = Measured()
    if "population" in ctx.config.diagnosis.estimators:
        measured += estimate_by_population(ctx, after)
    if "intervention" in ctx.config.diagnosis.estimators:
        measured += estimate_by_intervention(ctx)
    return measured


def planned_edges(ctx: RunContext, after: int) -> tuple[Edge, ...]:
    """The prerequisites that the plan rests on when that stage is over: as they were estimated last before that."""
    for stage in range(after - 1, 0, -1):
        if ctx.run.prerequisites_after(stage).exists():
            return read_record(ctx.run.prerequisites_after(stage), Prerequisites).edges
    return read_record(ctx.run.diagnosis, Diagnosis).edges


def estimate_anew(ctx: RunContext, after: int) -> tuple[Edge, ...]:
    """The prerequisites with what the stages up to that one left in the population; kept in the run.

    Those that the plan rests on, where nothing is measured over a population.
    """
    if "population" not in ctx.config.diagnosis.estimators:
        return planned_edges(ctx, after)
    found = _estimated(ctx, after)
    write_record(ctx.run.prerequisites_after(after), found)
    return found.edges


def _estimated(ctx: RunContext, after: int) -> Prerequisites:
    return ctx.diagnoser().prerequisites(ctx.domain(), measure_prerequisites(ctx, after))


def revise_prerequisites(ctx: RunContext) -> Prerequisites | None:
    """Estimate the graph at the end of the run, where the config asks for it; leaves it in the run directory."""
    settings = ctx.config.diagnosis
    if not (settings.population.revise and "population" in settings.estimators):
        return None
    found = _estimated(ctx, len(ctx.curriculum().stages))
    write_record(ctx.run.revised_prerequisites, found)
    ctx.message(f"With the run's checkpoints in the population: {len(found.edges)} prerequisites")
    return found


def estimate_by_intervention(ctx: RunContext) -> Measured:
    """Teach each module that the bare student cannot do, alone, and see what else it can do afterwards."""
    settings = ctx.config.diagnosis
    probes = first_items(ctx, settings.intervention.items)
    teacher, before = teacher_scores(ctx, probes), bare_answers(ctx, probes)
    taught = choose_modules_to_teach(score_by_module(before), teacher, settings)
    after = {}
    for number, module in enumerate(taught, start=1):
        ctx.listener.progress("modules taught on trial", number, len(taught), module)
        after[module] = _trial(ctx, module, probes)
    shutil.rmtree(ctx.run.interventions, ignore_errors=True)
    return measure_by_intervention(before, after, teacher, settings)


def _trial(ctx: RunContext, module: str, probes: Sequence[Probe]) -> list[ItemResult]:
    """The answers after lessons on that module alone; none where there was no lesson, or no token left to train."""
    name = module.replace("/", ".")
    label = f"intervention-{name}"
    answered = not exam_file(ctx, label).standing(probes).ask
    lessons = [] if answered else _lessons(ctx, module)
    if not (answered or lessons) or (training_ended(ctx) and not answered):
        return []
    training_name = f"trial {module}"

    def taught() -> Examinee:
        adapter = ctx.run.interventions / name
        trial, training = ctx.config.diagnosis.intervention, ctx.config.training
        brief = {"epochs": trial.epochs, "learning_rate": training.learning_rate * trial.rate}
        log = train(
            ctx.student(),
            lessons,
            start=None,
            out=adapter,
            settings=training.model_copy(update=brief),
            seed=ctx.config.seed,
            max_tokens=training_left(ctx, training_name),
            on_step=lambda now: ctx.listener.progress(f"trial, {module}", now.step, now.steps, f"loss {now.loss:.3f}"),
        )
        count_training(ctx, training_name, log)
        ctx.student().use(adapter)
        return bounded_student(ctx, probes)

    try:
        return sit_exam(ctx, label, probes, taught, f"student taught {module}")
    except NoTokensLeftError:
        count_training(ctx, training_name, None)
        return []


def _lessons(ctx: RunContext, module: str) -> list[Example]:
    """Lessons that passed the checks of all lessons; they do not enter the store, and block no later one."""
    requests = _requests(ctx, module)
    folder = ctx.run.intervention_lessons(module)
    drafts = do_open(
        folder / "drafts.jsonl",
        Draft,
        requests,
        key=lambda request: request.batch,
        made_key=lambda draft: draft.request.batch,
        make=lambda open_, keep: draft_within(
            ctx,
            open_,
            lambda some: ctx.adapter().draft(ctx.domain(), some, keep),
            lambda: read_records(folder / "drafts.jsonl", Draft),
        ),
        may_leave=ctx.config.budget.teacher_tokens is not None,
    )
    checked = do_open(
        folder / "checked.jsonl",
        Checked,
        drafts,
        key=lambda draft: draft.request.batch,
        made_key=lambda done: done.batch,
        make=lambda open_, keep: ctx.adapter().verify(ctx.domain(), open_, keep),
    )
    longest, form = ctx.config.student.max_new_tokens, ctx.student().format
    sound = [example for done in checked for example in done.sound]
    sound = [example for example in sound if len(form.encode_reply(example.solution)) <= longest]
    collisions = ctx.store().check([example.problem for example in sound], [example.answer for example in sound])
    return [example for example, collision in zip(sound, collisions, strict=True) if collision is None]


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
