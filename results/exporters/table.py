"""The transcript as a table for spreadsheets and data frames."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioa.memory.errors import UserError
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import read_frame
from ioa.results.exporters.export_text import clean
from ioa.results.exporters.extras import require

if TYPE_CHECKING:
    from pandas import DataFrame

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is calculated by a spreadsheet; an apostrophe before it makes it text."""
CELL = 32_000
"""Characters of a CSV cell; spreadsheets take 32,767."""


def export_table(run: RunDirectory, kind: str, out: Path) -> int:
    """Write the transcript, a row an event, and return the number of rows.

    Args:
        run: The run.
        kind: `csv`, with texts cut to the length of a spreadsheet's cell and no formulas, or `parquet`, whole.
        out: The file.

    Raises:
        UserError: pandas is missing, or the file cannot be written.
    """
    require("data", f"ioa export --to {kind}")
    frame = read_frame(run.root)
    try:
        if kind == "csv":
            _texts(frame, CELL, defused=True).to_csv(out, index=False, encoding="utf-8", lineterminator="\n")
        else:
            _texts(frame, 2**31, defused=False).to_parquet(out, index=False)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror or error}. Choose another file: --out.") from error
    return len(frame)


def _texts(frame: "DataFrame", longest: int, *, defused: bool) -> "DataFrame":
    """The table with everything that is no number as harmless text; what is nested becomes JSON."""

    def cell(value: Any) -> Any:
        if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - missing
            return None
        if isinstance(value, list | tuple | dict):
            value = json.dumps(value, ensure_ascii=False)
        if not isinstance(value, str):
            return value
        text = clean(value, longest)
        return f"'{text}" if defused and text.startswith(FORMULA) else text

    def column(name: str) -> Any:
        if frame[name].dtype.kind in "iufbM" or name == "time":
            return frame[name]
        values = [cell(value) for value in frame[name].astype(object)]
        plain = {type(value) for value in values if value is not None}
        return values if len(plain) <= 1 else [None if value is None else str(value) for value in values]

    return type(frame)({name: column(name) for name in frame.columns})
