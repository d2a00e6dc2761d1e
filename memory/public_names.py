"""Packages whose public names are imported when they are first used, so that a command imports what it needs alone.

Such a package writes its imports as ever, but for type checkers, and has them done here:

    if TYPE_CHECKING:
        from ioa.memory.clock import Clock
    else:
        import_when_used(__name__)

    __all__ = ["Clock"]
"""

import ast
import sys
from functools import cached_property
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    """A package that looks into its own source for the module that a public name comes from."""

    __all__: list[str]

    @cached_property
    def _homes(self) -> dict[str, str]:
        """The module of each name that the package's source imports."""
        loader: Any = self.__loader__
        nodes = ast.walk(ast.parse(loader.get_source(self.__name__)))
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        return {name.name: str(node.module) for node in imports for name in node.names}

    def __getattr__(self, name: str) -> Any:
        """Import a public name; Python asks here for what the package does not have yet."""
        if name not in self.__dict__.get("__all__", ()) or name not in self._homes:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(__import__(self._homes[name], fromlist=[name]), name)  # `python -X importtime` sees this one
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        """Let a public name be what it says also where a module has the same name, which Python puts here."""
        own = isinstance(value, ModuleType) and name in self.__dict__.get("__all__", ())
        super().__setattr__(name, getattr(value, name) if own else value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__all__})


def import_when_used(package: str) -> None:
    """Have the public names of a package imported when they are first asked for.

    Args:
        package: Its `__name__`; its source says in `from MODULE import NAME` where each name of its `__all__` is.
    """
    sys.modules[package].__class__ = _Package
