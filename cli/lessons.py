"""The command that lists the lessons of a run, or finds them by meaning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ioa.cli.options import RunId, RunsDir
from ioa.cli.output import echo_json
from ioa.memory.errors import UserError
from ioa.results.run_names import RUNS

if TYPE_CHECKING:
    from ioa.memory.records import Example
    from ioa.memory.run_dir import RunDirectory

MOST = 10**9
NEAREST = 10
"""Lessons shown with `--like` where no number is given."""


def lessons(
    run_id: RunId,
    like: Annotated[str | None, typer.Option(help='What they are to be like: --like "adding fractions"')] = None,
    module: Annotated[str | None, typer.Option(help="Id of the module.")] = None,
    stage: Annotated[int | None, typer.Option(help="Number of the stage.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=MOST, help=f"At most so many; {NEAREST} with --like, else all.")
    ] = None,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Straight to the terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as data.")] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """The lessons of a run, by stage or by meaning; also of a run under way, which it does not disturb."""
    from ioa.memory.accepted_lessons import choose_lessons, read_lessons
    from ioa.results.run_names import open_run

    made = open_run(runs_dir, run_id)
    known = read_lessons(made)
    _check_filters(made, known, module, stage)
    chosen = choose_lessons(known, module, stage)
    rows: list[tuple[Example, float | None]]
    if like is None:
        rows = [(lesson, None) for lesson in chosen[:limit]]
    else:
        rows = _nearest(made, like, module, stage, limit or NEAREST)
    if as_json:
        echo_json([{"like": near, **lesson.model_dump(mode="json")} for lesson, near in rows])
    else:
        _print(rows, len(chosen), pager=not no_pager and like is None)


def _nearest(
    run: "RunDirectory", like: str, module: str | None, stage: int | None, limit: int
) -> "list[tuple[Example, float | None]]":
    from ioa.graph.config import read_run_config
    from ioa.memory.embedding import open_embedder
    from ioa.memory.lesson_search import find_like

    embedder = open_embedder(read_run_config(run).embedder)
    return list(find_like(run, embedder, like, module=module, stage=stage, limit=limit))


def _check_filters(run: "RunDirectory", known: "Sequence[Example]", module: str | None, stage: int | None) -> None:
    """See that what is asked for can be there.

    Raises:
        UserError: the run has no such module, or no lessons of such a stage.
    """
    from ioa.memory.files import read_record
    from ioa.memory.records import Domain

    modules = {lesson.module for lesson in known}
    if run.domain.is_file():
        modules |= {one.id for one in read_record(run.domain, Domain).modules}
    if module is not None and module not in modules:
        there = f"There are: {', '.join(sorted(modules))}." if modules else "It has no modules yet."
        raise UserError(f"--module {module}: the run has no such module. {there}")
    stages = sorted({lesson.stage for lesson in known})
    if stage is not None and stages and stage not in stages:
        raise UserError(f"--stage {stage}: no lesson is of that stage. There are: {', '.join(map(str, stages))}.")


def _print(rows: "Sequence[tuple[Example, float | None]]", of: int, *, pager: bool) -> None:
    from ioa.results.terminal.lessons_table import lessons_table
    from ioa.results.terminal.pager import paged

    with paged(wanted=pager and len(rows) > NEAREST) as console:
        if rows:
            console.print(lessons_table(rows))
        count = f"{len(rows)} of {of}" if len(rows) < of else str(of)
        console.print(
            f"{count} lesson{'' if of == 1 else 's'}" if of else "There are no such lessons yet.",
            style="dim",
        )
