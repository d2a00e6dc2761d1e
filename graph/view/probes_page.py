"""The examination items of a run, with what the student and the teacher answered."""

from collections.abc import Mapping
from functools import partial

from ioa.graph.view.answers import Item, by_item
from ioa.graph.view.data import RunData
from ioa.graph.view.elements import address, block
from ioa.graph.view.frame import watch
from ioa.graph.view.list_page import ListPage
from ioa.graph.view.probe_cards import probe_card, probe_part
from ioa.memory.files import read_records
from ioa.memory.records import Probe, Split

_CHOICES = {"module": "any module", "split": "any examination", "change": "any change"}


def build(data: RunData, params: Mapping[str, str]) -> None:
    """Make the page."""
    link = partial(address, data.run.run_id)
    withheld = block("", "muted")
    page = ListPage[Item](
        params, _CHOICES, one="item", noun="items", card=lambda item: probe_card(item, link), load=probe_part
    )
    seen = -1

    def refresh() -> None:
        nonlocal seen
        if data.facts_version == seen:
            return
        seen = data.facts_version
        probes = read_records(data.run.probes, Probe)
        finished = data.card.status == "finished"
        shown = [probe for probe in probes if finished or probe.split != Split.FINAL]
        withheld.text = why_withheld(len(probes) - len(shown))
        withheld.set_visibility(bool(withheld.text))
        page.show(by_item(shown, data.facts.examinations))

    refresh()
    watch(data, refresh)


def why_withheld(count: int) -> str:
    """What is said of so many items of the final examination that are not shown; nothing where there are none."""
    if not count:
        return ""
    return (
        f"The {count:,} items of the final examination are not shown yet: it is held once, when all teaching is over, "
        "and nobody should have looked at its items while there is still something to decide. They are here when the "
        "run is finished."
    )
