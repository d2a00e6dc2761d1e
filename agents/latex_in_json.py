r"""LaTeX that a model wrote into JSON with single backslashes: `\frac` is a form feed and `rac` to a reader of JSON.

Models do so now and then, beside commands that they escaped rightly. What JSON refuses (`\sqrt`, `\(`, `\underline`) is
taken as written. Where JSON's escape and a command can both be meant, the longest run of letters decides. A form feed,
a backspace and a lone carriage return before a letter are never meant. A line feed or a tab is, unless the run is a
command whose rest is no word: `\nabla`, `\times`. The few that are words behind their first letter (`\nu`, `\top`) are
decided by what stands around them. What stays open is marked, and a reply that keeps such a place is refused, so that
the model is asked again.
"""

import re
from functools import cached_property
from typing import Any

from ioa.agents.exchange.briefs import UNDECIDED
from ioa.agents.latex_commands import COMMANDS, GLUED, WORD_LIKE

_ESCAPE = re.compile(r"\\(?:(u00(?:08|09|0[aAcCdD])|[A-Za-z])([A-Za-z]*)|(.))", re.DOTALL)
_CODE_POINTS = {"u0008": "b", "u0009": "t", "u000a": "n", "u000c": "f", "u000d": "r"}
"""The same signs as other writers of JSON have them."""
_HEXADECIMAL = re.compile(r"\\u[0-9a-fA-F]{4}")
_LETTERS_OF_CONTROLS = {"\a": "a", "\b": "b", "\v": "v", "\f": "f"}
_CONTROL = re.compile(r"([\a\b\v\f])([A-Za-z]+)")
_ONE_LETTER = re.compile(r"\{\\?[A-Za-z]\}")
"""What an accent stands on: `\\b{o}`."""
_DOUBLED = re.compile(r"(?<!\\)(?:\\\\)+[A-Za-z]{2}")
_REFUSED = re.compile(r"(?<!\\)(?:\\\\)*\\(?![\"\\/bfnrtu])")
_BEGUN = re.compile(r"(?<!\\)(?:\\\\)*\\begin\{")
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
_MATH = re.compile(
    r"(?<!\\)(?P<dollars>\$\$?)|\\{1,2}(?:(?P<open>[(\[])|(?P<close>[)\]]))(?!\d+(?:pt|em|ex|mm)\])"
    r"|\\{1,2}(?P<environment>begin|end)\{[a-z]+\*?\}"
)
_BEHIND_BREAK = re.compile(r"(?:\$\$|\\\[|\\begin\{[^{}]*\}(?:\{[^{}]*\})?)\s*\Z")
_BEHIND_ROW = re.compile(r"(?:\\\\|\\n|\n)\s*\Z")
_BEFORE_BREAK = re.compile(r"(?:\\n|\n)\s*\Z")
_OPERAND_BEFORE = re.compile(r"(?:(?<![A-Za-z])[A-Za-z]|\\(?![nt])[A-Za-z]+|[\d)}\]])[ ]*\Z")
_OPERAND_BEHIND = re.compile(
    r"[ ]*(?:[A-Za-z](?![A-Za-z])|\d|[{\\]|-[ ]*\w)(?![ ]*[-+*/]?=)|[.,;)]*(?:[ ]\(.{0,20}\))?\s*\Z"
)
_BREAK_ALONE = re.compile(r"\\n(?![A-Za-z])|\n")
_DRIVE = re.compile(r"(?<![A-Za-z])[A-Zcd]:(?:\\[^\\\s\"'|<>:*?/;,(){}\[\]=]+)++(?![\\:])")
"""A path of Windows whose backslashes are single."""
_ASSIGNED = re.compile(r"\w*(?:[(\[.]|[ ]*(?:[-+*/]?=(?!=)|[,:;]))")
_SCRIPT = re.compile(r"[}^]|_\{")


def escape_latex(text: str) -> str:
    r"""The text of some JSON with the backslashes of LaTeX doubled where they were not.

    JSON that is well escaped stays as it is, as long as no line break or tab in it is followed by letters with which
    it is a LaTeX command.

    Args:
        text: What a model wrote: JSON, perhaps with something around it, perhaps slightly broken.

    Returns:
        The text; `UNDECIDED` stands for a backslash of which it cannot be said whether it is LaTeX's or JSON's.
    """
    if "\\" not in text:
        return text
    text = _DRIVE.sub(_mend_path, text)
    return _ESCAPE.sub(_Escapes(text).mend, text)


def _mend_path(found: re.Match[str]) -> str:
    r"""A path of Windows for JSON: `D:\data\new` is one; `C:\new\table` may be lines, too."""
    path = found.group()
    if _REFUSED.search(path) or re.search(r"\\(?:[bf]|u(?![0-9a-fA-F]{4}))", path):
        return path.replace("\\", "\\\\")
    parts = path.split("\\")[1:]
    doubtful = any(part[0] == "t" for part in parts) and all(len(part) > 1 and part[0] in "nrt" for part in parts)
    return path.replace("\\", UNDECIDED) if doubtful else path


def restore_latex(value: Any) -> Any:
    r"""A JSON value whose texts have their LaTeX back where somebody before us took it for escapes.

    A form feed before `rac` was `\frac`; a tab is left alone, since it may be one.
    """
    if isinstance(value, str):
        return _CONTROL.sub(_restored, value)
    if isinstance(value, dict):
        return {key: restore_latex(inner) for key, inner in value.items()}
    return [restore_latex(inner) for inner in value] if isinstance(value, list) else value


def _restored(found: re.Match[str]) -> str:
    name = _LETTERS_OF_CONTROLS[found.group(1)] + found.group(2)
    return f"\\{name}" if name in COMMANDS else found.group()


class _Escapes:
    """The backslashes of one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def mend(self, found: re.Match[str]) -> str:
        """The escape as JSON is to have it."""
        letter, rest, sign = found.groups()
        if sign is not None:
            return self._mend_sign(found, sign)
        letter = _CODE_POINTS.get(letter.lower(), letter)
        if letter == "u":
            return self._mend_unicode(found)
        if letter not in "bfnrt":
            return f"\\{found.group()}"
        meant = self._is_command(found, letter, letter + rest)
        if meant is None:
            return f"{UNDECIDED}{letter}{rest}"
        return f"\\\\{letter}{rest}" if meant else found.group()

    def _mend_sign(self, found: re.Match[str], sign: str) -> str:
        if sign == "\\":
            return found.group() * (2 if self._breaks_row(found) else 1)
        if sign == "'":  # of Python and JavaScript
            return sign
        return found.group() if sign in '"/' else f"\\{found.group()}"

    def _mend_unicode(self, found: re.Match[str]) -> str:
        if _HEXADECIMAL.match(self._text, found.start()):
            return found.group()
        broken = self._text[found.start() + 2 : found.start() + 3].isdigit()
        return f"{UNDECIDED}{found.group()[1:]}" if broken else f"\\{found.group()}"

    def _is_command(self, found: re.Match[str], letter: str, name: str) -> bool | None:
        """Whether LaTeX is meant and not JSON's escape; none where that cannot be said."""
        if name in WORD_LIKE:
            return self._is_command_here(found, name)
        if name in COMMANDS:
            return True
        if letter in "nt":
            return None if name.startswith(GLUED) else False
        if len(name) == 1 and _ONE_LETTER.match(self._text, found.end()):
            return True
        return False if name == "r" else None

    def _is_command_here(self, found: re.Match[str], name: str) -> bool | None:
        before, behind = self._string_around(found)
        follows = WORD_LIKE[name] or _SCRIPT.pattern
        if before.endswith(("^", "_")) or _SCRIPT.match(behind) or re.compile(follows).match(behind):
            return True
        if (formula := _in_formula(before, behind)) is not None:
            return self._is_command_in_formula(before, formula)
        if _OPERAND_BEFORE.search(before) and _OPERAND_BEHIND.match(behind):
            return None
        if not before.strip():  # few texts begin with a line break
            return None
        return None if before.endswith((" ", "{")) and not _ASSIGNED.match(behind) else False

    def _is_command_in_formula(self, before: str, formula: str) -> bool | None:
        below = _BEHIND_ROW.search(before) is not None
        if self._doubles:  # but not everywhere, perhaps
            return False if below or _BREAK_ALONE.search(formula) else None
        return None if below else not (_BEHIND_BREAK.search(before) and _BEFORE_BREAK.search(formula))

    def _string_around(self, found: re.Match[str]) -> tuple[str, str]:
        """What stands in the same string of the JSON before and behind."""
        start = max((quote.end() for quote in _QUOTE.finditer(self._text, 0, found.start())), default=0)
        end = _QUOTE.search(self._text, found.end())
        return self._text[start : found.start()], self._text[found.end() : end.start() if end else len(self._text)]

    @cached_property
    def _doubles(self) -> bool:
        """Whether the writer knows how to escape LaTeX, as far as can be seen."""
        return _DOUBLED.search(self._text) is not None and _REFUSED.search(self._text) is None

    @cached_property
    def _rows(self) -> bool:
        return _BEGUN.search(self._text) is not None

    def _breaks_row(self, found: re.Match[str]) -> bool:
        r"""Whether two backslashes are a row's end in a matrix whose `\begin` has a single one."""
        if not self._rows or re.compile(r"\\\\|[A-Za-z]{2}").match(self._text, found.end()):
            return False
        if self._text[: found.start()].endswith("\\\\"):
            return False
        return _BEGUN.search(self._string_around(found)[0]) is not None


def _in_formula(before: str, behind: str) -> str | None:
    """What stands behind up to the formula's end; none where the place is in no formula."""
    closing = ""
    for mark in _MATH.finditer(before):
        closing = ("" if _closes(mark, closing) else closing) if closing else _closing(mark)
    if not closing:
        return None
    for mark in _MATH.finditer(behind):
        if _closes(mark, closing):
            formula = behind[: mark.start()]
            return None if closing == "$" and not _is_inline(formula, behind[mark.end() :]) else formula
    return None


def _closing(mark: re.Match[str]) -> str:
    if dollars := mark.group("dollars"):
        return dollars
    if opened := mark.group("open"):
        return {"(": ")", "[": "]"}[opened]
    return "end" if mark.group("environment") == "begin" else ""


def _closes(mark: re.Match[str], closing: str) -> bool:
    return closing in (mark.group("dollars"), mark.group("close"), mark.group("environment"))


def _is_inline(formula: str, behind: str) -> bool:
    """As Pandoc has it: no space before the closing dollar and no digit behind it, so that `$5 and $6` are prices."""
    return formula[-1:] != " " and not behind[:1].isdigit() and "\\n\\n" not in formula
