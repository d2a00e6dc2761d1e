"""`ioa study`: ways of teaching compared, at equal cost, over several seeds."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ioa.cli.options import AsJson
from ioa.cli.output import echo, echo_json
from ioa.memory.errors import UserError

if TYPE_CHECKING:
    from ioa.evaluation.study_file import Cell, ExecutorSettings, Study
    from ioa.evaluation.study_work import Executor, StudyFolder, Watch

STUDIES = Path("studies")
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder of the study; studies/NAME where none is given.")]


class _RunByDefault(TyperGroup):
    """`ioa study FILE` is `ioa study run FILE`."""

    usual = "run"

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command named first, or `run`."""
        return super().resolve_command(ctx, args if args[0] in self.commands else [self.usual, *args])


study_app = typer.Typer(
    cls=_RunByDefault, help="Compare ways of teaching, at equal cost, over several seeds.", no_args_is_help=True
)


@study_app.command()
def run(
    study_file: StudyFile,
    out: Out = None,
    on: Annotated[
        str | None,
        typer.Option(help="local, ray, auto, ray://HOST:PORT or HOST:PORT, in place of the file's executor."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at a time, in place of the file's.")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say what it will ask for, and begin nothing.")] = False,
) -> None:
    """Do all runs of a study that are not done; what is interrupted goes on, and one that fails stops nobody."""
    from ioa.evaluation.study_work import last_line

    study, folder, cells = _open(study_file, out)
    settings = study.executor.changed(on, jobs)
    _show_plan(study, folder, cells)
    if estimate:
        return
    again = _again(study_file, out, on)
    failed = _do_runs(folder, cells, settings, again)
    show(study_file, out)
    if failed:
        told = "\n".join(f"- {cell.run_id}: {last_line(folder, cell)} ({folder.log(cell)})" for cell in failed)
        raise UserError(
            f"{len(failed)} of {len(cells)} runs failed; the others are done.\n{told}\nTry them again: {again}"
        )


@study_app.command()
def show(study_file: StudyFile, out: Out = None, as_json: AsJson = False) -> None:
    """What came of a study so far: scores, differences and costs by arm."""
    from ioa.results.study_results import read_study
    from ioa.results.terminal.pager import wide_console
    from ioa.results.terminal.study_table import study_tables

    study, folder, cells = _open(study_file, out)
    found = read_study(study, folder, cells)
    if as_json:
        echo_json(found.model_dump(mode="json"))
        return
    wide_console().print(study_tables(found))


@study_app.command()
def report(study_file: StudyFile, out: Out = None) -> None:
    """Draw what came of a study so far as one page, and keep its numbers beside it."""
    from ioa.memory.files import write_record, write_text
    from ioa.results.report.study_page import render_study
    from ioa.results.study_results import read_study

    study, folder, cells = _open(study_file, out)
    found = read_study(study, folder, cells)
    write_record(folder.root / "study.json", found)
    write_text(folder.root / "report.html", render_study(found, folder.runs))
    echo(folder.root / "report.html")


def _open(study_file: Path, out: Path | None) -> "tuple[Study, StudyFolder, list[Cell]]":
    from ioa.evaluation.study_file import cells, load_study
    from ioa.evaluation.study_work import StudyFolder, check_unchanged

    study, folder = load_study(study_file), StudyFolder(out or STUDIES / study_file.stem)
    if folder.root.exists() and not folder.root.is_dir():
        raise UserError(f"{folder.root}: a file. Expected the folder of the study, or one that is made: --out FOLDER.")
    found = cells(study, study_file)
    check_unchanged(folder, found)
    return study, folder, found


def _do_runs(
    folder: "StudyFolder", cells: "Sequence[Cell]", settings: "ExecutorSettings", again: str
) -> "Sequence[Cell]":
    """Do what is to do, and show how it goes on; the runs that failed."""
    from ioa.evaluation.study_work import work_on
    from ioa.results.study_results import keep_results
    from ioa.results.terminal.study_progress import study_progress

    if all(folder.state(cell) == "finished" for cell in cells):
        keep_results(folder, cells)
        return []
    with _opened(folder, settings) as executor:
        try:
            with study_progress(folder, len(cells)) as show_progress:
                return work_on(folder, cells, executor, _keeping(folder, show_progress))
        except KeyboardInterrupt:
            echo(f"Interrupted; nothing is lost. Go on with: {again}", err=True)
            raise


def _keeping(folder: "StudyFolder", show_progress: "Watch") -> "Watch":
    """Keeps what came of each run as soon as it is finished, and shows the progress."""
    from ioa.results.study_results import keep_results

    tried = set[str]()

    def watch(done: "Sequence[Cell]", failed: "Sequence[Cell]", under_way: "Sequence[Cell]") -> None:
        for cell in done:
            if cell.run_id not in tried:
                tried.add(cell.run_id)
                with suppress(UserError):  # it is said when all are done: one run stops nobody
                    keep_results(folder, [cell])
        show_progress(done, failed, under_way)

    return watch


def _again(study_file: Path, out: Path | None, on: str | None) -> str:
    """The command that goes on with a study."""
    given = (("--out", out), ("--on", on))
    return shlex.join(["ioa", "study", str(study_file), *(str(x) for one in given if one[1] is not None for x in one)])


@contextmanager
def _opened(folder: "StudyFolder", settings: "ExecutorSettings") -> "Iterator[Executor]":
    """Where the runs are done, with the study's folder held.

    Raises:
        UserError: somebody else holds the folder; or Ray is not installed, or its cluster cannot do the runs.
    """
    from ioa.memory.holding import hold

    what = f"Study {folder.root.name}"
    if settings.on == "local":
        from ioa.evaluation.study_processes import LocalExecutor

        with hold(folder.root, what, "study"):
            yield LocalExecutor(folder, settings)
        return
    from ioa.evaluation.study_ray import check_ray, ray_executor

    check_ray(settings)
    with hold(folder.root, what, "study"), ray_executor(folder, settings) as executor:
        yield executor


def _show_plan(study: "Study", folder: "StudyFolder", cells: "Sequence[Cell]") -> None:
    """How many runs there are, and what they will ask of their teachers."""
    from ioa.cli.teacher import estimate_of
    from ioa.results import words

    left = [cell for cell in cells if folder.state(cell) != "finished"]
    echo(
        f"Study {folder.root}: {len(study.arms)} arms, {len(study.seeds)} seeds, {len(study.budgets)} budgets, "
        f"{len(study.tries)} settings tried: {len(cells)} runs, {len(left)} of them to do."
    )
    if not left:
        return
    known = {cell.config.model_dump_json(exclude={"seed"}): cell for cell in left}
    found = {key: estimate_of(cell.config) for key, cell in known.items()}
    whole = [found[cell.config.model_dump_json(exclude={"seed"})] for cell in left]
    low, high = (
        sum(getattr(one.total("input"), end) + getattr(one.total("output"), end) for one in whole)
        for end in ("low", "high")
    )
    costs = [one.usd for one in whole]
    paid = words.money(None)
    if all(cost is not None for cost in costs):
        ends = (sum(getattr(cost, end) for cost in costs) for end in ("low", "high"))
        paid = " to ".join(dict.fromkeys(words.money(end) for end in ends))
    echo(f"They will ask their teachers for {words.count(low)} to {words.count(high)} tokens: {paid}.")
