"""The script of the report: ECharts as NiceGUI carries it, and what draws charts and cards with it."""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from ioa.memory.errors import UserError

_ENTRY = re.compile(r'import\{(?P<names>[^}]*)\}from"\./(?P<file>[\w.-]+\.js)";export\{(?P<exported>[^}]*)\}')
_EXPORTS = re.compile(r"export\{(?P<names>[^}]*)\};?\s*(?://# sourceMappingURL=\S*\s*)?\Z")
_OURS = (("charts", "chart_functions.js"), ("cards", "cards.js"), ("report", "transcript.js"), ("report", "report.js"))


@cache
def page_script() -> str:
    """The whole script, which needs no other file: it runs from a page that loads nothing.

    Raises:
        UserError: the installed NiceGUI does not have ECharts where it is looked for.
    """
    ours = "".join((files(f"ioa.results.{room}") / name).read_text(encoding="utf-8") for room, name in _OURS)
    found = find_spec("nicegui")  # and not imported: that takes a second and makes a folder
    home = Path(found.origin).parent if found and found.origin else Path("nicegui")
    return f'"use strict";\n{echarts_script(home / "elements" / "echart" / "dist")}\n{ours}'


def script_hash(script: str) -> str:
    """By which a browser knows the script, and runs no other: `sha256-...` of a Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def echarts_script(dist: Path) -> str:
    """ECharts as a statement that defines `echarts`.

    NiceGUI brings it as a module, `index.js`, that names an export of another, large one. A page that is opened as a
    file cannot load modules, and one whose policy allows one script by its hash cannot make any. So the export
    statement at the end of the large one becomes a `return`, of a function that is called at once.

    Args:
        dist: Where the two files are.

    Raises:
        UserError: they are not there, or look different.
    """
    try:
        entry = _ENTRY.match((dist / "index.js").read_text(encoding="utf-8"))
        imported, exported = (_renamed(entry[part]) for part in ("names", "exported")) if entry else ({}, {})
        source = (dist / entry["file"]).read_text(encoding="utf-8") if entry else ""
        exports = _EXPORTS.search(source)
        inner = {after: before for before, after in _renamed(exports["names"]).items()} if exports else {}
        local = next(before for before, after in exported.items() if after == "echarts")
        name = inner[next(before for before, after in imported.items() if after == local)]
    except (OSError, StopIteration, KeyError) as error:
        raise UserError(
            f"{dist}: ECharts is not there as NiceGUI 3.18 brings it ({error!r}), so the report has no charts. "
            "Install that version: pip install 'nicegui==3.18.*'"
        ) from error
    if exports is None or "</script" in source or "<!--" in source:
        raise UserError(f"{dist}: this ECharts cannot stand inside a page. Install NiceGUI 3.18.")
    return f"const echarts = (() => {{{source[: exports.start()]}\nreturn {name};}})();"


def _renamed(names: str) -> dict[str, str]:
    """`a as b,c` of an import or export statement, by the name before `as`."""
    pairs = [one.strip().split(" as ") for one in names.split(",")]
    return {pair[0]: pair[-1] for pair in pairs}
