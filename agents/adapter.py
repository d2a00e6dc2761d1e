"""The Pedagogical Adapter: has the teacher write the lessons of a stage, and checks them.

What it writes is not yet taught: each draft passes the verifier here, then the contamination and duplicate
checks of the example store.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ioa.agents.checks import false_step, same_answer
from ioa.agents.diagnoser import module_brief
from ioa.agents.exchange import Lesson, LessonsBrief, LessonsReply, SolveBrief, SolveReply
from ioa.agents.requests import Checked, Draft, LessonRequest, SynthesisSettings
from ioa.agents.teacher import Call, Outcome, Teacher
from ioa.memory.bank import ItemBank, shuffled
from ioa.memory.procedural import lesson_seed, supply
from ioa.memory.records import (
    Difficulty,
    Domain,
    Example,
    Generator,
    Module,
    Refusal,
    RefusalReason,
    Remedy,
)
from ioa.memory.store import example_id
from ioa.memory.transcript import CallContext

SAMPLES = 3
"""Problems that a teacher is shown of what it is to write."""


class PedagogicalAdapter:
    """Writes lessons through one teacher and has them checked by another, or by the same one."""

    def __init__(
        self,
        writer: Teacher,
        verifier: Teacher,
        settings: SynthesisSettings,
        *,
        seed: int,
        max_words: int,
        avoid: Sequence[str] = (),
        bank: ItemBank | None = None,
    ) -> None:
        """The agent.

        Args:
            writer: Who writes the lessons.
            verifier: Who solves their problems again.
            settings: How many lessons, and of what kind.
            seed: The run's.
            max_words: Longest solution that the student could write.
            avoid: Problems that no teacher may be shown as samples: the probes.
            bank: Where the samples of levels without a generator are taken from.
        """
        self._max_words = max_words
        self._writer = writer
        self._verifier = verifier
        self._settings = settings
        self._seed = seed
        self._avoid = tuple(avoid)
        self._bank = bank or ItemBank()
        self._shown: dict[tuple[str, str], tuple[str, ...]] = {}

    def requests(
        self,
        remedies: Sequence[Remedy],
        accepted: Mapping[tuple[str, str], int],
        stage: int,
        round_: int,
        pass_: int,
    ) -> tuple[LessonRequest, ...]:
        """What has to be asked for, given what was accepted in this round already.

        Args:
            remedies: What is wanted, per module and level.
            accepted: Number of accepted lessons by (module, level).
            stage: The stage.
            round_: 0, or the remediation round.
            pass_: How often this round has asked before.

        Returns:
            The requests; none when everything is there. The same arguments give the same requests.
        """
        size = self._settings.per_request
        made = []
        for remedy in remedies:
            missing = remedy.lessons - accepted.get((remedy.module, remedy.level), 0)
            for number, start in enumerate(range(0, missing, size)):
                batch = f"stage-{stage:02d}/round-{round_}/pass-{pass_}/{remedy.module}/{remedy.level}/{number:03d}"
                made.append(
                    LessonRequest(
                        batch=batch,
                        module=remedy.module,
                        stage=stage,
                        round=round_,
                        kind=remedy.kind,
                        level=remedy.level,
                        strategies=remedy.strategies,
                        count=min(size, missing - start),
                        seed=lesson_seed(self._seed, batch),
                        misconception=remedy.diagnosis,
                        misconception_id=remedy.misconception,
                    )
                )
        return tuple(made)

    def draft(self, domain: Domain, requests: Sequence[LessonRequest], on_draft: Callable[[Draft], None]) -> None:
        """Have the lessons written; each draft is handed over as soon as it is there, in any order."""
        by_batch = {request.batch: request for request in requests}

        def received(outcome: Outcome) -> None:
            request = by_batch[str(outcome.call.context.batch)]
            lessons = outcome.reply.lessons if isinstance(outcome.reply, LessonsReply) else ()
            on_draft(
                Draft(
                    request=request,
                    lessons=lessons,
                    teacher=outcome.teacher,
                    event=outcome.event,
                    error=outcome.error,
                )
            )

        self._writer.ask([self._call(domain, request) for request in requests], received)

    def _call(self, domain: Domain, request: LessonRequest) -> Call:
        module = domain.module(request.module)
        brief = LessonsBrief(
            module=module_brief(module, request.level, self._samples(module, request)),
            level=request.level,
            kind=request.kind.value,
            strategies=request.strategies,
            count=request.count,
            seed=request.seed,
            misconception=request.misconception,
            max_words=self._max_words,
        )
        context = CallContext(
            node="draft",
            agent="adapter",
            task=brief.task,
            stage=request.stage,
            round=request.round,
            module=request.module,
            strategies=tuple(strategy.value for strategy in request.strategies),
            batch=request.batch,
        )
        return Call(brief, context)

    def _samples(self, module: Module, request: LessonRequest) -> tuple[str, ...]:
        """A few problems of that level, so that a teacher sees their form.

        They are the same in each request where a generator makes them; of an item bank's seeds each request shows
        others, since they differ in more than their numbers.
        """
        level, source = request.level, module.levels[request.level]
        if not isinstance(source, Generator):
            seeds = shuffled(self._bank.seeds(module.id, level), request.seed)
            return tuple(item.question for item in seeds[:SAMPLES])
        if (module.id, level) not in self._shown:
            seed = lesson_seed(self._seed, f"samples/{module.id}/{level}")
            supplied = supply(source, seed=seed, exclude=self._avoid)
            self._shown[module.id, level] = tuple(item.question for item in islice(supplied, SAMPLES))
        return self._shown[module.id, level]

    def verify(self, domain: Domain, drafts: Sequence[Draft], on_checked: Callable[[Checked], None]) -> None:
        """Check the lessons of drafts: each step, then the answer by solving the problem independently.

        Args:
            domain: Where the modules are described.
            drafts: What was written; the solutions of all of them are asked for together.
            on_checked: Given what is left of each draft as soon as that is known, in any order.
        """
        places: dict[int, tuple[_Check, int]] = {}
        calls = []
        for check in map(_screened, drafts):
            if not self._settings.verify or not check.sound:
                on_checked(check.result(domain))
                continue
            for number, lesson in enumerate(check.sound):
                call = self._solution(check.draft, lesson)
                calls.append(call)
                places[id(call)] = check, number

        def solved(outcome: Outcome) -> None:
            check, number = places[id(outcome.call)]
            check.solutions[number] = outcome
            if len(check.solutions) == len(check.sound):
                on_checked(check.result(domain))

        self._verifier.ask(calls, solved)

    @staticmethod
    def _solution(draft: Draft, lesson: Lesson) -> Call:
        context = CallContext(
            node="verify",
            agent="verifier",
            task=SolveBrief.task,
            stage=draft.request.stage,
            round=draft.request.round,
            module=draft.request.module,
            batch=draft.request.batch,
        )
        return Call(SolveBrief(problem=lesson.problem), context)


@dataclass
class _Check:
    """A draft on its way through verification."""

    draft: Draft
    sound: list[Lesson]
    """What passed the checks that ask nobody."""
    refused: list[Refusal]
    solutions: dict[int, Outcome] = field(default_factory=dict)
    """Independent solutions, by place in `sound`; empty where none are wanted."""

    def result(self, domain: Domain) -> Checked:
        """What is left, when all the solutions are there."""
        kept = []
        for number, lesson in enumerate(self.sound):
            why = _disagreement(lesson, self.solutions[number]) if self.solutions else ""
            if why:
                self.refused.append(refusal(self.draft, RefusalReason.ANSWER, why, lesson))
            else:
                kept.append(_example(domain, self.draft, lesson))
        return Checked(batch=self.draft.request.batch, sound=tuple(kept), refused=tuple(self.refused))


def _screened(draft: Draft) -> _Check:
    """The checks that ask nobody: form, number of lessons, arithmetic of each step."""
    check = _Check(draft, [], [])

    def refuse(reason: RefusalReason, detail: str, lesson: Lesson | None = None) -> None:
        check.refused.append(refusal(draft, reason, detail, lesson))

    if draft.error:
        refuse(RefusalReason.SCHEMA, draft.error)
    for lesson in draft.lessons[draft.request.count :]:
        refuse(RefusalReason.SURPLUS, f"{draft.request.count} lessons were asked for", lesson)
    for lesson in draft.lessons[: draft.request.count]:
        wrong = false_step(lesson.steps)
        if not (lesson.problem.strip() and lesson.answer.strip() and lesson.steps):
            refuse(RefusalReason.SCHEMA, "problem, steps or answer is empty", lesson)
        elif wrong:
            refuse(RefusalReason.STEPS, f"this step is false: {wrong}", lesson)
        else:
            check.sound.append(lesson)
    return check


def _disagreement(lesson: Lesson, solution: Outcome) -> str:
    """Why an independent solution speaks against the lesson; empty where it does not."""
    if not isinstance(solution.reply, SolveReply):
        return f"it could not be solved independently: {solution.error}"
    if same_answer(lesson.answer, solution.reply.answer):
        return ""
    return f"solved independently the answer is {solution.reply.answer!r}"


def refusal(draft: Draft, reason: RefusalReason, detail: str, lesson: Lesson | None = None) -> Refusal:
    """Why a lesson of that draft, or the whole of it, may not be taught."""
    return Refusal(
        module=draft.request.module,
        stage=draft.request.stage,
        round=draft.request.round,
        batch=draft.request.batch,
        reason=reason,
        detail=detail,
        problem=lesson.problem if lesson else "",
        answer=lesson.answer if lesson else "",
        event=draft.event,
    )


def _example(domain: Domain, draft: Draft, lesson: Lesson) -> Example:
    request = draft.request
    module = domain.module(request.module)
    levels = tuple(module.levels)
    if request.level == module.exam_level:
        difficulty = Difficulty.INTERMEDIATE
    elif levels.index(request.level) < levels.index(module.exam_level):
        difficulty = Difficulty.INTRODUCTORY
    else:
        difficulty = Difficulty.ADVANCED
    return Example(
        id=example_id(request.module, lesson.problem),
        module=request.module,
        stage=request.stage,
        round=request.round,
        batch=request.batch,
        kind=request.kind,
        difficulty=difficulty,
        level=request.level,
        strategies=request.strategies,
        prerequisites=module.prerequisites,
        problem=lesson.problem.strip(),
        steps=tuple(step.strip() for step in lesson.steps if step.strip()),
        answer=lesson.answer.strip(),
        verification=lesson.verification.strip(),
        teacher=draft.teacher,
        event=draft.event,
        misconception=request.misconception_id,
    )
