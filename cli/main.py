"""The command line. Heavy imports happen inside the commands, so that `ioa --help` is instant."""

import errno
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ioa.cli.config import config as config_command
from ioa.cli.domain import domain_app
from ioa.cli.eval import evaluate
from ioa.cli.export import export
from ioa.cli.inspect import add_inspection
from ioa.cli.lessons import lessons
from ioa.cli.options import RUNS, RunId, RunsDir, where
from ioa.cli.teacher import estimate, teacher_app
from ioa.cli.view import view
from ioa.memory.errors import UserError
from ioa.memory.plain_text import plain

if TYPE_CHECKING:
    from ioa.memory.run_dir import RunDirectory

app = typer.Typer(
    name="ioa",
    help="Distil a large language model into a small one the way a good teacher teaches.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
index_app = typer.Typer(help="Look after the index of a run's lessons.", no_args_is_help=True)
app.add_typer(index_app, name="index")
app.add_typer(teacher_app, name="teacher")
app.add_typer(domain_app, name="domain")
app.command()(estimate)
app.command("eval")(evaluate)
app.command("config")(config_command)
app.command()(lessons)
app.command()(view)
app.command()(export)


@app.command()
def run(
    config: Annotated[str, typer.Argument(help="A run file (YAML), or the name of a built-in one.")],
    teacher: Annotated[str | None, typer.Option(help="Teacher, as provider:model.")] = None,
    teacher_base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    student: Annotated[str | None, typer.Option(help="Student: a Hugging Face id or path, or smollm2-135m.")] = None,
    domain: Annotated[
        str | None, typer.Option(help="A name, the path of a YAML pack, or reasoning-gym:FAMILY.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any key of the run file: --set mastery.rounds=3")
    ] = None,
    run_id: Annotated[str | None, typer.Option(help="Name of the run; domain and time where none is given.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Pay for every answer anew, also those in the ledger.")
    ] = False,
    curriculum: Annotated[
        Path | None, typer.Option(help="A curriculum (YAML), as `ioa plan` writes it; planned where none is given.")
    ] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Diagnose, plan, teach and examine: a whole run."""
    from ioa.cli.review import answer_review
    from ioa.graph.config import load_config, override
    from ioa.graph.runner import Paused, new_run_id, start
    from ioa.memory.run_dir import check_run_id
    from ioa.results.terminal.progress import reporter

    given = {
        "teacher.model": teacher,
        "teacher.base_url": teacher_base_url,
        "student.model": student,
        "domain": domain,
    }
    flags = [f"{key}={json.dumps(value)}" for key, value in given.items() if value is not None]
    configured = override(load_config(config), [*flags, *(settings or [])])
    name = check_run_id(run_id or new_run_id(configured.domain))
    with _resumable(name, runs_dir):
        try:
            with reporter() as report:
                made = start(configured, runs_dir, name, report, fresh=fresh, curriculum=curriculum)
        except Paused as paused:
            made = answer_review(paused, runs_dir, name)
    _close(made)


@app.command()
def plan(
    config: Annotated[str, typer.Argument(help="A run file (YAML), or the name of a built-in one.")],
    out: Annotated[Path | None, typer.Option(help="Also write the curriculum to this file.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Any key of the run file.")] = None,
    run_id: Annotated[str | None, typer.Option(help="Name of the run; domain and time where none is given.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Diagnose and plan, and stop before anything is taught; the run goes on with `ioa resume`."""
    from rich.console import Console

    from ioa.cli.review import stages_table
    from ioa.graph.config import load_config, override
    from ioa.graph.runner import Paused, new_run_id, start
    from ioa.memory.run_dir import RunDirectory, check_run_id
    from ioa.results.terminal.progress import reporter

    configured = override(load_config(config), [*(settings or []), "curriculum.review=true"])
    name = check_run_id(run_id or new_run_id(configured.domain))
    if out is not None and not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}. Make it, or choose another.")
    try:
        with _resumable(name, runs_dir), reporter() as report:
            start(configured, runs_dir, name, report)
    except Paused as paused:
        made = RunDirectory.at(runs_dir, name)
        Console().print(stages_table(made))
        if out is not None:
            out.write_text(made.curriculum.read_text(encoding="utf-8"), encoding="utf-8")
            typer.echo(f"Edit {out}, then teach it with: ioa run {config} --curriculum {out}")
        typer.echo(paused, err=True)
    else:
        typer.echo("No module is a target: there is nothing to teach.")


@app.command()
def resume(
    run_id: RunId,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A key that may change on the way: --set budget.usd=5, --set teacher.rpm=60"),
    ] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Go on with a run that was interrupted, killed or stopped by an error."""
    from ioa.graph.runner import resume as go_on
    from ioa.results.terminal.progress import reporter

    with _resumable(run_id, runs_dir), reporter() as report:
        made = go_on(runs_dir, run_id, report, settings or [])
    _close(made)


add_inspection(app)


@app.command()
def graph(
    out: Annotated[
        Path | None, typer.Argument(help="A .png, .svg or .mmd file; Mermaid text on the screen if none.")
    ] = None,
) -> None:
    """Draw the state graph."""
    from ioa.graph.builder import build_graph
    from ioa.graph.config import RunConfig
    from ioa.graph.context import RunContext
    from ioa.memory.run_dir import RunDirectory
    from ioa.results.graph_drawing import draw, mermaid

    built = build_graph(RunContext(RunDirectory(Path("unused")), RunConfig()))
    if out is None:
        typer.echo(mermaid(built))
    else:
        draw(built, out)
        typer.echo(out)


@index_app.command("rebuild")
def index_rebuild(run_id: RunId, runs_dir: RunsDir = RUNS) -> None:
    """Build the index of the lessons anew from the lessons themselves."""
    from ioa.graph.config import RunConfig
    from ioa.memory.embedding import open_embedder
    from ioa.memory.run_dir import RunDirectory
    from ioa.memory.store import ExampleStore
    from ioa.memory.yaml_source import validate

    made = RunDirectory.at(runs_dir, run_id).require()
    embedder = open_embedder(validate(made.config, RunConfig).embedder)
    with made.hold(), ExampleStore(made, embedder) as store:
        typer.echo(f"{store.rebuild()} lessons indexed")


@contextmanager
def _resumable(run_id: str, runs_dir: Path) -> Iterator[None]:
    """Say how to go on when a run is interrupted, stops for want of a teacher, or waits for its review."""
    from ioa.memory.errors import Stopped

    advice = f"Go on with: ioa resume {run_id}{where(runs_dir)}"
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Interrupted; nothing is lost. {advice}", err=True)
        raise
    except Stopped as error:
        error.args = (f"{error}\n{advice}",)
        raise


def _close(made: "RunDirectory") -> None:
    from rich.console import Console

    from ioa.results.report import build_summary, closing_table

    Console().print(closing_table(build_summary(made, "finished")))
    typer.echo(f"Report: {made.report}")


def main() -> None:
    """Run the command line; errors a person can act on are printed without a traceback."""
    try:
        app()
    except UserError as error:
        told = plain(str(error))  # it may quote a file or a model
        typer.echo(f"Error: {told}" if error.exit_code else told, err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            typer.echo(f"Error: {error}", err=True)
            sys.exit(UserError.exit_code)
        typer.echo(
            f"Error: the disk is full ({error.filename or 'no file named'}). Make room, then resume the run.",
            err=True,
        )
        sys.exit(UserError.exit_code)


if __name__ == "__main__":
    main()
