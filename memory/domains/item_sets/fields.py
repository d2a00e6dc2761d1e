"""The fields of one item of a file, and how an item's parts are made of them."""

import ast
import hashlib
import json
import math
import re
import string
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ioa.memory.domains.item_sets.item_faults import show_value
from ioa.memory.number_reading import Doubt, Number, Unread, leading_number, read_statement

NO_ANSWER = "-"
"""The answer of an item that only a judge or a test can grade."""
_BOX = re.compile(r"\\(?:boxed|fbox)\s*")
_ANSWER = re.compile(r"\banswer\b\s*(?:is\b|:)?\s*:?|####|\\boxed", re.IGNORECASE)


class FieldFault(Exception):
    """A field that an item lacks, or that is not what its format says."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field, self.text = field, text


class Fields:
    """The fields of an item by name, in any case; `a|b` names the first of two that is there and not empty."""

    def __init__(self, data: Mapping[str, Any], called: Mapping[str, str] | None = None) -> None:
        """Of one item.

        Args:
            data: As the file has it.
            called: What the file calls a field, by the name that the format gives it.
        """
        self.data = data
        self._called = {name.lower(): own for name, own in (called or {}).items()}
        self._values = {str(name).lower(): value for name, value in data.items()}

    def doubles(self) -> list[str]:
        """Fields that differ from another one in upper and lower case only, of which one would be lost."""
        names = list(map(str, self.data))
        lowered = [name.lower() for name in names]
        return [name for name, low in zip(names, lowered, strict=True) if lowered.count(low) > 1][1:]

    def __contains__(self, names: str) -> bool:
        return any(self._own(name) in self._values for name in names.split("|"))

    def get(self, names: str) -> Any:
        """The value; None where there is none, or an empty one."""
        for name in names.split("|"):
            value = self._values.get(self._own(name))
            if not _is_empty(value):
                return value
        return None

    def name(self, names: str) -> str:
        """What the file calls a field."""
        present = [name for name in names.split("|") if name in self] or names.split("|")[:1]
        own = self._own(present[0])
        return next(
            (str(name) for name in self.data if str(name).lower() == own), self._called.get(present[0], present[0])
        )

    def fault(self, names: str, text: str) -> FieldFault:
        """A fault of a field."""
        return FieldFault(self.name(names), text)

    def text(self, names: str) -> str:
        """A text, or a number as text.

        Raises:
            FieldFault: there is none.
        """
        value = self.get(names)
        if value is None:
            blank = names in self
            raise self.fault(names, "empty. Expected a text." if blank else "required, but missing.")
        if not _is_text(value):
            raise self.fault(names, f"expected a string or a number (got {show_value(value)}).")
        return str(value)

    def maybe(self, names: str) -> str:
        """The same, or an empty text where there is none."""
        return "" if self.get(names) is None else self.text(names)

    def texts(self, names: str) -> list[str]:
        """A list of texts; a cell of a table may hold one as JSON or as Python writes it.

        Raises:
            FieldFault: there is none.
        """
        value = self.get(names)
        if isinstance(value, str):
            value = _literal(value)
        if value is None:
            raise self.fault(names, "empty. Expected a list." if names in self else "required, but missing.")
        if not isinstance(value, list) or not all(map(_is_text, value)) or not value:
            raise self.fault(names, f"expected a list of texts (got {show_value(self.get(names))}).")
        return [str(part) for part in value]

    def _own(self, name: str) -> str:
        return self._called.get(name, name).lower()


def _is_text(value: Any) -> bool:
    """Whether it is a text, or a number that a text can be made of."""
    if isinstance(value, float | Decimal):
        return math.isfinite(value)
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_empty(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (
        isinstance(value, str | list | dict) and not (value.strip() if isinstance(value, str) else value)
    )


def _literal(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


Part = Callable[[Fields], Any]
"""How a part of an item is made of its fields; raises `FieldFault` where they are not what was expected."""


def text(names: str) -> Part:
    """The text of a field."""
    return lambda fields: fields.text(names)


def lines(*names: str) -> Part:
    """The texts of those of the fields that are there, a blank line between them; the first has to be there."""
    return lambda fields: "\n\n".join([fields.text(names[0]), *filter(None, map(fields.maybe, names[1:]))])


def either(names: str, otherwise: Part) -> Part:
    """The text of a field; where it is not there, something else."""
    return lambda fields: fields.text(names) if fields.get(names) is not None else otherwise(fields)


def gathered(**parts: Part) -> Part:
    """Metadata: the parts by their names, without those that are empty."""

    def gather(fields: Fields) -> dict[str, Any]:
        made = {name: part(fields) for name, part in parts.items()}
        return {name: value for name, value in made.items() if value not in (None, "", [])}

    return gather


def constant(value: Any) -> Part:
    """The same for every item."""
    return lambda _: value


def optional(names: str) -> Part:
    """What a field holds, or nothing."""
    return lambda fields: fields.get(names)


def after_marks(names: str) -> Part:
    """The number directly behind the last `####` of a worked solution, without separators of thousands.

    A unit or words behind it are left out, but for a percent sign, unless they say another number.
    """

    def number(fields: Fields) -> str:
        _, marks, last = fields.text(names).rpartition("####")
        line, _, below = last.strip().partition("\n")
        found, begins = read_statement(line), leading_number(line)
        if not marks or isinstance(found, Unread) or isinstance(begins, Unread) or found.value != begins.value:
            why = f", but {found.why}" if isinstance(found, Unread) and found.doubt is not Doubt.NOTHING else ""
            raise fields.fault(names, f"expected a last line `#### number` (got {show_value(line[-40:])}{why}).")
        for other in filter(None, map(_number_said, below.splitlines())):
            if other.value != found.value:
                raise fields.fault(
                    names, f"expected one answer (got {show_value(line[-40:])}, and below it {other.written})."
                )
        return f"{found.text}%" if found.unit.startswith("%") else found.text

    return number


def _number_said(line: str) -> Number | None:
    """The number that a line states to be the answer, such as `The answer is: 7`."""
    said = _ANSWER.search(line)
    read = read_statement(line[said.end() :]) if said else None
    return read if isinstance(read, Number) else None


def before_marks(names: str) -> Part:
    """A worked solution without its last line `#### number`."""
    return lambda fields: fields.text(names).rpartition("####")[0].strip()


def boxed(names: str) -> Part:
    r"""What stands in the last `\boxed{}` of a solution."""

    def content(fields: Fields) -> str:
        solution = fields.text(names)
        places = list(_BOX.finditer(solution))
        found = _braced(solution[places[-1].end() :]) if places else ""
        if not found:
            raise fields.fault(names, f"expected an answer in \\boxed{{}} (got {show_value(solution[-40:])}).")
        return found

    return content


def _braced(rest: str) -> str:
    """The content of the braces at its beginning; without braces the first word."""
    if not rest.startswith("{"):
        return rest.split(maxsplit=1)[0].strip("$.") if rest.split() else ""
    depth = 0
    for place, sign in enumerate(rest):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return rest[1:place].strip()
    return ""


def lettered(question: str, choices: Sequence[str]) -> str:
    """A question with its choices below it, each with its letter."""
    told = [f"{letter}. {choice}" for letter, choice in zip(string.ascii_uppercase, choices, strict=False)]
    return "\n".join([question.strip(), "", *told])


def mixed(question: str, choices: Sequence[str]) -> list[str]:
    """The choices in an order that depends on the item and on nothing else."""
    return sorted(choices, key=lambda choice: hashlib.sha256(f"{question}\0{choice}".encode()).digest())
