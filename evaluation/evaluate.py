"""An evaluation from its names to its result; the same call goes on with one that was interrupted."""

from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ioa.agents.judge import Judge, check_judge, reference_of
from ioa.evaluation.benchmark import Named as NamedBenchmark
from ioa.evaluation.benchmark import sha256
from ioa.evaluation.benchmark_sitting import OutcomeLog, Paper, attempt_of, sit_benchmark
from ioa.evaluation.examinee_names import Named, check
from ioa.evaluation.examinees import NODE, StudentHolder, open_examinee
from ioa.evaluation.folder import EvaluationFolder, Outcome, Result, Settings
from ioa.evaluation.item_choice import Chosen, choose
from ioa.evaluation.pairwise import compare_replies
from ioa.evaluation.tallies import compare, preferred, right_wrong, tally, versions
from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.listeners import Listener
from ioa.memory.errors import UserError
from ioa.memory.files import write_record
from ioa.memory.plugins import is_plugin_file
from ioa.training import Scorers


@dataclass(frozen=True)
class Choice:
    """Which items, and how they are asked; none: as the benchmark has it."""

    limit: int | None = None
    sample: int | None = None
    shots: int | None = None
    scorer: str | None = None
    max_new_tokens: int | None = None
    batch_size: int = 16
    skip_bad: bool = False


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated, on what, under which settings."""

    benchmark: NamedBenchmark
    data: Path
    examinees: tuple[Named, ...]
    """One, or two that are compared."""
    choice: Choice
    config: RunConfig
    """Of it the seed, the scorers' settings, the judge, the budget and the prices count."""
    folder: EvaluationFolder

    @property
    def max_new_tokens(self) -> int:
        """Longest reply of a student."""
        return self.choice.max_new_tokens or self.benchmark.benchmark.max_new_tokens

    @property
    def shots(self) -> int:
        """How many worked examples."""
        given = self.choice.shots
        return self.benchmark.benchmark.default_shots if given is None else given

    @property
    def scorer(self) -> str:
        """Name of the scorer; empty: each item names its own."""
        named = self.choice.scorer or self.benchmark.benchmark.scorer
        return "" if named == "item" else named

    def configured(self) -> RunConfig:
        """The config with the benchmark's options of its scorer under those that a person set."""
        own = self.benchmark.benchmark
        options: dict[str, Mapping[str, Any]] = {own.scorer: own.options} if own.options else {}
        if is_plugin_file(self.scorer):  # a person typed it, since no benchmark may
            options[self.scorer] = {}
        merged = {name: {**options.get(name, {}), **given} for name, given in self.config.scorers.items()}
        return self.config.model_copy(update={"scorers": {**options, **merged}})

    def settings(self, chosen: Chosen, paper: Paper) -> Settings:
        """All that decides the numbers."""
        scorers = paper.scorers()
        options = {name: dict(told) for name, told in self.configured().scorers.items() if name in scorers}
        judge = self.config.roles.judge if paper.judged_by else ()
        return Settings(
            benchmark=self.benchmark.name,
            benchmark_sha256=self.benchmark.sha256,
            data=str(self.data),
            data_sha256=sha256(self.data),
            data_format=chosen.format,
            skip_bad=self.choice.skip_bad,
            limit=self.choice.limit,
            sample=self.choice.sample,
            shots=self.shots,
            seed=self.config.seed,
            scorer=self.scorer,
            options=options,
            max_new_tokens=self.max_new_tokens,
            examinees={named.label: named.fingerprint() for named in self.examinees},
            judge=", ".join(one.model for one in judge),
        )


def evaluate(evaluation: Evaluation, listener: Listener) -> Result:
    """Ask and grade what has not been asked and graded yet, and add it all up.

    Raises:
        UserError: the data file is bad, somebody cannot be opened, or the folder holds something else.
        TeacherError: a teacher does not answer; what it said before is kept.
    """
    choice, folder = evaluation.choice, evaluation.folder
    chosen = choose(
        evaluation.benchmark.benchmark,
        evaluation.data,
        shots=evaluation.shots,
        limit=choice.limit,
        sample=choice.sample,
        seed=evaluation.config.seed,
        skip_bad=choice.skip_bad,
    )
    paper = _paper(evaluation, chosen)
    for named in evaluation.examinees:
        check(named, listener)
        listener.message(f"{named.label} is {named.told}")
    with folder.hold():
        if folder.begin(evaluation.settings(chosen, paper)):
            listener.message(f"Going on with {folder.root}")
        _grade_again(evaluation, paper, listener)
        with closing(RunContext(folder.run, evaluation.configured(), listener)) as ctx, ctx.clock().phase(NODE):
            _ask(evaluation, paper, chosen, ctx)
            pairs = _pairs(evaluation, paper)
            if pairs.new:
                _compare(evaluation, paper, ctx, pairs.new)
        folder.tidy()
        result = _result(
            evaluation, chosen, paper, RunContext(folder.run, evaluation.config).clock().timing().wall_seconds
        )
        if pairs.count:
            result = result.model_copy(update=preferred(folder.preferences(), result.errors))
        write_record(folder.result, result)
    return result


def _paper(evaluation: Evaluation, chosen: Chosen) -> Paper:
    """What is asked, once it is seen that its scorers can work here, and that there is a judge where one is needed."""
    paper = Paper(evaluation.benchmark.benchmark, chosen.items, evaluation.scorer)
    with closing(Scorers(evaluation.configured().scorers, judge=lambda: None)) as scorers:
        judged_by = frozenset(name for name in paper.scorers() if scorers.traits(name).needs_judge)
    judges = evaluation.config.roles.judge
    if judged_by and not judges:
        raise UserError("The replies are graded by a judge. Name it: --judge provider:model.")
    for judge in judges if judged_by else ():
        check_judge(judge)
    return replace(paper, judged_by=judged_by)


def _grade_again(evaluation: Evaluation, paper: Paper, listener: Listener) -> None:
    """Grade what could not be graded: a judge is paid for another verdict, as its last one could not be read."""
    known = evaluation.folder.outcomes()
    for named in evaluation.examinees:
        since = max((line.time for line in known.values() if line.error and line.examinee == named.label), default="")
        ctx = RunContext(evaluation.folder.run, evaluation.configured(), listener, since=since)
        log = OutcomeLog(paper, named.label, evaluation.folder, ctx.scorers, listener)
        items = log.failed()
        if not items:
            continue
        listener.message(f"{named.label}: {len(items)} replies could not be graded before, and are graded again")
        with closing(ctx), ctx.clock().phase(NODE):
            log.grade(items)
    pairs = _pairs(evaluation, paper)
    if pairs.failed:
        ctx = RunContext(evaluation.folder.run, evaluation.configured(), listener, since=pairs.since)
        with closing(ctx), ctx.clock().phase(NODE):
            _compare(evaluation, paper, ctx, pairs.failed)


def _ask(evaluation: Evaluation, paper: Paper, chosen: Chosen, ctx: RunContext) -> None:
    choice, folder = evaluation.choice, evaluation.folder
    holder = StudentHolder(ctx.listener, batch_size=choice.batch_size, max_new_tokens=evaluation.max_new_tokens)
    logs = {
        named.label: OutcomeLog(paper, named.label, folder, ctx.scorers, ctx.listener) for named in evaluation.examinees
    }
    if any(named.teacher is not None for named in evaluation.examinees):
        for named in evaluation.examinees:  # a student that is none is refused before a teacher is paid
            if named.teacher is None and logs[named.label].standing(paper.items).ask:
                holder.student(named)
    for named in evaluation.examinees:
        log = logs[named.label]
        left, total = len(log.standing(paper.items).ask), len(paper.items)
        if left < total:
            ctx.message(f"{named.label}: {total - left} of {total} items were answered before")
        with open_examinee(named, ctx, holder, chosen.shots) if left else nullcontext() as speaker:
            sit_benchmark(log, paper, speaker)


@dataclass(frozen=True)
class Pairs:
    """Both examinees' replies to the items that a judge grades."""

    new: list[tuple[Outcome, Outcome]]
    """Not compared yet."""
    failed: list[tuple[Outcome, Outcome]]
    """Compared, but the verdict could not be read."""
    since: str
    """When that was, ISO 8601, UTC; empty where it was never."""
    count: int
    """All of them, those that were compared included."""


def _pairs(evaluation: Evaluation, paper: Paper) -> Pairs:
    lines, known = evaluation.folder.outcomes(), evaluation.folder.preferences()
    both: list[tuple[Outcome, Outcome]] = []
    if len(evaluation.examinees) == 2:
        first, second = (named.label for named in evaluation.examinees)
        named = [(item.id, paper.scorer_of(item)) for item in paper.items]
        keys = [key for key in named if key[1] in paper.judged_by]
        asked = [(lines.get((first, *key)), lines.get((second, *key))) for key in keys]
        both = [(one, other) for one, other in asked if one and other and one.answered and other.answered]
    failed = [pair for pair in both if pair[0].item in known and known[pair[0].item].error]
    return Pairs(
        new=[pair for pair in both if pair[0].item not in known],
        failed=failed,
        since=max((known[one.item].time for one, _ in failed), default=""),
        count=len(both),
    )


def _compare(evaluation: Evaluation, paper: Paper, ctx: RunContext, pairs: list[tuple[Outcome, Outcome]]) -> None:
    """Have the judge compare the replies."""
    items = {item.id: item for item in paper.items}
    references = [reference_of(attempt_of(items[one.item], one.reply)) for one, _ in pairs]
    compare_replies(Judge(ctx.teacher("judge")), pairs, references, evaluation.folder, ctx.listener)


def _result(evaluation: Evaluation, chosen: Chosen, paper: Paper, seconds: float) -> Result:
    lines = evaluation.folder.outcomes()
    by_label = {
        named.label: [line for line in lines.values() if line.examinee == named.label] for named in evaluation.examinees
    }
    return Result(
        settings=evaluation.settings(chosen, paper),
        items=len(chosen.items),
        left_out=chosen.left_out,
        batch_size=evaluation.choice.batch_size,
        versions=versions(),
        seconds=seconds,
        **add_up(by_label, evaluation.config.seed),
    )


def add_up(by_label: Mapping[str, list[Outcome]], seed: int) -> dict[str, object]:
    """The fields of a `Result` that follow from the lines of one examinee or of two."""
    everything = [line for own in by_label.values() for line in own]
    graded = not right_wrong(everything)
    told: dict[str, object] = {
        "examinees": tuple(tally(label, own, graded=graded, seed=seed) for label, own in by_label.items()),
        "errors": tuple(f"{line.examinee}, {line.item}: {line.error}" for line in everything if line.error),
    }
    if len(by_label) == 2:
        first, second = by_label.values()
        told["paired"] = compare(first, second, graded=graded, seed=seed)
    return told
