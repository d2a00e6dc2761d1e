"""The judge: a teacher that grades a reply, or says which of two is better."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from ioa.agents.exchange import CompareBrief, CompareReply, GradeBrief, GradeReply
from ioa.agents.exchange.briefs import Brief
from ioa.agents.exchange.judging_briefs import (
    HIGHEST,
    LOWEST,
    EarlierPair,
    EarlierTurn,
    mark_of,
    put_between_marks,
)
from ioa.agents.lost_calls import is_lost, require_answers
from ioa.agents.teacher import Call, Outcome, Teacher
from ioa.agents.teachers import Endpoint, TeacherSettings
from ioa.agents.teachers.opening import check_teacher, is_gguf, open_model
from ioa.memory.errors import ScoringError, UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Grade, Record
from ioa.memory.spoken_text import spoken
from ioa.memory.transcript import CallContext

NODE = "score"
"""Where in the run a verdict is asked for, as far as the transcript says."""
SAMPLES = 2
"""Times a verdict is asked for, each with one repair, before it counts as one that cannot be had."""
NO_REFERENCE = "-"
"""What an item has for an answer where no right one is known."""

Progress = Callable[[int, int], None]
"""Told how many verdicts are there, and how many there will be."""


class JudgeOptions(Record):
    """How the judge's grades are read."""

    threshold: Annotated[int, Field(gt=LOWEST, le=HIGHEST)] = 7
    """Least grade of a reply that counts as right where only right and wrong count."""
    max_characters: Annotated[int, Field(ge=100)] = 20_000
    """A longer reply is cut there, and the judge is told so."""


class Said(Record):
    """A turn before the one that is judged."""

    question: str
    reply: str
    reference: str = ""
    """A right answer; empty: there is none."""


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one reply."""

    grade: int
    """1 to 10."""
    reason: str


@dataclass(frozen=True)
class Comparison:
    """What the judge says of two replies to a question, asked in both orders."""

    winner: Literal["a", "b", "tie"]
    """Who is better in both orders; a tie where they disagree, or both say so."""
    reasons: tuple[str, str]
    """With a's reply first, and with b's first; empty where the replies are the same and nobody was asked."""
    agreed: bool
    """Whether both orders had the same verdict: where often not, the judge goes by the order."""


class Judge:
    """Asks a teacher for verdicts, each in a call of its own."""

    def __init__(self, teacher: Teacher, options: JudgeOptions | None = None) -> None:
        """A judge.

        Args:
            teacher: Who judges.
            options: How long a reply may be.

        Raises:
            UserError: the teacher cannot judge.
        """
        if not teacher.knows(GradeBrief.task):
            raise UserError(no_judge(teacher.spec))
        self._teacher = teacher
        self._options = options or JudgeOptions()

    def grade(
        self,
        questions: Sequence[str],
        replies: Sequence[str],
        references: Sequence[str] | None = None,
        on_progress: Progress | None = None,
        *,
        earlier: Sequence[Sequence[Said]] = (),
    ) -> list[Verdict]:
        """Grade each reply by itself.

        Args:
            questions: What was asked.
            replies: The reply to each.
            references: A right answer to each, empty where there is none; none: to no question.
            on_progress: Told how it goes.
            earlier: The conversation before each question; empty: before none.

        Raises:
            ScoringError: a verdict cannot be had.
            TeacherError: as `Teacher.ask`.
        """
        told, before = references or [""] * len(questions), earlier or [()] * len(questions)
        briefs = [self._grade_brief(*about) for about in zip(questions, replies, told, before, strict=True)]
        replied = self._ask(briefs, on_progress)
        return [Verdict(reply.grade, reply.reason) for reply in replied if isinstance(reply, GradeReply)]

    def compare(
        self,
        questions: Sequence[str],
        replies_a: Sequence[str],
        replies_b: Sequence[str],
        references: Sequence[str] | None = None,
        on_progress: Progress | None = None,
        *,
        earlier: Sequence[tuple[Sequence[Said], Sequence[Said]]] = (),
    ) -> list[Comparison]:
        """Say for each question whose reply is better; judges prefer a place, so each pair is asked in both orders.

        Args:
            questions: What was asked.
            replies_a: The one's reply to each.
            replies_b: The other one's.
            references: As in `grade`.
            on_progress: Told how it goes.
            earlier: The one's and the other one's conversation before each question; empty: before none.

        Returns:
            A comparison for each question. A reply wins where it is better in both orders.

        Raises:
            ScoringError: a verdict cannot be had.
            TeacherError: as `Teacher.ask`.
        """
        told, before = references or [""] * len(questions), earlier or [((), ())] * len(questions)
        pairs = list(zip(questions, replies_a, replies_b, told, before, strict=True))
        # The same reply twice is a tie, for which nobody has to be paid.
        open_ = [pair for pair in pairs if pair[1].strip() != pair[2].strip()]
        forward = [self._compare_brief(q, a, b, reference, talks) for q, a, b, reference, talks in open_]
        backward = [self._compare_brief(q, b, a, reference, talks[::-1]) for q, a, b, reference, talks in open_]
        replied = [reply for reply in self._ask([*forward, *backward], on_progress) if isinstance(reply, CompareReply)]
        decided = iter(map(_comparison, replied[: len(open_)], replied[len(open_) :]))
        same = Comparison("tie", ("", ""), agreed=True)
        return [next(decided) if a.strip() != b.strip() else same for _, a, b, *_ in pairs]

    def compare_attempts(self, pairs: Sequence[tuple[Attempt, Attempt]]) -> list[Comparison]:
        """The same of two replies to an item each, behind the conversations that they end."""
        return self.compare(
            [one.question for one, _ in pairs],
            [one.reply for one, _ in pairs],
            [other.reply for _, other in pairs],
            [reference_of(one) for one, _ in pairs],
            earlier=[(earlier_of(one), earlier_of(other)) for one, other in pairs],
        )

    def _ask(self, briefs: Sequence[Brief], on_progress: Progress | None) -> list[GradeReply | CompareReply]:
        """The replies, in the order of the briefs; what cannot be read is asked for again."""
        replies: dict[int, GradeReply | CompareReply] = {}
        for sample in range(SAMPLES):
            missing = [place for place in range(len(briefs)) if place not in replies]
            calls = [Call(briefs[place], _context(briefs[place]), sample) for place in missing]
            places = {id(call): place for call, place in zip(calls, missing, strict=True)}

            def keep_reply(outcome: Outcome, places: Mapping[int, int] = places) -> None:
                if isinstance(outcome.reply, GradeReply | CompareReply):
                    replies[places[id(outcome.call)]] = outcome.reply
                    if on_progress is not None:
                        on_progress(len(replies), len(briefs))

            outcomes = self._teacher.ask(calls, keep_reply)
            require_answers(self._teacher.spec, outcomes, "verdicts")
            useless = [outcome for outcome in outcomes if outcome.reply is None and not is_lost(outcome)]
            if not useless:
                return [replies[place] for place in range(len(briefs))]
        raise ScoringError(
            f"Judge {self._teacher.spec}: {len(useless)} of {len(briefs)} verdicts could not be read, the last one: "
            f"{useless[-1].error}\nNo reply was graded by that; see `ioa transcript`. Resume the run with a longer "
            "limit or another form, --set roles.judge.0.max_tokens=2048 or .form=json (teacher.* where it has no "
            "teacher of its own); or begin one with another judge."
        )

    def _grade_brief(self, question: str, reply: str, reference: str, before: Sequence[Said]) -> GradeBrief:
        text, said = self._cut(reply), [self._cut(one.reply) for one in before]
        mark = mark_of(question, text, reference, *said)
        earlier = [
            EarlierTurn(question=one.question, reference=one.reference, answer=put_between_marks(mark, text))
            for one, text in zip(before, said, strict=True)
        ]
        return GradeBrief(
            mark=mark,
            earlier=tuple(earlier),
            question=question,
            reference=reference,
            answer=put_between_marks(mark, text),
        )

    def _compare_brief(
        self, question: str, first: str, second: str, reference: str, before: tuple[Sequence[Said], Sequence[Said]]
    ) -> CompareBrief:
        texts = self._cut(first), self._cut(second)
        said = [(self._cut(one.reply), self._cut(other.reply)) for one, other in zip(*before, strict=True)]
        mark = mark_of(question, *texts, reference, *(text for pair in said for text in pair))
        earlier = [
            EarlierPair(
                question=turn.question,
                reference=turn.reference,
                first=put_between_marks(mark, one),
                second=put_between_marks(mark, other),
            )
            for turn, (one, other) in zip(before[0], said, strict=True)
        ]
        one, other = (put_between_marks(mark, text) for text in texts)
        return CompareBrief(
            mark=mark, earlier=tuple(earlier), question=question, reference=reference, first=one, second=other
        )

    def _cut(self, reply: str) -> str:
        most = self._options.max_characters
        text = spoken(reply).strip()
        return text if len(text) <= most else f"{text[:most]}\n[cut here: it has {len(text)} characters]"


class JudgeContext(Protocol):
    """What the scorer is opened with; see `ScorerContext` of the scorers."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Settings of this scorer."""

    @property
    def judge(self) -> Callable[[], Any] | None:
        """Opens the teacher that judges."""


class JudgeScorer:
    """Grades replies by a judge: score = (grade - 1) / 9."""

    whole_reply = True
    needs_judge = True

    def __init__(self, open_judge: Callable[[], Teacher], options: JudgeOptions) -> None:
        """Nobody is asked, and the teacher not opened, before there is a reply to be graded."""
        self._open = open_judge
        self._options = options
        self._judge: Judge | None = None
        self._lock = Lock()

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """A grade for each attempt; an empty reply is wrong without being shown to anybody.

        Raises:
            ScoringError: a verdict cannot be had.
            TeacherError: as `Teacher.ask`.
        """
        shown = [attempt for attempt in attempts if attempt.reply.strip()]
        empty = len(attempts) - len(shown)
        if on_progress is not None and empty:
            on_progress(empty, len(attempts))
        verdicts = iter(self._verdicts(shown, partial(_report_progress, on_progress, empty) if on_progress else None))
        return [self._graded(next(verdicts)) if attempt.reply.strip() else _EMPTY for attempt in attempts]

    def _verdicts(self, shown: Sequence[Attempt], on_progress: Progress | None) -> list[Verdict]:
        if not shown:
            return []
        with self._lock:
            if self._judge is None:
                self._judge = Judge(self._open(), self._options)
        return self._judge.grade(
            [attempt.question for attempt in shown],
            [attempt.reply for attempt in shown],
            [reference_of(attempt) for attempt in shown],
            on_progress,
            earlier=[earlier_of(attempt) for attempt in shown],
        )

    def close(self) -> None:
        """The teacher is closed by who opened it."""

    def _graded(self, verdict: Verdict) -> Grade:
        return Grade(
            score=(verdict.grade - LOWEST) / (HIGHEST - LOWEST),
            correct=verdict.grade >= self._options.threshold,
            detail=f"grade {verdict.grade}: {verdict.reason}",
        )


def open_judge(context: JudgeContext) -> JudgeScorer:
    """A teacher grades the reply from 1 to 10, with a reference where there is one.

    Raises:
        UserError: an option is wrong, or there is nobody to judge.
    """
    options = read_options("scorers.judge", context.options, JudgeOptions)
    if context.judge is None:
        raise UserError(f"Scorer judge: there is no teacher to judge. {_SET}")
    return JudgeScorer(context.judge, options)


def check_judge(settings: TeacherSettings) -> None:
    """See that a teacher can judge, without asking it anything.

    Raises:
        UserError: it cannot, or cannot be opened.
    """
    if is_gguf(settings):  # a language model; opening it would start a server
        check_teacher(settings)
    elif not Endpoint(open_model(settings), settings).knows(GradeBrief.task):
        raise UserError(no_judge(settings.model))


def reference_of(attempt: Attempt) -> str:
    """A right answer to the item: of its metadata, or its answer; empty where there is none."""
    told = attempt.metadata.get("reference") or attempt.answer
    text = str(told).strip()
    return "" if text == NO_REFERENCE else text


def earlier_of(attempt: Attempt) -> tuple[Said, ...]:
    """The conversation before the question: its metadata's `earlier`, each with question, reply and reference."""
    return tuple(Said.model_validate(one) for one in attempt.metadata.get("earlier", ()))


def no_judge(spec: str) -> str:
    """What is said where that teacher cannot judge."""
    return f"Teacher {spec} cannot judge: it has no method for it. {_SET}"


_SET = (
    "Set one that is a language model, for the role: `roles: {judge: {model: provider:name}}`; or for all: `teacher`."
)
_EMPTY = Grade(score=0.0, correct=False, detail="an empty reply", unread=True)


def _report_progress(on_progress: Progress, empty: int, done: int, total: int) -> None:
    on_progress(done + empty, total + empty)


def _context(brief: Brief) -> CallContext:
    return CallContext(node=NODE, agent="judge", task=brief.task)


def _comparison(forward: CompareReply, backward: CompareReply) -> Comparison:
    one = {"first": "a", "second": "b", "tie": "tie"}[forward.better]
    other = {"first": "b", "second": "a", "tie": "tie"}[backward.better]
    winner: Literal["a", "b", "tie"] = "tie" if one != other or one == "tie" else "a" if one == "a" else "b"
    return Comparison(winner, (forward.reason, backward.reason), agreed=one == other)
