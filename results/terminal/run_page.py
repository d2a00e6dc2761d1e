"""One run on a page of the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ioa.graph.settings.method import USUAL_METHOD
from ioa.memory.plain_text import plain
from ioa.results.activities import COLUMNS, activity_rows
from ioa.results.overview import Overview, StagePage, Taught, Untouched
from ioa.results.rounds_taught import RoundTaught
from ioa.results.run_cards import RunCard
from ioa.results.summary import scope_words
from ioa.results.terminal.runs_table import STYLES, whereabouts
from ioa.results.words import ago, change_words, count, duration, money, score_cell, setting

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

_PHASES = 5
"""Nodes whose time is shown."""


def overview_page(page: Overview) -> "Group":
    """The page; markup in texts of people and models is not interpreted, and control characters are removed."""
    from rich.console import Group

    return Group(*_blocks(page))


def _blocks(page: Overview) -> Iterator["RenderableType"]:
    from rich.text import Text

    yield _head(page.card)
    yield _facts(page)
    if page.stages:
        yield title("Curriculum and mastery, right answers of the student at each gate")
        yield _mastery(page.stages, finished=page.card.status == "finished")
        if page.rounds:
            yield title("What each round taught, new lessons")
            yield _rounds(page.rounds)
        yield title(_scores_title(page))
        yield _scores(page)
        if page.final.scope:
            yield Text(scope_words(page.final), style="dim")
    if page.agents:
        yield title("What was asked of the teachers")
        yield _agents(page)
    if page.activities:
        yield title("Where the time went")
        yield grid(COLUMNS, activity_rows(page.activities))
    yield from _listed("What came to nothing", [*_counts("attempts", page.rejected), *_counts("lessons", page.refused)])
    yield from _listed("To be borne in mind", page.remarks)
    notes = [f"{note.sender} → {note.receiver}  {note.text}" for note in page.notes]
    yield from _listed("What the agents told one another last", notes)
    if page.next:
        yield title("Where to look next")
        yield _pairs(page.next)
    yield Text("")


def _head(card: RunCard) -> "Text":
    from rich.text import Text

    where = whereabouts(card)
    return Text.assemble(
        (plain(card.run_id), "bold"),
        "  ",
        (plain(card.status), STYLES.get(card.status, "")),
        f"  {plain(where)}" if where else "",
    )


def _facts(page: Overview) -> "Table":
    card = page.card
    described = f": {page.description}" if page.description else ""
    modules = f" ({page.modules} modules, {card.targets or 0} of them targets)" if page.modules else ""
    lines = {
        "domain": f"{card.domain or '-'}{modules}{described}",
        "teacher": card.teacher or "-",
        "student": card.student or "-",
        **({"method": card.method} if card.method not in {None, USUAL_METHOD} else {}),
        "settings": ", ".join(f"{one.key}={setting(one.b)}" for one in page.settings) or "all at their defaults",
        "began": f"{card.began[:16].replace('T', ' ')} UTC, {ago(card.began)}; changed {ago(card.changed)}",
        "worked": _worked(page),
        **({"computed": page.execution} if page.execution else {}),
        "asked": f"{count(card.calls)} calls, {count(card.tokens)} tokens, {money(card.usd)}",
        "lessons": f"{page.accepted:,} accepted, {sum(page.refused.values()):,} refused",
        **({"budget": page.budget.words} if page.budget.words else {}),
    }
    return _pairs(lines)


def _worked(page: Overview) -> str:
    longest = [f"{name} {duration(seconds)}" for name, seconds in list(page.phases.items())[:_PHASES] if seconds >= 1]
    return duration(page.card.wall_seconds) + (f": {', '.join(longest)}" if longest else "")


def _mastery(stages: Iterable[StagePage], *, finished: bool) -> "Table":
    from rich.table import Table

    stages = list(stages)
    rounds = sorted({gate.round for stage in stages for module in stage.modules for gate in module.rounds})
    unknown = "no gate" if finished and not rounds else "not examined yet"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Stage", "Module", *(f"Round {round_}" for round_ in rounds), "Teacher", "Mastered"):
        table.add_column(name, overflow="fold")
    for stage in stages:
        for at, module in enumerate(stage.modules):
            table.add_row(f"{stage.number}" if at == 0 else "", *_mastery_cells(module, rounds, unknown))
    return table


def _rounds(rounds: Iterable[RoundTaught]) -> "Table":
    names = ("Stage", "Round", "What", "Modules", "Asked for", "Accepted", "Trained on")
    rows = [
        (
            f"{one.stage}",
            f"{one.round}",
            one.teaching.words,
            ", ".join(one.modules),
            count(one.asked),
            count(one.accepted),
            "-" if one.trained is None else count(one.trained),
        )
        for one in rounds
    ]
    return grid(names, rows)


def _mastery_cells(module: Taught, rounds: Iterable[int], unknown: str) -> list["Text"]:
    from rich.text import Text

    by_round = {gate.round: gate for gate in module.rounds}
    cells = [Text(plain(module.module))]
    for round_ in rounds:
        gate = by_round.get(round_)
        shown = gate.student.fraction if gate else ""
        style = ("green" if gate.mastered else "red") if gate else ""
        cells.append(Text(shown, style=f"{style} bold" if gate and gate.kept else style))
    teacher = module.rounds[-1].teacher if module.rounds else None
    word = {True: "yes", False: "no", None: unknown}[module.mastered]
    style = {True: "green", False: "red", None: "dim"}[module.mastered]
    lost = ", forgotten since" if module.forgotten else ""
    return [*cells, Text(teacher.fraction if teacher else ""), Text(word + lost, style=style)]


def _scores_title(page: Overview) -> str:
    if page.final.after:
        return "Final examination, with 95 % intervals"
    return "Before anything was taught (diagnosis), with 95 % intervals"


def _scores(page: Overview) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    examined = page.final.after is not None
    names = ("Before", "After", "Teacher") if examined else ("Before", "Teacher")
    for name in ("Module", *names, *(("Won, lost",) if examined else ())):
        table.add_column(name, overflow="fold")
    # Of a module that a bridge teaches first the examination is one.
    taught = {module.module: module for stage in page.stages for module in stage.modules}
    rows: list[Taught | Untouched] = [*taught.values(), *page.untouched]
    for at, module in enumerate(rows):
        scores = [getattr(module, name.lower()) for name in names]
        change = [_change(page.changes.get(module.module))]
        cells = [Text(plain(module.module)), *map(score_cell, scores), *(change if examined else ())]
        table.add_row(*cells, style=None if at < len(taught) else "dim")
    for name, part in (("all targets", page.final), ("never taught", page.final.untouched), ("all", page.final.all)):
        if part.after:
            cells = [score_cell(score) for score in (part.before, part.after, part.teacher)]
            table.add_row(name, *cells, f"{len(part.fell)} of {part.modules} fell", style="bold")
    return table


def _change(change: tuple[int, int] | None) -> "Text":
    """Items that teaching won and lost, in red where it lost more."""
    from rich.text import Text

    if change is None:
        return Text(change_words(None, None))
    gained, lost = change
    return Text(change_words(gained, lost), style="red" if lost > gained else "")


def _agents(page: Overview) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Agent", "Calls", "From the ledger", "To nothing", "Tokens in", "Tokens out", "Cost", "Waited"):
        table.add_column(name, justify="left" if name == "Agent" else "right")
    for one in page.agents:
        numbers = (one.calls, one.ledger, one.rejected, one.input_tokens, one.output_tokens)
        table.add_row(plain(one.agent), *map(count, numbers), money(one.usd), duration(one.seconds))
    return table


def _counts(what: str, counts: Mapping[str, int]) -> list[str]:
    told = ", ".join(f"{number:,} {reason}" for reason, number in counts.items())
    return [f"{what}: {told}"] if told else []


def _listed(heading: str, lines: Iterable[str]) -> Iterator["RenderableType"]:
    from rich.padding import Padding
    from rich.text import Text

    lines = list(lines)
    if lines:
        yield title(heading)
        yield from (Padding(Text(plain(line)), (0, 0, 0, 2), expand=False) for line in lines)


def title(text: str) -> "Text":
    """The heading of a part of a page."""
    from rich.text import Text

    return Text(f"\n{text}", style="bold cyan")


def grid(names: Sequence[str], rows: Iterable[Sequence[str]]) -> "Table":
    """A table without lines, of texts of which nothing is interpreted."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(Text(plain(name)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    return table


def _pairs(pairs: Mapping[str, str]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in pairs.items():
        table.add_row(Text(plain(label)), Text(plain(text)))
    return table
