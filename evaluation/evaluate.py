"""An evaluation from its names to its result; the same call goes on with one that was interrupted."""

from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ioa.agents.judge import Judge, check_judge
from ioa.evaluation.benchmark import Named as NamedBenchmark
from ioa.evaluation.benchmark import sha256
from ioa.evaluation.benchmark_sitting import OutcomeLog, Paper, sit_benchmark
from ioa.evaluation.conversations import attempt_of, by_item, turn_means, turns_of
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
from ioa.memory.records import Attempt
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
    for name in evaluation.config.scorers:
        if name not in paper.scorers():
            listener.message(f"scorers.{name} is set, but grades no item here: {', '.join(paper.scorers())} does.")
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
    for item in paper.items:
        turns_of(item)  # says what is wrong with them before anything is written
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
        turns = range(1, paper.turns + 1)
        logs = [OutcomeLog(paper, named.label, evaluation.folder, ctx.scorers, listener, turn) for turn in turns]
        count = sum(len(log.failed()) for log in logs)
        if not count:
            continue
        listener.message(f"{named.label}: {count} replies could not be graded before, and are graded again")
        with closing(ctx), ctx.clock().phase(NODE):
            for log in logs:
                log.grade(log.failed())
    pairs = _pairs(evaluation, paper)
    if pairs.failed:
        ctx = RunContext(evaluation.folder.run, evaluation.configured(), listener, since=pairs.since)
        with closing(ctx), ctx.clock().phase(NODE):
            _compare(evaluation, paper, ctx, pairs.failed)


def _ask(evaluation: Evaluation, paper: Paper, chosen: Chosen, ctx: RunContext) -> None:
    choice, folder = evaluation.choice, evaluation.folder
    holder = StudentHolder(ctx.listener, batch_size=choice.batch_size, max_new_tokens=evaluation.max_new_tokens)
    turns = range(1, paper.turns + 1)
    opened = {
        named.label: partial(OutcomeLog, paper, named.label, folder, ctx.scorers, ctx.listener)
        for named in evaluation.examinees
    }
    if any(named.teacher is not None for named in evaluation.examinees):
        for named in evaluation.examinees:  # a student that is none is refused before a teacher is paid
            if named.teacher is None and opened[named.label](1).standing(paper.items).ask:
                holder.student(named)
    for named in evaluation.examinees:
        open_log = opened[named.label]
        left = [len(log.standing(log.items).ask) for log in map(open_log, turns)]
        total = len(paper.items)
        if left[0] < total:
            ctx.message(f"{named.label}: {total - left[0]} of {total} items were answered before")
        with open_examinee(named, ctx, holder, chosen.shots) if any(left) else nullcontext() as speaker:
            for turn in turns:
                sit_benchmark(open_log(turn), paper, speaker)


Pair = tuple[Outcome, Outcome]
"""Two examinees' lines of one turn of an item."""


@dataclass(frozen=True)
class Pairs:
    """Both examinees' replies to the items that a judge grades."""

    new: list[Pair]
    """Not compared yet."""
    failed: list[Pair]
    """Compared, but the verdict could not be read."""
    since: str
    """When that was, ISO 8601, UTC; empty where it was never."""
    count: int
    """All of them, those that were compared included."""


def _pairs(evaluation: Evaluation, paper: Paper) -> Pairs:
    lines, known = evaluation.folder.outcomes(), evaluation.folder.preferences()
    both: list[Pair] = []
    if len(evaluation.examinees) == 2:
        first, second = (named.label for named in evaluation.examinees)
        turns = range(1, paper.turns + 1)
        named = [(item.id, paper.scorer_of(item), turn) for item in paper.items for turn in turns]
        keys = [key for key in named if key[1] in paper.judged_by]
        asked = [(lines.get((first, *key)), lines.get((second, *key))) for key in keys]
        both = [(one, other) for one, other in asked if one and other and one.answered and other.answered]
    failed = [pair for pair in both if (before := known.get(_place(pair))) and before.error]
    return Pairs(
        new=[pair for pair in both if _place(pair) not in known],
        failed=failed,
        since=max((known[_place(pair)].time for pair in failed), default=""),
        count=len(both),
    )


def _place(pair: Pair) -> tuple[str, int]:
    return (pair[0].item, pair[0].turn)


def _compare(evaluation: Evaluation, paper: Paper, ctx: RunContext, pairs: list[Pair]) -> None:
    """Have the judge compare the replies, each behind the conversation that it ends."""
    items, lines = {item.id: item for item in paper.items}, evaluation.folder.outcomes()

    def attempt(line: Outcome) -> Attempt:
        earlier = [lines[*line.key[:3], turn] for turn in range(1, line.turn)]
        return attempt_of(items[line.item], line.reply, earlier)

    compare_replies(
        Judge(ctx.teacher("judge")),
        pairs,
        [(attempt(one), attempt(other)) for one, other in pairs],
        evaluation.folder,
        ctx.listener,
    )


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
    items = {label: by_item(own) for label, own in by_label.items()}
    graded = not right_wrong([line for own in items.values() for line in own])
    told: dict[str, object] = {
        "examinees": tuple(
            tally(label, own, by_turn=turn_means(by_label[label]), graded=graded, seed=seed)
            for label, own in items.items()
        ),
        "errors": tuple(f"{line.examinee}, {_named(line)}: {line.error}" for line in everything if line.error),
    }
    if len(by_label) == 2:
        first, second = items.values()
        told["paired"] = compare(first, second, graded=graded, seed=seed)
    return told


def _named(line: Outcome) -> str:
    return line.item if line.turns == 1 else f"{line.item}, turn {line.turn}"
