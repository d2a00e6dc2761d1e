"""The events of a transcript as data inside a page: each line of text once, no more than the page can bear."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ioa.memory.plain_text import plain, plain_json
from ioa.memory.redaction import redact_strings
from ioa.memory.transcript import AttemptEvent, DecisionEvent, TranscriptEvent
from ioa.results.visits import VisitOf

BUDGET = 7_000_000
"""Characters of data that a page carries, about as many bytes; more is slow to open and too large to mail."""
BUDGET_RUNNING = 1_000_000
"""The same while the run goes on: its page is written again after each assessment, and should not hold up the run."""
HEAD, TAIL = 16_000, 4_000
"""Characters that are shown of the two ends of a text that is longer than both together."""
_CHECKS = {"examinee", "verifier", "judge"}
"""Agents whose many answers are the first to be left out."""
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
"""What could end a script element or a line of it; inside JSON all of them can only be in strings."""


@dataclass(frozen=True)
class Embedded:
    """What a page carries of a transcript."""

    json: str
    """To be put into a script element of type `application/json`."""
    total: int
    """Events of the transcript, visits included."""
    left_out: int
    shortened: int
    """Texts of which the page has the two ends only."""


class _Texts:
    """Texts as numbers; a text is kept as its lines, since most prompts share most of theirs."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.lines: dict[str, int] = {}
        self.texts: dict[tuple[int, ...], int] = {}
        self.size = 0
        self.shortened = 0

    def put(self, text: str, event: str) -> int:
        text = plain(text)
        if len(text) > HEAD + TAIL:
            self.shortened += 1
            left = len(text) - HEAD - TAIL
            note = f"[… {left:,} characters are left out here: ioa transcript {self.run} --event {event} --full …]"
            text = f"{text[:HEAD]}\n{note}\n{text[-TAIL:]}"
        numbers = []
        for line in text.split("\n"):
            if line not in self.lines:
                self.lines[line] = len(self.lines)
                self.size += len(line) + line.count('"') + line.count("\\") + 5 * sum(map(line.count, "<>&")) + 3
            numbers.append(self.lines[line])
        key = tuple(numbers)
        if key not in self.texts:
            self.texts[key] = len(self.texts)
            self.size += 6 * len(key) + 3
        return self.texts[key]


def embed(run: str, transcript: Sequence[TranscriptEvent], visits: Sequence[VisitOf], budget: int = BUDGET) -> Embedded:
    """The events as data for a page.

    Where they are too many, the answers to examinations and checks are left out first, the oldest first; then other
    answers; what was rejected goes last.

    Args:
        run: Id of the run, for the commands that print what is left out.
        transcript: All events.
        visits: The same, grouped; event `visit` in the data is an index into it.
        budget: Characters of data.
    """
    visit_of = {event.id: at for at, visit in enumerate(visits) for event in visit.events}
    visit_of |= {visit.decision.id: at for at, visit in enumerate(visits) if visit.decision}
    texts, rows, room = _Texts(plain(run)), {}, budget
    for event in _by_importance(transcript):
        if texts.size > room:
            break
        row = _row(event, visit_of[event.id], texts)
        rows[event.id] = row
        room -= len(str(row))
    ordered = [event.id for visit in visits for event in (*visit.events, visit.decision) if event and event.id in rows]
    data = {
        "run": plain(run),
        "lines": redact_strings(list(texts.lines)),
        "texts": [list(numbers) for numbers in texts.texts],
        "events": [rows[name] for name in ordered],
    }
    return Embedded(
        json=json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES),
        total=len(transcript),
        left_out=len(transcript) - len(rows),
        shortened=texts.shortened,
    )


def _by_importance(transcript: Sequence[TranscriptEvent]) -> list[TranscriptEvent]:
    """What must be in the page first; of equals the newest first."""
    newest_first = list(reversed(transcript))
    newest_first.sort(key=_rank)
    return newest_first


def _rank(event: TranscriptEvent) -> int:
    if isinstance(event, DecisionEvent) and not event.subject:
        return 0
    if event.rejected:
        return 1
    return 3 if event.context.agent in _CHECKS or isinstance(event, DecisionEvent) else 2


def _row(event: TranscriptEvent, visit: int, texts: _Texts) -> dict[str, Any]:
    """The event with texts as numbers; what is empty is not in it."""

    def put(text: str) -> int | None:
        return texts.put(text, event.id) if text else None

    where = event.context
    row: dict[str, Any] = {
        "visit": visit,
        "id": plain(event.id),
        "time": plain(event.time),
        "agent": plain(where.agent),
        "task": plain(where.task),
        "stage": where.stage,
        "round": where.round,
        "module": plain(where.module or ""),
        "error": put(event.error),
        "category": plain(event.category),
        "seconds": round(event.seconds, 3),
    }
    if isinstance(event, AttemptEvent):
        row |= {
            "teacher": plain(event.teacher),
            "attempt": event.attempt if event.attempt > 1 else None,
            "messages": [[plain(message.role), texts.put(message.content, event.id)] for message in event.messages],
            "reply": put(event.reply),
            "reasoning": put(event.reasoning),
            "parsed": put(_compact(event.parsed)) if event.parsed is not None else None,
            "ledger": event.ledger or None,
            "tokens": [event.tokens.input, event.tokens.output, int(event.tokens.estimated)],
            "cost": event.cost,
        }
    else:
        row |= {
            "subject": plain(event.subject),
            "text": put(event.text),
            "notes": [put(f"{note.sender} to {note.receiver}: {note.text}") for note in event.notes],
            "read": put(_compact(event.read)) if event.read else None,
            "wrote": put(_compact(event.wrote)) if event.wrote else None,
            "own": None if event.subject else 1,
        }
    return {name: value for name, value in row.items() if value is not None and value not in ("", [])}


def _compact(value: Any) -> str:
    return json.dumps(
        plain_json(value), ensure_ascii=False
    )  # the page sets it out: here indenting takes ten times as long
