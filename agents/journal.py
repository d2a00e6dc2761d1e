"""Answers that are kept one by one, so that work made of many of them goes on where it stopped."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ioa.agents.exchange import Reply
from ioa.agents.lost_calls import is_lost, require_answers
from ioa.agents.teacher import Call, Outcome, Teacher
from ioa.memory.records import Record


class Answered(Record):
    """What came of one call."""

    key: str
    """What was asked for, in the words of who asked; each once."""
    reply: Any = None
    """The answer as plain data; none where there was none that could be used."""
    error: str = ""
    """Why there is none."""
    teacher: str = ""
    event: str = ""
    """Id of the transcript event."""


class Journal:
    """Asks a teacher what has not been answered before.

    What depends on nothing but the answers is the same after an interruption as without one, also where another
    teacher of the role would answer by now.
    """

    def __init__(self, known: Iterable[Answered] = (), keep: Callable[[Answered], None] | None = None) -> None:
        """A journal.

        Args:
            known: Answers of earlier sittings.
            keep: Given each new answer as soon as it is there.
        """
        self._known = {answered.key: answered for answered in known}
        self._keep = keep

    def ask(
        self, teacher: Teacher, calls: Mapping[str, Call], on_progress: Callable[[int, int], None] | None = None
    ) -> list[Answered]:
        """The answers to the calls, in their order.

        Args:
            teacher: Who is asked what is not known.
            calls: By key.
            on_progress: Told how many of the calls are answered, and how many there are.

        Raises:
            TeacherError: some could not be asked; as `Teacher.ask`.
        """
        keys = {id(call): key for key, call in calls.items()}
        open_ = [call for key, call in calls.items() if key not in self._known]
        done = len(calls) - len(open_)

        def take_outcome(outcome: Outcome) -> None:
            nonlocal done
            if is_lost(outcome):
                return
            answered = Answered(
                key=keys[id(outcome.call)],
                reply=outcome.reply.model_dump(mode="json") if outcome.reply is not None else None,
                error=outcome.error,
                teacher=outcome.teacher,
                event=outcome.event,
            )
            self._known[answered.key] = answered
            if self._keep is not None:
                self._keep(answered)
            done += 1
            if on_progress is not None:
                on_progress(done, len(calls))

        require_answers(teacher.spec, teacher.ask(open_, take_outcome))
        return [self._known[key] for key in calls]


def reply_of(answered: Answered, kind: type[Reply]) -> Reply | None:
    """The answer as the record that was asked for; none where there is none."""
    return None if answered.reply is None else kind.model_validate(answered.reply)
