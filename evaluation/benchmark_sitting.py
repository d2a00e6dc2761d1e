"""One examinee sits a benchmark: asked, kept, graded and kept again, piece by piece."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ioa.evaluation.benchmark import Benchmark
from ioa.evaluation.conversations import attempt_of, reference_of_turn, turns_of
from ioa.evaluation.examinees import Speaker, Spoken, seconds_each
from ioa.evaluation.folder import EvaluationFolder, Outcome, right_of
from ioa.graph.listeners import Listener
from ioa.memory.domains.item_sets.fields import NO_ANSWER
from ioa.memory.records import Attempt, Grade, SourceItem
from ioa.memory.spoken_text import spoken
from ioa.training import Scorers, Shot, sit
from ioa.training.exams.scorers import ScoringError, default_scorer
from ioa.training.exams.sitting import Standing


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

    @property
    def turns(self) -> int:
        """Most questions that an item has."""
        return max((len(turns_of(item)) for item in self.items), default=1)

    def scorers(self) -> list[str]:
        """All scorers that are needed."""
        return sorted({self.scorer_of(item) for item in self.items})


class OutcomeLog:
    """The `AnswerLog` of one examinee and turn: what came of each item is a line of the evaluation's folder."""

    def __init__(
        self,
        paper: Paper,
        label: str,
        folder: EvaluationFolder,
        scorers: Callable[[], Scorers],
        listener: Listener,
        turn: int = 1,
    ) -> None:
        """Read what is there.

        Args:
            paper: What is asked.
            label: Of the examinee.
            folder: Where the lines are.
            scorers: Opens the scorers, when the first reply is graded.
            listener: Told how far it is.
            turn: Which of the items' questions are asked, from 1.
        """
        self._paper, self._label, self._folder = paper, label, folder
        self._scorers, self._listener = scorers, listener
        self.turn = turn
        lines = folder.outcomes()
        by_turn = [
            {item.id: line for item in paper.items if (line := lines.get((label, item.id, paper.scorer_of(item), one)))}
            for one in range(1, turn + 1)
        ]
        *self._earlier, self._outcomes = by_turn
        self.items = [
            item
            for item in paper.items
            if len(turns_of(item)) >= turn and all(_is_answered(own.get(item.id)) for own in self._earlier)
        ]
        """Those that have such a turn, and whose earlier ones were answered: what was lost cannot be followed up."""

    def question(self, item: SourceItem) -> str:
        """What is asked in this turn, without the benchmark's words around it."""
        return turns_of(item)[self.turn - 1]

    def earlier(self, item: SourceItem) -> tuple[Shot, ...]:
        """The conversation so far, without the thoughts before its replies: chat templates leave them out, too."""
        ask, lines = self._paper.benchmark.ask, self._before(item)
        return tuple(Shot(question=ask(line.question, item.metadata), reply=spoken(line.reply)) for line in lines)

    def _before(self, item: SourceItem) -> list[Outcome]:
        return [own[item.id] for own in self._earlier]

    def standing(self, items: Sequence[SourceItem]) -> Standing[SourceItem]:
        """See `AnswerLog`; what could not be graded is in neither list."""
        ask = [item for item in items if not self._answered(item)]
        lines = [(item, self._outcomes[item.id]) for item in items if self._answered(item)]
        return Standing(ask, [item for item, line in lines if line.score is None and not line.error])

    def failed(self) -> list[SourceItem]:
        """The items whose replies could not be graded."""
        answered = [item for item in self.items if self._answered(item)]
        lines = [(item, self._outcomes[item.id]) for item in answered]
        return [item for item, line in lines if line.score is None and line.error]

    def keep(self, items: Sequence[SourceItem], replies: Sequence[Spoken]) -> None:
        """See `AnswerLog`."""
        self._write(self._line(item, said) for item, said in zip(items, replies, strict=True))

    def grade(self, items: Sequence[SourceItem]) -> None:
        """See `AnswerLog`; what could not be asked has nothing to grade, and what cannot be graded says why."""
        there = [(item, self._outcomes[item.id]) for item in items if self._answered(item)]
        attempts = [attempt_of(item, line.reply, self._before(item)) for item, line in there]
        grades = _grades(self._scorers(), [line.scorer for _, line in there], attempts)
        self._write(_graded(line, grade) for (_, line), grade in zip(there, grades, strict=True))

    def show(self, done: int, total: int) -> None:
        """Tell how far it is, and how many replies were right."""
        right = right_of(self._outcomes.values())
        failed = sum(bool(line.error) for line in self._outcomes.values())
        told = f"{right.k} of {right.n} right{right.unread_note}" if right.n else ""
        told += f"{', ' if told else ''}{failed} errors" if failed else ""
        label = self._label if self.turn == 1 else f"{self._label}, turn {self.turn}"
        self._listener.progress(label, done, total, told)

    def _answered(self, item: SourceItem) -> bool:
        return _is_answered(self._outcomes.get(item.id))

    def _line(self, item: SourceItem, said: Spoken) -> Outcome:
        return Outcome(
            item=item.id,
            examinee=self._label,
            turn=self.turn,
            turns=len(turns_of(item)),
            question=self.question(item),
            prompt=said.prompt,
            expected=item.answer if self.turn == 1 else reference_of_turn(item, self.turn) or NO_ANSWER,
            reply=said.text,
            scorer=self._paper.scorer_of(item),
            error=said.error,
            answered=not said.error,
            prompt_tokens=said.prompt_tokens,
            generated_tokens=said.generated_tokens,
            estimated=said.estimated,
            seconds=said.seconds,
            time=now(),
            event=said.event,
        )

    def _write(self, lines: Iterable[Outcome]) -> None:
        kept = list(lines)
        self._folder.keep(kept)
        self._outcomes |= {line.item: line for line in kept}


def sit_benchmark(log: OutcomeLog, paper: Paper, speaker: Speaker | None) -> None:
    """Ask and grade what is still open of one turn of a benchmark.

    Args:
        log: Where the examinee's answers are kept.
        paper: What is asked.
        speaker: The examinee; none where nothing is left to be asked.

    Raises:
        TeacherError: nobody answers; what was answered before is kept.
    """
    total, done = len(log.standing(log.items).ask), 0

    def prompts(items: Sequence[SourceItem]) -> list[str]:
        return [paper.benchmark.ask(log.question(item), item.metadata) for item in items]

    def earlier(items: Sequence[SourceItem]) -> list[tuple[Shot, ...]]:
        return [log.earlier(item) for item in items]

    def ask(items: Sequence[SourceItem]) -> list[Spoken]:
        nonlocal done
        before, started = done, time.monotonic()
        if speaker is None:
            raise AssertionError
        spoken = speaker.speak(prompts(items), lambda count, _: log.show(before + count, total), earlier(items))
        done += len(items)
        share = seconds_each(started, len(items))
        return [replace(said, seconds=share) for said in spoken]

    def pieces(items: list[SourceItem]) -> Iterable[list[SourceItem]]:
        for places in speaker.batches(prompts(items), earlier(items)) if speaker else ():
            yield [items[place] for place in places]
            log.show(done, total)

    sit(log, log.items, ask, pieces=pieces)


def _is_answered(line: Outcome | None) -> bool:
    return line is not None and line.answered


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
        "unread": grade.unread,
        "error": "",
        "time": now(),
    }
    return line.model_copy(update=told)


def now() -> str:
    """ISO 8601, UTC, with microseconds: the form that the ledger of paid answers compares."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
