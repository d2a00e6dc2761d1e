"""The run directory: where a run keeps everything it did, found and learnt."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ioa.memory.errors import UserError
from ioa.memory.holding import hold, is_held, was_left_held

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
Round = tuple[int, int]
"""(stage, round): the stage from 1, round 0 when it is first taught, then one for each further portion and remedy."""
_ROUND_NAME = re.compile(r"stage-(\d+)-round-(\d+)(?:\.[a-z]+)?")


def round_name(stage: int, round_: int) -> str:
    """Name of a round wherever something of it is a file or a folder: `stage-01-round-0`."""
    return f"stage-{stage:02d}-round-{round_}"


def check_run_id(run_id: str) -> str:
    """Accept a run id that is a plain folder name.

    Raises:
        UserError: it could name another folder, or is empty or too long.
    """
    if not RUN_ID.fullmatch(run_id) or ".." in run_id:
        raise UserError(
            f"Run id {run_id!r} is not allowed: 1 to 80 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit and without '..'."
        )
    return run_id


@dataclass(frozen=True)
class RunDirectory:
    """Names every file of a run; creates nothing until asked to."""

    root: Path

    @classmethod
    def at(cls, runs: Path, run_id: str) -> "RunDirectory":
        """The directory of that run below `runs`.

        Raises:
            UserError: the run id is not allowed.
        """
        return cls(runs / check_run_id(run_id))

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.root.name

    @property
    def config(self) -> Path:
        """The resolved configuration, YAML."""
        return self.root / "config.yaml"

    @property
    def checkpoints(self) -> Path:
        """LangGraph's checkpoints, SQLite."""
        return self.root / "checkpoints.sqlite"

    @property
    def transcript(self) -> Path:
        """Every call of a teacher and every decision, JSON lines of `TranscriptEvent`."""
        return self.root / "transcript.jsonl"

    @property
    def ledger(self) -> Path:
        """Paid answers, shared by all runs of the folder: a repeated run does not pay again."""
        return self.root.parent / "ledger.sqlite"

    @property
    def teacher_scores(self) -> Path:
        """What teachers scored in the runs of the folder, JSON lines of `Measured`."""
        return self.root.parent / "teacher-scores.jsonl"

    @property
    def student_replies(self) -> Path:
        """What untaught students replied in the runs of the folder, a file of `Kept` JSON lines for each of them."""
        return self.root.parent / "student-replies"

    @property
    def replies_until(self) -> Path:
        """Until when other runs' replies of the untaught student count in this one; there once it was asked."""
        return self.root / "replies-until"

    @property
    def fresh(self) -> Path:
        """When a run began that pays for everything anew; not there for others."""
        return self.root / "fresh-since"

    @property
    def clock(self) -> Path:
        """Seconds spent in each phase, over all sittings of the run; JSON of `Clock`."""
        return self.root / "clock.json"

    @property
    def execution(self) -> Path:
        """How the student is computed, from the beginning of the run to its end; JSON of `Execution`."""
        return self.root / "execution.json"

    @property
    def domain(self) -> Path:
        """The domain, JSON of `Domain`."""
        return self.root / "domain" / "domain.json"

    @property
    def source(self) -> Path:
        """What the domain was made of, JSON of `Source`; not there where a pack says it all."""
        return self.root / "domain" / "source.json"

    @property
    def answers(self) -> Path:
        """The teacher's answers of which the domain was made, JSON lines of `Answered`."""
        return self.root / "domain" / "answers.jsonl"

    @property
    def items(self) -> Path:
        """The item bank, JSON lines of `BankItem`; not there where all items come from generators."""
        return self.root / "domain" / "items.jsonl"

    @property
    def refused_items(self) -> Path:
        """Items that are not in the bank and why, JSON lines of `RefusedItem`."""
        return self.root / "domain" / "refused-items.jsonl"

    @property
    def decomposition(self) -> Path:
        """How the domain was made, JSON of `Decomposition`."""
        return self.root / "domain" / "decomposition.json"

    @property
    def probes(self) -> Path:
        """All three splits, JSON lines of `Probe`."""
        return self.root / "domain" / "probes.jsonl"

    def scores(self, label: str) -> Path:
        """One examination, JSON lines of `ItemResult`; e.g. `diagnosis-student`, `stage-01-round-0`."""
        return self.root / "scores" / f"{label}.jsonl"

    def replies(self, label: str) -> Path:
        """What the student wrote in an examination that is not graded yet, JSON lines of `Replied`."""
        return self.root / "scores" / "ungraded" / f"{label}.jsonl"

    @property
    def diagnosis(self) -> Path:
        """JSON of `Diagnosis`."""
        return self.root / "diagnosis.json"

    def diagnosis_after(self, stage: int) -> Path:
        """What a further cycle found when that stage was over, JSON of `Diagnosis`."""
        return self.root / f"diagnosis-after-{stage:02d}.json"

    def prerequisites_after(self, stage: int) -> Path:
        """The prerequisite graph as estimated anew when that stage was over, JSON of `Prerequisites`."""
        return self.root / f"dependencies-after-{stage:02d}.json"

    @property
    def revised_prerequisites(self) -> Path:
        """The prerequisite graph as estimated again with the run's checkpoints, JSON of `Prerequisites`."""
        return self.root / "dependencies-revised.json"

    @property
    def interventions(self) -> Path:
        """LoRAs of brief trainings on one module, each gone once it has been examined."""
        return self.root / "interventions"

    def intervention_lessons(self, module: str) -> Path:
        """Folder of the lessons for such a training; none of them is among the examples."""
        return self.root / "drafts" / f"intervention-{module.replace('/', '.')}"

    @property
    def curriculum(self) -> Path:
        """YAML of `Curriculum`, to be read and, at the review, edited."""
        return self.root / "curriculum.yaml"

    @property
    def given_curriculum(self) -> Path:
        """YAML of `Curriculum`, where a person gave one to the run; the planner is not asked then."""
        return self.root / "given-curriculum.yaml"

    def examples(self, stage: int) -> Path:
        """Accepted lessons of a stage, JSON lines of `Example`: the truth."""
        return self.root / "examples" / f"stage-{stage:02d}.jsonl"

    def refusals(self, stage: int) -> Path:
        """Refused lessons of a stage, JSON lines of `Refusal`."""
        return self.root / "examples" / f"refused-{stage:02d}.jsonl"

    def drafts(self, stage: int, round_: int, pass_: int) -> Path:
        """Folder of one pass of synthesis: requests, drafts, and what is left of them after each check."""
        return self.root / "drafts" / f"{round_name(stage, round_)}-pass-{pass_}"

    def ahead(self, stage: int) -> Path:
        """Folder of the first pass of a stage as far as it is made while the stage before it is taught."""
        return self.root / "drafts" / f"{round_name(stage, 0)}.ahead"

    def dataset(self, stage: int, round_: int) -> Path:
        """What that round was trained on, in order, JSON lines of `TaughtLesson`."""
        return self.root / "datasets" / f"{round_name(stage, round_)}.jsonl"

    def observed(self, stage: int, round_: int) -> Path:
        """How hard lessons of that round were before it, JSON lines of `ObservedDifficulty`."""
        return self.root / "observed" / f"{round_name(stage, round_)}.jsonl"

    @property
    def strategies(self) -> Path:
        """What the strategies brought so far, JSON of `StrategyRecord`; computed anew from the rest of the run."""
        return self.root / "strategies.json"

    @property
    def index(self) -> Path:
        """The Chroma index over all accepted lessons; rebuildable."""
        return self.root / "index"

    @property
    def owner(self) -> Path:
        """By what name the run's lessons are known in a store that several runs share; not there without one."""
        return self.root / "owner"

    def adapter(self, stage: int, round_: int) -> Path:
        """The LoRA adapter after that round, with its training log and completion marker."""
        return self.root / "adapters" / round_name(stage, round_)

    @property
    def trained_tokens(self) -> Path:
        """What each training took of `budget.training_tokens`, JSON lines of `TrainedTokens`."""
        return self.root / "training-tokens.jsonl"

    def assessment(self, stage: int, round_: int) -> Path:
        """JSON of `Assessment`."""
        return self.root / "assessments" / f"{round_name(stage, round_)}.json"

    @property
    def templates(self) -> Path:
        """The forms of the modules' solutions, JSON lines of `SolutionTemplate`."""
        return self.root / "templates.jsonl"

    def misconceptions(self, stage: int, round_: int) -> Path:
        """Why items failed in that round's examination, JSON lines of `Misconception`."""
        return self.root / "misconceptions" / f"{round_name(stage, round_)}.jsonl"

    def remedies(self, stage: int, round_: int) -> Path:
        """What is asked for in that round, a portion or what the Planner decided, JSON lines of `Remedy`."""
        return self.root / "remedies" / f"{round_name(stage, round_)}.jsonl"

    def practice(self, stage: int, round_: int) -> Path:
        """The problems that the student practised with after that round, JSON lines of `Probe`."""
        return self.root / "practice" / f"{round_name(stage, round_)}.jsonl"

    def rounds_with(self, path_of: Callable[[int, int], Path]) -> dict[Round, Path]:
        """The rounds that have that file or folder, in the order of stage and round.

        Args:
            path_of: One of the methods that name a path for a stage and a round, such as `run.assessment`.
        """
        beside = path_of(1, 0)
        names = ((_ROUND_NAME.fullmatch(path.name), path) for path in beside.parent.glob("stage-*-round-*"))
        found = {(int(m[1]), int(m[2])): path for m, path in names if m and path.suffix == beside.suffix}
        return dict(sorted(found.items()))

    @property
    def summary(self) -> Path:
        """The report's numbers for machines, JSON."""
        return self.root / "summary.json"

    @property
    def report(self) -> Path:
        """The report for people, one HTML file."""
        return self.root / "report.html"

    def require(self) -> "RunDirectory":
        """Itself, when the run exists.

        Raises:
            UserError: there is no such run; the message lists the ones there are.
        """
        if self.config.is_file():
            return self
        present = sorted(path.parent.name for path in self.root.parent.glob("*/config.yaml"))
        known = "Runs there: " + ", ".join(present[-10:]) if present else "There are no runs there yet"
        raise UserError(f"No run {self.run_id!r} in {self.root.parent}. {known}.")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other process out of the run while the block lasts.

        Raises:
            UserError: another process holds the run, and is named; or the folder cannot be written to.
        """
        with hold(self.root, f"Run {self.run_id}", "run"):
            yield

    @property
    def held(self) -> bool:
        """Whether a process works on it now; asking disturbs nobody."""
        return is_held(self.root, "run")

    @property
    def left_held(self) -> bool:
        """Whether the process that worked on it last does so still, or was killed."""
        return was_left_held(self.root)
