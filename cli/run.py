"""`ioa run`: a whole run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ioa.cli.following import following, resumable, show_closing
from ioa.cli.options import RunFile, RunName, RunsDir, Settings
from ioa.memory.errors import Paused
from ioa.results.run_names import RUNS


def run(
    config: RunFile,
    teacher: Annotated[str | None, typer.Option(help="Teacher, as provider:model, or ./FILE.py:FUNCTION.")] = None,
    teacher_base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    student: Annotated[str | None, typer.Option(help="Student: a Hugging Face id or path, or smollm2-135m.")] = None,
    domain: Annotated[
        str | None, typer.Option(help="A name, the path of a YAML pack, ./FILE.py:NAME, or reasoning-gym:FAMILY.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="How it is taught: ioa, one it is compared with, or ./FILE.py:FUNCTION.")
    ] = None,
    settings: Settings = None,
    run_id: RunName = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Pay for every answer anew, also those in the ledger.")
    ] = False,
    curriculum: Annotated[
        Path | None, typer.Option(help="A curriculum (YAML), as `ioa plan` writes it; planned where none is given.")
    ] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Diagnose, plan, teach and examine: a whole run."""
    from ioa.graph.config import load_config, override
    from ioa.graph.runner import new_run_id, start
    from ioa.memory.run_dir import check_run_id

    given = {
        "teacher.model": teacher,
        "teacher.base_url": teacher_base_url,
        "student.model": student,
        "domain": domain,
        "method.name": method,
    }
    flags = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items() if value is not None]
    configured = override(load_config(config), [*flags, *(settings or [])])
    name = check_run_id(run_id or new_run_id(configured.domain))
    with resumable(name, runs_dir):
        try:
            with following() as listener:
                made = start(configured, runs_dir, name, listener, fresh=fresh, curriculum=curriculum)
        except Paused as paused:
            from ioa.cli.review import answer_review

            made = answer_review(paused, runs_dir, name)
    show_closing(made)
