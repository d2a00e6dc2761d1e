"""Reading a wrong Python function: what in it is not as it should be."""

import ast
import re
from enum import StrEnum

_MARKER = re.compile(r"Answer:\s*")
_FENCE = re.compile(r"```(?:\w*\n)?")


class CodeSlip(StrEnum):
    """Kinds of error in a function; the values name members of the tutor's slips."""

    NO_FUNCTION = "NO_FUNCTION"
    UNREADABLE = "UNREADABLE"
    OTHER_NAME = "OTHER_NAME"
    CONDITION = "CONDITION"
    RESULT = "RESULT"


def is_function(text: str) -> bool:
    """Whether an expected answer is a function."""
    return text.lstrip().startswith("def ")


def extract_reply_code(reply: str) -> str:
    """What stands behind the last `Answer:`, or the whole reply, without fences."""
    return _FENCE.sub("", _MARKER.split(reply)[-1]).strip()


def code_slip(reply: str, expected: str) -> CodeSlip:
    """What is wrong with a function, as far as its text tells: the first of the kinds that it shows."""
    right = _function(expected)
    code = extract_reply_code(reply)
    if "def " not in code:
        return CodeSlip.NO_FUNCTION
    given = _function(code)
    if given is None or right is None:
        return CodeSlip.UNREADABLE
    if (given.name, ast.unparse(given.args)) != (right.name, ast.unparse(right.args)):
        return CodeSlip.OTHER_NAME
    return CodeSlip.CONDITION if _conditions(given) != _conditions(right) else CodeSlip.RESULT


def _function(code: str) -> ast.FunctionDef | None:
    """The last function of the code; none where it cannot be read."""
    try:
        defined = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return defined[-1] if defined else None


def _conditions(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.Compare)}
