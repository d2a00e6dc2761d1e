"""The commands that look at runs: `runs`, `show`, `transcript`, `why`, `diff` and `report`."""

import json
import shlex
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ioa.cli.shared_options import RUNS, RunId, RunsDir
from ioa.memory.errors import UserError

if TYPE_CHECKING:
    from ioa.results.event_stream import Show

MOST = 10**9
"""Events that can be asked for at once; the number of them must fit into a machine word."""
AsJson = Annotated[bool, typer.Option("--json", help="The same as data.")]


def add_inspection(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (runs, show, transcript, why, diff, report):
        app.command()(command)


def runs(as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """All runs of a folder: where each is, what came of it and what it cost."""
    from ioa.results import list_runs
    from ioa.results.terminal.pager import wide_console
    from ioa.results.terminal.runs_table import runs_table

    if runs_dir != RUNS and not runs_dir.is_dir():
        raise UserError(f"--runs-dir {runs_dir}: there is no such folder. Name the one that the runs are in.")
    cards = list_runs(runs_dir)
    if as_json:
        _echo_json([card.model_dump(mode="json") for card in cards])
    elif cards:
        wide_console().print(runs_table(cards))
    elif (runs_dir / "config.yaml").is_file():
        typer.echo(f"{runs_dir} is a run, not a folder of runs: ioa show {shlex.quote(str(runs_dir))}", err=True)
    else:
        there = f"{runs_dir} has no runs" if runs_dir.is_dir() else f"There is no folder {runs_dir}"
        typer.echo(f"{there}. Start one with `ioa run arithmetic`, or name another folder: --runs-dir.", err=True)


def show(run_id: RunId, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """One run on a page, finished or not: what was taught, what was learnt, what it cost, where to look next."""
    from ioa.results.overview import overview
    from ioa.results.run_names import open_run, option_for
    from ioa.results.terminal.overview_page import overview_page
    from ioa.results.terminal.pager import wide_console

    made = open_run(runs_dir, run_id)
    page = overview(made, option_for(made, runs_dir))
    if as_json:
        _echo_json(page.model_dump(mode="json"))
    else:
        wide_console().print(overview_page(page))


def transcript(
    run_id: RunId,
    agent: Annotated[
        str | None, typer.Option(help="diagnoser, planner, adapter, verifier, examinee, judge, examiner or trainer.")
    ] = None,
    node: Annotated[str | None, typer.Option(help="Node of the graph, such as draft.")] = None,
    stage: Annotated[int | None, typer.Option(help="Number of the stage.")] = None,
    round_: Annotated[int | None, typer.Option("--round", help="0, or the remediation round.")] = None,
    module: Annotated[str | None, typer.Option(help="Id of the module.")] = None,
    kind: Annotated[
        Literal["attempt", "decision"] | None, typer.Option(help="Only calls of a teacher, or only decisions.")
    ] = None,
    rejected: Annotated[bool, typer.Option("--rejected", help="Only what could not be used.")] = False,
    grep: Annotated[str, typer.Option(help="Only events with this in their text: a regular expression.")] = "",
    event: Annotated[str | None, typer.Option(help="Id of one event, or its beginning, as `ioa why` names it.")] = None,
    family: Annotated[
        bool, typer.Option("--family", help="With --event: also what it belongs to and what belongs to it.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Whole texts instead of their first lines.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, max=MOST, help="At most so many, the oldest.")] = None,
    last: Annotated[int | None, typer.Option(min=1, max=MOST, help="At most so many, the newest.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is said from now on, until the run stops.")
    ] = False,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Straight to the terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, an event each.")] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Read what the agents asked the teacher, what it said, and what was decided by it."""
    from ioa.results import Selection
    from ioa.results.event_stream import Show
    from ioa.results.run_names import open_run

    if limit is not None and last is not None:
        raise UserError("--limit and --last: give one of them, the oldest events or the newest.")
    if family and not event:
        raise UserError("--family: name the event whose family is meant with --event ID.")
    made = open_run(runs_dir, run_id)
    selection = Selection(
        agent=agent,
        node=node,
        stage=stage,
        round=round_,
        module=module,
        kind=kind,
        rejected=rejected,
        grep=grep,
        event=event,
        family=family,
    )
    shown = Show(made, selection, limit=limit, last=last, follow=follow)
    if as_json:
        for one in shown.events():
            typer.echo(json.dumps(one.model_dump(mode="json")))
        if not shown.shown:
            typer.echo(shown.told(), err=True)
    else:
        _print_events(shown, full=full, pager=not no_pager and not follow)


def _print_events(shown: "Show", *, full: bool, pager: bool) -> None:
    from ioa.results.terminal.event_text import render
    from ioa.results.terminal.pager import paged

    events = shown.events()
    first = next(events, None)  # before the pager starts: where there is nothing, it is not needed
    with paged(wanted=pager and first is not None) as console:
        for one in chain([first] if first else [], events):
            console.print(render(one, full=full))
            console.print()
        console.print(shown.told(), style="dim", highlight=False)


def why(
    run_id: RunId,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A module, or the id of a lesson or the beginning of one.")
    ],
    as_json: AsJson = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Walk back from a lesson to what it rests on, or tell a module's whole story; also of a run under way."""
    from rich.console import Console

    from ioa.results.explanation import explain
    from ioa.results.facts import read_facts
    from ioa.results.run_cards import read_card
    from ioa.results.run_names import open_run, option_for
    from ioa.results.terminal.story_tree import render

    made = open_run(runs_dir, run_id)
    story = explain(read_facts(made, read_card(made).status), name, option_for(made, runs_dir))
    if as_json:
        _echo_json(story.model_dump(mode="json"))
    else:
        Console().print(render(story))


def diff(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="Id of a run, or its folder.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="Id of the run that is held against it.")],
    as_json: AsJson = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Two runs side by side: settings, curriculum, mastery, final scores and cost."""
    from ioa.results.comparison import compare
    from ioa.results.run_names import open_run
    from ioa.results.terminal.comparison_page import comparison_page
    from ioa.results.terminal.pager import wide_console

    found = compare(open_run(runs_dir, run_a), open_run(runs_dir, run_b))
    if as_json:
        _echo_json(found.model_dump(mode="json"))
    else:
        wide_console().print(comparison_page(found))


def report(run_id: RunId, runs_dir: RunsDir = RUNS) -> None:
    """Draw the report of a run again, finished or not."""
    from ioa.results.report import last_status, write_report
    from ioa.results.run_names import open_run

    made = open_run(runs_dir, run_id)
    with made.hold():
        status = last_status(made)
        # it could be held, so nobody works on it
        write_report(made, "interrupted" if status == "running" else status)
    typer.echo(made.report)


def _echo_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
