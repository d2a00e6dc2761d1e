"""Reading transcripts, also while they grow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Tag, TypeAdapter, ValidationError

from ioa.memory.errors import UserError
from ioa.memory.files import read_lines_from
from ioa.memory.transcript.events import SCHEMA_VERSION, AttemptEvent, DecisionEvent, TranscriptEvent


def _kind(value: Any) -> str:
    """Schema 1 had attempts only, and did not say so."""
    return str(value.get("kind", "attempt") if isinstance(value, dict) else getattr(value, "kind", "attempt"))


_LINE: TypeAdapter[TranscriptEvent] = TypeAdapter(
    Annotated[
        Annotated[AttemptEvent, Tag("attempt")] | Annotated[DecisionEvent, Tag("decision")],
        Discriminator(_kind),
    ]
)


class TranscriptReader:
    """Reads what is new in a transcript each time it is asked; a torn last line waits for its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._line = 0
        self._end = b""
        """The last line before the offset, by which the file is known again."""

    @property
    def replaced(self) -> bool:
        """Whether the file is no longer the one that was read so far, and longer or shorter: it will be read anew."""
        if not self._offset:
            return False
        try:
            with self._path.open("rb") as handle:
                handle.seek(self._offset - len(self._end))
                return handle.read(len(self._end)) != self._end
        except FileNotFoundError:
            return False

    def read(self) -> list[TranscriptEvent]:
        """The events that were appended since the last call, oldest first; all of them at the first call.

        Raises:
            UserError: as `stream`; the next call begins where this one did.
        """
        before = self._offset, self._line, self._end
        try:
            return list(self.stream())
        except UserError:
            self._offset, self._line, self._end = before
            raise

    def stream(self) -> Iterator[TranscriptEvent]:
        """The same, each as soon as it is read.

        A file that does not go on as it was is another run's: it is read from its beginning.

        Raises:
            UserError: a complete line is no event, or was written by a newer version of the program.
        """
        if self.replaced:
            self._offset, self._line, self._end = 0, 0, b""
        for line, content, offset in read_lines_from(self._path, self._offset, self._line):
            event = _parse(self._path, line, content)
            self._line, self._offset, self._end = line, offset, content
            yield event


def _parse(path: Path, line: int, content: bytes) -> TranscriptEvent:
    try:
        event = _LINE.validate_json(content)
    except ValidationError as error:
        raise UserError(_explain_fault(path, line, content, error)) from error
    return event


def _explain_fault(path: Path, line: int, content: bytes, error: ValidationError) -> str:
    version = _version(content)
    if version > SCHEMA_VERSION:
        return (
            f"{path}, line {line}: written with schema {version} of the transcript; this version of ioa reads up to "
            f"{SCHEMA_VERSION}. Update ioa to read the run."
        )
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return (
        f"{path}, line {line}: not an event of a transcript ({place or 'the line'}: {first['msg']}).\n"
        "Restore the line, or delete it; the calls that it tells of are then not counted."
    )


def _version(content: bytes) -> int:
    import json

    try:
        value = json.loads(content)
    except ValueError:
        return 0
    version = value.get("schema_version", 1) if isinstance(value, dict) else 0
    return version if isinstance(version, int) else 0


def read_transcript(path: Path) -> list[TranscriptEvent]:
    """All events, oldest first; none where the file is missing.

    Raises:
        UserError: as `TranscriptReader.read`.
    """
    return TranscriptReader(path).read()


def read_attempts(path: Path) -> list[AttemptEvent]:
    """The attempts at calls, oldest first; as `read_transcript`."""
    return [event for event in read_transcript(path) if isinstance(event, AttemptEvent)]


def read_decisions(path: Path) -> list[DecisionEvent]:
    """The decisions, oldest first; as `read_transcript`."""
    return [event for event in read_transcript(path) if isinstance(event, DecisionEvent)]
