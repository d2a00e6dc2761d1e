"""Which names the tests want from the candidate, and which from the standard library."""

import ast
import builtins
import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType


def needed_names(sources: Sequence[str], entry_point: str, known: set[str]) -> list[str]:
    """Names that the tests use and that nobody else defines.

    A name of a builtin is never asked of the candidate, unless it is what it was asked to write: a `set` or a `len`
    of its own would judge it. For the same reason a module is the library's own.

    Raises:
        SyntaxError: a source is not Python.
    """
    used = {node.id for node in _nodes(sources) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    used -= known | set(dir(builtins)) | _modules(sources)
    return sorted(used | {entry_point} if entry_point else used)


def imported_modules(sources: Sequence[str], entry_point: str) -> dict[str, ModuleType]:
    """The modules of the standard library that the tests use without importing them: the code imports them as a rule.

    Raises:
        SyntaxError: a source is not Python.
    """
    found = {}
    for name in _modules(sources) - {entry_point}:
        with contextlib.suppress(ImportError):  # not every build has all; the test then says that the name is missing
            found[name] = importlib.import_module(name)
    return found


def _modules(sources: Sequence[str]) -> set[str]:
    bases = (node.value for node in _nodes(sources) if isinstance(node, ast.Attribute))
    return {base.id for base in bases if isinstance(base, ast.Name) and base.id in sys.stdlib_module_names}


def _nodes(sources: Sequence[str]) -> Iterator[ast.AST]:
    for source in sources:
        yield from ast.walk(ast.parse(source))
