"""Everything a report says, read once from the run directory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel

from ioa.agents import LessonRequest, teaching_stages
from ioa.graph.config import RunConfig, read_run_config
from ioa.graph.strategy_history import learn_strategies
from ioa.memory.accepted_lessons import read_lessons
from ioa.memory.clock import Timing
from ioa.memory.errors import UserError
from ioa.memory.files import read_record, read_records
from ioa.memory.records import (
    Assessment,
    BankItem,
    Curriculum,
    Diagnosis,
    Domain,
    Example,
    GateResult,
    ItemResult,
    Misconception,
    ObservedDifficulty,
    Prerequisites,
    Refusal,
    Remedy,
    Score,
    StrategyRecord,
    TaughtLesson,
    Teaching,
)
from ioa.memory.rounds import Rounds, teachings
from ioa.memory.run_dir import Round, RunDirectory
from ioa.memory.training_log import TRAINING_LOG, TrainingLog, trained_tokens
from ioa.memory.transcript import AttemptEvent, DecisionEvent, TranscriptEvent, read_transcript
from ioa.memory.yaml_values import read_value
from ioa.training import Execution
from ioa.training.exams.score_sums import score_by_module

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Facts:
    """What the run has left so far; whatever it has not reached yet is none or empty."""

    run_id: str
    status: str
    config: RunConfig | None
    """The run file; none before it is there."""
    domain: Domain | None
    diagnosis: Diagnosis | None
    revised: Prerequisites | None
    """The prerequisites as estimated again at the end; none where that was not asked for."""
    cycles: Mapping[int, Diagnosis]
    """What each further cycle found, by the number of the stage that was over."""
    curriculum: Curriculum | None
    examinations: Mapping[str, tuple[ItemResult, ...]]
    """Item results by label, e.g. `final-before`."""
    assessments: tuple[Assessment, ...]
    """In the order of stage and round."""
    training: Mapping[Round, TrainingLog]
    datasets: Mapping[Round, tuple[TaughtLesson, ...]]
    """What each round was trained on."""
    remedies: Mapping[Round, tuple[Remedy, ...]]
    """What was asked for in each round: portions of first lessons, and what the Planner decided."""
    misconceptions: Mapping[Round, tuple[Misconception, ...]]
    """What each round's examination at the gate showed, confirmed or not; the diagnosis has its own."""
    requests: Mapping[str, LessonRequest]
    """What the Adapter was asked for, by `batch`."""
    examples: tuple[Example, ...]
    refusals: tuple[Refusal, ...]
    transcript: tuple[TranscriptEvent, ...]
    """What was said and decided, oldest first."""
    timing: Timing | None
    execution: Execution | None
    """How the student is computed; none where the run does not say."""
    strategies: StrategyRecord | None
    """What the strategies brought; none before the first assessment."""
    observed: tuple[ObservedDifficulty, ...]
    trained: Mapping[str, int]
    """Tokens that each training took, those on trial included, by its name."""
    written: tuple[str, ...] = ()
    """Modules whose examined items a teacher wrote, with their answers."""

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
        """Number of the stage in which each module is taught; of several the last, a consolidation left out."""
        stages = teaching_stages(self.curriculum) if self.curriculum else ()
        return {module: stage.number for stage in stages for module in stage.modules}

    def diagnosis_of(self, stage: int) -> Diagnosis | None:
        """What the stage was planned by: the diagnosis of its cycle; none before the first."""
        began = [after for after in self.cycles if after < stage]
        return self.cycles[max(began)] if began else self.diagnosis

    @property
    def diagnosed(self) -> tuple[Misconception, ...]:
        """The misconceptions that the diagnoses named, confirmed or not, in the order of their finding."""
        every = (self.diagnosis, *self.cycles.values())
        return tuple(found for one in every if one for found in (*one.misconceptions, *one.unconfirmed))

    def scores(self, label: str) -> dict[str, Score]:
        """Score by module in one examination; empty where it has not taken place."""
        return score_by_module(self.examinations.get(label, ()))

    def verdict(self, module: str) -> bool | None:
        """Did the module pass the gate, in the round whose adapter was kept? None: never examined.

        Where what the stages taught is consolidated at the end, the gate after that decides.
        """
        found = self.gate_result(module)
        return found[1].mastered if found else None

    def gate_result(self, module: str) -> tuple[Assessment, GateResult] | None:
        """The last time that the module was among those a stage was examined for, in the round that was kept."""
        own = ((one, result) for one in reversed(self.kept) for result in one.gate if not result.level)
        return next(((one, result) for one, result in own if result.module == module), None)

    @cached_property
    def rounds(self) -> Rounds:
        """The history of the examinations at the gate."""
        return Rounds(self.assessments)

    @cached_property
    def _teachings(self) -> Mapping[Round, Teaching]:
        return teachings(self.remedies)

    def teaching(self, stage: int, round_: int) -> Teaching:
        """What the round taught; runs from before portions taught a stage's first lessons all at once."""
        stages = self.curriculum.stages if self.curriculum else ()
        if not round_ and any(one.consolidation for one in stages if one.number == stage):
            return Teaching(consolidation=True)
        default = Teaching(remediation=round_) if round_ else Teaching(portion=1, portions=1)
        return self._teachings.get((stage, round_), default)

    @property
    def ungated(self) -> bool:
        """Whether the run is over, and nothing of it was examined at a gate, as with methods that have none."""
        return self.status == "finished" and not self.assessments

    @property
    def kept(self) -> tuple[Assessment, ...]:
        """The assessment of each stage's best round: of the adapter that the next stage went on from."""
        return self.rounds.kept


def read_facts(run: RunDirectory, status: str, transcript: Iterable[TranscriptEvent] | None = None) -> Facts:
    """Read all that the run has written so far.

    Args:
        run: The run.
        status: How it is with it, as the caller knows.
        transcript: Its events, where the caller has read them already.

    Raises:
        UserError: a file is there but cannot be read as what it should be.
    """
    logs = {at: path / TRAINING_LOG for at, path in run.rounds_with(run.adapter).items()}
    scores = run.scores("label").parent.glob("*.jsonl")
    domain, curriculum = _optional(run.domain, Domain), read_curriculum(run)
    rounds = Rounds.read(run)
    examples = tuple(read_lessons(run))
    return Facts(
        run_id=run.run_id,
        status=status,
        config=read_run_config(run) if run.config.is_file() else None,
        domain=domain,
        diagnosis=_optional(run.diagnosis, Diagnosis),
        revised=_optional(run.revised_prerequisites, Prerequisites),
        cycles={
            cycle.after: read_record(run.diagnosis_after(cycle.after), Diagnosis)
            for cycle in (curriculum.cycles if curriculum else ())
        },
        curriculum=curriculum,
        examinations={path.stem: tuple(read_records(path, ItemResult)) for path in sorted(scores)},
        assessments=rounds.assessments,
        datasets=_by_round(run, run.dataset, TaughtLesson),
        training={at: read_record(path, TrainingLog) for at, path in logs.items() if path.is_file()},
        remedies=_by_round(run, run.remedies, Remedy),
        misconceptions=_by_round(run, run.misconceptions, Misconception),
        requests={
            request.batch: request
            for request in _all(sorted(run.drafts(1, 0, 0).parent.glob("*/requests.jsonl")), LessonRequest)
        },
        examples=examples,
        refusals=_all(sorted(run.refusals(1).parent.glob("refused-*.jsonl")), Refusal),
        transcript=tuple(read_transcript(run.transcript) if transcript is None else transcript),
        timing=_optional(run.clock, Timing),
        execution=_optional(run.execution, Execution),
        strategies=learn_strategies(run, domain, examples, rounds) if domain and rounds.assessments else None,
        trained=trained_tokens(run),
        observed=_all(run.rounds_with(run.observed).values(), ObservedDifficulty),
        written=_written(run),
    )


def _written(run: RunDirectory) -> tuple[str, ...]:
    items = read_records(run.items, BankItem)
    return tuple(dict.fromkeys(one.module for one in items if one.origin == "written" and one.purpose == "probe"))


def _optional(path: Path, kind: type[R]) -> R | None:
    return read_record(path, kind) if path.is_file() else None


def _all(paths: Iterable[Path], kind: type[R]) -> tuple[R, ...]:
    return tuple(record for path in paths for record in read_records(path, kind))


def _by_round(run: RunDirectory, path_of: Callable[[int, int], Path], kind: type[R]) -> dict[Round, tuple[R, ...]]:
    return {at: tuple(read_records(path, kind)) for at, path in run.rounds_with(path_of).items()}


def read_curriculum(run: RunDirectory) -> Curriculum | None:
    """The run's curriculum; none before it is planned.

    Raises:
        UserError: it was edited into something that is none.
    """
    path = run.curriculum
    if not path.is_file():
        return None
    try:
        return Curriculum.model_validate(read_value(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(
            f"{path}: not a curriculum ({error}).\nIt needs `stages`, each with number, title, modules, "
            "difficulty and rationale; undo the last edit."
        ) from error
