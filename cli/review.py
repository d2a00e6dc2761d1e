"""The review of a curriculum, answered from the terminal."""

import sys
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from ioa.cli.following import following
from ioa.cli.output import ask
from ioa.graph.curriculum_file import read_curriculum
from ioa.graph.runner import resume
from ioa.memory import Domain, RunDirectory
from ioa.memory.errors import Paused, UserError
from ioa.memory.files import read_record
from ioa.memory.plain_text import plain
from ioa.results.console import Console


def stages_table(run: RunDirectory) -> Table:
    """The stages of a run's curriculum, with what they respect.

    Raises:
        UserError: the file was edited into something that cannot be taught.
    """
    curriculum = read_curriculum(run.curriculum, read_record(run.domain, Domain))
    table = Table(title="Curriculum", title_justify="left")
    for name in ("Stage", "Modules", "Needs", "Difficulty", "Why"):
        table.add_column(name, justify="right" if name in {"Stage", "Difficulty"} else "left", overflow="fold")
    for stage in curriculum.stages:
        needs = sorted({pair.earlier for pair in curriculum.prerequisites if pair.later in stage.modules})
        table.add_row(
            str(stage.number),
            Text("\n".join(stage.modules)),
            Text("\n".join(needs)),
            f"{stage.difficulty:.2f}",
            Text(plain(stage.rationale)),
        )
    return table


def answer_review(paused: Paused, runs: Path, run_id: str) -> RunDirectory:
    """Ask the person at the terminal what is to become of the curriculum, and go on with the run.

    Args:
        paused: What the run stopped with; raised again where nobody is there, or nobody decides now.
        runs: Folder of the runs.
        run_id: Which.

    Raises:
        Paused: it was left for later.
    """
    run = RunDirectory.at(runs, run_id)
    while sys.stdin.isatty():
        try:
            Console(stderr=True).print(stages_table(run))
            said = ask("Teach it (t), edit it (e), or leave it for later (l)?", "t")
            if said.startswith("t"):
                with following() as listener:
                    return resume(runs, run_id, listener)
        except UserError as error:
            if isinstance(error, Paused):
                raise
            said = ask(f"{error}\nEdit it again (e), or leave it for later (l)?", "e")
        if said.startswith("e"):
            click.edit(filename=str(run.curriculum))
        elif said.startswith("l"):
            break
    raise paused
