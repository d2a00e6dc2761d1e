"""What of a program a function needs: the rest of the file is left out before the function is judged.

Models write demonstrations, self-tests, `input()` and `sys.exit()` below the function that was asked for. EvalPlus
(Liu et al. 2023) judges the function alone, and so does this: what the function uses is kept, what that uses, and what
at the top of the file changes any of it, such as a loop that fills a table.
"""

import ast
import builtins
import symtable
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ioa.memory.fenced_blocks import lines_of

MOST_PARTS = 5000
"""Statements of a program that is looked at; a longer one is judged as it stands."""
CONFIGURING = {
    ("sys", "setrecursionlimit"),
    ("sys", "set_int_max_str_digits"),
    ("threading", "stack_size"),
    ("random", "seed"),
    ("warnings", "filterwarnings"),
    ("warnings", "simplefilter"),
    ("decimal", "setcontext"),
    ("locale", "setlocale"),
}
"""Calls that set how the interpreter or the library works, for whoever uses it afterwards."""
READING = {"copy", "count", "endswith", "format", "get", "index", "items", "join", "keys", "startswith", "values"}
"""Methods of builtin values that change nothing."""
_FAULTS = (SyntaxError, ValueError, RecursionError, MemoryError)
_BUILTINS = frozenset(dir(builtins))
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def tree_of(code: str) -> ast.Module | None:
    """The program's tree; none where it is no Python that this interpreter knows."""
    with warnings.catch_warnings(action="ignore"):  # of escapes
        try:
            return ast.parse(code)
        except _FAULTS:
            return None


@dataclass(eq=False)
class _Part:
    """Statements of a module that share lines: one, as a rule."""

    first: int
    last: int
    """Numbers of their lines, from 1, both included."""
    statements: list[ast.stmt]
    binds: set[str] = field(default_factory=set)
    """Names of the module that they give a value to."""
    uses: set[str] = field(default_factory=set)
    """Names of the module, or builtins, that they use when executed, or that what they define uses."""
    changes: set[str] = field(default_factory=set)
    """Names whose attributes or items they set when executed."""
    touches: set[str] = field(default_factory=set)
    """Names whose methods they call, or that they hand to functions, when executed: variables may be changed so."""
    calls: set[str] = field(default_factory=set)
    """Functions that they call by name when executed."""
    handed: list[tuple[str, str]] = field(default_factory=list)
    """(function, name): what each call by name is given."""
    fixed: set[str] = field(default_factory=set)
    """Of what they bind, functions, classes and modules."""

    @property
    def is_test(self) -> bool:
        """Whether nothing of it is ever needed: a self-test, or what runs in a script alone."""
        return all(isinstance(one, ast.Assert) or _is_main_guard(one) for one in self.statements)

    @property
    def is_always_kept(self) -> bool:
        """Whether it imports what has no name here, or sets how the interpreter works."""
        return any(_imports_unnamed(one) or _configures(one) for one in self.statements)


def needed_code(code: str, wanted: Iterable[str], kept_lines: int = 0) -> str:
    """The code without what nothing that is wanted needs; lines that are left out are blank.

    Args:
        code: A program.
        wanted: Names that it is read for.
        kept_lines: So many lines at its beginning stay whatever is in them.

    Returns:
        The code; as it is where it cannot be read, or defines none of these names.
    """
    parts = _parts(code)
    names = set(wanted)
    if not any(part.binds & names for part in parts):
        return code
    kept = _needed(parts, names, kept_lines)
    if len(kept) == len(parts):
        return code
    lines = lines_of(code)
    for part in parts:
        if part not in kept:
            lines[part.first - 1 : part.last] = [""] * (part.last - part.first + 1)
    return "\n".join(lines).rstrip()


def unresolved_names(code: str) -> set[str]:
    """Names that a program uses and neither defines nor has from Python."""
    parts = _parts(code)
    bound = {name for part in parts for name in part.binds}
    return {name for part in parts for name in part.uses} - bound - _BUILTINS


def bound_names(code: str) -> set[str]:
    """Names that a program gives a value to at its top level."""
    return {name for part in _parts(code) for name in part.binds}


def imported_modules(code: str) -> set[str]:
    """Top-level names of the modules that a program imports anywhere, those of the standard library left out."""
    tree = tree_of(code)
    found: set[str] = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names


def _needed(parts: Sequence[_Part], wanted: set[str], kept_lines: int) -> set[_Part]:
    module = _Module(parts)
    needed = set(wanted)
    kept = {part for part in parts if part.is_always_kept or part.first <= kept_lines}
    while True:
        needed |= {name for part in kept for name in part.uses}
        left = [part for part in parts if part not in kept and not part.is_test]
        more = {part for part in left if part.binds & needed or module.changed_by(part, needed) & needed}
        if not more:
            return kept
        kept |= more


class _Module:
    """What the functions of a module change when they are called."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._fixed = {name for part in parts for name in part.fixed}
        self._functions: dict[str, _Part] = {}
        for part in parts:
            for one in part.statements:
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                    self._functions[one.name] = _inside(part, one)

    def changed_by(self, part: _Part, needed: set[str]) -> set[str]:
        """Names of the module that it changes when executed.

        What the needed functions do when they are called is left out: a demonstration calls them, and so will the
        tests.
        """
        changes, open_, seen = self._own(part, needed), set(part.calls), set[str]()
        while open_:
            name = open_.pop()
            if name in self._functions and name not in seen | needed:
                changes |= self._own(self._functions[name], needed)
                open_ |= self._functions[name].calls
            seen.add(name)
        return changes

    def _own(self, part: _Part, needed: set[str]) -> set[str]:
        handed = {name for function, name in part.handed if function not in needed}
        return part.changes | ((part.touches | handed) - self._fixed)


def _inside(part: _Part, function: ast.FunctionDef | ast.AsyncFunctionDef) -> _Part:
    """The body of a function as statements that are executed."""
    inside = _Part(part.first, part.last, function.body)
    _note_effects(inside, nested=True)
    inside.changes |= {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    return inside


def _parts(code: str) -> list[_Part]:
    tree = tree_of(code)
    lines = lines_of(code)
    parts: list[_Part] = []
    for one in tree.body if tree and len(tree.body) <= MOST_PARTS else ():
        decorators: list[ast.expr] = getattr(one, "decorator_list", [])
        first, last = min(one.lineno, *(line.lineno for line in decorators), one.lineno), one.end_lineno or one.lineno
        if parts and first <= parts[-1].last:
            parts[-1].statements.append(one)
            parts[-1].last = max(last, parts[-1].last)
        else:
            parts.append(_Part(first, last, [one]))
    for part in parts:
        _note_names(part, "\n".join(lines[part.first - 1 : part.last]))
        _note_effects(part)
    return parts


def _note_names(part: _Part, source: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        try:
            table = symtable.symtable(source, "code", "exec")
        except _FAULTS:  # lines that are whole only in their place, such as behind an odd line end
            nodes = [node for one in part.statements for node in ast.walk(one) if isinstance(node, ast.Name)]
            part.uses |= {node.id for node in nodes}
            part.binds |= {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
            part.binds |= {name for one in part.statements if (name := getattr(one, "name", None))}
            return
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            part.binds.add(symbol.get_name())
        if symbol.is_referenced():
            part.uses.add(symbol.get_name())
    for inner in _tables(table):
        part.uses |= {symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global()}


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for inner in table.get_children():
        yield inner
        yield from _tables(inner)


def _note_effects(part: _Part, *, nested: bool = False) -> None:
    """What is changed and called when the statements are executed; `nested`: also what functions in them do."""
    for node in _executed(part.statements, nested=nested):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            part.changes |= _root(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            part.fixed.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            part.fixed |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Call):
            _note_call(part, node)


def _note_call(part: _Part, call: ast.Call) -> None:
    given = {argument.id for argument in call.args if isinstance(argument, ast.Name)}
    if isinstance(call.func, ast.Attribute):
        if call.func.attr not in READING:
            part.touches |= _root(call.func.value)
        part.handed += [(name, argument) for name in _root(call.func.value) for argument in given]
    elif isinstance(call.func, ast.Name):
        name = call.func.id
        part.calls.add(name)
        if name in {"setattr", "delattr"} and call.args:
            part.changes |= _root(call.args[0])
        if name not in _BUILTINS:
            part.handed += [(name, argument) for argument in given]


def _executed(statements: Iterable[ast.AST], *, nested: bool) -> Iterator[ast.AST]:
    open_ = list(statements)
    while open_:
        node = open_.pop()
        yield node
        if nested or not isinstance(node, _NESTED):
            open_ += ast.iter_child_nodes(node)


def _root(node: ast.expr) -> set[str]:
    """The name that a chain of attributes and items begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(inner, ast.Name) and inner.id == "__name__" for inner in ast.walk(node.test)
    )


def _imports_unnamed(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*")


def _configures(node: ast.stmt) -> bool:
    """Whether it is such a call, or sets the context of decimal arithmetic."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            return (called.value.id, called.attr) in CONFIGURING
        return isinstance(called, ast.Name) and called.id in {name for _, name in CONFIGURING}
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Attribute) and isinstance(target.value, ast.Call) and "getcontext" in ast.dump(target)
        for target in node.targets
    )
