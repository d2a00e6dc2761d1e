"""Walking back from a lesson to its strategy, misconception, failed probes, gap and edge; or a module's story."""

from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches

from ioa.agents import LessonRequest
from ioa.memory.errors import UserError
from ioa.memory.records import (
    Example,
    ItemResult,
    Kind,
    Misconception,
    Refusal,
    RefusalReason,
    Remedy,
    Teaching,
    WrongAnswer,
)
from ioa.results.facts import Facts
from ioa.results.item_history import when
from ioa.results.story import (
    Accepted,
    Decision,
    Evidence,
    GateRound,
    LessonStory,
    ModuleStory,
    Refused,
    Shown,
    Source,
    Training,
    UnreadReply,
)

_LISTED = 8
"""Ids shown where a prefix fits several, and refused lessons named of each sort."""


def explain(facts: Facts, name: str, where: str = "") -> LessonStory | ModuleStory:
    """The story of what goes by that name in the run.

    Args:
        facts: What the run has left so far.
        name: Id of a module, or of an accepted or refused lesson, or a beginning of one that fits no other.
        where: What a command needs to find the run, beside its id.

    Raises:
        UserError: nothing goes by that name, or several lessons do; close matches are named.
    """
    if name in facts.module_ids:
        return module_story(facts, name)
    lessons: dict[str, Example | Refusal] = {refusal.id: refusal for refusal in facts.refusals}
    lessons |= {example.id: example for example in facts.examples}
    fits = [name] if name in lessons else sorted(known for known in lessons if known.startswith(name))
    if len(fits) > 1:
        more = ", ..." if len(fits) > _LISTED else ""
        raise UserError(
            f"{name!r} fits {len(fits)} lessons of run {facts.run_id}: {', '.join(fits[:_LISTED])}{more}. "
            "Give more of the id."
        )
    if not fits:
        close = get_close_matches(name, [*facts.module_ids, *lessons], n=5, cutoff=0.5)
        nearest = f"Close to it: {', '.join(close)}." if close else "Nothing is close to it."
        raise UserError(
            f"Run {facts.run_id} has no module and no lesson {name!r}. {nearest} Give a module's id, or a lesson's id "
            "as it stands in examples/ or as `ioa why RUN MODULE` names it."
        )
    return lesson_story(facts, lessons[fits[0]], where)


def lesson_story(facts: Facts, lesson: Example | Refusal, where: str = "") -> LessonStory:
    """A lesson, accepted or refused, and what led to it; see `explain`."""
    example = lesson if isinstance(lesson, Example) else None
    request = facts.requests.get(lesson.batch)
    module, stage, round_ = lesson.module, lesson.stage, lesson.round
    missed = _missed(facts, module, stage, round_) if round_ else None
    remedy = _remedy(facts, example.aim if example else _aim(request), stage, round_)
    trained = [log for log in training(facts) if lesson.id in _taught(facts, log)]
    story = LessonStory(
        run=facts.run_id,
        status=facts.status,
        id=lesson.id,
        accepted=example is not None,
        lesson=example,
        refusal=lesson if isinstance(lesson, Refusal) else None,
        source=_source(facts, lesson, where),
        request=request,
        remedy=remedy,
        misconceptions=_answered(facts, module, stage, facts.teaching(stage, round_), example, request),
        missed=missed,
        evidence=evidence(facts, module),
        trained=tuple(log for log in trained if (log.stage, log.round) == (stage, round_)),
        replays=tuple(log for log in trained if (log.stage, log.round) > (stage, round_)),
        gate=_gate(facts, module, stage, round_),
        missing=(),
    )
    return story.model_copy(update={"missing": tuple(_missing_of_lesson(story, round_))})


def module_story(facts: Facts, module: str) -> ModuleStory:
    """Everything the run did about a module."""
    own = evidence(facts, module)
    stages = {stage.number for stage in own.stages}
    kept = {(assessment.stage, assessment.round) for assessment in facts.kept}
    seen = [
        (assessment, result, place)
        for assessment in facts.assessments
        for place, results in (("gate", assessment.gate), ("later", assessment.earlier))
        for result in results
        if result.module == module
    ]
    rounds: dict[str, list[GateRound]] = {"gate": [], "later": []}
    for assessment, result, place in seen:
        at = (assessment.stage, assessment.round)
        rounds[place].append(GateRound(stage=at[0], round=at[1], result=result, kept=at in kept))
    story = ModuleStory(
        run=facts.run_id,
        status=facts.status,
        id=module,
        entry=next((entry for entry in facts.domain.modules if entry.id == module), None) if facts.domain else None,
        student=facts.scores("diagnosis-student").get(module),
        teacher=facts.scores("diagnosis-teacher").get(module),
        evidence=own,
        misconceptions=tuple(_shown(facts, found) for found in _found(facts) if found.module == module),
        remedies=tuple(
            Decision(stage=stage, round=round_, teaching=facts.teaching(stage, round_), remedy=remedy)
            for (stage, round_), remedies in facts.remedies.items()
            for remedy in remedies
            if remedy.module == module
        ),
        accepted=_accepted(facts, module),
        refused=_refused(facts, module),
        training=tuple(log for log in training(facts) if log.stage in stages),
        gate=tuple(rounds["gate"]),
        later=tuple(rounds["later"]),
        before=facts.scores("final-before").get(module),
        after=facts.scores("final-after").get(module),
        final_teacher=facts.scores("final-teacher").get(module),
        unread=tuple(_unread(facts, module)),
        missing=(),
    )
    return story.model_copy(update={"missing": tuple(_missing_of_module(story))})


def _unread(facts: Facts, module: str) -> Iterable[UnreadReply]:
    for label in sorted(facts.examinations, key=when):
        if label.startswith("final-") and facts.status != "finished":
            continue  # nobody is to look at its items while there is still something to decide
        for one in facts.examinations[label]:
            if one.unread and one.module == module:
                yield UnreadReply(
                    examination=label,
                    probe=one.probe,
                    question=one.question,
                    expected=one.expected,
                    reply=one.reply,
                    reason=one.detail,
                )


def evidence(facts: Facts, module: str) -> Evidence:
    """Gap, edges and stages of a module."""
    diagnosis = facts.diagnosis
    edges = diagnosis.edges if diagnosis else ()
    broken = diagnosis.broken if diagnosis else ()
    stages = facts.curriculum.stages if facts.curriculum else ()
    return Evidence(
        module=module,
        gap=next((gap for gap in diagnosis.gaps if gap.module == module), None) if diagnosis else None,
        requires=tuple(edge for edge in edges if edge.target == module),
        supports=tuple(edge for edge in edges if edge.source == module),
        broken=tuple(taken for taken in broken if module in {taken.edge.source, taken.edge.target}),
        stages=tuple(stage for stage in stages if module in stage.modules),
    )


def training(facts: Facts) -> list[Training]:
    """All rounds of training, in order."""
    return [
        Training(
            stage=at[0],
            round=at[1],
            teaching=facts.teaching(*at),
            lessons=log.examples,
            steps=len(log.steps),
            replayed=sum(lesson.kind is Kind.REPLAY for lesson in facts.datasets.get(at, ())),
        )
        for at, log in sorted(facts.training.items())
    ]


def _taught(facts: Facts, log: Training) -> set[str]:
    """Ids of the lessons that the round was trained on."""
    return {lesson.example for lesson in facts.datasets.get((log.stage, log.round), ())}


def _source(facts: Facts, lesson: Example | Refusal, where: str) -> Source:
    event = next((event for event in facts.events if event.id == lesson.event), None)
    teacher = lesson.teacher if isinstance(lesson, Example) else event.teacher if event else ""
    command = f"ioa transcript {facts.run_id} --event {lesson.event} --full{where}"
    return Source(teacher=teacher, event=lesson.event, recorded=event is not None, command=command)


def _aim(request: LessonRequest | None) -> tuple[str, ...] | None:
    return (request.module, request.level, request.misconception_id) if request else None


def _remedy(facts: Facts, aim: tuple[str, ...] | None, stage: int, round_: int) -> Remedy | None:
    return next((remedy for remedy in facts.remedies.get((stage, round_), ()) if remedy.aim == aim), None)


def _gate(facts: Facts, module: str, stage: int, round_: int) -> GateRound | None:
    kept = {(assessment.stage, assessment.round) for assessment in facts.kept}
    for assessment in facts.assessments:
        if (assessment.stage, assessment.round) == (stage, round_):
            for result in assessment.gate:
                if result.module == module:
                    return GateRound(stage=stage, round=round_, result=result, kept=(stage, round_) in kept)
    return None


def _found(facts: Facts) -> list[Misconception]:
    """All misconceptions that the run has named, confirmed or not, in the order of their finding."""
    return [*facts.diagnosed, *(one for found in facts.misconceptions.values() for one in found)]


def _missed(facts: Facts, module: str, stage: int, round_: int) -> GateRound | None:
    """The module in the stage's best round before that one: the examination that the round answers."""
    best = facts.rounds.before(stage, round_).best(stage)
    return _gate(facts, module, stage, best.round) if best else None


def _answered(
    facts: Facts,
    module: str,
    stage: int,
    teaching: Teaching,
    example: Example | None,
    request: LessonRequest | None,
) -> tuple[Shown, ...]:
    answered = example.misconception if example else request.misconception_id if request else ""
    if answered:
        return tuple(_shown(facts, found) for found in _found(facts) if found.id == answered)
    diagnosis = facts.diagnosis_of(stage)
    if teaching.remediation or not diagnosis or (request and not request.misconception):
        return ()
    return tuple(_shown(facts, found) for found in diagnosis.misconceptions if found.module == module)


def _shown(facts: Facts, found: Misconception) -> Shown:
    """The misconception with its wrong answers, from the examination that its id begins with."""
    label = found.id.partition("/")[0]
    results: Iterable[ItemResult] = facts.examinations.get("diagnosis-student" if label == "diagnosis" else label, ())
    answers = {result.probe: result for result in results}
    wrong = tuple(
        WrongAnswer(probe=probe, question=result.question, expected=result.expected, reply=result.reply)
        for probe in (found.named if found.refused else found.probes)
        if (result := answers.get(probe)) is not None
    )
    return Shown(misconception=found, wrong=wrong or found.examples)


def _accepted(facts: Facts, module: str) -> tuple[Accepted, ...]:
    sorts: dict[tuple[int, int, Kind, str], list[str]] = defaultdict(list)
    for example in facts.examples:
        if example.module == module:
            sorts[example.stage, example.round, example.kind, example.level].append(example.id)
    return tuple(
        Accepted(
            stage=stage,
            round=round_,
            teaching=facts.teaching(stage, round_),
            kind=kind,
            level=level,
            count=len(ids),
            example=ids[0],
        )
        for (stage, round_, kind, level), ids in sorts.items()
    )


def _refused(facts: Facts, module: str) -> tuple[Refused, ...]:
    sorts: dict[tuple[int, int, Kind | None, str | None, RefusalReason], list[str]] = defaultdict(list)
    for refusal in facts.refusals:
        if refusal.module == module:
            request = facts.requests.get(refusal.batch)
            sort = (request.kind, request.level) if request else (None, None)
            sorts[refusal.stage, refusal.round, *sort, refusal.reason].append(refusal.id)
    return tuple(
        Refused(
            stage=stage,
            round=round_,
            kind=kind,
            level=level,
            reason=reason,
            count=len(ids),
            ids=tuple(dict.fromkeys(ids)),
        )
        for (stage, round_, kind, level, reason), ids in sorts.items()
    )


def _missing_of_lesson(story: LessonStory, round_: int) -> Iterable[str]:
    if story.request is None:
        yield "the request that it came from: drafts/ does not have it"
    if not story.source.recorded:
        yield f"the call in which it was written: the transcript has no event {story.source.event}"
    if round_ and story.remedy is None:
        yield "the remedy or the portion that it was written for"
    if round_ and story.missed is None:
        yield "the gate result before its round"
    if (story.lesson and story.lesson.misconception) and not story.misconceptions:
        yield f"the finding {story.lesson.misconception}, which it answers"
    yield from _missing_evidence(story.evidence)
    if story.accepted and not story.trained:
        yield "training: the round that it was written for has not been trained, or left no log"
    if story.gate is None:
        yield "the gate after its round: not reached"


def _missing_of_module(story: ModuleStory) -> Iterable[str]:
    if story.entry is None:
        yield "the module's entry in the domain"
    if story.student is None:
        yield "the student's diagnosis examination"
    if story.teacher is None:
        yield "the teacher's diagnosis examination"
    yield from _missing_evidence(story.evidence)
    if story.evidence.stages:
        if not story.training:
            yield "training: none of its stages has been trained"
        if not story.gate:
            yield "the gate: not reached"
        if story.after is None:
            yield "the final examination: not taken"


def _missing_evidence(found: Evidence) -> Iterable[str]:
    if found.gap is None:
        yield "the diagnosis: not reached"
    if not found.stages and (found.gap is None or found.gap.targeted):
        yield "its stage: there is no curriculum yet, or it is not in it"
