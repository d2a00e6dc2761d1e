"""Starting and resuming runs. What takes long to import is imported when the run has been introduced."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ioa.graph.config import RunConfig, changed, read_run_config
from ioa.graph.listeners import Listener
from ioa.graph.settings.method import USUAL_METHOD
from ioa.memory import Domain, RunDirectory
from ioa.memory.errors import UserError
from ioa.memory.files import write_text


def new_run_id(domain: str) -> str:
    """`<domain>-<date>-<time>`, UTC."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(domain).stem).strip("-_")[:40] or "run"
    return f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def start(
    config: RunConfig,
    runs: Path,
    run_id: str,
    listener: Listener,
    *,
    fresh: bool = False,
    curriculum: Path | None = None,
) -> RunDirectory:
    """Begin a run and work on it until it is finished.

    Everything that can be wrong with the config is found before anything is written.

    Args:
        config: The run, completely described.
        runs: Folder of the runs.
        run_id: Name of this one.
        listener: Told what happens.
        fresh: Pay for every answer anew, also those in the ledger.
        curriculum: A curriculum that a person wrote; none to have it planned.

    Raises:
        UserError: a part of the config cannot be had, the run exists already, or the folder is not writable.
        Paused: the run waits for its review.
        KeyboardInterrupt: it was interrupted; it can be resumed.
    """
    began = time.monotonic()
    run = RunDirectory.at(runs, run_id)
    _require_new(run)
    listener.message(_introduction(run_id, config))  # before anything that takes long to import or to make
    from ioa.graph.curriculum_file import curriculum_yaml, read_curriculum
    from ioa.graph.method_port import configured, refuse_curriculum
    from ioa.memory.domains.packs import load_source
    from ioa.training import resolve_student

    if curriculum or config.curriculum.review:
        refuse_curriculum(config)
    config = configured(config)
    named = load_source(config.domain)
    domain = named if isinstance(named, Domain) else None
    given = curriculum_yaml(read_curriculum(curriculum, domain)) if curriculum else ""
    resolve_student(config.student, message=listener.message, progress=listener.progress)
    from ioa.graph.answer_agreement import check_scorers
    from ioa.graph.run_checks import check_lessons, check_teachers
    from ioa.graph.run_work import work
    from ioa.graph.teachable import check_teachable
    from ioa.memory import open_embedder
    from ioa.training import check_trainable, open_student

    open_embedder(config.embedder)
    listener.prepare(config)
    check_lessons(config)
    check_teachers(config)
    check_scorers(config, named)
    check_teachable(config, named)
    student = open_student(config.student, listener.message)
    check_trainable(student, config.training)
    try:
        run.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{run.root} cannot be made: {error.strerror}. Choose a folder you may write to: --runs-dir."
        ) from error
    with run.hold():
        _require_new(run)  # somebody else may have begun one of that name meanwhile
        if given:
            write_text(run.given_curriculum, given)
        if fresh:
            write_text(run.fresh, datetime.now(UTC).isoformat(timespec="microseconds"))
        work(run, config, listener, began, {"student": student})
    return run


def _require_new(run: RunDirectory) -> None:
    if run.config.exists():
        raise UserError(
            f"Run {run.run_id} exists already in {run.root.parent}. Resume it: ioa resume {run.run_id}; or choose "
            "another id."
        )


def _introduction(run_id: str, config: RunConfig) -> str:
    by = "" if config.method.name == USUAL_METHOD else f"{config.method.name}, "
    return f"Run {run_id}: {by}{config.domain}, teacher {config.teacher.model}, student {config.student.model}"


def resume(runs: Path, run_id: str, listener: Listener, settings: Sequence[str] = ()) -> RunDirectory:
    """Go on with a run where it stopped.

    Args:
        runs: Folder of the runs.
        run_id: Which.
        listener: Told what happens.
        settings: `key=value` pairs that change the run's config: what it may spend, how a teacher is called. Those of a
            run that is finished change nothing.

    Raises:
        UserError: there is no such run, another process holds it, or a setting would change what was made.
        Paused: the run waits for its review.
        KeyboardInterrupt: it was interrupted again.
    """
    began = time.monotonic()
    run = RunDirectory.at(runs, run_id).require()
    with run.hold():
        config = read_run_config(run)
        listener.message(_introduction(run_id, config))
        from ioa.graph.run_checks import check_lessons, check_teachers
        from ioa.graph.run_work import work

        check_lessons(config)
        if settings:
            config = changed(config, settings)
            check_teachers(config)
        listener.prepare(config)
        work(run, config, listener, began)
    return run
