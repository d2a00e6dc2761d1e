"""The command line. Heavy imports happen inside the commands, so that `ioa --help` is instant."""

import errno
import sys

import typer

from ioa.cli.config import config
from ioa.cli.diff import diff
from ioa.cli.domain import domain_app
from ioa.cli.eval import evaluate
from ioa.cli.export import export
from ioa.cli.graph import graph
from ioa.cli.index import index_app
from ioa.cli.lessons import lessons
from ioa.cli.output import echo
from ioa.cli.plan import plan
from ioa.cli.report import report
from ioa.cli.resume import resume
from ioa.cli.run import run
from ioa.cli.runs import runs
from ioa.cli.show import show
from ioa.cli.study import study_app
from ioa.cli.teacher import estimate, teacher_app
from ioa.cli.transcript import transcript
from ioa.cli.view import view
from ioa.cli.why import why
from ioa.memory.errors import UserError

app = typer.Typer(
    name="ioa",
    help="Distil a large language model into a small one the way a good teacher teaches.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # drawn by Rich, the help takes twice as long, and reads markup in its texts
)
# In the order in which a person needs them, which is that of `ioa --help`.
for command in (run, plan, resume, estimate, runs, show, transcript, why, lessons, diff, view, report, export):
    app.command()(command)
app.command("eval")(evaluate)
app.command()(config)
app.command()(graph)
app.add_typer(teacher_app, name="teacher")
app.add_typer(domain_app, name="domain")
app.add_typer(index_app, name="index")
app.add_typer(study_app, name="study")
for group in (app, teacher_app, domain_app, index_app, study_app):
    for registered in group.registered_commands:
        # What it does, whole: a text that is not given as short is cut off at the end of the line.
        registered.short_help = " ".join(str(getattr(registered.callback, "__doc__", "")).partition("\n\n")[0].split())


def main() -> None:
    """Run the command line; errors a person can act on are printed without a traceback."""
    try:
        app()
    except UserError as error:
        echo(f"Error: {error}" if error.exit_code else error, err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            echo(f"Error: {error}", err=True)
            sys.exit(UserError.exit_code)
        echo(
            f"Error: the disk is full ({error.filename or 'no file named'}). Make room, then resume the run.",
            err=True,
        )
        sys.exit(UserError.exit_code)


if __name__ == "__main__":
    main()
