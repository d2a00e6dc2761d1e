"""Reading a data set of the Hugging Face hub, or a folder that `datasets` can load."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ioa.memory.domains.item_sets.rows import INSTALL, Row
from ioa.memory.errors import UserError


def read_dataset(name: str, config: str, split: str, folder: Path) -> Iterator[Row]:
    """The items of a data set.

    Args:
        name: Its id on the hub, or the path of a folder.
        config: Which of its configurations; empty: its only one.
        split: Which of its splits; empty: its only one.
        folder: Where a path begins.

    Raises:
        UserError: `datasets` is missing, the hub cannot be reached, or there is no such data set, configuration or
            split.
    """
    try:
        import datasets
    except ImportError as error:
        raise UserError(
            f"Data set {name}: reading it needs the library `datasets`. Install it with: {INSTALL}"
        ) from error
    local = folder / Path(name).expanduser()
    path = str(local) if local.is_dir() else name
    called = f"Data set {' '.join(filter(None, [path, config, split]))}"
    datasets.disable_progress_bars()
    try:
        found = datasets.load_dataset(path, config or None, split=split or None)
    except FileNotFoundError as error:
        raise UserError(f"{called}: {error}. Expected the id of a data set on the hub, or a folder.") from error
    except OSError as error:
        raise UserError(_unreachable(called, error)) from error
    except (ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise UserError(f"{called}: it cannot be loaded: {error}") from error
    if isinstance(found, dict):
        if len(found) > 1:
            raise UserError(f"{called}: expected `split`, one of {', '.join(map(str, found))}.")
        found = next(iter(found.values()))
    return _rows(called, found)


def _rows(called: str, found: Any) -> Iterator[Row]:
    for number, data in enumerate(found, start=1):
        yield Row(f"{called}, item {number}", data)


def _unreachable(called: str, error: OSError) -> str:
    import huggingface_hub

    if huggingface_hub.constants.HF_HUB_OFFLINE:
        why = "the environment variable HF_HUB_OFFLINE is set, so the hub is not asked"
        advice = "Unset it, or"
    else:
        why = str(error)
        advice = "See to the connection (HF_HUB_OFFLINE=1 spares the wait for it), or"
    return (
        f"{called}: the Hugging Face hub cannot be reached ({why}), and the data set is not among those that were "
        f"loaded before. {advice} load the data set elsewhere and give its file: `file: PATH`, or `dataset: FOLDER`."
    )
