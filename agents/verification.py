"""Whether a lesson may be taught: the checks that ask nobody, then independent solutions of its problem."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from ioa.agents.exchange import Candidate, Lesson, SolveBrief, SolveReply
from ioa.agents.lost_calls import is_lost, is_unasked, require_answers
from ioa.agents.requests import Checked, Draft, LessonRequest
from ioa.agents.screening import Same, refuse_lesson, screen, split_original
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.agents.teacher import Call, Outcome, Teacher
from ioa.memory.answer_equality import same_answer
from ioa.memory.records import Domain, Example, Kind, Module, Refusal, RefusalReason, difficulty_of
from ioa.memory.store import example_id

Agree = Callable[[Module, str, str, str, str], bool]
"""(module, level, problem, one answer, another): whether the two are the same answer."""


def agree_as_text(module: Module, level: str, problem: str, one: str, other: str) -> bool:  # noqa: ARG001 - an Agree
    """Equal as numbers, or as text."""
    return same_answer(one, other)


class LessonVerifier:
    """Checks drafts; whoever solves the problems sees neither solution nor answer."""

    def __init__(
        self,
        teacher: Teacher,
        settings: SynthesisSettings,
        agree: Agree,
        samples: Callable[[Module, str], Sequence[str]],
    ) -> None:
        """The verifier.

        Args:
            teacher: Who solves the problems.
            settings: How many solutions, and whether problems are placed.
            agree: Whether two answers are the same.
            samples: A few problems of a module and level.
        """
        self._teacher = teacher
        self._settings = settings
        self._agree = agree
        self._samples = samples

    def verify(
        self, domain: Domain, drafts: Sequence[Draft], on_checked: Callable[[Checked], None], later: Sequence[str]
    ) -> None:
        """See `PedagogicalAdapter.verify`. A further solution is asked for only where it can change the outcome."""
        wanted = self._settings.solutions if self._settings.verify else 0
        open_ = []
        for draft in drafts:
            module = domain.module(draft.request.module)
            same = partial(self._agree, module, draft.request.level)
            check = _Check(draft, *screen(draft, domain, same), same, wanted, frozenset(later) - {module.id})
            if check.undecided:
                open_.append(check)
            else:
                on_checked(check.result(domain))
        for sample in range(self._settings.solutions):
            if not open_:
                break
            self._ask(domain, open_, sample, later, on_checked)
            open_ = [check for check in open_ if check.undecided]
        for check in open_:  # solutions were not asked for: `budget.teacher_tokens` is used up
            on_checked(check.result(domain))

    def _ask(
        self,
        domain: Domain,
        checks: "Sequence[_Check]",
        sample: int,
        later: Sequence[str],
        on_checked: Callable[[Checked], None],
    ) -> None:
        places: dict[int, tuple[_Check, int]] = {}
        calls = []
        for check in checks:
            candidates = self._candidates(domain, check.draft.request, later)
            for number in check.undecided:
                call = Call(
                    SolveBrief(problem=check.sound[number].problem, candidates=candidates),
                    check.draft.request.context("verify", "verifier", SolveBrief.task),
                    sample,
                )
                calls.append(call)
                places[id(call)] = check, number
        waiting = Counter(id(check) for check, _ in places.values())

        def solved(outcome: Outcome) -> None:
            check, number = places[id(outcome.call)]
            if not (is_lost(outcome) or is_unasked(outcome)):  # else the lesson stays undecided
                check.solutions.setdefault(number, []).append(outcome)
            waiting[id(check)] -= 1
            if not waiting[id(check)] and not check.undecided:
                on_checked(check.result(domain))

        require_answers(self._teacher.spec, self._teacher.ask(calls, solved), "solutions of lessons' problems")

    def _candidates(self, domain: Domain, request: LessonRequest, later: Sequence[str]) -> tuple[Candidate, ...]:
        """The lesson's own module, then those that are taught later; none where there are none."""
        others = [domain.module(name) for name in later if name != request.module]
        if not others or not self._settings.alignment:
            return ()
        levels = [(domain.module(request.module), request.level), *((module, module.exam_level) for module in others)]
        return tuple(
            Candidate(id=module.id, description=module.description, sample=next(iter(self._samples(module, level)), ""))
            for module, level in levels
        )


_UNVERIFIED = RefusalReason.UNVERIFIED, "budget.teacher_tokens was used up before it was solved independently"


@dataclass
class _Check:
    """A draft on its way through verification."""

    draft: Draft
    sound: list[Lesson]
    """What passed the checks that ask nobody."""
    refused: list[Refusal]
    same: Same
    wanted: int
    """Independent solutions a lesson at most; 0 where none are wanted."""
    later: frozenset[str]
    """Ids of modules that only later stages teach."""
    solutions: dict[int, list[Outcome]] = field(default_factory=dict)
    """Independent solutions, by place in `sound`."""

    @property
    def undecided(self) -> list[int]:
        """Places of the lessons for which one more solution can change the outcome."""
        needed = self.wanted // 2 + 1
        places = []
        for place in range(len(self.sound) if self.wanted else 0):
            given = self.solutions.get(place, [])
            agreed = self._agreeing(place)
            # Not decided yet, and still to be decided by those that are left.
            if agreed < needed <= agreed + self.wanted - len(given):
                places.append(place)
        return places

    def result(self, domain: Domain) -> Checked:
        """What is left, when nothing is undecided, or what is can be asked nobody."""
        open_ = set(self.undecided)
        kept = []
        refused = list(self.refused)
        for place, lesson in enumerate(self.sound):
            why = _UNVERIFIED if place in open_ else self._objection(place) if self.wanted else None
            if why:
                refused.append(refuse_lesson(self.draft, *why, lesson))
            else:
                kept.append(_example(domain, self.draft, lesson))
        return Checked(batch=self.draft.request.batch, sound=tuple(kept), refused=tuple(refused))

    def _answers(self, place: int) -> list[str | None]:
        """The answers of the independent solutions; none for one that could not be had."""
        replies = [outcome.reply for outcome in self.solutions.get(place, [])]
        return [reply.answer if isinstance(reply, SolveReply) else None for reply in replies]

    def _agreeing(self, place: int) -> int:
        lesson = self.sound[place]
        answers = self._answers(place)
        return sum(answer is not None and self.same(lesson.problem, lesson.answer, answer) for answer in answers)

    def _objection(self, place: int) -> tuple[RefusalReason, str] | None:
        """What the independent solutions say against a lesson."""
        if self._agreeing(place) <= self.wanted // 2:
            return RefusalReason.ANSWER, self._tally(place)
        replies = [outcome.reply for outcome in self.solutions[place]]
        placed = Counter(reply.module for reply in replies if isinstance(reply, SolveReply))
        for name, count in placed.items():
            if name in self.later and 2 * count > len(replies):
                return RefusalReason.ALIGNMENT, f"the verifier says that it belongs to {name}, which comes later"
        return None

    def _tally(self, place: int) -> str:
        answers = self._answers(place)
        if self.wanted == 1:
            error = self.solutions[place][0].error
            given = f"solved independently the answer is {answers[0]!r}"
            return given if answers[0] is not None else f"it could not be solved independently: {error}"
        counts = Counter("no usable reply" if answer is None else repr(answer) for answer in answers)
        told = ", ".join(f"{answer} ({count})" for answer, count in counts.most_common())
        return f"no majority of {self.wanted} independent solutions agrees; of {len(answers)} asked for: {told}"


def _example(domain: Domain, draft: Draft, lesson: Lesson) -> Example:
    request = draft.request
    module = domain.module(request.module)
    changed = request.kind is Kind.COUNTERFACTUAL
    return Example(
        id=example_id(request.module, lesson.problem),
        module=request.module,
        stage=request.stage,
        round=request.round,
        batch=request.batch,
        kind=request.kind,
        difficulty=difficulty_of(request.level, list(module.levels), module.exam_level),
        level=request.level,
        strategies=request.strategies,
        prerequisites=module.prerequisites,
        problem=lesson.problem.strip(),
        steps=tuple(step.strip() for step in lesson.steps if step.strip()),
        answer=lesson.answer.strip(),
        verification=lesson.verification.strip(),
        teacher=draft.teacher,
        event=draft.event,
        original=split_original(lesson)[0] if request.strategies else (),
        misconception=request.misconception_id,
        source=lesson.source.strip() if changed else "",
        changed=lesson.changed.strip() if changed else "",
    )
