"""What came of the runs of a study, read from their folders."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import ConfigDict, Field

from ioa.evaluation.study_file import Cell, Study
from ioa.evaluation.study_statistics import Difference, Estimate, compare, mean_score
from ioa.evaluation.study_work import FinishedRun, State, StudyFolder, last_line, read_kept
from ioa.graph.config import read_run_config
from ioa.memory.errors import UserError
from ioa.memory.files import read_record, read_records, write_record
from ioa.memory.records import Diagnosis, Example, ItemResult, Kind, Record, Score
from ioa.memory.rounds import Rounds
from ioa.memory.run_dir import RunDirectory
from ioa.memory.training_log import TRAINING_LOG, TrainingLog
from ioa.results.budget_use import Allowance, BudgetUse
from ioa.results.run_cards import read_summary
from ioa.results.summary import Summary


class RunScores(Record):
    """A finished run in numbers: what it came to, and what that took."""

    deficient: Score
    """In the final examination, in the modules that the diagnosis found deficient: of a seed the same for all arms with
    the same `diagnosis.tau_gap`, whatever they chose to teach."""
    others: Score | None
    """In the modules that were not; none where there are none."""
    all: Score
    """In the whole domain: what arms are compared by."""
    before: Score
    """The bare student, in the whole domain."""
    teacher: Score
    budget: BudgetUse
    """What was used of what the study allows, and what was left."""
    lessons: int
    """Accepted lessons that a teacher wrote."""
    practised: int
    """The student's own solutions that were taught."""
    visits: int
    """Lessons trained, each as often as it was."""
    training_tokens: int
    """Tokens that the student was trained on, in all trainings."""
    teacher_tokens: int
    """Of prompts and replies of the teaching, estimated where the teacher reports none; examinations left out."""
    usd: float | None
    """Paid by this run alone: what another of the folder had asked already is free. None where a price is not known."""
    seconds: Mapping[str, float]
    """By activity: `training`, `generation`, `teacher`, `overhead`."""
    lost: int
    """Items that were right before and wrong after: what was forgotten."""
    held_out_loss: float | None
    """Of the lessons that its last training did not see, in nats per token; none where none were held out."""
    rounds: float | None
    """Mean number of rounds that the mastered modules took; none where no gate was sat."""


class RunResult(FinishedRun):
    """What is kept of a finished run: all that a study says of it is made of this."""

    model_config = ConfigDict(extra="forbid")

    scores: RunScores
    answers: Annotated[Mapping[str, bool], Field(min_length=1)]
    """The items of the final examination, each with whether it was right."""


class StudyRun(Record):
    """One run of a study, as far as it is."""

    run_id: str
    arm: str
    budget: str
    seed: int
    attempt: int
    """Which of the study's `tries`, from 0."""
    state: State
    told: str = ""
    """Of a run that is not finished, the last line that it printed."""
    scores: RunScores | None = None
    answers: Mapping[str, bool] = Field(default_factory=dict, exclude=True)
    """Of a finished one, the items of its final examination."""


def keep_results(folder: StudyFolder, cells: Sequence[Cell]) -> None:
    """Write down what came of the finished runs, so that it outlives their folders."""
    for cell in cells:
        if folder.state(cell) == "finished" and not folder.result(cell).exists():
            folder.result(cell).parent.mkdir(parents=True, exist_ok=True)
            write_record(folder.result(cell), read_result(folder, cell))


def read_result(folder: StudyFolder, cell: Cell) -> RunResult:
    """What came of a finished run: as it was kept, or from the run itself.

    Raises:
        UserError: it has no final examination of the whole domain.
    """
    if folder.result(cell).exists():
        return read_kept(folder.result(cell), RunResult)
    run = folder.run(cell)
    return RunResult(
        config=read_run_config(run),
        scores=read_scores(run),
        answers={one.probe: one.correct for one in read_records(run.scores("final-after"), ItemResult)},
    )


def read_runs(folder: StudyFolder, cells: Sequence[Cell]) -> list[StudyRun]:
    """All runs of a study, in its order."""
    return [_read(folder, cell) for cell in cells]


def _read(folder: StudyFolder, cell: Cell) -> StudyRun:
    state = folder.state(cell)
    known = StudyRun(
        run_id=cell.run_id, arm=cell.arm, budget=cell.budget.name, seed=cell.seed, attempt=cell.attempt, state=state
    )
    if state != "finished":
        return known.model_copy(update={"told": last_line(folder, cell) if state == "begun" else ""})
    found = read_result(folder, cell)
    return known.model_copy(update={"scores": found.scores, "answers": found.answers})


def read_scores(run: RunDirectory) -> RunScores:
    """The numbers of a finished run.

    Raises:
        UserError: it has no final examination of the whole domain.
    """
    summary = read_summary(run)
    final = summary.final if summary else None
    if summary is None or final is None or final.all.after is None or final.all.before is None:
        raise UserError(
            f"{run.root}: this run took no final examination of the whole domain, by which the arms of a study are "
            "compared. Leave examination.final_scope at `domain`."
        )
    paths = sorted(run.examples(1).parent.glob("stage-*.jsonl"))
    after = read_records(run.scores("final-after"), ItemResult)
    deficient = {gap.module for gap in read_record(run.diagnosis, Diagnosis).gaps if gap.deficient}
    others = [result for result in after if result.module not in deficient]
    examples = [one for path in paths for one in read_records(path, Example)]
    practised = sum(example.kind is Kind.PRACTICE for example in examples)
    logs = [read_record(path / TRAINING_LOG, TrainingLog) for path in run.rounds_with(run.adapter).values()]
    modules = [module for module in summary.modules if module.mastered]
    lessons = len(examples) - practised
    used = summary.budget or _older_use(summary, lessons, logs)
    return RunScores(
        deficient=Score.of([result for result in after if result.module in deficient]),
        others=Score.of(others) if others else None,
        all=final.all.after,
        before=final.all.before,
        teacher=final.all.teacher or Score(k=0, n=0),
        budget=used,
        lessons=lessons,
        practised=practised,
        visits=summary.activities["training"].items if "training" in summary.activities else 0,
        training_tokens=used.training_tokens.used,
        teacher_tokens=used.teacher_tokens.used,
        usd=summary.teacher.usd,
        seconds={name: done.seconds for name, done in summary.activities.items()},
        lost=sum(module.lost or 0 for module in summary.modules),
        held_out_loss=logs[-1].held_out[-1].loss if logs and logs[-1].held_out else None,
        rounds=_mean(_rounds_to_mastery(run)) if modules else None,
    )


def _older_use(summary: Summary, lessons: int, logs: Sequence[TrainingLog]) -> BudgetUse:
    """Of a run whose summary does not say it: all tokens of its teachers, those of examinations among them."""
    asked = summary.teacher.tokens
    return BudgetUse(
        lessons=Allowance.of(None, lessons),
        training_tokens=Allowance.of(None, sum(log.tokens for log in logs)),
        teacher_tokens=Allowance.of(None, asked.input + asked.output),
    )


def _rounds_to_mastery(run: RunDirectory) -> list[int]:
    """For each module that passed its gate, the rounds of its stage until then."""
    first: dict[str, int] = {}
    for one in Rounds.read(run).assessments:
        for result in one.gate:
            if result.mastered and not result.level:
                first.setdefault(result.module, one.round + 1)
    return list(first.values())


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def chosen_runs(study: Study, runs: Sequence[StudyRun]) -> list[StudyRun]:
    """Of each arm at a budget the runs of the try that its own held-out lessons like best; finished ones alone.

    All seeds of an arm count together, so that the choice is one of a setting, not of a lucky training. So only those
    tries are chosen among that are finished with the most seeds.
    """
    chosen = []
    for budget in dict.fromkeys(run.budget for run in runs):
        for arm in study.arms:
            own = [run for run in runs if (run.arm, run.budget) == (arm, budget) and run.scores is not None]
            if own:
                best = min({run.attempt for run in own}, key=lambda attempt: _rank(own, attempt))
                chosen += [run for run in own if run.attempt == best]
    return chosen


def _rank(runs: Sequence[StudyRun], attempt: int) -> tuple[int, float, int]:
    """Of a try, smaller for a better one: by its finished seeds, by its mean held-out loss, by its place."""
    losses = [run.scores.held_out_loss for run in runs if run.attempt == attempt and run.scores is not None]
    known = [loss for loss in losses if loss is not None]
    mean = sum(known) / len(known) if len(known) == len(losses) else float("inf")
    return -len(losses), mean, attempt


class BudgetResults(Record):
    """What the arms came to with a budget, by what is finished."""

    budget: str
    scores: Mapping[str, Estimate]
    """Share of right answers in the whole domain, by arm."""
    differences: tuple[Difference, ...]
    """Of the reference and every other arm, on the seeds and items that both have."""


class StudyResults(Record):
    """A study as far as it is."""

    name: str
    arms: tuple[str, ...]
    reference: str
    budgets: tuple[str, ...]
    seeds: tuple[int, ...]
    runs: tuple[StudyRun, ...]
    """All of them."""
    chosen: tuple[StudyRun, ...]
    """Of each arm the finished runs of the try that counts."""
    by_budget: tuple[BudgetResults, ...]

    def of(self, arm: str, budget: str) -> list[RunScores]:
        """The numbers of an arm's runs that count, one a seed."""
        own = [run for run in self.chosen if (run.arm, run.budget) == (arm, budget)]
        return [run.scores for run in own if run.scores is not None]


def read_study(study: Study, folder: StudyFolder, cells: Sequence[Cell]) -> StudyResults:
    """What came of a study so far."""
    runs = read_runs(folder, cells)
    chosen = chosen_runs(study, runs)
    budgets = tuple(budget.name for budget in study.budgets)
    return StudyResults(
        name=folder.root.name,
        arms=tuple(study.arms),
        reference=study.compared_with,
        budgets=budgets,
        seeds=study.seeds,
        runs=tuple(runs),
        chosen=tuple(chosen),
        by_budget=tuple(_compare(study, chosen, budget) for budget in budgets),
    )


def _compare(study: Study, chosen: Sequence[StudyRun], budget: str) -> BudgetResults:
    arms: dict[str, dict[int, Mapping[str, bool]]] = {}
    first: dict[int, StudyRun] = {}
    for run in chosen:
        if run.budget == budget:
            other = first.setdefault(run.seed, run)
            if run.answers.keys() != other.answers.keys():
                raise UserError(
                    f"{run.run_id} and {other.run_id} were examined with different items, so that they cannot be "
                    "compared. Has a file of the domain changed between them? Delete the runs and the results of one."
                )
            arms.setdefault(run.arm, {})[run.seed] = run.answers
    scores = {arm: mean_score(own) for arm, own in arms.items()}
    return BudgetResults(budget=budget, scores=scores, differences=tuple(compare(arms, study.compared_with)))
