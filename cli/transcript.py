"""`ioa transcript`: what the agents asked, what they were answered, and what was decided."""

from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ioa.cli.options import RunId, RunsDir
from ioa.cli.output import echo, echo_json
from ioa.memory.errors import UserError
from ioa.results.run_names import RUNS, open_run

if TYPE_CHECKING:
    from ioa.results.event_stream import Show

MOST = 10**9
"""Events that can be asked for at once; the number of them must fit into a machine word."""


def transcript(
    run_id: RunId,
    agent: Annotated[
        str | None, typer.Option(help="diagnoser, planner, adapter, verifier, examinee, judge, examiner or trainer.")
    ] = None,
    node: Annotated[str | None, typer.Option(help="Node of the graph, such as draft.")] = None,
    stage: Annotated[int | None, typer.Option(help="Number of the stage.")] = None,
    round_: Annotated[int | None, typer.Option("--round", help="The round of its stage, from 0.")] = None,
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
    from ioa.results.event_stream import Show
    from ioa.results.selection import Selection

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
            echo_json(one.model_dump(mode="json"), indent=None)
        if not shown.shown:
            echo(shown.count_text(), err=True)
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
        console.print(shown.count_text(), style="dim")
