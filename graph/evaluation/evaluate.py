"""An evaluation from its names to its result; the same call goes on with one that was interrupted."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ioa.agents.judge import Judge, reference_of
from ioa.graph.config import RunConfig
from ioa.graph.evaluation.benchmark import Named as NamedBenchmark
from ioa.graph.evaluation.benchmark import sha256
from ioa.graph.evaluation.examinees import NODE, StudentHolder, opened
from ioa.graph.evaluation.folder import EvaluationFolder, Outcome, Preference, Result, Settings
from ioa.graph.evaluation.items import Chosen, choose
from ioa.graph.evaluation.naming import Named, check
from ioa.graph.evaluation.pairwise import compare_replies
from ioa.graph.evaluation.sitting import Paper, Sitting, Standing, attempt_of, standing
from ioa.graph.evaluation.summary import compare, preferred, right_wrong, tally, versions
from ioa.graph.progress import Reporter
from ioa.graph.workshop import Workshop
from ioa.memory.errors import UserError
from ioa.memory.files import write_record

JUDGE = "judge"
Lines = dict[tuple[str, str, str], Outcome]


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
        options = {own.scorer: own.options} if own.options else {}
        merged = {name: {**options.get(name, {}), **given} for name, given in self.config.scorers.items()}
        return self.config.model_copy(update={"scorers": {**options, **merged}})

    def settings(self, chosen: Chosen, scorers: Sequence[str]) -> Settings:
        """All that decides the numbers."""
        options = {name: dict(told) for name, told in self.configured().scorers.items() if name in scorers}
        judge = self.config.roles.judge if JUDGE in scorers else ()
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


def evaluate(evaluation: Evaluation, reporter: Reporter) -> Result:
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
    paper = Paper(evaluation.benchmark.benchmark, chosen.items, evaluation.scorer)
    if JUDGE in paper.scorers() and not evaluation.config.roles.judge:
        raise UserError("The replies are graded by a judge. Name it: --judge provider:model.")
    for named in evaluation.examinees:
        check(named)
        reporter.say(f"{named.label} is {named.told}")
    with folder.hold():
        if folder.begin(evaluation.settings(chosen, paper.scorers())):
            reporter.say(f"Going on with {folder.root}")
        _grade_again(evaluation, paper, reporter)
        with closing(Workshop(folder.run, evaluation.configured(), reporter)) as shop, shop.clock().phase(NODE):
            _ask(evaluation, paper, chosen, shop)
            compared = _compare(evaluation, paper, shop)
        folder.tidy()
        result = _result(
            evaluation, chosen, paper, Workshop(folder.run, evaluation.config).clock().timing().wall_seconds
        )
        if compared:
            result = result.model_copy(update=preferred(folder.preferences(), result.errors))
        write_record(folder.result, result)
    return result


def _grade_again(evaluation: Evaluation, paper: Paper, reporter: Reporter) -> None:
    """Grade what could not be graded: a judge is paid for another verdict, as its last one could not be read."""
    known = evaluation.folder.outcomes()
    for named in evaluation.examinees:
        items = standing(paper, named.label, known).again
        if not items:
            continue
        reporter.say(f"{named.label}: {len(items)} replies could not be graded before, and are graded again")
        since = max(line.time for line in known.values() if line.error and line.examinee == named.label)
        shop = Workshop(evaluation.folder.run, evaluation.configured(), reporter, since=since)
        with closing(shop), shop.clock().phase(NODE):
            Sitting(paper, named.label, evaluation.folder, reporter).grade(items, shop.scorers())


def _ask(evaluation: Evaluation, paper: Paper, chosen: Chosen, shop: Workshop) -> None:
    choice, folder = evaluation.choice, evaluation.folder
    scorers = shop.scorers()
    for name in paper.scorers():
        scorers[name]  # opened before anybody is asked, should it not work here
    holder = StudentHolder(shop.reporter, batch_size=choice.batch_size, max_new_tokens=evaluation.max_new_tokens)
    for named in evaluation.examinees:
        left = standing(paper, named.label, folder.outcomes())
        _say_left(shop.reporter, named.label, left, len(paper.items))
        sitting = Sitting(paper, named.label, folder, shop.reporter)
        if left.grade:
            sitting.grade(left.grade, scorers)
        if left.ask:
            with opened(named, shop, holder, chosen.shots) as speaker:
                sitting.ask(speaker, left.ask, scorers)


def _compare(evaluation: Evaluation, paper: Paper, shop: Workshop) -> bool:
    """Have the judge compare the replies to the items that it grades; returns whether there were any.

    What was compared is not compared again.
    """
    judged = {item.id: item for item in paper.items if paper.scorer_of(item) == JUDGE}
    if len(evaluation.examinees) < 2 or not judged:
        return False
    folder = evaluation.folder
    lines, known = folder.outcomes(), folder.preferences()
    first, second = (named.label for named in evaluation.examinees)
    both = [
        (lines[first, name, JUDGE], lines[second, name, JUDGE])
        for name in judged
        if (first, name, JUDGE) in lines and (second, name, JUDGE) in lines
    ]
    open_ = [pair for pair in both if all(one.answered for one in pair) and not _decided(known, pair[0].item)]
    if open_:
        references = [reference_of(attempt_of(judged[one.item], one.reply)) for one, _ in open_]
        compare_replies(Judge(shop.teacher(JUDGE)), open_, references, folder, shop.reporter)
    return True


def _decided(known: Mapping[str, Preference], item: str) -> bool:
    return item in known and not known[item].error


def _say_left(reporter: Reporter, label: str, left: Standing, total: int) -> None:
    if len(left.ask) < total:
        reporter.say(f"{label}: {total - len(left.ask)} of {total} items were answered before")


def lines_of(lines: Lines, label: str, paper_keys: Callable[[Outcome], bool] = lambda _: True) -> list[Outcome]:
    """One examinee's lines."""
    return [line for line in lines.values() if line.examinee == label and paper_keys(line)]


def _result(evaluation: Evaluation, chosen: Chosen, paper: Paper, seconds: float) -> Result:
    lines = evaluation.folder.outcomes()
    by_label = {named.label: lines_of(lines, named.label) for named in evaluation.examinees}
    return Result(
        settings=evaluation.settings(chosen, paper.scorers()),
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
