"""What untaught students replied in earlier runs, so that one is asked an item once on a machine and not once a run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from ioa.memory.files import append_records, read_records
from ioa.memory.records import Record


class Kept(Record):
    """One reply."""

    question: str
    ends: str
    """Where the reply ended at the latest, as a name."""
    reply: str
    run: str
    """Id of the run in which it was written."""
    at: str
    """When, ISO 8601 in UTC."""


class StudentReplies:
    """A student's replies by question, shared by the runs of a folder; JSON lines, appended under a lock.

    To a run, replies of others count that were there when it first looked, and its own. What others add later does not:
    a run that is stopped and resumed finds what it would have found, and asks the same items in the same batches.
    """

    def __init__(self, path: Path, run: str, until: str) -> None:
        """Read nothing yet.

        Args:
            path: The file of this student, its prompts and its decoding.
            run: Id of the run that asks.
            until: Other runs' replies count from before that time.
        """
        self._path, self._run, self._until = path, run, until

    def find(self, asked: Mapping[str, str]) -> dict[str, str]:
        """The replies that are known, the oldest to each question.

        Args:
            asked: By question, where the reply ends at the latest.
        """
        found = dict[str, str]()
        for kept in read_records(self._path, Kept):
            if asked.get(kept.question) == kept.ends and (kept.run == self._run or kept.at < self._until):
                found.setdefault(kept.question, kept.reply)
        return found

    def add(self, replies: Mapping[str, str], asked: Mapping[str, str]) -> None:
        """Remember replies by question; `asked` as in `find`."""
        at = now()
        kept = [
            Kept(question=question, ends=asked[question], reply=reply, run=self._run, at=at)
            for question, reply in replies.items()
        ]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._path}.lock"):
            append_records(self._path, kept)


def now() -> str:
    """The time, as it is compared here."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
