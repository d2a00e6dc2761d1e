"""One examinee sits a benchmark: asked, kept, graded and kept again, piece by piece."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ioa.evaluation.benchmark import Benchmark
from ioa.evaluation.examinees import Speaker, Spoken, seconds_each
from ioa.evaluation.folder import EvaluationFolder, Outcome
from ioa.memory.records import Attempt, Grade, SourceItem
from ioa.results.terminal.progress import Reporter
from ioa.training import Scorers
from ioa.training.exams.scorers import ScoringError, default_scorer

Item = SourceItem


@dataclass(frozen=True)
class Paper:
    """What is asked of every examinee, and how it is graded."""

    benchmark: Benchmark
    items: tuple[SourceItem, ...]
    scorer: str
    """Name of the scorer; empty: each item names its own."""
    judged_by: frozenset[str] = frozenset()
    """Names of the scorers among them that ask a judge."""

    def scorer_of(self, item: SourceItem) -> str:
        """Who grades the replies to that item."""
        return self.scorer or item.scorer or default_scorer("")

    def scorers(self) -> list[str]:
        """All scorers that are needed."""
        return sorted({self.scorer_of(item) for item in self.items})


@dataclass(frozen=True)
class Standing:
    """What is still to be done for one examinee."""

    ask: list[SourceItem]
    """Not answered."""
    grade: list[SourceItem]
    """Answered, and not graded yet."""
    again: list[SourceItem]
    """Answered, but grading failed."""

    @property
    def count(self) -> int:
        """Items without a grade."""
        return len(self.ask) + len(self.grade) + len(self.again)


def standing(paper: Paper, label: str, known: dict[tuple[str, str, str], Outcome]) -> Standing:
    """What is still to be done, by the lines that are there."""
    ask: list[SourceItem] = []
    grade: list[SourceItem] = []
    again: list[SourceItem] = []
    for item in paper.items:
        outcome = known.get((label, item.id, paper.scorer_of(item)))
        if outcome is None or not outcome.answered:
            ask.append(item)
        elif outcome.score is None:
            (again if outcome.error else grade).append(item)
    return Standing(ask, grade, again)


class Sitting:
    """Asks and grades one examinee's items, and keeps what came of each."""

    def __init__(self, paper: Paper, label: str, folder: EvaluationFolder, reporter: Reporter) -> None:
        """Nothing is asked yet."""
        self._paper = paper
        self._label = label
        self._folder = folder
        self._reporter = reporter
        self._outcomes = {item: line for (who, item, _), line in folder.outcomes().items() if who == label}

    def ask(self, speaker: Speaker, items: Sequence[Item], scorers: Scorers) -> None:
        """Ask the items, and grade the replies.

        Raises:
            TeacherError: nobody answers; what was answered before is kept.
        """
        prompts = [self._paper.benchmark.ask(item.question, item.metadata) for item in items]
        done = 0
        for places in speaker.batches(prompts):
            started = time.monotonic()
            spoken = speaker.speak([prompts[place] for place in places], self._progress(done, len(items)))
            share = seconds_each(started, len(places))
            piece = [items[place] for place in places]
            self._keep(self._line(item, said, share) for item, said in zip(piece, spoken, strict=True))
            self.grade([item for item, said in zip(piece, spoken, strict=True) if not said.error], scorers)
            done += len(places)
            self._tell(done, len(items))

    def grade(self, items: Sequence[Item], scorers: Scorers) -> None:
        """Grade the replies that are there to these items."""
        lines = [self._outcomes[item.id] for item in items]
        attempts = [attempt_of(item, line.reply) for item, line in zip(items, lines, strict=True)]
        grades = _grades(scorers, [line.scorer for line in lines], attempts)
        self._keep(_graded(line, grade) for line, grade in zip(lines, grades, strict=True))

    def _line(self, item: Item, said: Spoken, seconds: float) -> Outcome:
        return Outcome(
            item=item.id,
            examinee=self._label,
            question=item.question,
            prompt=said.prompt,
            expected=item.answer,
            reply=said.text,
            scorer=self._paper.scorer_of(item),
            error=said.error,
            answered=not said.error,
            prompt_tokens=said.prompt_tokens,
            generated_tokens=said.generated_tokens,
            estimated=said.estimated,
            seconds=seconds,
            time=now(),
            event=said.event,
        )

    def _keep(self, lines: Iterable[Outcome]) -> None:
        kept = list(lines)
        self._folder.keep(kept)
        self._outcomes |= {line.item: line for line in kept}

    def _progress(self, before: int, total: int) -> Callable[[int, int], None]:
        return lambda done, _: self._tell(before + done, total)

    def _tell(self, done: int, total: int) -> None:
        graded = [line for line in self._outcomes.values() if line.score is not None]
        right = f"{sum(bool(line.correct) for line in graded)} of {len(graded)} right" if graded else ""
        self._reporter.work(self._label, done, total, right)


def attempt_of(item: Item, reply: str) -> Attempt:
    """A reply to an item as scorers get it."""
    return Attempt(question=item.question, answer=item.answer, reply=reply, metadata=item.metadata)


def _grades(scorers: Scorers, names: Sequence[str], attempts: Sequence[Attempt]) -> list[Grade | str]:
    """A grade for each, or why there is none."""
    if not attempts:
        return []
    try:
        return list(scorers.grade(names, attempts))
    except ScoringError as error:
        if len(attempts) == 1:
            return [str(error)]
    return [one for name, attempt in zip(names, attempts, strict=True) for one in _grades(scorers, [name], [attempt])]


def _graded(line: Outcome, grade: Grade | str) -> Outcome:
    if isinstance(grade, str):
        return line.model_copy(update={"error": grade, "time": now()})
    told = {
        "extracted": grade.extracted,
        "score": grade.score,
        "correct": grade.correct,
        "detail": grade.detail,
        "error": "",
        "time": now(),
    }
    return line.model_copy(update=told)


def now() -> str:
    """ISO 8601, UTC, with microseconds: the form that the ledger of paid answers compares."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
