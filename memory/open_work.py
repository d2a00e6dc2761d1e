"""Work made of many pieces, each kept as soon as it is done: what is kept is not done again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from ioa.memory.files import append_records, read_records

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)


def do_open(
    path: Path,
    kind: type[R],
    wanted: Sequence[T],
    *,
    key: Callable[[T], str],
    made_key: Callable[[R], str],
    make: Callable[[Sequence[T], Callable[[R], None]], None],
    on_progress: Callable[[int, int], None] | None = None,
    may_leave: bool = False,
) -> list[R]:
    """Do what the file does not hold yet, and return all of it in the order of `wanted`.

    Args:
        path: JSON lines of what was made.
        kind: Of the records in it.
        wanted: All that is to be made.
        key: Names a piece that is wanted.
        made_key: Names the piece that a record was made of.
        make: Makes the pieces it is given, and hands over each as soon as it is done.
        on_progress: Told how many are done, and how many there are.
        may_leave: Whether `make` may leave something out; it is not in the result then.

    Raises:
        KeyError: `make` left something out, and may not.
    """
    made = {made_key(record): record for record in read_records(path, kind)}
    still_open = {key(piece): piece for piece in wanted if key(piece) not in made}

    def keep(record: R) -> None:
        append_records(path, [record])
        made[made_key(record)] = record
        still_open.pop(made_key(record), None)
        if on_progress is not None:
            on_progress(len(wanted) - len(still_open), len(wanted))

    make(list(still_open.values()), keep)
    return [made[key(piece)] for piece in wanted if not may_leave or key(piece) in made]
