"""The keys of a run file in words, from the models that define them: what a value is, and what it may be."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ioa.memory.yaml_values import dump


class Key(NamedTuple):
    """One key of the run file."""

    name: str
    """With its sections, as `--set` takes it."""
    kind: str
    """What a value is, in words."""
    range: str
    """What a value may be; empty where its kind says all."""
    default: str
    """As YAML."""
    meaning: str

    @property
    def expected(self) -> str:
        """What a value may be, in words."""
        return f"{self.kind}{' ' if self.kind == 'one of' else ', '}{self.range}" if self.range else self.kind


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[Key]:
    """Every key of a run file, section by section, in the order of the models."""
    for name, field in model.model_fields.items():
        section = section_of(field)
        if section is None:
            yield describe_key(model, name, prefix)
        else:
            if NoneType in get_args(field.annotation):
                yield describe_key(model, name, prefix)
            yield from keys(section, f"{prefix}{name}.")


def find_key(model: type[BaseModel], name: str) -> Key | None:
    """The key of that name in a run file of that model; places in lists count as their lists do."""
    parts = [part for part in name.split(".") if not part.isdecimal()]
    if parts[0] == "roles" and len(parts) > 2:
        parts = ["teacher", *parts[2:]]
    return next((key for key in keys(model) if key.name == ".".join(parts)), None)


def describe_key(model: type[BaseModel], name: str, prefix: str = "") -> Key:
    """The key of a field, as the field defines it.

    Args:
        model: Whose field.
        name: Of the field.
        prefix: The sections that the key stands in, each with its dot.
    """
    field = model.model_fields[name]
    default = field.get_default(call_default_factory=True)
    text = "required" if field.is_required() else yaml_text({"_": _plain(default)}).removeprefix("_:").strip()
    kind, bounds = _described(field.annotation, field.metadata)
    return Key(prefix + name, kind, bounds, text, " ".join(field_docs(model).get(name, "").split()))


@cache
def field_docs(model: type[BaseModel]) -> Mapping[str, str]:
    """What stands below the fields of a model; fields without a docstring are left out.

    Pydantic would look for them whenever a model is made, which is a fifth of the time of a command such as `ioa runs`.
    """
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - it is a model's source
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(body.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model below a key, where there is one."""
    options = get_args(field.annotation) if is_union(field.annotation) else (field.annotation,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _described(annotation: Any, metadata: list[Any]) -> tuple[str, str]:
    """(kind, range) of a value."""
    if is_union(annotation):
        parts = [_described(part, []) for part in get_args(annotation) if part is not NoneType]
        kind = " or ".join(kind for kind, _ in parts) + (" or null" if NoneType in get_args(annotation) else "")
        return kind, _bounds(metadata) or ", ".join(bounds for _, bounds in parts if bounds)
    if hasattr(annotation, "__metadata__"):
        return _described(get_args(annotation)[0], [*metadata, *_inner_metadata(annotation)])
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        return f"list of {_items(inner)}", _choices(inner) or _bounds(metadata) or _bounds(_inner_metadata(inner))
    simple = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    if _choices(annotation):
        return "one of", _choices(annotation)
    return simple.get(annotation, "mapping"), _bounds(metadata)


def _items(inner: Any) -> str:
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return "teachers, each with the keys of `teacher`"
    plain = get_args(inner)[0] if hasattr(inner, "__metadata__") else inner
    return {str: "texts", float: "numbers", int: "whole numbers"}.get(plain, "names")


def _inner_metadata(inner: Any) -> list[Any]:
    return [part for field in getattr(inner, "__metadata__", ()) for part in getattr(field, "metadata", [field])]


def _choices(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(str(one.value) for one in annotation)
    return ""


def _bounds(metadata: list[Any]) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [
        f"{sign} {getattr(part, name):,}" for name, sign in signs.items() for part in metadata if hasattr(part, name)
    ]
    found += ["not empty" for part in metadata if getattr(part, "min_length", None)]
    found += [f"like `{part.pattern}`" for part in metadata if getattr(part, "pattern", None) is not None]
    return ", ".join(found)


def is_union(annotation: Any) -> bool:
    """Whether a value may be of several kinds."""
    return get_origin(annotation) in {Union, UnionType}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.value if hasattr(value, "value") else value


def yaml_text(value: Any) -> str:
    """A value as YAML on as few lines as it takes."""
    nested = isinstance(value, dict) and any(isinstance(part, list | dict) and part for part in value.values())
    return dump(value, default_flow_style=None if nested else False).rstrip()
