"""The study file: which ways of teaching are compared, with what is the same for all of them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from ioa.graph.config import RunConfig, load_config, override
from ioa.graph.config_override import read_setting
from ioa.graph.method_port import configured
from ioa.graph.settings.method import MethodSettings
from ioa.memory.errors import UserError
from ioa.memory.records import Record
from ioa.memory.run_dir import check_run_id
from ioa.memory.yaml_source import validate

EQUAL = (
    *("domain", "seed", "embedder", "student", "teacher", "roles", "budget", "scorers", "prices", "decomposition"),
    *("examination", "exporters"),
)
"""Sections and keys of the run file that no arm may set: a comparison is fair where they are the same for all."""
PLACES = ("local", "ray", "auto")
CLUSTER = re.compile(r"(?:ray://)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
"""Address of a Ray cluster."""
ARM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
Keys = Mapping[str, Any]
"""Keys of the run file, such as `training.epochs`, with their values."""


def _by_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _section(key: str) -> str:
    """The section of the run file that a key stands in, however it is written."""
    return next(iter(read_setting(f"{key}=").parts), key)


class Arm(Record):
    """One of the ways that are compared."""

    method: Annotated[MethodSettings, BeforeValidator(_by_name)] = MethodSettings()
    """How it teaches; a name alone stands for `{name: ...}`."""
    set: Mapping[str, Any] = {}
    """Keys of the run file that this arm has otherwise than `base`."""

    @field_validator("set")
    @classmethod
    def _own(cls, given: Keys) -> Keys:
        shared = [key for key in given if _section(key) in EQUAL]
        if shared:
            raise ValueError(f"{', '.join(shared)} must be the same for all arms; set it above, under `set`")
        if any(_section(key) == "method" for key in given):
            raise ValueError("the method of an arm stands under `method`")
        return given


class StudyBudget(Record):
    """What each run of an arm may use; null: no bound."""

    lessons: Annotated[int | None, Field(gt=0)] = None
    """Accepted lessons of the teacher."""
    training_tokens: Annotated[int | None, Field(gt=0)] = None
    """Tokens that the student is trained on, in all trainings of a run."""
    teacher_tokens: Annotated[int | None, Field(gt=0)] = None
    """Tokens of the teachers for teaching; examinations are left out."""

    @property
    def name(self) -> str:
        """`lessons-400`, `lessons-400-training-200000-teacher-90000`, or `unbounded`."""
        known = (f"{key.removesuffix('_tokens')}-{value}" for key, value in self if value is not None)
        return "-".join(known) or "unbounded"


class ExecutorSettings(Record):
    """Where the runs are done, and what each of them has there."""

    on: str = "local"
    """`local`: processes of this machine; `ray`: the Ray cluster that RAY_ADDRESS names, or one that is started here;
    `auto`: the Ray cluster that runs on this machine; `ray://HOST:PORT` (its client port) or `HOST:PORT`: that one."""
    jobs: Annotated[int | None, Field(ge=1)] = None
    """Runs at a time; null: one on this machine, on Ray as many as the cluster has room for."""
    threads: Annotated[int | None, Field(ge=1)] = None
    """Threads of PyTorch in each of them; null: as many as `cpus`."""
    cpus: Annotated[int, Field(ge=1)] = 1
    """Processors that Ray keeps for each run."""
    gpus: Annotated[float, Field(ge=0)] = 0
    """GPUs that Ray keeps for each run; below 1, several runs share one. 0: it sees none."""
    retries: Annotated[int, Field(ge=0)] = 3
    """How many times Ray goes on with a run whose worker or node died."""

    @field_validator("on")
    @classmethod
    def _known_place(cls, given: str) -> str:
        if given not in PLACES and not CLUSTER.fullmatch(given):
            raise ValueError(f"{given!r}: expected {', '.join(PLACES)}, ray://HOST:PORT or HOST:PORT")
        return given

    @field_validator("gpus")
    @classmethod
    def _whole(cls, given: float) -> float:
        if given > 1 and given != int(given):
            raise ValueError(f"{given}: a part of a GPU, or whole ones; Ray keeps nothing between")
        return given

    @property
    def torch_threads(self) -> int:
        """Threads of PyTorch in each run."""
        return self.threads or self.cpus

    def changed(self, on: str | None, jobs: int | None) -> Self:
        """These settings with what the command line says in their place.

        Raises:
            UserError: there is no such place.
        """
        given = {key: value for key, value in (("on", on), ("jobs", jobs)) if value is not None}
        try:
            return type(self).model_validate({**self.model_dump(), **given})
        except ValidationError as error:
            wrong = error.errors()[0]
            raise UserError(f"--{wrong['loc'][0]} {wrong['msg'].removeprefix('Value error, ')}") from error


class Study(Record):
    """A study, completely described."""

    base: str
    """A run file, from the folder of this one, or the name of a built-in one."""
    set: Mapping[str, Any] = {}
    """Keys of the run file that all arms have otherwise than `base`."""
    arms: Annotated[Mapping[str, Arm], Field(min_length=1)]
    """By their names."""
    reference: str = ""
    """The arm that the others are compared with; the first one where none is named."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], Field(min_length=1)]
    """Of a seed all arms have the same items and the same untaught student."""
    budgets: Annotated[tuple[StudyBudget, ...], Field(min_length=1)] = (StudyBudget(),)
    """Each is a point of the curve of score against cost, in place of what `base` says of these three."""
    tries: Annotated[tuple[Keys, ...], Field(min_length=1)] = ({},)
    """Settings that each arm is tried with, the same for all; of an arm that counts which its own held-out lessons like
    best."""
    executor: ExecutorSettings = ExecutorSettings()

    @field_validator("arms")
    @classmethod
    def _named(cls, given: Mapping[str, Arm]) -> Mapping[str, Arm]:
        wrong = [name for name in given if not ARM_NAME.fullmatch(name)]
        if wrong:
            raise ValueError(f"{', '.join(map(repr, wrong))}: a name has 1 to 40 letters, digits, '-' or '_'")
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        twice = [str(seed) for seed in dict.fromkeys(self.seeds) if self.seeds.count(seed) > 1]
        if twice:
            raise ValueError(f"seeds names {', '.join(twice)} twice")
        if len(set(self.budgets)) < len(self.budgets):
            raise ValueError("budgets names one twice")
        if self.reference and self.reference not in self.arms:
            raise ValueError(f"reference: there is no arm {self.reference!r}; there are {', '.join(self.arms)}")
        for place, keys in (("set", self.set), *(("tries", tried) for tried in self.tries)):
            owned = {_section(key) for key in keys} & {"seed", "method", "budget"}
            if owned:
                raise ValueError(f"{place}: {', '.join(sorted(owned))} has a place of its own in a study")
        return self

    @model_validator(mode="after")
    def _fair_tries(self) -> Self:
        """An arm that is tried with fewer settings than others, or with other examinations, is not compared fairly."""
        if any(tried in self.tries[:place] for place, tried in enumerate(self.tries)):
            raise ValueError("tries names one twice")
        keys = dict.fromkeys(key for tried in self.tries for key in tried)
        shared = [key for key in keys if _section(key) in EQUAL]
        if shared:
            raise ValueError(f"tries: {', '.join(shared)} must be the same for all tries; set it under `set`")
        for name, arm in self.arms.items():
            hidden = [key for key in keys if key in arm.set]
            if hidden:
                raise ValueError(
                    f"arms.{name}: {', '.join(hidden)} stands in `tries`, too, and the arm would be tried with nothing"
                )
        return self

    @property
    def compared_with(self) -> str:
        """Name of the reference arm."""
        return self.reference or next(iter(self.arms))


@dataclass(frozen=True)
class Cell:
    """One run of a study."""

    arm: str
    budget: StudyBudget
    seed: int
    attempt: int
    """Which of the study's `tries`, from 0."""
    config: RunConfig

    @property
    def run_id(self) -> str:
        """Name of the run."""
        attempt = f".try-{self.attempt + 1}" if self.attempt else ""
        return f"{self.arm}.{self.budget.name}.seed-{self.seed}{attempt}"


def load_study(path: Path) -> Study:
    """Read a study file.

    Raises:
        UserError: there is no such file, or something in it is wrong: file, line, field, what was expected.
    """
    return validate(path, Study)


def cells(study: Study, path: Path) -> list[Cell]:
    """All runs of a study, those of a budget and seed beside one another, so that early results can be compared.

    Args:
        study: The study.
        path: Its file: a relative `base` begins in its folder.

    Raises:
        UserError: the base is missing; a key, a method or one of its options is wrong.
    """
    beside = path.parent / study.base
    base = load_config(str(beside) if beside.is_file() else study.base)
    return list(_cells(study, base, path))


def _cells(study: Study, base: RunConfig, path: Path) -> Iterator[Cell]:
    grid = product(study.budgets, study.seeds, study.arms.items(), enumerate(study.tries))
    for budget, seed, (name, arm), (attempt, tried) in grid:
        own = {
            **study.set,
            **tried,
            **arm.set,
            **{f"budget.{key}": value for key, value in budget},  # null, too: `base` may have a bound of its own
            "seed": seed,
            "method": arm.method.model_dump(mode="json"),
        }
        if budget.lessons is not None and "synthesis.per_module" not in own:
            own["synthesis.per_module"] = budget.lessons  # the budget alone bounds what a module gets
        try:
            config = configured(
                override(base, [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in own.items()])
            )
            if config.examination.final_scope != "domain":
                raise UserError(
                    "examination.final_scope: expected `domain`, since arms are compared by the whole of it"
                )
            if len(study.tries) > 1 and not config.training.held_out:
                raise UserError("training.held_out: expected more than 0, since held-out lessons choose among `tries`")
            cell = Cell(name, budget, seed, attempt, config)
            check_run_id(cell.run_id)
        except UserError as error:
            raise UserError(f"{path}: arms.{name}: {error}") from error
        yield cell
