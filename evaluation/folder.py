"""The folder of an evaluation: what was asked under which settings, and every reply with its grade."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ioa.memory.errors import UserError
from ioa.memory.files import append_records, read_record, read_records, write_record, write_records
from ioa.memory.holding import hold
from ioa.memory.records import Record, Score, sum_unread
from ioa.memory.run_dir import RunDirectory
from ioa.training.exams.paired import Paired, Pairwise


class Outcome(Record):
    """One examinee's reply to one item, and its grade; a line of `results.jsonl`."""

    item: str
    """Id of the item."""
    examinee: str
    """Label of who was asked."""
    turn: int = 1
    """Which of the item's questions this is, from 1."""
    turns: int = 1
    """How many questions the item has."""
    question: str
    """As it stands in the data file."""
    prompt: str
    """What was asked, word for word: with the worked examples, and a student's with its chat template."""
    expected: str
    reply: str
    """The whole reply, as it was written."""
    scorer: str
    extracted: str = ""
    """The final answer found in the reply; empty where there is none."""
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    """None where there is no grade."""
    correct: bool | None = None
    detail: str = ""
    """What the scorer says of it."""
    unread: bool | None = None
    """The scorer could not read the reply with certainty; it counts as wrong. None where there is no grade, or where
    that was not recorded."""
    error: str = ""
    """Why there is no grade: the item counts for nothing, and is tried again by the next call."""
    answered: bool = True
    """False where the item could not be asked."""
    prompt_tokens: int = 0
    generated_tokens: int = 0
    estimated: bool = False
    """Whether the tokens are estimated, since the provider reported none."""
    seconds: float = 0.0
    """Share of the time that its batch took to be answered, grading not included."""
    time: str = ""
    """When it was written, ISO 8601, UTC."""
    event: str = ""
    """Id of a teacher's call in `transcript.jsonl`."""
    facts: Mapping[str, Any] = {}
    """What else there is; of lm-evaluation-harness the metrics of the sample."""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What there is one line of."""
        return (self.examinee, self.item, self.scorer, self.turn)


def right_of(outcomes: Iterable[Outcome]) -> Score:
    """Right answers of those that have a grade."""
    graded = [one for one in outcomes if one.score is not None]
    unread = sum_unread(one.unread for one in graded)
    return Score(k=sum(bool(one.correct) for one in graded), n=len(graded), unread=unread)


class Preference(Record):
    """Whose reply to an item a judge preferred; a line of `pairs.jsonl`."""

    item: str
    turn: int = 1
    """Which of the item's questions they replied to, from 1."""
    outcome: str = ""
    """`win` of the first examinee, `tie` or `loss`; empty where there is no verdict."""
    detail: str = ""
    error: str = ""
    time: str = ""


class Settings(Record):
    """All that decides the numbers: a folder holds one evaluation under one of these."""

    benchmark: str
    benchmark_sha256: str
    """Of the benchmark's file; empty for a task of lm-evaluation-harness."""
    data: str
    """The data file; its content decides, not its name."""
    data_sha256: str
    data_format: str = ""
    skip_bad: bool = False
    limit: int | None
    sample: int | None
    shots: int | None
    """None: as the task of lm-evaluation-harness has it."""
    seed: int
    scorer: str
    options: Mapping[str, Any]
    max_new_tokens: int | None
    examinees: Mapping[str, Mapping[str, str]]
    """What is known of each, by its label; of a pair the second is what the first is compared with."""
    judge: str = ""
    harness: Mapping[str, Any] = {}
    """Of a task of lm-evaluation-harness: version, and how it was called."""


class Tally(Record):
    """What one examinee did."""

    examinee: str
    n: int
    """Items with a grade."""
    k: int
    """Of these, right."""
    unread: int | None = None
    """Of these, replies that the scorer could not read, all of them wrong; none where that is not known."""
    mean: float
    """Mean score."""
    interval: tuple[float, float]
    """95 % interval of the mean."""
    interval_method: str
    by_turn: Mapping[int, float] = {}
    """Mean score of each turn of the items that are asked in several."""
    errors: int
    """Items without a grade."""
    seconds: float
    """Spent on answering."""
    prompt_tokens: int
    generated_tokens: int
    estimated: bool
    """Whether some of the tokens are estimated."""

    @property
    def right(self) -> Score:
        """The same as k of n."""
        return Score(k=self.k, n=self.n, unread=self.unread)


class Result(Record):
    """The whole evaluation; `result.json`."""

    settings: Settings
    items: int
    """Items examined or to be examined."""
    left_out: Mapping[str, int] = {}
    """Items of the data file that were not, by the reason."""
    batch_size: int
    examinees: tuple[Tally, ...]
    paired: Paired | None = None
    """The first against the second; none where only one was examined."""
    pairwise: Pairwise | None = None
    """What a judge that saw both replies preferred."""
    errors: tuple[str, ...] = ()
    """`examinee, item: why there is no grade`."""
    harness: Mapping[str, Any] = {}
    """Metrics of lm-evaluation-harness, as it reports them, by examinee."""
    versions: Mapping[str, str]
    seconds: float
    """Of all sittings, loading and grading included."""


class EvaluationFolder:
    """Names the files and reads and writes them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run = RunDirectory(root)
        """The same folder, for the parts of a run that an evaluation uses: transcript, ledger, clock."""

    @property
    def settings(self) -> Path:
        """JSON of `Settings`."""
        return self.root / "settings.json"

    @property
    def outcomes_file(self) -> Path:
        """JSON lines of `Outcome`."""
        return self.root / "results.jsonl"

    @property
    def pairs_file(self) -> Path:
        """JSON lines of `Preference`."""
        return self.root / "pairs.jsonl"

    @property
    def result(self) -> Path:
        """JSON of `Result`."""
        return self.root / "result.json"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other process out.

        Raises:
            UserError: another process holds it, it cannot be written to, or it holds something else.
        """
        self._check_content()
        with hold(self.root, f"Evaluation {self.root}", "evaluation"):
            yield

    def begin(self, settings: Settings) -> bool:
        """Write the settings down, or see that they are those of the evaluation that is in the folder.

        Returns whether there was one.

        Raises:
            UserError: the folder holds an evaluation under other settings.
        """
        if self.settings.exists() and (self.outcomes_file.exists() or any(self.root.glob("harness-*"))):
            self._same(read_record(self.settings, Settings), settings)
            return True
        write_record(self.settings, settings)  # nobody has answered yet under others
        return False

    def _check_content(self) -> None:
        """See before anything is written that the folder is ours, or empty.

        Raises:
            UserError: it holds something else.
        """
        strange = [path.name for path in self.root.glob("*") if path.name not in {"held-by", "evaluation.lock"}]
        if strange and not self.settings.exists():
            raise UserError(
                f"{self.root} holds something that is no evaluation ({', '.join(sorted(strange)[:5])}). "
                "Give another folder with --out."
            )

    def _same(self, before: Settings, now: Settings) -> None:
        old, new = before.model_dump(mode="json"), now.model_dump(mode="json")
        differing = [name for name in old if name != "data" and old[name] != new[name]]
        if differing:
            told = "\n".join(f"  {name}: {_short(old[name])} there, {_short(new[name])} now" for name in differing)
            raise UserError(
                f"{self.root} holds an evaluation under other settings:\n{told}\n"
                "Give another folder with --out, or the same settings to go on with that one."
            )

    def outcomes(self) -> dict[tuple[str, str, str, int], Outcome]:
        """The latest line of each turn of each item and examinee, by its key."""
        return {outcome.key: outcome for outcome in read_records(self.outcomes_file, Outcome)}

    def keep(self, outcomes: Iterable[Outcome]) -> None:
        """Append them."""
        append_records(self.outcomes_file, outcomes)

    def preferences(self) -> dict[tuple[str, int], Preference]:
        """The latest line of each item and turn."""
        return {(one.item, one.turn): one for one in read_records(self.pairs_file, Preference)}

    def prefer(self, preferences: Iterable[Preference]) -> None:
        """Append them."""
        append_records(self.pairs_file, preferences)

    def tidy(self) -> None:
        """Leave of each item and examinee the latest line: an error that was mended is one no longer."""
        lines = read_records(self.outcomes_file, Outcome)
        latest = {outcome.key: outcome for outcome in lines}
        if len(latest) < len(lines):
            write_records(self.outcomes_file, latest.values())
        pairs = read_records(self.pairs_file, Preference)
        last = {(one.item, one.turn): one for one in pairs}
        if len(last) < len(pairs):
            write_records(self.pairs_file, last.values())


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."
