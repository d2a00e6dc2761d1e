"""YAML as people type it: numbers as in YAML 1.2, where `1e-3` is one and `12:30` and `2024-01-01` are texts.

PyYAML reads YAML 1.1. There `1e-3` is a text, `010` is eight, `12:30` is 750 and a date is no text. The words `yes`,
`no`, `on` and `off` stay truth values, as people mean them in settings.
"""

import re
from typing import Any

import yaml

LINE_ENDS = {"\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P"}
"""What YAML takes for the end of a line although no editor does, and how it is written in double quotes."""
_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z"),
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"
        r"|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
    ),
}
_LEFT_OUT = {*_NUMBERS, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}
_BEGINNINGS = "-+.0123456789"

Resolvers = dict[str, list[tuple[str, "re.Pattern[str]"]]]


def _resolvers() -> Resolvers:
    """Of a plain scalar's first character: what it may be."""
    made: Resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag not in _LEFT_OUT]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for first in _BEGINNINGS:
        made[first] = [*made.get(first, []), *_NUMBERS.items()]
    return made


def _both(one: Resolvers, other: Resolvers) -> Resolvers:
    return {first: [*one.get(first, []), *other.get(first, [])] for first in {*one, *other}}


def _integer(loader: Any, node: Any) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


class Loader(yaml.SafeLoader):
    """Reads YAML and knows lines."""

    yaml_implicit_resolvers = _resolvers()


class FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's, where it is there
    """The same, ten times as fast; it knows no lines."""

    yaml_implicit_resolvers = _resolvers()


class _Dumper(yaml.SafeDumper):
    """Puts quotes around what either version of YAML would take for something else than a text."""

    yaml_implicit_resolvers = _both(yaml.SafeDumper.yaml_implicit_resolvers, _resolvers())


def _text(dumper: Any, value: str) -> Any:
    # Escaped in quotes; and a no-break space at an end, which is none to YAML, is cut off by whoever strips a line.
    style = '"' if any(sign in value for sign in LINE_ENDS) or value != value.strip() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
for _loader in (Loader, FastLoader):
    _loader.add_constructor("tag:yaml.org,2002:int", _integer)


def read_value(text: str) -> Any:
    """One value.

    Raises:
        yaml.YAMLError: it is not YAML.
        ValueError: a number in it is longer than Python reads.
    """
    return yaml.load(text, Loader)  # noqa: S506 - a safe one


def dump(value: Any, **style: Any) -> str:
    """A value as YAML that means the same to every reader; keys in their order, letters as they are.

    Args:
        value: Of mappings, lists, texts and numbers.
        style: As for `yaml.dump`.
    """
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **style)
    return text
