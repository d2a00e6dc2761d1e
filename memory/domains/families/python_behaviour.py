"""What a Python function does, whatever it is called and however it is written: the values that it gives.

Only functions made of a small part of the language are run: expressions, comprehensions and plain loops over what they
are given, which always end, soon and with small values, and can reach nothing outside of themselves. A lesson's program
may be anybody's. Of another function it cannot be said here what it does.
"""

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from string import ascii_lowercase
from typing import Any

from ioa.memory.fenced_blocks import fenced_blocks

_NODES = (
    ast.Return, ast.Assign, ast.AugAssign, ast.For, ast.If, ast.Expr,
    ast.Break, ast.Continue, ast.Pass, ast.BoolOp, ast.And, ast.Or, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div,
    ast.FloorDiv, ast.Mod, ast.Pow, ast.UnaryOp, ast.USub, ast.Not, ast.IfExp, ast.Compare, ast.Eq, ast.NotEq, ast.Lt,
    ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.Call, ast.keyword, ast.Attribute, ast.Subscript,
    ast.Slice, ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.comprehension,
    ast.Constant, ast.Name, ast.Load, ast.Store,
)  # fmt: skip
"""No sets: their order changes from one process to the next. No `while`, and no function in a function."""
_BUILTINS: dict[str, Callable[..., Any]] = {
    one.__name__: one
    for one in (
        abs,
        all,
        any,
        bool,
        dict,
        enumerate,
        int,
        len,
        list,
        max,
        min,
        range,
        reversed,
        sorted,
        str,
        sum,
        tuple,
    )
}
_METHODS = (
    "append", "count", "endswith", "find", "get", "index", "items", "join", "keys", "lower", "replace", "split",
    "startswith", "strip", "upper", "values",
)  # fmt: skip
_MOST = {ast.Call: 12, ast.comprehension: 2, ast.For: 1, ast.Add: 8, ast.Mult: 2, ast.Pow: 2, ast.Assign: 5}
"""So many of a kind at most: with them nothing that is computed from the small values below grows large."""
_MOST_NODES = 200
_LARGEST = 100
"""Constant."""
_LARGEST_POWER = 5
_LONGEST = 3
"""Characters of what is put between or in the place of others."""
_FILLER = "wzxvqpk"
_AS_THEY_ARE = frozenset({int, str, type(None)})
"""Types whose equal values Python writes alike."""


def behaviour(question: str, answer: str) -> str | None:
    """What the function of an answer does, as a digest of the values that it gives for a fixed choice of arguments.

    They are of the kind that the question's example shows; where it shows none, of the kind on which it fails least.

    Returns:
        None where the answer has no function, or one that is not run here.
    """
    node = _asked_function(question, answer)
    if node is None:
        return None
    function, arity = _load(node), len(node.args.args)
    kinds = _PAIRS if arity == 2 else _ALONE
    shown = _shown_kind(question, node.name)
    tried = [(*_outcomes(function, kinds[kind]), kind) for kind in ([shown] if shown in kinds else kinds)]
    failed, outcomes, kind = min(tried, key=lambda one: one[0])
    if failed == len(outcomes):
        return None
    return f"python {arity} {kind} {hashlib.sha256(' '.join(outcomes).encode()).hexdigest()[:24]}"


def _asked_function(question: str, answer: str) -> ast.FunctionDef | None:
    """The function that is asked for; none where it is not to be run."""
    if "def " not in answer:
        return None
    blocks = [block.text for block in fenced_blocks(answer)]
    try:
        tree = ast.parse("\n".join(blocks) if blocks else answer)
    except (SyntaxError, ValueError, RecursionError):
        return None
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    asked = re.search(r"\bdef (\w+)\(", question)
    node = defined.get(asked.group(1)) if asked else None
    if node is None and len(defined) == 1:
        (node,) = defined.values()
    if node is None or not _is_plain(node):
        return None
    for parameter in node.args.args:
        parameter.annotation = None  # it would be evaluated
    node.returns = None
    return node


def _is_plain(function: ast.FunctionDef) -> bool:
    """Whether it is of the part of the language that is run."""
    args = function.args
    simple = not (args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs or args.defaults)
    if function.decorator_list or not simple or len(args.args) not in (1, 2):
        return False
    lines = function.body[1:] if ast.get_docstring(function) is not None else function.body
    nodes = [node for line in lines for node in ast.walk(line)]
    if len(nodes) > _MOST_NODES or not all(isinstance(node, _NODES) and _is_harmless(node) for node in nodes):
        return False
    counts = Counter(type(node) for node in nodes)
    joined = sum(isinstance(node, ast.Attribute) and node.attr in {"join", "replace"} for node in nodes)
    few = joined <= _LONGEST and all(counts[kind] <= most for kind, most in _MOST.items())
    return few and all(_grows_slowly(node) for node in nodes if isinstance(node, ast.For))


def _is_harmless(node: ast.AST) -> bool:
    """Whether it can do no harm by itself: it reaches nothing, and makes nothing large."""
    match node:
        case ast.Constant(value=int() | float() as number):
            harmless = abs(number) <= _LARGEST
        case ast.Constant(value=str() as text):
            harmless = len(text) <= _LARGEST and "%" not in text
        case ast.Constant(value=value):
            harmless = value is None
        case ast.Name(id=name):
            harmless = not name.startswith("_")
        case ast.Attribute(attr=name):
            harmless = name in _METHODS
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[other]):  # Python warns of `n is 3`
            harmless = isinstance(other, ast.Constant) and other.value is None
        case ast.BinOp(op=ast.Pow(), right=power):
            harmless = isinstance(power, ast.Constant) and power.value in range(_LARGEST_POWER + 1)
        case ast.Call():
            harmless = _is_harmless_call(node)
        case _:
            harmless = True
    return harmless


def _is_harmless_call(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        if call.func.id == "range":
            return all(isinstance(one, ast.Call) and getattr(one.func, "id", "") == "len" for one in call.args)
        return call.func.id in _BUILTINS
    if not isinstance(call.func, ast.Attribute):
        return False
    inserted = {"join": [call.func.value], "replace": call.args}.get(call.func.attr, [])
    return all(isinstance(one, ast.Constant) and len(str(one.value)) <= _LONGEST for one in inserted)


def _grows_slowly(loop: ast.For) -> bool:
    """Whether no turn of a loop builds on what the turn before has built, but for adding to it once."""
    changed = {node.id for node in ast.walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    changed -= {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    for node in (node for line in loop.body for node in ast.walk(line)):
        if isinstance(node, ast.AugAssign) and not isinstance(node.op, ast.Add | ast.Sub):
            return False
        if isinstance(node, ast.Assign | ast.AugAssign) and changed & {
            inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)
        }:
            return False
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
            return False
    return not isinstance(loop.iter, ast.Name) or not _appends_to(loop, loop.iter.id)


def _appends_to(loop: ast.For, name: str) -> bool:
    """Whether a loop lengthens the list that it runs through."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "append" and getattr(node.value, "id", "") == name
        for node in ast.walk(loop)
    )


def _load(node: ast.FunctionDef) -> Callable[..., Any]:
    defined: dict[str, Any] = {}
    code = compile(ast.Module([node], []), "<answer>", "exec")
    exec(code, {"__builtins__": _BUILTINS}, defined)  # noqa: S102 - `_is_plain` has seen every node of it
    function: Callable[..., Any] = defined[node.name]
    return function


def _outcomes(function: Callable[..., Any], given: tuple[tuple[Any, ...], ...]) -> tuple[int, list[str]]:
    """(how many calls failed, the value of each call or the kind of its error)."""
    outcomes, failed = [], 0
    for arguments in given:
        try:
            outcomes.append(_shown(function(*[list(one) if type(one) is tuple else one for one in arguments])))
        except Exception as error:  # noqa: BLE001 - whatever it raises is what it does
            failed += 1
            outcomes.append(type(error).__name__)
    return failed, outcomes


def _shown(value: object) -> str:
    """A value in one way for all that are equal: True and 1, 2.0 and 2, a mapping in any order."""
    if type(value) in _AS_THEY_ARE or (type(value) is list and {type(one) for one in value} <= _AS_THEY_ARE):
        return repr(value)
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{_shown(key)}: {_shown(one)}' for key, one in value.items()))}}}"
    if isinstance(value, list | tuple):
        opening, closing = "[]" if isinstance(value, list) else "()"
        return f"{opening}{', '.join(map(_shown, value))}{closing}"
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    return repr(value)


def _shown_kind(question: str, name: str) -> str:
    """What the first argument of the question's example is; empty where there is none that can be read."""
    asked = re.search(r"\bdef (\w+)\(", question)
    found = re.search(
        rf"\b{re.escape(asked.group(1) if asked else name)}\((.+)\)\s*(?:\n|==|$)", question.partition(">>>")[2]
    )
    try:
        first = ast.literal_eval(f"({found.group(1)},)")[0] if found else None
    except (SyntaxError, ValueError):
        return ""
    return {int: "number", list: "list", str: "text"}.get(type(first), "")


def _lists() -> Iterator[tuple[int, ...]]:
    """None, one number, and several: equal ones, negative ones, rising and falling ones."""
    yield ()
    yield from ((number,) for number in range(-13, 48))
    yield from (
        (7, 7, -7),
        (0, 0),
        tuple(range(-6, 7)),
        tuple(range(6, -7, -1)),
        (3, -3, 12, 3, 40, 3),
        (1, 2, 4, 8, 16, 32),
    )
    yield from (tuple((31 * place + 17 * size * size) % 61 - 15 for place in range(size)) for size in range(2, 13))


def _texts() -> Iterator[str]:
    """Of each length, with each letter in each place, and of several words."""
    yield from ("", "Ab cd", "hello world", "AEIOU aeiou", "12 34 567", "a be sea deep eight common letters")
    yield "a b ab cd abc def abcd efgh abcde fghij"
    yield from (_FILLER[:size] for size in range(1, 8))
    for letter in ascii_lowercase:
        yield from (_FILLER[:place] + letter + _FILLER[place + 1 :] for place in range(len(_FILLER)))
        yield from (
            f"{letter}",
            f"{letter.upper()}{letter}m{letter}",
            f"{letter}x x{letter} x{letter}x {letter} {letter.upper()}y",
        )


_ALONE = {
    "number": tuple((number,) for number in range(-40, 61)),
    "list": tuple((numbers,) for numbers in _lists()),
    "text": tuple((text,) for text in _texts()),
}
"""The arguments of functions of one parameter; a tuple is given as a list."""
_SOME = (-13, -8, -3, -1, 0, 1, 2, 5, 7, 12, 30)
_PAIRS = {
    "number": tuple(product(_SOME, _SOME)),
    "list": tuple(product(((), (4,), (2, 9, 4), (-5, 4, 4, 11, 0)), repeat=2)),
    "text": tuple(product(("", "a", "ab", "banana", "Ab cd"), repeat=2)),
}
"""Those of functions of two."""
