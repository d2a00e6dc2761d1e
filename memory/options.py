"""Settings that a plug-in is opened with, read as the record that it expects."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ioa.memory.errors import UserError
from ioa.memory.yaml_source import fault_text

R = TypeVar("R", bound=BaseModel)


def read_options(place: str, options: Mapping[str, Any], kind: type[R]) -> R:
    """The options as a record.

    Args:
        place: Where they stand in the run file, such as `scorers.numeric`.
        options: By name.
        kind: What is expected there.

    Raises:
        UserError: an option is unknown, or has a value that does not fit; each fault is a line `place.option: why`.
    """
    try:
        return kind.model_validate(dict(options))
    except ValidationError as error:
        raise UserError("\n".join(f"{place}.{fault_text(fault, kind)}" for fault in error.errors())) from error
