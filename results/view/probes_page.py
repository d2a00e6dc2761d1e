"""The examination items of a run, with what the student and the teacher answered."""

from collections.abc import Mapping
from functools import partial

from ioa.memory.plain_text import plain
from ioa.memory.records import Split
from ioa.results.cards.probe_cards import probe_card, probe_part
from ioa.results.item_history import Item, by_item, read_items
from ioa.results.view.elements import address, block, problem
from ioa.results.view.frame import watch
from ioa.results.view.list_page import ListPage
from ioa.results.view.run_data import RunData

_CHOICES = {"module": "any module", "split": "any examination", "change": "any change"}


def build(data: RunData, params: Mapping[str, str]) -> None:
    """Make the page."""
    link = partial(address, data.run.run_id)
    withheld = block("", "muted")
    wrong = problem("")
    page = ListPage[Item](
        params, _CHOICES, one="item", noun="items", card=lambda item: probe_card(item, link), load=probe_part
    )
    seen: tuple[int, bool] | None = None

    def refresh() -> None:
        nonlocal seen
        finished = data.card.status == "finished"
        if (data.facts_version, finished) == seen:
            return
        seen = (data.facts_version, finished)
        probes, why = read_items(data.run)
        wrong.text = plain(why)
        wrong.set_visibility(bool(why))
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
