"""What the pages show: each run's files, read once for all browsers and followed while they grow."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os import scandir
from pathlib import Path
from typing import TYPE_CHECKING

from ioa.memory.errors import UserError
from ioa.memory.run_dir import RunDirectory
from ioa.memory.training_log import TRAINING_LOG
from ioa.memory.transcript import TranscriptEvent, TranscriptReader

if TYPE_CHECKING:
    from ioa.results.facts import Facts
    from ioa.results.run_cards import RunCard

EVERY = 1.5
"""Seconds between two looks at the files, at least."""
_SHARE = 4
"""A look that took so many seconds is followed by this many times as long a rest."""
_FOLDERS = ("", "domain", "scores", "assessments", "misconceptions", "remedies", "datasets", "examples", "observed")
_NESTED = {"adapters": TRAINING_LOG, "drafts": "requests.jsonl"}

Signature = frozenset[tuple[str, int, int]]
"""(path below the run, time of change in nanoseconds, size) of the files that the facts are read from."""


class Rest:
    """When to look again: not before a while has passed that grows with how long the last look took."""

    def __init__(self) -> None:
        self._until = 0.0

    def over(self) -> bool:
        """Whether it is time to look."""
        return time.monotonic() >= self._until

    def begin(self, took: float) -> None:
        """Rest after a look of that many seconds."""
        self._until = time.monotonic() + max(EVERY, _SHARE * took)


@dataclass(frozen=True)
class _Look:
    """What one look at the files brought."""

    card: "RunCard"
    signature: Signature
    facts: "Facts"
    """Those from before where no file of theirs has changed."""
    new: Sequence[TranscriptEvent]
    restarted: bool
    """The transcript is another one than before, and `new` is all of it."""


class RunData:
    """One run, shared by all pages of all browsers.

    A page module has `build(data: RunData, params: Mapping[str, str]) -> None`, or the same as `async def`: it makes
    its elements inside the frame that `app` has made and keeps them up to date with `frame.watch`. `params` is the
    query of the address (`?module=...&event=...`), unchecked. It is called when the run has been read, in the event
    loop: whatever takes more than some milliseconds goes into `asyncio.to_thread`. Text out of a run is shown by the
    helpers in `elements`, or by others that take text and not HTML, after `plain`.
    """

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self.events: list[TranscriptEvent] = []
        """The transcript, oldest first. It only grows, except where the file was replaced: then it is a new list."""
        self.version = 0
        """Goes up whenever anything has changed; 0 until the run has been read for the first time."""
        self.facts_version = 0
        """Goes up when more than the transcript has changed."""
        self.problem = ""
        """Why the files could not be read at the last look; what was read before is still shown."""
        self._card: RunCard | None = None
        self._facts: Facts | None = None
        self._whole: Facts | None = None
        self._reader = TranscriptReader(run.transcript)
        self._signature: Signature = frozenset()
        self._texts: list[str] = []
        self._lock = asyncio.Lock()
        self._searching = asyncio.Lock()
        self._rest = Rest()

    @property
    def facts(self) -> "Facts":
        """Everything the run has left so far, with the transcript as in `events`."""
        if self._facts is None:
            raise UserError(self.problem or f"Run {self.run.run_id} has not been read yet.")
        if self._whole is None:
            self._whole = replace(self._facts, transcript=tuple(self.events))
        return self._whole

    @property
    def card(self) -> "RunCard":
        """The run in a line: where it is and how it goes."""
        if self._card is None:
            raise UserError(self.problem or f"Run {self.run.run_id} has not been read yet.")
        return self._card

    @property
    def readable(self) -> bool:
        """Whether there is anything to show."""
        return self._facts is not None

    async def refresh(self) -> int:
        """Read what is new, at most every 1.5 seconds for all who ask; the version after that."""
        async with self._lock:
            if self._rest.over():
                began = time.monotonic()
                try:
                    self._take(await asyncio.to_thread(self._look))
                except (UserError, OSError) as error:
                    self._complain(str(error))
                self._rest.begin(time.monotonic() - began)
        return self.version

    async def search_texts(self) -> Sequence[str]:
        """The lower-case text of each event, in the order of `events`, for a search in them."""
        async with self._searching:
            events = self.events
            if len(self._texts) < len(events):
                new = await asyncio.to_thread(_search_texts, events[len(self._texts) :])
                if events is self.events:
                    self._texts += new
            return self._texts

    def _look(self) -> _Look:
        from ioa.results.facts import read_facts
        from ioa.results.run_cards import read_card

        restarted = self._reader.replaced
        card = read_card(self.run)
        signature = frozenset(_files(self.run.root))
        # the facts are read first: were they to fail, the events that are read here would be lost
        facts = self._facts if signature == self._signature else None
        if facts is None:
            facts = read_facts(self.run, card.status, ())
        elif facts.status != card.status:  # a run that is killed changes no file
            facts = replace(facts, status=card.status)
        return _Look(card, signature, facts, self._reader.read(), restarted)

    def _take(self, look: _Look) -> None:
        changed = look.facts is not self._facts or bool(look.new) or look.restarted
        if not changed and look.card == self._card and not self.problem:
            return
        if look.restarted:
            self.events, self._texts = [], []
        self.events.extend(look.new)
        if look.facts is not self._facts:
            self._facts = look.facts
            self.facts_version += 1
        self._card, self._signature, self.problem, self._whole = look.card, look.signature, "", None
        self.version += 1

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self.version += 1


def _search_texts(events: Sequence[TranscriptEvent]) -> list[str]:
    from ioa.results.selection import searchable

    return [searchable(event).lower() for event in events]


def _files(root: Path) -> Iterator[tuple[str, int, int]]:
    for folder in _FOLDERS:
        yield from _in(root / folder, folder)
    for folder, name in _NESTED.items():
        for path in (root / folder).glob(f"*/{name}"):
            told = path.stat()
            yield (str(path.relative_to(root)), told.st_mtime_ns, told.st_size)


_OTHERS = {"transcript.jsonl", "report.html", "run.lock", "held-by"}
"""Files of the run that say nothing the facts are read from, or are followed by themselves."""


def _in(folder: Path, name: str) -> Iterator[tuple[str, int, int]]:
    if not folder.is_dir():
        return
    with scandir(folder) as entries:
        for entry in entries:
            if entry.is_file() and entry.name not in _OTHERS and not entry.name.startswith("checkpoints"):
                told = entry.stat()
                yield (f"{name}/{entry.name}", told.st_mtime_ns, told.st_size)


class Runs:
    """All runs of a folder."""

    def __init__(self, runs_dir: Path, only: str | None = None) -> None:
        """Follow a folder of runs.

        Args:
            runs_dir: The folder.
            only: Id of the one run to be shown; all of them where none is given.
        """
        self.runs_dir = runs_dir
        self.only = only
        self._open: dict[str, RunData] = {}
        self._cards: list[RunCard] = []
        self._lock = asyncio.Lock()
        self._rest = Rest()

    def get(self, run_id: str) -> RunData:
        """The run of that id, or a copy of one whose folder has any other name.

        Raises:
            UserError: the id is not allowed, or there is no such run.
        """
        if self.only not in {None, run_id}:
            raise UserError(f"Only run {self.only} is shown here; start `ioa view` with the folder above it.")
        folder = next((path.parent for path in self.runs_dir.glob("*/config.yaml") if path.parent.name == run_id), None)
        run = RunDirectory(folder) if folder else RunDirectory.at(self.runs_dir, run_id).require()
        return self._open.setdefault(run_id, RunData(run))

    async def cards(self) -> "list[RunCard]":
        """A line about each run, newest first; read at most every 1.5 seconds for all who ask."""
        async with self._lock:
            if self._rest.over():
                began = time.monotonic()
                self._cards = await asyncio.to_thread(_list, self.runs_dir)
                self._rest.begin(time.monotonic() - began)
        return self._cards


def _list(runs_dir: Path) -> "list[RunCard]":
    from ioa.results.run_cards import list_runs

    return list_runs(runs_dir)
