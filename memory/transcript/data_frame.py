"""A transcript as a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioa.memory.errors import UserError
from ioa.memory.transcript.events import AttemptEvent, CallContext, DecisionEvent, Event, Tokens, TranscriptEvent
from ioa.memory.transcript.reader import read_transcript

if TYPE_CHECKING:
    from pandas import DataFrame


def columns() -> tuple[str, ...]:
    """The columns of the table: all fields of both kinds of events, context and tokens spread out."""
    fields = dict.fromkeys([*Event.model_fields, *AttemptEvent.model_fields, *DecisionEvent.model_fields])
    spread = {"context": tuple(CallContext.model_fields), "tokens": tuple(f"tokens_{f}" for f in Tokens.model_fields)}
    return tuple(name for field in fields for name in spread.get(field, (field,)))


def read_frame(path: Path) -> "DataFrame":
    """A transcript as a pandas DataFrame, one row an event, oldest first.

    Args:
        path: A `transcript.jsonl`, or the folder of its run.

    Returns:
        The columns of `columns()`; `time` is a UTC timestamp, stage and round are nullable integers, messages are
        lists of dictionaries. What a kind of event does not have is missing.

    Raises:
        UserError: there is no such file, it is not a transcript, or pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise UserError("Reading a transcript as a table needs pandas: pip install 'ioa[data]'.") from error
    path = Path(path)
    file = path / "transcript.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"{file}: there is no transcript. Name the folder of a run, or its transcript.jsonl.")
    frame = pandas.DataFrame([_row(event) for event in read_transcript(file)], columns=list(columns()))
    frame["time"] = pandas.to_datetime(frame["time"], format="ISO8601", utc=True)
    for name in ("stage", "round", "attempt", "tokens_input", "tokens_output"):
        frame[name] = frame[name].astype("Int64")
    return frame


def _row(event: TranscriptEvent) -> dict[str, Any]:
    row = event.model_dump(mode="json")
    row |= row.pop("context")
    if isinstance(event, AttemptEvent):
        row |= {f"tokens_{name}": value for name, value in row.pop("tokens").items()}
    return row
