"""Reading YAML files that a person wrote, so that every fault is named with its file, line and field."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ioa.memory.errors import UserError
from ioa.memory.redaction import SECRET
from ioa.memory.text_files import read_text
from ioa.memory.yaml_values import LINE_ENDS, Loader

R = TypeVar("R", bound=BaseModel)

Location = tuple[str | int, ...]
"""Keys and indices from the top of a file to a value, as pydantic gives them."""

Locate = Callable[[Location], int]
"""The line, from 1, of the value there, or of the nearest thing around it that exists."""


def load_yaml(path: Path) -> tuple[Any, Locate]:
    """Read a YAML file with the lines of its values.

    Raises:
        UserError: the file cannot be read, is not YAML, or gives a key twice.
    """
    text = read_text(path, "a YAML file")
    for sign, escape in LINE_ENDS.items():
        if sign in text:
            line = len(text[: text.index(sign)].splitlines())
            raise UserError(
                f"{path}:{line}: holds U+{ord(sign):04X}, which YAML takes for the end of a line. Put the text into "
                f"double quotes and write it as {escape} there."
            )
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        doubles = [] if root is None else list(_doubles(root))
        data = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UserError(f"{path}:{line}: not valid YAML: {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid YAML ({error}).") from error
    finally:
        loader.dispose()
    if doubles:
        raise UserError("\n".join(f"{path}:{line}: {key}: given twice; keep one." for line, key in doubles))
    return data, lambda location: _line(root, location)


def read(path: Path, kind: type[R]) -> tuple[R, Locate]:
    """Read a YAML file as a record, with the lines of its values.

    Raises:
        UserError: as `validate`.
    """
    data, locate = load_yaml(path)
    return check_data(path, kind, data, locate), locate


def check_data(path: Path, kind: type[R], data: Any, locate: Locate) -> R:
    """What was read from a YAML file, as a record.

    Raises:
        UserError: it is not such a record; each fault is a line `file:line: field: what was expected`.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        faults = sorted({(locate(fault["loc"]), fault_text(fault, kind)) for fault in error.errors()})
        raise UserError("\n".join(f"{path}:{line}: {text}" for line, text in faults)) from error


def validate(path: Path, kind: type[R]) -> R:
    """Read a YAML file as a record.

    Raises:
        UserError: the file is missing, not YAML, or not such a record; each fault is a line
            `file:line: field: what was expected`.
    """
    return read(path, kind)[0]


def _doubles(node: Any) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _doubles(part)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        if key.value != "<<" and str(key.value) in seen:
            yield key.start_mark.line + 1, str(key.value)
        seen.add(str(key.value))
        yield from _doubles(value)


def _line(node: Any, location: Location) -> int:
    line = 1 if node is None else node.start_mark.line + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if str(key.value) == str(part)]
            if pairs:
                node = pairs[0][1]
                line = pairs[0][0].start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def fault_text(fault: Any, kind: type[BaseModel]) -> str:
    """`field: what was expected`, for one of the errors that pydantic found in data of that kind."""
    location: Location = fault["loc"]
    field = ".".join(str(part) for part in location if not _is_tag(part)) or "the file"
    if fault["type"] == "missing":
        return f"{field}: required, but missing."
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_fields_at(kind, location[:-1]))
        return f"{field}: unknown field; known here: {known}."
    if fault["type"] in {"model_type", "model_attributes_type", "mapping_type", "dict_type"}:
        return f"{field}: expected a mapping of fields (got {_show_value(fault['input'])})."
    if fault["type"] == SECRET:
        return f"{field}: {fault['msg']}."
    return f"{field}: {fault['msg']} (got {_show_value(fault['input'])})."


def _is_tag(part: str | int) -> bool:
    """Whether it is no field but the name of the record that one of several was taken for."""
    return isinstance(part, str) and part.startswith("<")


def _show_value(value: Any) -> str:
    text = repr(value)
    # A message is one line of a terminal.
    return text if len(text) <= 60 else text[:57] + "..."


def _fields_at(kind: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Names of the fields that the record at that place has."""
    current: type[BaseModel] = kind
    choices: list[type[BaseModel]] = []
    for part in location:
        if isinstance(part, str) and part in current.model_fields:
            choices = list(_models(current.model_fields[part].annotation))
            current = next(iter(choices), current)
        elif _is_tag(part):
            current = next((choice for choice in choices if part == f"<{choice.__name__}>"), current)
    return list(current.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
