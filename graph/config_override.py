"""Settings of the command line, `KEY=VALUE`: which place of a run file a key names, and what its value says there.

The record that describes the run file leads the way, so that each key that the documentation names can be set: also one
in a section that is not there yet, an option of a scorer or a teacher, and a place in a list.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin

import yaml
from pydantic import BaseModel

from ioa.graph.config_keys import is_union, keys
from ioa.memory.errors import UserError
from ioa.memory.plugins import plugin_file_at_start
from ioa.memory.yaml_values import read_value

_BARE = re.compile(r"[^.\[\]]+")
_QUOTED = re.compile(r"""\[?\s*(?:"([^"]*)"|'([^']*)')\s*\]?""")
_INDEX = re.compile(r"\[\s*(\d+)\s*\]")
_NULLS = {"null", "Null", "NULL", "~"}


class Setting(NamedTuple):
    """One `KEY=VALUE`."""

    text: str
    """As it was given."""
    key: str
    value: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The names in the key; a name that has a dot of its own counts as two."""
        return tuple(part for part in re.split(r"[.\[\]\"']+", self.key) if part)


def read_setting(text: str) -> Setting:
    """Take a setting apart.

    Raises:
        UserError: it has no key or no `=`.
    """
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise UserError(f"--set {text}: expected KEY=VALUE, for example mastery.rounds=3.")
    return Setting(text, key.strip(), value.strip())


def place_settings(
    data: Mapping[str, Any], model: type[BaseModel], settings: Sequence[str], names: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The data of a run file with settings put into it, not yet checked as a record.

    Args:
        data: The run file, every key spelt out.
        model: The record that describes it.
        settings: Each `KEY=VALUE`, put in one after another.
        names: By a key whose names are free, such as `scorers`, names below it that may have dots.

    Raises:
        UserError: a setting has no `=`, names a key that there cannot be, has a value that is not YAML, or would take
            back what another one says.
    """
    read = [read_setting(text) for text in settings]
    _check_conflicts(read)
    made = dict(data)
    for setting in read:
        made = _Placing(setting, model, names).put(made, model, setting.key, ())
    return made


def _check_conflicts(settings: Sequence[Setting]) -> None:
    for number, later in enumerate(settings):
        for earlier in settings[:number]:
            same = later.parts == earlier.parts
            if (same and later.value != earlier.value) or (
                not same and earlier.parts[: len(later.parts)] == later.parts
            ):
                advice = "Leave one of them out." if same else "Give it before that one, or leave one of them out."
                raise UserError(f"--set {later.text}: this takes back {earlier.text}. {advice}")


class _Placing:
    """Finds the place of one setting, from the top of the run file down."""

    def __init__(self, setting: Setting, model: type[BaseModel], names: Mapping[str, Sequence[str]]) -> None:
        self._setting, self._model, self._names = setting, model, names

    def put(self, value: Any, annotation: Any, rest: str, path: tuple[str, ...]) -> Any:
        """What stands at a place, with the setting in it.

        Args:
            value: What stands there now; none where nothing does.
            annotation: What may stand there.
            rest: What of the key is still to be followed.
            path: What of it was followed.
        """
        if not rest:
            return self._value(annotation, nothing=value is None)
        kind = _container(annotation, value)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            name, behind = self._next(rest)
            if name not in kind.model_fields:
                raise self._unknown(path, kind.model_fields)
            field = kind.model_fields[name]
            return {**(value or {}), name: self.put((value or {}).get(name), field.annotation, behind, (*path, name))}
        if kind is dict:
            name, behind = self._next(rest, [*(value or {}), *self._names.get(".".join(path), ())])
            return {
                **(value or {}),
                name: self.put((value or {}).get(name), _inner(annotation, -1), behind, (*path, name)),
            }
        if kind is list:
            return self._in_list(list(value or []), _inner(annotation, 0), rest, path)
        raise self._unknown(path, ())

    def _in_list(self, value: list[Any], inner: Any, rest: str, path: tuple[str, ...]) -> Any:
        name, behind = self._next(rest)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            if name in inner.model_fields and len(value) <= 1:
                name, behind = "0", rest  # the only one
            first = next(iter(inner.model_fields))
            if name == str(len(value)) and behind and self._next(behind)[0] != first:
                raise self._unknown(path, (), f" Name its {first} first: {'.'.join(path)}.{name}.{first}=...")
        if not name.isdecimal() or int(name) > len(value):
            there = f"has {len(value)}, counted from 0" if value else "is empty"
            raise self._unknown(path, (), f" The list {'.'.join(path)} {there}.")
        place = int(name)
        old = value[place] if place < len(value) else None
        return [*value[:place], self.put(old, inner, behind, (*path, name)), *value[place + 1 :]]

    def _next(self, rest: str, free: Iterable[str] | None = None) -> tuple[str, str]:
        """The next name of the key and what follows it.

        Args:
            rest: Of the key.
            free: Where any name may stand: those that are known, of which the longest counts, for they may have dots.
        """
        rest = rest.removeprefix(".")
        file = "" if free is None else plugin_file_at_start(rest)
        for name in (*sorted(free or (), key=len, reverse=True), *filter(None, [file])):
            if rest.startswith(name) and rest[len(name) : len(name) + 1] in {"", ".", "["}:
                return name, rest[len(name) :]
        for pattern in (_INDEX, _QUOTED, _BARE):
            if found := pattern.match(rest):
                return next((group for group in found.groups() if group is not None), found[0]), rest[found.end() :]
        raise UserError(f"--set {self._setting.text}: {self._setting.key!r} is no key: a name is missing in it.")

    def _value(self, annotation: Any, *, nothing: bool) -> Any:
        """What the setting's value says: a text as it is where a text is expected, else YAML.

        Args:
            annotation: What may stand at the place.
            nothing: Whether nothing stands there now; an empty value then leaves it so.
        """
        value = self._setting.value
        options = [part for part in _options(annotation) if part is not NoneType]
        optional = NoneType in _options(annotation)
        if options and all(map(_is_text, options)):
            if value in _NULLS or (not value and optional and nothing):
                return None
            return _unquoted(value)
        return self._yaml(value)

    def _yaml(self, value: str) -> Any:
        try:
            return read_value(value)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            problem = getattr(error, "problem", None) or "it cannot be read"
            raise UserError(
                f"--set {self._setting.text}: the value is not YAML ({problem}); put quotes around it."
            ) from error

    def _unknown(self, path: Sequence[str], known: Iterable[str], more: str = "") -> UserError:
        place, key = ".".join(path), self._setting.key
        there = ", ".join(known)
        if there:
            more = f" The keys of {place or 'a run file'}: {there}."
        near = nearest(key, [one.name for one in keys(self._model)])
        meant = f" Did you mean {near}?" if near else ""
        return UserError(f"--set {self._setting.text}: there is no key {key}.{meant}{more}")


def _unquoted(value: str) -> str:
    """A text without the quotes around the whole of it."""
    if value[:1] not in {'"', "'"} or value[-1:] != value[:1]:
        return value
    try:
        read = read_value(value)
    except (yaml.YAMLError, ValueError):
        return value
    return read if isinstance(read, str) else value


MOST_MEANT = 3
"""Keys that end alike and are named in place of one that was not found."""


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name, or names, that somebody who typed this one may have meant; empty where none is like it."""
    folded = {one.lower().replace("-", "_"): one for one in known}
    typed = name.lower().replace("-", "_")
    if typed in folded:
        return folded[typed]
    ending = [one for low, one in folded.items() if low.endswith(f".{typed.rpartition('.')[2]}")]
    if 0 < len(ending) <= MOST_MEANT:
        return " or ".join(ending)
    close = difflib.get_close_matches(typed, folded, n=1, cutoff=0.75)
    return folded[close[0]] if close else ""


def _options(annotation: Any) -> tuple[Any, ...]:
    """What a value may be, each without what is said about it."""
    if hasattr(annotation, "__metadata__"):
        return _options(get_args(annotation)[0])
    if is_union(annotation):
        return tuple(part for one in get_args(annotation) for part in _options(one))
    return (annotation,)


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return all(isinstance(one, str) for one in get_args(annotation))
    return isinstance(annotation, type) and (annotation is str or issubclass(annotation, Enum))


def _container(annotation: Any, value: Any) -> Any:
    """What can have keys at a place: a record, `dict` or `list`; none where a single value stands."""
    for one in _options(annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
        if get_origin(one) is tuple:
            return list
        if isinstance(get_origin(one), type) and issubclass(get_origin(one), Mapping):
            return dict
        if one is Any:
            return list if isinstance(value, list) else dict if value is None or isinstance(value, dict) else None
    return None


def _inner(annotation: Any, place: int) -> Any:
    """What stands in the mapping or the list that may stand at a place."""
    for one in _options(annotation):
        if get_origin(one) is not None and get_args(one):
            return get_args(one)[place]
    return Any
