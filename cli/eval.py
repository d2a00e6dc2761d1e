"""The command that examines a student, a run or a teacher on a benchmark."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ioa.cli.output import echo
from ioa.memory.errors import Stopped, UserError

if TYPE_CHECKING:
    from ioa.evaluation.evaluate import Choice
    from ioa.evaluation.examinee_names import Named
    from ioa.evaluation.folder import EvaluationFolder, Result
    from ioa.graph.config import RunConfig

PROGRAMS = "unit-tests"
"""The scorer of programs."""


def evaluate(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL|RUN", help="A student, a run of ours, or a teacher.")
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="A built-in benchmark (see --list), or the path of your own .yaml file.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The items, in their authors' format.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Who it is compared with on the same items; `bare`: its own student, untaught.")
    ] = None,
    bare: Annotated[bool, typer.Option("--bare", help="Of a run: its student without what it was taught.")] = False,
    adapter: Annotated[Path | None, typer.Option(help="Folder of a PEFT adapter that the student wears.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first so many items.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="So many items, drawn with the seed.")] = None,
    shots: Annotated[int | None, typer.Option(min=0, help="Worked examples before each question.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="For --sample, the bootstrap and the permutation test.")] = 7,
    scorer: Annotated[str | None, typer.Option(help="Another scorer than the benchmark's.")] = None,
    whole_file: Annotated[
        bool,
        typer.Option("--whole-file", help="Programs: execute all of a reply's code, not only what the function needs."),
    ] = False,
    max_new_tokens: Annotated[int | None, typer.Option(min=1, help="Longest reply of a student.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Questions that a student is asked at a time.")] = 16,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out and count items that are broken.")] = False,
    judge: Annotated[str | None, typer.Option(help="Teacher that grades, as provider:model.")] = None,
    teacher_base_url: Annotated[
        str | None, typer.Option(help="Address of an OpenAI-compatible server, of teachers that are examined.")
    ] = None,
    judge_base_url: Annotated[str | None, typer.Option(help="The same of the judge.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Keys of a run file: student.*, teacher.*, scorers.*, budget.*, prices, roles.*"),
    ] = None,
    harness: Annotated[
        str | None, typer.Option(metavar="TASK", help="A task of lm-evaluation-harness instead of a benchmark.")
    ] = None,
    include_path: Annotated[Path | None, typer.Option(help="Folder of your own tasks, with --harness.")] = None,
    chat_template: Annotated[
        bool, typer.Option(help="With --harness: put prompts into the student's chat template, as in training.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Folder of the results; named after what is asked if none.")] = None,
    runs_dir: Annotated[Path, typer.Option("--runs-dir", help="Folder of the runs.")] = Path("runs"),
    show: Annotated[bool, typer.Option("--list", help="Show the benchmarks and stop.")] = False,
) -> None:
    """Examine a student, a run or a teacher on a benchmark; the same command goes on where it was stopped."""
    from ioa.evaluation.evaluate import Choice
    from ioa.memory.plugins import absolute_plugin

    if show:
        _list()
        return
    task = benchmark or harness
    if model is None or task is None or (benchmark and harness):
        raise UserError(
            "Say who is examined and on what: ioa eval MODEL|RUN --benchmark NAME --data FILE, "
            "or ioa eval MODEL|RUN --harness TASK. Benchmarks: ioa eval --list."
        )
    if bare and adapter is not None:
        raise UserError("--bare and --adapter contradict each other: give one of them.")
    if harness is not None:
        _refuse("--harness", {"--data": data, "--judge": judge, "--whole-file": whole_file or None})
    else:
        _refuse("--benchmark", {"--include-path": include_path, "--no-chat-template": None if chat_template else True})
    config = _config(settings or [], seed, teacher_base_url, (judge, judge_base_url))
    if whole_file:
        programs = {**config.scorers.get(PROGRAMS, {}), "whole_file": True}
        config = config.model_copy(update={"scorers": {**config.scorers, PROGRAMS: programs}})
    _say_unused(settings or [], {"student", "teacher", "seed"} if harness else USED)
    examinees = _examinees(model, against, config, settings or [], runs_dir, bare=bare, adapter=adapter)
    folder = _folder(out, Path(benchmark or f"harness-{harness}").stem, examinees)
    named = absolute_plugin(scorer) if scorer else None
    choice = Choice(limit, sample, shots, named, max_new_tokens, batch_size, skip_bad)
    with _resumable():
        if benchmark is not None:
            result = _benchmark(benchmark, data, config, examinees, folder, choice)
        elif harness is not None:
            result = _harness(harness, include_path, chat_template, config, examinees, folder, choice)
    _close(result, folder)


USED = {"student", "teacher", "scorers", "budget", "prices", "roles.judge", "seed"}
"""What an evaluation takes from a run file."""


def _say_unused(settings: list[str], used: Collection[str]) -> None:
    """Say which settings change nothing here."""
    from ioa.graph.config_override import read_setting

    for setting in settings:
        parts = read_setting(setting).parts
        if parts[0] not in used and ".".join(parts[:2]) not in used and parts != ("roles",):
            echo(f"--set {setting}: an evaluation makes no use of it.", err=True)


def _refuse(kind: str, given: Mapping[str, object]) -> None:
    """Options that would be passed over."""
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UserError(f"{' and '.join(wrong)} cannot be given with {kind}. Leave it out.")


def _config(
    settings: list[str], seed: int, teacher_base_url: str | None, judge: tuple[str | None, str | None]
) -> "RunConfig":
    from ioa.graph.config import RunConfig, override

    given = [f"seed={seed}"]
    if teacher_base_url is not None:
        given.append(f"teacher.base_url={json.dumps(teacher_base_url, ensure_ascii=False)}")
    if judge[0] is not None:
        spec = "tutor:arithmetic" if judge[0] == "tutor" else judge[0]
        told = {"model": spec, "temperature": 0.0, **({"base_url": judge[1]} if judge[1] else {})}
        given.append(f"roles.judge={json.dumps([told], ensure_ascii=False)}")
    elif judge[1] is not None:
        raise UserError("--judge-base-url: name the judge too, with --judge.")
    return override(override(RunConfig(), given), settings)


def _examinees(
    model: str,
    against: str | None,
    config: "RunConfig",
    settings: list[str],
    runs_dir: Path,
    *,
    bare: bool,
    adapter: Path | None,
) -> "tuple[Named, ...]":
    from ioa.evaluation.examinee_names import Namer

    namer = Namer(config, settings, runs_dir)
    first = namer.name(model, bare=bare, adapter=adapter)
    return (first,) if against is None else (first, namer.other(against, first))


def _folder(out: Path | None, benchmark: str, examinees: "tuple[Named, ...]") -> "EvaluationFolder":
    from ioa.evaluation.folder import EvaluationFolder

    who = "-against-".join(re.sub(r"[^A-Za-z0-9._]+", "-", one.label).strip("-.") for one in examinees)
    return EvaluationFolder(out or Path("evals") / f"{benchmark}-{who}"[:120])


def _benchmark(
    name: str,
    data: Path | None,
    config: "RunConfig",
    examinees: "tuple[Named, ...]",
    folder: "EvaluationFolder",
    choice: "Choice",
) -> "Result":
    from ioa.evaluation.benchmark import load_benchmark
    from ioa.evaluation.evaluate import Evaluation, evaluate
    from ioa.evaluation.item_choice import bundled
    from ioa.results.terminal.progress import progress_display

    named = load_benchmark(name)
    file = data or bundled(named)
    with progress_display() as display:
        return evaluate(Evaluation(named, file, examinees, choice, config, folder), display)


def _harness(
    task: str,
    include: Path | None,
    chat: bool,
    config: "RunConfig",
    examinees: "tuple[Named, ...]",
    folder: "EvaluationFolder",
    choice: "Choice",
) -> "Result":
    from ioa.evaluation.harness import HarnessTask, evaluate
    from ioa.results.console import Console
    from ioa.results.terminal.progress import PlainProgress

    # The harness draws bars of its own, which a live display would break.
    display = PlainProgress(Console(stderr=True))
    return evaluate(HarnessTask(task, include, chat, examinees, choice, config.seed, folder), display)


@contextmanager
def _resumable() -> Iterator[None]:
    """Say how to go on when an evaluation is interrupted or stops for want of a teacher."""
    from ioa.agents import BudgetReached

    try:
        yield
    except KeyboardInterrupt:
        echo("Interrupted; nothing is lost. Go on with the same command.", err=True)
        raise
    except BudgetReached as error:
        told = str(error).partition(" What was paid for")[0]
        raise Stopped(f"{told} What was paid for is kept; go on with a larger one: --set budget.KEY=VALUE.") from error
    except Stopped as error:
        error.args = (f"{error}\nGo on with the same command.",)
        raise


def _close(result: "Result", folder: "EvaluationFolder") -> None:
    """Show what came of it.

    Raises:
        Stopped: some replies could not be graded.
    """
    from ioa.evaluation.tallies import table
    from ioa.results.console import Console

    Console().print(table(result))
    echo(f"Results: {folder.result} and {folder.outcomes_file}")
    if result.errors:
        more = f"\n... and {len(result.errors) - 10} more" if len(result.errors) > 10 else ""
        raise Stopped(
            f"{len(result.errors)} replies have no grade and count for nothing:\n"
            + "\n".join(result.errors[:10])
            + f"{more}\nThe same command tries these again."
        )


def _list() -> None:
    from rich.table import Table
    from rich.text import Text

    from ioa.evaluation.benchmark import benchmark_names, load_benchmark
    from ioa.results.console import Console

    table = Table(title="Benchmarks", title_justify="left")
    for name in ("name", "what", "scorer", "shots", "max. tokens"):
        table.add_column(name, overflow="fold")
    for name in benchmark_names():
        one = load_benchmark(name).benchmark
        there = len(one.shots) + len(one.shot_ids)
        shots = f"{one.default_shots}, up to {there}" if there else "none"
        table.add_row(name, Text(one.title), one.scorer, shots, str(one.max_new_tokens))
    Console().print(table)
    echo("Prompts, worked examples and what differs from the authors' protocols: docs/evaluation.md.")
