"""Finding plug-ins: by the name that an installed package registered, or in a Python file that a person names.

Every port of ours looks for its plug-ins here, so that a name, a file and what is wrong with either are told alike
everywhere. A file is code that runs: it may be named on the command line and in a run file, which a person wrote for
this machine, and never in a domain pack, an item file or a benchmark, which come from anywhere.
"""

import hashlib
import importlib.util
import re
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import AfterValidator

from ioa.memory.errors import UserError

_FILE = re.compile(r"(?P<file>(?:[A-Za-z]:[\\/])?[^:\n]+\.py):(?P<attribute>[A-Za-z_]\w*)(?::(?P<argument>.*))?")
"""`FILE.py:ATTRIBUTE`, perhaps with `:ARGUMENT`. A drive of Windows is the only colon that a path may have: without
that rule `gguf:./a.py:b` would be a file, too."""
_FILE_AND_ATTRIBUTE = re.compile(r"(?:[A-Za-z]:[\\/])?[^:=\n]+\.py:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Plugin:
    """What was found."""

    value: Any
    """What the name stands for, as its author wrote it."""
    place: str
    """Where it is from, to be said when it turns out to be something else than was expected."""


def is_plugin_file(name: str) -> bool:
    """Whether a name is the place of a plug-in in a file, `FILE.py:ATTRIBUTE`, and not that of an installed one."""
    return _FILE.fullmatch(name) is not None


def plugin_file_at_start(text: str) -> str:
    """The plug-in's file and attribute with which a text begins, `FILE.py:ATTRIBUTE`; empty where it does not."""
    found = _FILE_AND_ATTRIBUTE.match(text)
    return found[0] if found else ""


def absolute_plugin(name: str) -> str:
    """The name with the file's absolute path, so that it means the same in every folder; other names as they are."""
    found = _FILE.fullmatch(name)
    if found is None:
        return name
    path = Path(found["file"]).expanduser().absolute()
    return f"{path}{name[found.end('file') :]}"


PluginName = Annotated[str, AfterValidator(absolute_plugin)]
"""A name, or `FILE.py:ATTRIBUTE`; a relative path begins where the run is begun, and it may go on from elsewhere."""


def plugin_argument(name: str) -> str:
    """What stands behind the attribute of a file's plug-in, `FILE.py:ATTRIBUTE:ARGUMENT`; empty where nothing does."""
    found = _FILE.fullmatch(name)
    return (found["argument"] or "") if found else ""


def plugin_names(group: str) -> list[str]:
    """Names of the installed plug-ins of an entry-point group."""
    return sorted(entry.name for entry in entry_points(group=group))


def load_plugin(group: str, name: str, *, kind: str) -> Plugin:
    """What a name stands for.

    Args:
        group: The entry-point group in which packages register such plug-ins.
        name: A name of that group, or `FILE.py:ATTRIBUTE`, from the current folder where the path is relative.
        kind: What it is to a reader of the message, such as "scorer".

    Raises:
        UserError: there is none of that name, no such file or attribute, or importing it fails.
    """
    found = _FILE.fullmatch(name)
    if found is not None:
        return _from_file(found["file"], found["attribute"], kind)
    for entry in entry_points(group=group, name=name):
        place = f"entry point {entry.name} = {entry.value}"
        try:
            return Plugin(entry.load(), place)
        except Exception as error:
            raise UserError(
                f"The {kind} {name} is installed ({place}) and cannot be loaded: {_reason(error)}. "
                "Install its package again, or correct it."
            ) from error
    raise UserError(
        f"There is no {kind} {name!r}. Installed here: {', '.join(plugin_names(group))}. One in a file of yours is "
        f"named by file and attribute: ./my_file.py:open_{kind}."
    )


def open_plugin(group: str, name: str, *arguments: Any, kind: str) -> Plugin:
    """What a plug-in makes when it is called.

    Args:
        group: As for `load_plugin`.
        name: As for `load_plugin`.
        arguments: What it is called with.
        kind: As for `load_plugin`.

    Raises:
        UserError: as `load_plugin`, or it is nothing to call, or it fails; what it raises as such goes through.
    """
    plugin = load_plugin(group, name, kind=kind)
    if not callable(plugin.value):
        raise UserError(
            f"The {kind} {name}: {plugin.place} is of type {type(plugin.value).__name__}. "
            f"Expected something that is called and opens the {kind}: a function or a class."
        )
    try:
        return Plugin(plugin.value(*arguments), plugin.place)
    except UserError:
        raise
    except Exception as error:
        found = _FILE.fullmatch(name)
        path = Path(found["file"]).expanduser().absolute() if found else None
        raise UserError(f"The {kind} {name} cannot be opened: {plugin.place}: {_reason(error, path)}.") from error


def _from_file(file: str, attribute: str, kind: str) -> Plugin:
    path = Path(file).expanduser().absolute()
    place = f"{attribute} of {path}"
    if not path.is_file():
        raise UserError(
            f"The {kind} {file}:{attribute}: there is no file {path}. "
            "Give its path from the current folder, or an absolute one."
        )
    try:
        module = _module(path)
    except (Exception, SystemExit) as error:  # whatever somebody's file does when it is imported
        raise UserError(
            f"The {kind} {file}:{attribute}: importing {path} fails: {_reason(error, path)}. Correct the file."
        ) from error
    try:
        return Plugin(getattr(module, attribute), place)
    except AttributeError:
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        known = f"It defines {', '.join(own)}." if own else "It defines neither a function nor a class."
        raise UserError(f"The {kind} {file}:{attribute}: {path} has no {attribute!r}. {known}") from None


def _module(path: Path) -> ModuleType:
    """The module of a file, imported once however many plug-ins of it are named.

    It gets a name of its own, since that of the file may be a package's, and stands in `sys.modules`, where dataclasses
    and pickle look for the module of a class.
    """
    name = f"ioa_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python source")
    module = importlib.util.module_from_spec(spec)
    # Before it runs, as the import system does it: dataclasses look their module up while it is being executed.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # or a second attempt would find half a module
        raise
    return module


def _reason(error: BaseException, path: Path | None = None) -> str:
    """The error in a line, with the line of the file at which it came up."""
    lines = []
    if isinstance(error, SyntaxError):
        lines = [error.lineno or 0]
    elif path is not None:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == str(path):
                lines.append(trace.tb_lineno)
            trace = trace.tb_next
    said = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {said}".rstrip(": ") + (f" (line {lines[-1]})" if lines else "")
