"""The closing table of a run, for the terminal."""

from typing import TYPE_CHECKING

from ioa.memory.plain_text import plain
from ioa.memory.records import unread_note
from ioa.results.summary import FinalSum, ModuleSummary, Summary, scope_words
from ioa.results.words import change_words, percent

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_VERDICTS = {True: ("yes", "green"), False: ("no", "red"), None: ("-", "dim")}


def closing_table(summary: Summary) -> "Table":
    """One line per module, targets first by stage, and the target modules together at the foot."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(f"Run {plain(summary.run_id)}: {plain(summary.status)}", style="bold"))
    for name in ("Stage", "Module", "Before", "After", "Won, lost", "Teacher", "Items", "Mastered?"):
        table.add_column(name, justify="left" if name == "Module" else "right")
    rows = sorted(summary.modules, key=lambda m: (not m.planned, m.stage is None, m.stage or 0))
    for at, module in enumerate(rows):
        last_target = bool(module.planned) and (at + 1 == len(rows) or not rows[at + 1].planned)
        table.add_row(*_cells(module), end_section=last_target, style=None if module.planned else "dim")
    _add_foot(table, summary)
    return table


def _cells(module: ModuleSummary) -> list["Text"]:
    from rich.text import Text

    word, style = _VERDICTS[module.mastered]
    return [
        Text(str(module.stage) if module.stage else ""),
        Text(plain(module.id)),
        Text(percent(module.student_before) + unread_note(module.unread_before)),
        Text(
            percent(module.student_after) + unread_note(module.unread_after),
            style="bold" if module.student_after is not None else "",
        ),
        Text(change_words(module.gained, module.lost), style="red" if _fell(module) else ""),
        Text(percent(module.teacher) + unread_note(module.unread_teacher)),
        Text(str(module.n) if module.n else "-"),
        Text(word, style=style),
    ]


def _fell(module: ModuleSummary) -> bool:
    return module.lost is not None and module.lost > (module.gained or 0)


def _add_foot(table: "Table", summary: Summary) -> None:
    final = summary.final
    targets = [module for module in summary.modules if module.planned]
    if not targets:
        return
    table.add_section()
    mastered = sum(1 for module in targets if module.mastered)
    name = "all targets, final examination" if final.after else "all targets"
    table.add_row("", name, *_sums(final), f"{mastered} of {len(targets)}", style="bold")
    for name, part in (("never taught", final.untouched), ("whole domain", final.all)):
        if part.before:
            table.add_row("", f"{name}, final examination", *_sums(part), "", style="bold")
    if final.scope:
        table.caption = scope_words(final)


def _sums(part: FinalSum) -> tuple[str, ...]:
    fell = f"{len(part.fell)} of {part.modules} fell" if part.after else ""
    before, after, teacher = (score.fraction if score else "-" for score in (part.before, part.after, part.teacher))
    return before, after, fell, teacher, str(part.after.n) if part.after else "-"
