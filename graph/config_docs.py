"""The run file's keys in words: for the documentation, a commented run file, and messages about wrong values."""

import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ioa.graph.config import RunConfig

DOCUMENT = "docs/configuration.md"

SYMBOLS: Mapping[str, tuple[str, str]] = {
    "tau_gap": ("diagnosis.tau_gap", "gap above which a module is deficient (Eq. 5)"),
    "tau_high": ("diagnosis.tau_high", "mastery from which a prerequisite counts as mastered (Eq. 3)"),
    "tau_low": ("diagnosis.tau_low", "mastery below which it counts as not mastered (Eq. 3)"),
    "tau_dep": ("diagnosis.tau_dep", "dependency strength above which an edge is kept (Eq. 3)"),
    "alpha": ("diagnosis.alpha", "weight of gap against connectivity in severity (Eq. 4)"),
    "top-m": ("diagnosis.top_share", "share of the deficient modules that become targets (Eq. 6)"),
    "tau_ZPD": ("curriculum.tau_zpd", "largest rise of difficulty between adjacent stages (Eq. 8)"),
    "tau_mastery": ("mastery.tau_mastery", "P_S / P_T that every module of a stage must reach (Eq. 9)"),
    "J": ("synthesis.per_request", "synthetic examples per seed: here, lessons for one request"),
    "R_max": ("mastery.rounds", "remediation rounds per stage"),
    "m, least": ("decomposition.least", "fewest modules into which a domain is decomposed"),
    "m, most": ("decomposition.most", "most modules into which a domain is decomposed"),
}
"""The method's symbols: the key that sets each, or the end of its name, and what it means."""


_INTRODUCTION = """\
Every key of a run file, written by `ioa config --docs` from the program's own description of them. A key that is left
out keeps its default. Any of them can be set on the command line: `ioa run arithmetic --set mastery.rounds=3`.
`ioa config FILE` shows a run file with every key spelt out."""


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


def keys(model: type[BaseModel] = RunConfig, prefix: str = "") -> Iterator[Key]:
    """Every key of a run file, section by section, in the order of the models."""
    for name, field in model.model_fields.items():
        section = _section(field)
        if section is None:
            yield _key(prefix + name, field)
        else:
            if NoneType in get_args(field.annotation):
                yield _key(prefix + name, field)
            yield from keys(section, f"{prefix}{name}.")


def find(name: str) -> Key | None:
    """The key of that name; places in lists count as their lists do."""
    parts = [part for part in name.split(".") if not part.isdecimal()]
    if parts[0] == "roles" and len(parts) > 2:
        parts = ["teacher", *parts[2:]]
    return next((key for key in keys() if key.name == ".".join(parts)), None)


def key_of(symbol: str) -> Key | None:
    """The key that sets a symbol of the method; none while nothing does."""
    name = SYMBOLS[symbol][0]
    found = [key for key in keys() if key.name == name or key.name.endswith(f".{name}")]
    return found[0] if len(found) == 1 else None


def markdown() -> str:
    """The whole of `docs/configuration.md`."""
    parts = [
        "# Configuration",
        _INTRODUCTION,
        "## The method's symbols",
        _table(
            ("symbol", "key", "range", "default", "meaning"),
            [
                (f"`{symbol}`", f"`{key.name}`", key.range, f"`{key.default}`", meaning)
                for symbol, (_, meaning) in SYMBOLS.items()
                if (key := key_of(symbol))
            ],
        ),
    ]
    every = list(keys())
    for section in (
        "",
        *(name for name in RunConfig.model_fields if any(key.name.startswith(f"{name}.") for key in every)),
    ):
        rows = [key for key in every if (key.name.split(".")[0] if "." in key.name else "") == section]
        parts += [
            *_heading(section),
            _table(
                ("key", "value", "range", "default", "meaning"),
                [(f"`{key.name}`", key.kind, key.range, f"`{key.default}`", key.meaning) for key in rows],
            ),
        ]
    return "\n\n".join(parts) + "\n"


def commented(config: BaseModel, depth: int = 0) -> str:
    """A config as YAML, each key under a comment that says what it means and what it may be."""
    lines: list[str] = []
    pad = "  " * depth
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if depth == 0 and lines:
            lines.append("")
        if isinstance(value, BaseModel):
            lines += [*_comment(_about(field, type(value)), pad), f"{pad}{name}:", commented(value, depth + 1)]
        else:
            key = _key(name, field)
            bounds = f" ({key.expected}; default {key.default})"
            plain = config.model_dump(mode="json", include={name})
            lines += [*_comment(key.meaning + bounds, pad), textwrap.indent(_yaml(plain), pad)]
    return "\n".join(lines)


def _heading(section: str) -> list[str]:
    if not section:
        return ["## The run"]
    field = RunConfig.model_fields[section]
    model = _section(field)
    return [f"## {section}", _about(field, model) if model else ""]


def _about(field: FieldInfo, model: type[BaseModel]) -> str:
    """What a section is: its own description, else the first line of its class's."""
    return field.description or (model.__doc__ or "").strip().splitlines()[0]


def _key(name: str, field: FieldInfo) -> Key:
    default = field.get_default(call_default_factory=True)
    text = "required" if field.is_required() else _yaml({"_": _plain(default)}).removeprefix("_:").strip()
    kind, bounds = _described(field.annotation, field.metadata)
    return Key(name, kind, bounds, text, " ".join((field.description or "").split()))


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """The model below a key, where there is one."""
    options = get_args(field.annotation) if _is_union(field.annotation) else (field.annotation,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _described(annotation: Any, metadata: list[Any]) -> tuple[str, str]:
    """(kind, range) of a value."""
    if _is_union(annotation):
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


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, UnionType}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.value if hasattr(value, "value") else value


def _yaml(value: Any) -> str:
    nested = isinstance(value, dict) and any(isinstance(part, list | dict) and part for part in value.values())
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None if nested else False)
    return text.rstrip()


def _comment(text: str, pad: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}# ", break_long_words=False)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
