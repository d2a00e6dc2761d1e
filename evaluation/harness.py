"""A task of EleutherAI's lm-evaluation-harness, sat by a student of ours with its LoRA in it."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from ioa.evaluation.benchmark import sha256
from ioa.evaluation.evaluate import Choice, add_up
from ioa.evaluation.examinee_names import Named, check
from ioa.evaluation.examinees import StudentHolder
from ioa.evaluation.folder import EvaluationFolder, Result, Settings
from ioa.evaluation.tallies import versions
from ioa.graph.listeners import Listener
from ioa.memory.clock import Clock
from ioa.memory.errors import UserError
from ioa.memory.files import write_record, write_text

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager

    from ioa.training import Student
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ioa.evaluation.benchmark_sitting import now
from ioa.evaluation.folder import Outcome

INSTALL = "pip install 'ioa[lm-eval]'"
DEFAULT_TOKENS = 256
"""Longest reply where neither the task nor the command says; the harness's own default."""


@dataclass(frozen=True)
class HarnessTask:
    """What is run, by whom."""

    task: str
    include: Path | None
    """Folder of tasks beside the harness's own."""
    chat: bool
    """Whether prompts are put into the student's chat template."""
    examinees: tuple[Named, ...]
    choice: Choice
    seed: int
    folder: EvaluationFolder


def evaluate(run: HarnessTask, listener: Listener) -> Result:
    """Run the task with each examinee, and put the results into the form that all evaluations have.

    The harness keeps the replies of a sitting that was interrupted in a cache of its own.

    Raises:
        UserError: the harness is not installed, knows no such task or cannot have its data; or an examinee is a
            teacher, or cannot be opened.
    """
    _refuse(run)
    for named in run.examinees:
        check(named, listener)
        listener.message(f"{named.label} is {named.told}")
    holder = StudentHolder(listener, batch_size=run.choice.batch_size, max_new_tokens=DEFAULT_TOKENS)
    with _quiet():
        manager, tasks = _load(run)
    settings = _settings(run, tasks)
    with run.folder.hold(), _quiet():
        run.folder.begin(settings)
        clock = Clock(run.folder.run.clock)
        found: dict[str, Any] = {}
        for number, named in enumerate(run.examinees, start=1):
            report = run.folder.root / f"harness-{number}.json"
            if not report.exists():
                lm = wrapped(holder.student(named), partial(clock.phase, named.label))
                told, samples = _sit(run, lm, manager, number)
                lines = list(outcomes_of(named.label, samples, holder.student(named)))
                each = clock.timing().phases.get(named.label, 0.0) / max(len({line.item for line in lines}), 1)
                known = run.folder.outcomes()
                run.folder.keep(line.model_copy(update={"seconds": each}) for line in lines if line.key not in known)
                write_text(report, json.dumps(told, indent=2, default=str) + "\n")
            found[named.label] = json.loads(report.read_text(encoding="utf-8"))
        run.folder.tidy()
        result = _result(run, settings, found, clock.timing().wall_seconds)
        write_record(run.folder.result, result)
    return result


def _refuse(run: HarnessTask) -> None:
    """Say what the harness cannot do before anything is loaded."""
    teachers = [named.label for named in run.examinees if named.teacher is not None]
    if teachers:
        raise UserError(
            f"{teachers[0]} is a teacher. lm-evaluation-harness runs models in memory here, and many of its tasks need "
            "the probabilities of texts, which chat models do not give. Examine a teacher with --benchmark."
        )
    cut = [named for named in run.examinees if named.tasks != "solution"]
    if cut:
        raise UserError(
            f"{cut[0].label} was taught in two tasks (training.tasks: {cut[0].tasks}), and lm-evaluation-harness knows "
            "nothing of how such a student is asked. Examine it with --benchmark."
        )
    choice = run.choice
    given = {"--scorer": choice.scorer, "--sample": choice.sample, "--skip-bad": choice.skip_bad or None}
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UserError(f"{' and '.join(wrong)}: a task of lm-evaluation-harness has its own way. Leave it out.")
    if importlib.util.find_spec("lm_eval") is None:
        raise UserError(f"--harness needs lm-evaluation-harness, which is not installed. Install it with:\n  {INSTALL}")
    if run.include is not None and not run.include.is_dir():
        raise UserError(f"--include-path {run.include}: there is no such folder. Expected one with task files (YAML).")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the harness's advice off the terminal; errors are raised as ever."""
    logger = logging.getLogger("lm_eval")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _load(run: HarnessTask) -> "tuple[TaskManager, dict[str, Any]]":
    """The harness's manager of tasks, and the task with its data, or those of a group, by name.

    Raises:
        UserError: there is no such task, or its data cannot be had.
    """
    manager = _manager(run.include, own=True) if run.include else None
    if manager is None or run.task not in manager.all_subtasks:
        manager = _manager(run.include, own=False)
    if run.task not in manager.all_tasks:
        near = [name for name in manager.all_tasks if run.task.lower() in name.lower()][:8]
        known = f"Similar ones: {', '.join(near)}." if near else "List them with: lm-eval ls tasks."
        raise UserError(f"lm-evaluation-harness knows no task {run.task!r}. {known}")
    try:
        return manager, manager.load([run.task])["tasks"]
    except Exception as error:
        told = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UserError(
            f"The data of task {run.task} cannot be had: {type(error).__name__}: {told}\n"
            "Most tasks take theirs from the Hugging Face hub, which may be out of reach here. A task on a file of "
            "your own needs no network: `dataset_path: json` and `dataset_kwargs: {data_files: FILE}` in a task file "
            "in the folder of --include-path."
        ) from error


@cache
def _manager(include: Path | None, *, own: bool) -> "TaskManager":
    """The harness's manager of tasks; reading its 14,000 takes 10 seconds, so first with those of the folder alone."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=str(include) if include else None, include_defaults=not own)


def _settings(run: HarnessTask, tasks: Mapping[str, Any]) -> Settings:
    files = sorted(file for file in run.include.rglob("*.yaml") if file.is_file()) if run.include else []
    data = sorted({file for task in tasks.values() for file in _data_files(task)})
    return Settings(
        benchmark=f"lm-eval {run.task}",
        benchmark_sha256=_digest(files),
        data=", ".join(map(str, data)),
        data_sha256=_digest(data),
        limit=run.choice.limit,
        sample=None,
        shots=run.choice.shots,
        seed=run.seed,
        scorer="",
        options={},
        max_new_tokens=run.choice.max_new_tokens,
        examinees={named.label: named.fingerprint() for named in run.examinees},
        harness={"task": run.task, "chat_template": run.chat, "version": importlib.metadata.version("lm_eval")},
    )


def _digest(files: Sequence[Path]) -> str:
    """Of several files' contents, whatever they are called; empty where there is none."""
    return hashlib.sha256("\n".join(map(sha256, files)).encode()).hexdigest() if files else ""


def _data_files(task: Any) -> Iterator[Path]:
    """The local files that a task reads its items from."""
    given = (task.config.dataset_kwargs or {}).get("data_files") or []
    for value in given.values() if isinstance(given, Mapping) else [given]:
        for name in [value] if isinstance(value, str) else value:
            if Path(name).is_file():
                yield Path(name)


def _sit(
    run: HarnessTask, model: Any, manager: "TaskManager", number: int
) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """What the harness reports, and its samples by task."""
    import lm_eval

    choice = run.choice
    limits = {"max_gen_toks": choice.max_new_tokens} if choice.max_new_tokens else None
    try:
        with patch("lm_eval.evaluator.get_git_commit_hash", return_value=None):  # outside of a repository git complains
            found: Any = lm_eval.simple_evaluate(
                model=model,
                tasks=[run.task],
                task_manager=manager,
                num_fewshot=choice.shots,
                limit=choice.limit,
                apply_chat_template=run.chat,
                fewshot_as_multiturn=run.chat,
                gen_kwargs=limits,
                use_cache=str(run.folder.root / f"harness-{number}-requests"),
                random_seed=run.seed,
                numpy_random_seed=run.seed,
                torch_random_seed=run.seed,
                fewshot_random_seed=run.seed,
            )
    except ValueError as error:
        if "unsafe" not in str(error):
            raise
        raise UserError(
            f"Task {run.task} runs code that a model wrote, which the harness does outside of any sandbox, so it is "
            "not done here. Use --benchmark humaneval or mbpp: they run it in one."
        ) from error
    kept = ("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples")
    return {name: found[name] for name in kept if name in found}, found["samples"]


def wrapped(student: "Student", count_time: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext) -> Any:
    """The student as the harness's kind of model: the same weights, LoRA included, and the same chat template.

    Args:
        student: Who answers.
        count_time: Makes what is entered while the model works.
    """
    from lm_eval.models.huggingface import HFLM

    class StudentLM(HFLM):  # type: ignore[misc] # untyped
        def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
            if add_generation_prompt:
                return student.format.chat(chat_history)
            return str(super().apply_chat_template(chat_history, add_generation_prompt))

        def _model_generate(self, *args: Any, **kwargs: Any) -> Any:
            with count_time():
                return super()._model_generate(*args, **kwargs)

        def _model_call(self, *args: Any, **kwargs: Any) -> Any:
            with count_time():
                return super()._model_call(*args, **kwargs)

    size = student.batch_size if student.knows_padding else 1
    return StudentLM(pretrained=student.model, tokenizer=student.tokenizer, batch_size=size)


def _result(run: HarnessTask, settings: Settings, found: Mapping[str, Any], seconds: float) -> Result:
    lines = counted(run.folder.outcomes().values())
    by_label = {named.label: [line for line in lines if line.examinee == named.label] for named in run.examinees}
    return Result(
        settings=settings,
        items=max((len(own) for own in by_label.values()), default=0),
        batch_size=run.choice.batch_size,
        harness=found,
        versions=versions(),
        seconds=seconds,
        **add_up(by_label, run.seed),
    )


def outcomes_of(
    label: str, samples: Mapping[str, Sequence[Mapping[str, Any]]], student: "Student"
) -> Iterator[Outcome]:
    """A line for each sample and filter.

    Args:
        label: Of the examinee.
        samples: As the harness logs them, by task.
        student: Whose tokens are counted.
    """
    for task, own in samples.items():
        for sample in own:
            number = str(sample["doc_id"])
            yield _line(label, f"{task}/{number}" if len(samples) > 1 else number, task, sample, student)


def counted(lines: Iterable[Outcome]) -> list[Outcome]:
    """Of each item the line of its first filter, which is the one that is added up."""
    first: dict[tuple[str, str], Outcome] = {}
    for line in lines:
        first.setdefault((line.examinee, line.item), line)
    return list(first.values())


def _line(label: str, item: str, task: str, sample: Mapping[str, Any], student: "Student") -> Outcome:
    metrics = {name: sample[name] for name in sample["metrics"] if isinstance(sample.get(name), int | float)}
    name, value = next(iter(metrics.items()), ("no number", None))
    written = _is_text(sample["resps"])
    prompt, reply = _asked(sample), _said(sample["resps"])
    count = student.tokenizer
    score = float(value) if value is not None and 0 <= value <= 1 else None
    extracted = _said(sample["filtered_resps"])
    return Outcome(
        item=item,
        examinee=label,
        question=json.dumps(sample["doc"], ensure_ascii=False, default=str),
        prompt=prompt,
        expected=str(sample["target"]),
        reply=reply,
        scorer=f"{task}, {sample['filter']}, {name}",
        extracted=extracted,
        unread=True if written and score == 0 and (extracted == _NO_MATCH or not reply.strip()) else None,
        score=score,
        correct=None if score is None else score == 1,
        error=_no_grade(name, value) if score is None else "",
        prompt_tokens=len(count(prompt, add_special_tokens=False)["input_ids"]),
        generated_tokens=len(count(reply, add_special_tokens=False)["input_ids"]) if written else 0,
        time=now(),
        facts={"metrics": metrics, "filter": sample["filter"]},
    )


_NO_MATCH = "[invalid]"
"""What the harness's filters take for the answer where their pattern is nowhere in the reply. That a task's filter says
so is all that is known: where it does not, nobody has seen that the reply could be read."""


def _no_grade(name: str, value: float | None) -> str:
    if value is None:
        return "the harness has no number for it"
    return f"{name} is {value:g}, which is no score from 0 to 1; the harness's own sum is in result.json"


def _asked(sample: Mapping[str, Any]) -> str:
    """The first request's context; what follows it differs between the choices of one item."""
    arguments = sample["arguments"]
    first = next(iter(arguments.values())) if isinstance(arguments, Mapping) else arguments[0]
    told = next(iter(first.values())) if isinstance(first, Mapping) else first[0]
    return str(told)


def _is_text(responses: Any) -> bool:
    """Whether something was written; a task with choices compares how probable they are, and nothing is."""
    while isinstance(responses, list | tuple) and responses:
        responses = responses[0]
    return isinstance(responses, str)


def _said(responses: Any) -> str:
    """The text that was generated; else what there is, as JSON."""
    while isinstance(responses, list | tuple) and len(responses) == 1:
        responses = responses[0]
    return responses if isinstance(responses, str) else json.dumps(responses, default=str)
