"""What the run did about one module, beside the graph."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from ioa.memory.plain_text import plain
from ioa.memory.records import Score
from ioa.results.explanation import module_story
from ioa.results.story import GateRound, ModuleStory, Shown
from ioa.results.teacher_score import NOT_TEACHABLE, on_other_items
from ioa.results.view.elements import address, block, link, say
from ioa.results.view.pages import PAGES
from ioa.results.view.run_data import RunData
from ioa.results.words import percent, score_words


class ModulePanel:
    """The story of the module that was chosen."""

    def __init__(self, data: RunData, choose: Callable[[str], Awaitable[None]]) -> None:
        """Make the place for it.

        Args:
            data: The run.
            choose: What happens when a person chooses another module.
        """
        self._data = data
        self._choose = choose
        self._told: ModuleStory | None = None
        with ui.element("aside").classes("story").props('aria-label="Story of a module"'):
            names = {name: plain(name) for name in data.facts.module_ids}
            self._select = ui.select(names, label="module", on_change=self._selected)
            self._select.props('dense options-dense data-testid="module"').classes("full")
            self._place = ui.element("div").props('data-testid="story"')

    async def _selected(self) -> None:
        module = self._select.value
        if module is not None and (self._told is None or module != self._told.id):
            await self._choose(module)

    async def show(self, module: str | None) -> None:
        """Tell the story of that module, as it is now."""
        facts = self._data.facts
        if set(self._select.options) != set(facts.module_ids):
            self._select.set_options({name: plain(name) for name in facts.module_ids})
        if module is None:
            return
        story = await asyncio.to_thread(module_story, facts, module)
        if story == self._told:
            return
        self._told = story
        self._select.value = module
        self._place.clear()
        with self._place:
            self._tell(story)

    def _tell(self, story: ModuleStory) -> None:
        say(story.id, "h3")
        if story.entry is not None:
            block(story.entry.description, "muted")
        with ui.element("div").classes("links"):
            for page in PAGES:
                if page.name:
                    link(page.title, address(story.run, page.name, module=story.id))
        _scores(story)
        self._edges(story)
        _rounds("At its own gate", story.gate)
        _rounds("Examined again later", story.later)
        _lessons(story)
        _misconceptions(story.misconceptions)
        if story.unread:
            say(f"{len(story.unread)} replies could not be read and count as wrong.")
            link("Look at them", address(story.run, "probes", module=story.id, q="not read"))
        for missing in story.missing:
            say(f"Not there: {missing}", "muted")

    def _edges(self, story: ModuleStory) -> None:
        for title, names in (
            ("Needs", [edge.source for edge in story.evidence.requires]),
            ("Needed by", [edge.target for edge in story.evidence.supports]),
        ):
            if names:
                say(title, "h4")
                with ui.element("div").classes("links"):
                    for name in names:
                        ui.button(plain(name), on_click=lambda name=name: self._choose(name)).props(
                            "flat dense no-caps"
                        )


def _scores(story: ModuleStory) -> None:
    gap = story.evidence.gap
    if story.evidence.stages:
        numbers = ", ".join(f"{stage.number}: {stage.title}" for stage in story.evidence.stages)
        say(f"Stage {numbers}")
    rows: list[tuple[str, Score | None]] = [
        ("student, diagnosis", story.student),
        ("teacher, diagnosis" + (" (partly other items)" if gap and on_other_items(gap) else ""), story.teacher),
        ("final, before", story.before),
        ("final, after", story.after),
        ("final, teacher", story.final_teacher),
    ]
    table([(name, score_words(score)) for name, score in rows if score is not None])
    if gap is not None and gap.delta is not None:
        deficient = "deficient" if gap.deficient else "not deficient"
        say(f"Gap Δ = {gap.delta:.2f}, severity {gap.severity:.2f}: {deficient}{', taught' if gap.targeted else ''}")
    elif gap is not None:
        say(f"No gap: {NOT_TEACHABLE}, so it cannot teach this module.")


def _rounds(title: str, rounds: Sequence[GateRound]) -> None:
    if not rounds:
        return
    say(title, "h4")
    table(
        [
            (
                f"stage {one.stage}, round {one.round}" + (f" ({one.result.level})" if one.result.level else ""),
                one.result.student.fraction,
                f"{percent(one.result.ratio)} of teacher",
                ("mastered" if one.result.mastered else "not mastered") + (", kept" if one.kept else ""),
            )
            for one in rounds
        ]
    )


def _lessons(story: ModuleStory) -> None:
    if story.accepted:
        say("Lessons", "h4")
        table(
            [
                (
                    f"stage {one.stage}, round {one.round}",
                    one.teaching.words,
                    f"{one.kind.value}, {one.level}",
                    f"{one.count} lessons",
                )
                for one in story.accepted
            ]
        )
    if story.refused:
        counts: Counter[str] = Counter()
        for one in story.refused:
            counts[one.reason.value] += one.count
        say("Refused lessons", "h4")
        table([(reason, str(count)) for reason, count in counts.most_common()])
    for decision in story.remedies:
        where = f"in round {decision.round} of stage {decision.stage}"
        asked = f"{decision.remedy.lessons} lessons, level {decision.remedy.level}"
        why = f" {decision.remedy.reason}" if decision.remedy.reason else ""
        block(f"{decision.teaching.words.capitalize()} {where}: {asked}.{why}", "muted")


def _misconceptions(found: Sequence[Shown]) -> None:
    if not found:
        return
    say("Misconceptions", "h4")
    for one in found:
        told = one.misconception
        sure = (
            f"not acted upon: {told.refused}" if told.refused else f"{len(told.probes)} of {told.failed} wrong answers"
        )
        with ui.element("div").classes("quote"):
            block(told.summary)
            say(f"{told.id.rpartition('/')[0].partition('/')[0]}; {sure}", "muted")


def table(rows: Sequence[Sequence[str]]) -> None:
    """A small table of text."""
    with ui.element("table").classes("small"), ui.element("tbody"):
        for row in rows:
            with ui.element("tr"):
                for cell in row:
                    with ui.element("td"):
                        say(cell)
