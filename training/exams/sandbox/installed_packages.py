"""Third-party packages that the sandbox lends to tests and code: their files, as they are installed here."""

import importlib.metadata
import re
import sys
from functools import cache
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@cache
def package_paths(module: str) -> tuple[Path, ...]:
    """Folders and files that have to be there for this module to be imported, those of its requirements included.

    Empty for a module that is not installed as files, such as one of the standard library or of an editable project.
    """
    if module in sys.stdlib_module_names:
        return ()
    found: set[Path] = set()
    open_, seen = set(_distributions().get(module, ())), set[str]()
    while open_:
        name = open_.pop()
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # required on other systems or versions alone
        found |= _top_level(distribution)
        needs = [need for need in distribution.requires or () if "extra ==" not in need]
        open_ |= {match.group() for need in needs if (match := _NAME.match(need))} - seen
    return tuple(sorted(found)) if any(path.name.partition(".")[0] == module for path in found) else ()


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


def _top_level(distribution: importlib.metadata.Distribution) -> set[Path]:
    tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}}
    paths = {Path(str(distribution.locate_file(top))).resolve() for top in tops if not top.endswith(".pth")}
    return {path for path in paths if path.exists()}
