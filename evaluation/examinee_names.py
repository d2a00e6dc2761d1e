"""What a name on the command line means: a student, a run of ours, or a teacher."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ioa.agents import TeacherSettings, check_teacher
from ioa.agents.teachers.opening import GROUP as TEACHERS
from ioa.evaluation.benchmark import sha256
from ioa.graph.config import RunConfig, override, read_run_config
from ioa.graph.listeners import Listener
from ioa.memory.errors import UserError
from ioa.memory.plugins import is_plugin_file, plugin_names
from ioa.memory.records import Record
from ioa.memory.rounds import Rounds
from ioa.memory.run_dir import RUN_ID, RunDirectory
from ioa.training import StudentSettings
from ioa.training.adapters import check_adapter
from ioa.training.loading import SMOLLM2

BARE = "bare"
TUTOR = "tutor"
_TEACHER = re.compile(r"[a-z0-9_]+:.+")
_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_WEIGHTS = "adapter_model.safetensors"
_SHAPE = "adapter_config.json"


class Named(Record):
    """Who is examined."""

    label: str
    """How it is called in the results; two examinees have two labels."""
    kind: Literal["student", "run", "teacher"]
    told: str
    """What the name was taken for, in words."""
    student: StudentSettings | None = None
    """The model, of a student and of a run."""
    adapter: Path | None = None
    """Folder of its LoRA; none: bare."""
    tasks: str = "solution"
    """In which tasks it was taught, and so is asked; see `training.tasks`."""
    teacher: TeacherSettings | None = None

    @property
    def weights(self) -> StudentSettings:
        """The model in memory, of a student and of a run.

        Raises:
            UserError: it is a teacher.
        """
        if self.student is None:
            raise UserError(f"{self.label} is a teacher: it has no weights here, and wears no LoRA.")
        return self.student

    def fingerprint(self) -> dict[str, str]:
        """What decides the replies, as far as it can be seen without asking."""
        if self.teacher is not None:
            keys = {"model", "base_url", "temperature", "max_tokens", "options"}
            return {"teacher": self.teacher.model_dump_json(include=keys)}
        keys = {"model", "dtype", "system_prompt"}
        if self.weights.chat_template_kwargs:
            keys.add("chat_template_kwargs")
        seen = {"student": self.weights.model_dump_json(include=keys)}
        folder = Path(self.weights.model).expanduser()
        if (folder / "config.json").is_file():
            sizes = [f"{file.name} {file.stat().st_size}" for file in sorted(folder.glob("*.safetensors"))]
            told = "\n".join([sha256(folder / "config.json"), *sizes])
            seen["weights"] = hashlib.sha256(told.encode()).hexdigest()
        if self.tasks != "solution":
            seen["tasks"] = self.tasks
        if self.adapter is not None:
            seen["adapter"] = sha256(self.adapter / _WEIGHTS)
            seen["adapter_config"] = sha256(self.adapter / _SHAPE)
        return seen


class Namer:
    """Finds out who is meant."""

    def __init__(self, config: RunConfig, settings: Sequence[str], runs: Path) -> None:
        """Names are looked up here.

        Args:
            config: Its `student` and `teacher` are the settings of those that are named by a model.
            settings: The same as `KEY=VALUE`; of these `student.*` also change the student of a run.
            runs: Folder of the runs.
        """
        self._config = config
        self._settings = settings
        self._runs = runs

    def name(self, name: str, *, bare: bool = False, adapter: Path | None = None) -> Named:
        """Who that is.

        Args:
            name: A student, a run or a teacher.
            bare: Of a run: its student without its LoRA.
            adapter: Of a student: folder of the LoRA that it wears.

        Raises:
            UserError: nobody is called so, or several are; or the LoRA is not there.
        """
        found = [one for one in (self._teacher(name), self._run(name), self._student(name)) if one]
        if len(found) > 1:
            meant = " and ".join(one.told for one in found)
            raise UserError(
                f"{name!r} is {meant}. Say which: the run by its folder ({self._runs / name}), "
                f"the model by its path (./{name}) or its id."
            )
        if not found:
            raise UserError(self._unknown(name))
        (one,) = found
        if bare:
            return _bared(one)
        return one if adapter is None else _with_adapter(one, adapter)

    def other(self, name: str, first: Named) -> Named:
        """Who the first one is compared with; `bare` is its own student without the LoRA.

        Raises:
            UserError: as `name`, or it is the first one again.
        """
        other = _bared(first) if name == BARE else self.name(name)
        if (other.student, other.adapter, other.teacher) == (first.student, first.adapter, first.teacher):
            raise UserError(f"--against {name}: that is {first.label} again. Name another examinee.")
        if other.label == first.label:
            other = other.model_copy(update={"label": f"{other.label} (2)"})
        return other

    def _teacher(self, name: str) -> Named | None:
        spec = f"{TUTOR}:arithmetic" if name == TUTOR and self._tutor_is_installed() else name
        if not _TEACHER.fullmatch(spec) and not is_plugin_file(spec):
            return None
        fixed = {"model": spec}
        if self._config.teacher.temperature is None:
            fixed["temperature"] = 0.0  # type: ignore[assignment] # greedy where the model lets one choose
        try:
            settings = TeacherSettings.model_validate({**self._config.teacher.model_dump(), **fixed})
        except ValidationError as error:
            raise UserError(f"Teacher {spec}: {error.errors()[0]['msg']}.") from error
        return Named(label=spec, kind="teacher", told=f"the teacher {spec}", teacher=settings)

    @staticmethod
    def _tutor_is_installed() -> bool:
        return TUTOR in plugin_names(TEACHERS)

    def _run(self, name: str) -> Named | None:
        folder = Path(name) if len(Path(name).parts) > 1 else self._runs / name
        if not RUN_ID.fullmatch(folder.name) or not (folder / "config.yaml").is_file():
            return None
        run = RunDirectory(folder)
        config = read_run_config(run)
        config = override(config, [one for one in self._settings if one.startswith("student.")])
        adapter, state = _last_adapter(run)
        return Named(
            label=run.run_id,
            kind="run",
            told=f"the run {run.run_id}: student {config.student.model} with {state}",
            student=config.student,
            adapter=adapter,
            tasks=config.training.tasks if adapter else "solution",
        )

    def _student(self, name: str) -> Named | None:
        path = Path(name).expanduser()
        if (path / _SHAPE).is_file():
            raise UserError(
                f"{name} is the folder of a LoRA, not of a model. Name its student and give the folder with "
                f"--adapter: ioa eval STUDENT --adapter {name}"
            )
        there = (path / "config.json").is_file()
        given_id = bool(_ID.fullmatch(name)) and "/" in name and not path.exists()
        if name != SMOLLM2 and not there and not given_id:
            return None
        student = self._config.student.model_copy(update={"model": name})
        what = "the folder" if there and name != SMOLLM2 else "the model"
        return Named(label=name, kind="student", told=f"the student in {what} {name}, bare", student=student)

    def _unknown(self, name: str) -> str:
        runs = sorted(path.parent.name for path in self._runs.glob("*/config.yaml"))[-10:]
        there = ", ".join(runs) if runs else f"none in {self._runs}"
        return (
            f"Nobody is called {name!r}. Expected a student ({SMOLLM2}, the folder of a model with its config.json, "
            f"or an id such as ORGANISATION/MODEL), a run ({there}), or a teacher ({TUTOR}, provider:model, gguf:PATH, "
            "./FILE.py:FUNCTION)."
        )


def _bared(one: Named) -> Named:
    model = one.weights.model
    label = f"{one.label} (bare)" if one.kind == "run" else model
    told = f"the student {model}" + (f" of the run {one.label}" if one.kind == "run" else "") + ", bare"
    return one.model_copy(update={"label": label, "adapter": None, "tasks": "solution", "told": told})


def _missing(adapter: Path) -> list[str]:
    """Files of a LoRA that are not in its folder."""
    return [name for name in (_SHAPE, _WEIGHTS) if not (adapter / name).is_file()]


def _with_adapter(one: Named, adapter: Path) -> Named:
    model = one.weights.model
    check_adapter(adapter)
    told = f"the student {model} with the LoRA in {adapter}"
    return one.model_copy(update={"label": f"{model} + {adapter}", "adapter": adapter, "told": told})


def _last_adapter(run: RunDirectory) -> tuple[Path | None, str]:
    """The LoRA that the run ended with, or has so far, and the same in words."""
    rounds = Rounds.read(run)
    kept = rounds.kept[-1].adapter if rounds.kept else _last_trained(run)
    if not kept:
        return None, "no LoRA, since nothing was taught yet"
    finished = run.scores("final-after").exists()
    return run.root / kept, f"its final LoRA {kept}" if finished else f"the LoRA {kept}; the run is not finished"


def _last_trained(run: RunDirectory) -> str:
    """The LoRA of the last training that is over, for methods without gates; empty where there is none."""
    from ioa.training import is_complete

    trained = [path for path in run.rounds_with(run.adapter).values() if is_complete(path)]
    return str(trained[-1].relative_to(run.root)) if trained else ""


def check(named: Named, listener: Listener) -> None:
    """See before anything is written that an examinee can be opened; the demo student's weights are converted once.

    Raises:
        UserError: it cannot.
    """
    if named.teacher is not None:
        check_teacher(named.teacher)
    elif named.student is not None:
        from ioa.training import resolve_student

        resolve_student(named.student, message=listener.message, progress=listener.progress)
        missing = _missing(named.adapter) if named.adapter is not None else []
        if missing:
            raise UserError(
                f"{named.label}: {named.adapter} has no {' and no '.join(missing)}; use --bare for the student alone."
            )
