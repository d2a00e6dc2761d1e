"""An examinee whose replies are kept: it is asked what it was not asked before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ioa.training.exams.examining import Examinee, Progress


class Replies(Protocol):
    """Where the replies are kept."""

    def find(self, asked: Mapping[str, str]) -> Mapping[str, str]:
        """The replies that are known, by question; `asked` says of each where its reply ends at the latest."""

    def add(self, replies: Mapping[str, str], asked: Mapping[str, str]) -> None:
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
    ends: Mapping[str, str]
    """By question, where its reply ends at the latest, as a name: an earlier reply that ended elsewhere is another."""
    on_known: Callable[[int, int], None]
    """Told how many replies are known, of how many, where any is."""

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The replies, in the order of the questions."""
        asked = {question: self.ends[question] for question in questions}
        known = dict(self.replies.find(asked))
        new = [question for question in questions if question not in known]
        done = len(questions) - len(new)
        if done:
            self.on_known(done, len(questions))
        if new:

            def show(count: int, _: int) -> None:
                if on_progress is not None:
                    on_progress(done + count, len(questions))

            written = dict(zip(new, self.examinee.answer(new, show), strict=True))
            self.replies.add(written, asked)  # before they are returned: if the run is killed now, they are found again
            known |= written
        return [known[question] for question in questions]
