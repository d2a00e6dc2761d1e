"""The first page of a run: where it is, and what came of it so far."""

from collections.abc import Mapping

from ioa.graph.report.remarks import remarks
from ioa.graph.view.data import RunData
from ioa.graph.view.elements import block


def build(data: RunData, params: Mapping[str, str]) -> None:
    """Make the page; `module` names the one that is told about."""
    for remark in remarks(data.facts):
        block(remark)
    if module := params.get("module"):
        block(module)
