"""An examinee whose replies are kept: it is asked what it was not asked before."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ioa.training.exams.examining import Examinee, Progress


class Replies(Protocol):
    """Where the replies are kept."""

    def find(self, questions: Collection[str]) -> Mapping[str, str]:
        """The replies that are known, by question."""

    def add(self, replies: Mapping[str, str]) -> None:
        """Keep replies, by question."""


@dataclass(frozen=True)
class Remembered:
    """An `Examinee` that asks another one only what is not known yet.

    A greedy reply depends in its last bits on the batch it is written in: padding and the order of sums change with the
    other rows, and where two tokens are all but equally likely, another one may be chosen. A reply that is kept was
    written in another batch than the one it would stand in now. It is a reply of the same student to the same prompt
    all the same, as much as one that another `student.batch_size` brings; none of them is the better measurement.
    What must not happen is that a run changes when it is resumed: what is found does not depend on when that is.
    """

    examinee: Examinee
    replies: Replies
    on_known: Callable[[int, int], None]
    """Told how many replies are known, of how many, where any is."""

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The replies, in the order of the questions."""
        known = dict(self.replies.find(questions))
        new = [question for question in questions if question not in known]
        done = len(questions) - len(new)
        if done:
            self.on_known(done, len(questions))
        if new:

            def show(count: int, _: int) -> None:
                if on_progress is not None:
                    on_progress(done + count, len(questions))

            written = dict(zip(new, self.examinee.answer(new, show), strict=True))
            self.replies.add(written)  # before they are returned: if the run is killed now, they are found again
            known |= written
        return [known[question] for question in questions]
