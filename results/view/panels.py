"""Charts on a page, redrawn only where they have changed."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from ioa.results.charts import Panel


class Drawn:
    """A place for the panels of one chart."""

    def __init__(
        self, classes: str = "", clicked: Callable[[EChartPointClickEventArguments], Awaitable[None]] | None = None
    ) -> None:
        self._place = ui.element("div").classes(f"drawn {classes}")
        self._clicked = clicked
        self._charts: list[ui.echart] = []
        self._shown: list[Panel] = []

    def show(self, panels: Sequence[Panel]) -> None:
        """Draw these panels; what is drawn already stays."""
        if len(panels) != len(self._charts):
            self._place.clear()
            with self._place:
                self._charts = [ui.echart(with_code(panel.options), self._clicked) for panel in panels]
            self._shown = []
        for at, (chart, panel) in enumerate(zip(self._charts, panels, strict=True)):
            if self._shown and self._shown[at] == panel:
                continue
            width = "100%" if panel.width is None else f"{panel.width}px"
            chart.style(f"height: {panel.height}px; width: {width}")
            if self._shown:
                chart.options.clear()
                chart.options.update(with_code(panel.options))
                chart.update()
        self._shown = list(panels)


def with_code(options: Any) -> Any:
    """The options as NiceGUI wants them: what a key with a colon names is written out as JavaScript."""
    if isinstance(options, list):
        return [with_code(one) for one in options]
    if not isinstance(options, dict):
        return options
    return {
        key: f"chartFunctions.{value['name']}({json.dumps(value['of'])})" if key.startswith(":") else with_code(value)
        for key, value in options.items()
    }
