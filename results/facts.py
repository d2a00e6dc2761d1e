"""Everything a report says, read once from the run directory."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

from ioa.agents import LessonRequest
from ioa.graph.strategy_history import learnt
from ioa.memory.clock import Timing
from ioa.memory.errors import UserError
from ioa.memory.files import read_record, read_records
from ioa.memory.records import (
    Assessment,
    Curriculum,
    Diagnosis,
    Domain,
    Example,
    ItemResult,
    Misconception,
    ObservedDifficulty,
    Prerequisites,
    Refusal,
    Remedy,
    Score,
    StrategyRecord,
    TaughtLesson,
)
from ioa.memory.run_dir import RunDirectory
from ioa.memory.training_log import TRAINING_LOG, TrainingLog
from ioa.memory.transcript import AttemptEvent, DecisionEvent, TranscriptEvent, read_transcript
from ioa.training import best_round

R = TypeVar("R", bound=BaseModel)
Round = tuple[int, int]
"""(stage, round)."""

_NAME = re.compile(r"stage-(\d+)-round-(\d+)(?:\.[a-z]+)?")


@dataclass(frozen=True)
class Settings:
    """What the report quotes from `config.yaml`; none where the file does not say it."""

    teacher: str | None = None
    student: str | None = None
    tau_gap: float | None = None
    tau_mastery: float | None = None


@dataclass(frozen=True)
class Facts:
    """What the run has left so far; whatever it has not reached yet is none or empty."""

    run_id: str
    status: str
    settings: Settings
    domain: Domain | None
    diagnosis: Diagnosis | None
    revised: Prerequisites | None
    """The prerequisites as estimated again at the end; none where that was not asked for."""
    curriculum: Curriculum | None
    examinations: Mapping[str, tuple[ItemResult, ...]]
    """Item results by label, e.g. `final-before`."""
    assessments: tuple[Assessment, ...]
    """In the order of stage and round."""
    training: Mapping[Round, TrainingLog]
    datasets: Mapping[Round, tuple[TaughtLesson, ...]]
    """What each round was trained on."""
    remedies: Mapping[Round, tuple[Remedy, ...]]
    misconceptions: Mapping[Round, tuple[Misconception, ...]]
    """What each round's examination at the gate showed, confirmed or not; the diagnosis has its own."""
    requests: Mapping[str, LessonRequest]
    """What the Adapter was asked for, by `batch`."""
    examples: tuple[Example, ...]
    refusals: tuple[Refusal, ...]
    transcript: tuple[TranscriptEvent, ...]
    """What was said and decided, oldest first."""
    timing: Timing | None
    strategies: StrategyRecord | None
    """What the strategies brought; none before the first assessment."""
    observed: tuple[ObservedDifficulty, ...]

    @property
    def events(self) -> tuple[AttemptEvent, ...]:
        """The attempts at calls of a teacher."""
        return tuple(event for event in self.transcript if isinstance(event, AttemptEvent))

    @property
    def decisions(self) -> tuple[DecisionEvent, ...]:
        """What was decided by what they brought."""
        return tuple(event for event in self.transcript if isinstance(event, DecisionEvent))

    @property
    def module_ids(self) -> tuple[str, ...]:
        """All modules: in the domain's order, then those that only the diagnosis knows."""
        known = [module.id for module in self.domain.modules] if self.domain else []
        probed = [gap.module for gap in self.diagnosis.gaps] if self.diagnosis else []
        return tuple(dict.fromkeys([*known, *probed]))

    @property
    def targets(self) -> tuple[str, ...]:
        """The modules of the plan, in its order, with those that a revision left out; before it, the diagnosis's."""
        if self.curriculum:
            return self.curriculum.planned
        return self.diagnosis.targets if self.diagnosis else ()

    @property
    def stage_of(self) -> Mapping[str, int]:
        """Number of the stage in which each module is taught; for a module of several, the last."""
        stages = self.curriculum.stages if self.curriculum else ()
        return {module: stage.number for stage in stages for module in stage.modules}

    def scores(self, label: str) -> dict[str, Score]:
        """Score by module in one examination; empty where it has not taken place."""
        found: dict[str, Score] = {}
        for item in self.examinations.get(label, ()):
            found[item.module] = found.get(item.module, Score(k=0, n=0)) + Score(k=int(item.correct), n=1)
        return found

    def verdict(self, module: str) -> bool | None:
        """Did the module pass its own stage's gate, in the round whose adapter was kept? None: never examined."""
        own = (result for assessment in self.kept for result in assessment.gate if not result.level)
        return next((result.mastered for result in own if result.module == module), None)

    @property
    def kept(self) -> tuple[Assessment, ...]:
        """The assessment of each stage's best round: of the adapter that the next stage went on from."""
        stages = sorted({assessment.stage for assessment in self.assessments})
        return tuple(best_round([a for a in self.assessments if a.stage == stage]) for stage in stages)


def read_facts(run: RunDirectory, status: str, transcript: Iterable[TranscriptEvent] | None = None) -> Facts:
    """Read all that the run has written so far.

    Args:
        run: The run.
        status: How it is with it, as the caller knows.
        transcript: Its events, where the caller has read them already.

    Raises:
        UserError: a file is there but cannot be read as what it should be.
    """
    assessments = _rounds(run.assessment(1, 0), ".json").values()
    logs = {at: path / TRAINING_LOG for at, path in _rounds(run.adapter(1, 0), "").items()}
    remedies = _rounds(run.remedies(1, 0), ".jsonl")
    datasets = _rounds(run.dataset(1, 0), ".jsonl")
    scores = run.scores("label").parent.glob("*.jsonl")
    domain, curriculum = _optional(run.domain, Domain), _curriculum(run.curriculum)
    assessed = tuple(read_record(path, Assessment) for path in assessments)
    examples = _all(sorted(run.examples(1).parent.glob("stage-*.jsonl")), Example)
    return Facts(
        run_id=run.run_id,
        status=status,
        settings=_settings(run.config),
        domain=domain,
        diagnosis=_optional(run.diagnosis, Diagnosis),
        revised=_optional(run.revised_prerequisites, Prerequisites),
        curriculum=curriculum,
        examinations={path.stem: tuple(read_records(path, ItemResult)) for path in sorted(scores)},
        assessments=assessed,
        datasets={at: tuple(read_records(path, TaughtLesson)) for at, path in datasets.items()},
        training={at: read_record(path, TrainingLog) for at, path in logs.items() if path.is_file()},
        remedies={at: tuple(read_records(path, Remedy)) for at, path in remedies.items()},
        misconceptions={
            at: tuple(read_records(path, Misconception))
            for at, path in _rounds(run.misconceptions(1, 0), ".jsonl").items()
        },
        requests={
            request.batch: request
            for request in _all(sorted(run.drafts(1, 0, 0).parent.glob("*/requests.jsonl")), LessonRequest)
        },
        examples=examples,
        refusals=_all(sorted(run.refusals(1).parent.glob("refused-*.jsonl")), Refusal),
        transcript=tuple(read_transcript(run.transcript) if transcript is None else transcript),
        timing=_optional(run.clock, Timing),
        strategies=learnt(run, domain, examples, assessed) if domain and assessed else None,
        observed=_all(_rounds(run.observed(1, 0), ".jsonl").values(), ObservedDifficulty),
    )


def _optional(path: Path, kind: type[R]) -> R | None:
    return read_record(path, kind) if path.is_file() else None


def _all(paths: Iterable[Path], kind: type[R]) -> tuple[R, ...]:
    return tuple(record for path in paths for record in read_records(path, kind))


def _rounds(beside: Path, suffix: str) -> dict[Round, Path]:
    """The paths named like `beside`, a path of stage 1 and round 0, by their stage and round."""
    names = ((_NAME.fullmatch(path.name), path) for path in beside.parent.glob("stage-*-round-*"))
    found = {(int(m[1]), int(m[2])): path for m, path in names if m and path.suffix == suffix}
    return dict(sorted(found.items()))


def _curriculum(path: Path) -> Curriculum | None:
    if not path.is_file():
        return None
    try:
        return Curriculum.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(
            f"{path}: not a curriculum ({error}).\nIt needs `stages`, each with number, title, modules, "
            "difficulty and rationale; undo the last edit."
        ) from error


def _settings(path: Path) -> Settings:
    """The few settings that the report quotes, wherever in the file they stand."""
    if not path.is_file():
        return Settings()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML ({error}). Restore the configuration of the run.") from error
    return Settings(
        teacher=_name(_find(content, "teacher")),
        student=_name(_find(content, "student")),
        tau_gap=_number(_find(content, "tau_gap")),
        tau_mastery=_number(_find(content, "tau_mastery")),
    )


def _find(content: Any, key: str) -> Any:
    """The value of the first such key, outer levels first; none where there is none."""
    if not isinstance(content, dict):
        return None
    if key in content:
        return content[key]
    return next((found for value in content.values() if (found := _find(value, key)) is not None), None)


def _name(value: Any) -> str | None:
    """A model's name: the value itself, or the entry of a section that names the model."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("spec", "model", "name", "path", "id") if key in value), None)
    return None if value is None else str(value)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
