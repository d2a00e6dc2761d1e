"""`ioa index`: looking after the index of a run's lessons."""

import typer

from ioa.cli.options import RunId, RunsDir
from ioa.cli.output import echo
from ioa.results.run_names import RUNS

index_app = typer.Typer(help="Look after the index of a run's lessons.", no_args_is_help=True)


@index_app.command("rebuild")
def rebuild(run_id: RunId, runs_dir: RunsDir = RUNS) -> None:
    """Build the index of the lessons anew from the lessons themselves."""
    from ioa.graph.config import read_run_config
    from ioa.memory.embedding import open_embedder
    from ioa.memory.run_dir import RunDirectory
    from ioa.memory.store import ExampleStore

    made = RunDirectory.at(runs_dir, run_id).require()
    embedder = open_embedder(read_run_config(made).embedder)
    with made.hold(), ExampleStore(made, embedder) as store:
        echo(f"{store.rebuild()} lessons indexed")
