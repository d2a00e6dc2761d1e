"""`ioa why`: from a lesson or a module back to the evidence that it rests on."""

from typing import Annotated

import typer

from ioa.cli.options import AsJson, RunId, RunsDir
from ioa.cli.output import echo_json
from ioa.results.run_names import RUNS, open_run, option_for


def why(
    run_id: RunId,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A module, or the id of a lesson or the beginning of one.")
    ],
    as_json: AsJson = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Walk back from a lesson to what it rests on, or tell a module's whole story; also of a run under way."""
    from ioa.results.console import Console
    from ioa.results.explanation import explain
    from ioa.results.facts import read_facts
    from ioa.results.run_cards import read_card
    from ioa.results.terminal.story_tree import render

    made = open_run(runs_dir, run_id)
    story = explain(read_facts(made, read_card(made).status), name, option_for(made, runs_dir))
    if as_json:
        echo_json(story.model_dump(mode="json"))
    else:
        Console().print(render(story))
