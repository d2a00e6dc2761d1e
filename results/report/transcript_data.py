"""The cards of a transcript as data inside a page: each line of text once, no more than the page can bear."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ioa.memory.plain_text import plain
from ioa.memory.transcript import DecisionEvent, TranscriptEvent
from ioa.results.cards.blocks import Card, fold_parts
from ioa.results.cards.transcript_cards import Lessons, event_card, part_text, visit_card
from ioa.results.conversation import Visits

BUDGET = 7_000_000
"""Characters of data that a page carries, about as many bytes; more is slow to open and too large to mail."""
BUDGET_RUNNING = 1_000_000
"""The same while the run goes on: its page is written again after each assessment, and should not hold up the run."""
HEAD, TAIL = 16_000, 4_000
"""Characters that are shown of the two ends of a text that is longer than both together."""
FIELDS = ("agent", "node", "task", "stage", "round", "module")
"""What events can be chosen by."""
_CHECKS = {"examinee", "verifier", "judge"}
"""Agents whose many answers are the first to be left out."""
_INLINE = 24
"""Characters up to which a text stands where it is: a number in its place would save nothing."""


@dataclass(frozen=True)
class TranscriptData:
    """What a page carries of a transcript."""

    content: Mapping[str, Any]
    """JSON, for `transcript.js`."""
    total: int
    """Events of the transcript, visits included."""
    left_out: int
    shortened: int
    """Texts of which the page has the two ends only."""


class _Packed:
    """Texts and pieces of cards as numbers, each once; a text is kept as its lines: most prompts share most of theirs.

    A number in a list is a piece, a number under a name is a text.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        self.lines: dict[str, int] = {}
        self.texts: dict[tuple[int, ...], int] = {}
        self.pieces: dict[str, int] = {}
        self.size = 0
        self.shortened = 0

    def text(self, text: str, event: str) -> int:
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

    def pack(self, value: Any, event: str) -> Any:
        """The value with its pieces and its longer texts as numbers."""
        if isinstance(value, str):
            return value if len(value) <= _INLINE and "\n" not in value else self.text(value, event)
        if isinstance(value, list):
            return [self.pack(one, event) for one in value]
        packed = {name: self.pack(one, event) for name, one in value.items() if one or name == "text"}
        written = json.dumps(packed, ensure_ascii=False)
        if written not in self.pieces:
            self.pieces[written] = len(self.pieces)
            self.size += len(written)
        return self.pieces[written]

    def card(self, card: Card, event: str) -> dict[str, Any]:
        parts = {name: self.pack(card[name], event) for name in ("head", "body")}
        return {"id": plain(card["id"]), "look": card["look"], **parts}


def pack_transcript(
    run: str, transcript: Sequence[TranscriptEvent], lessons: Lessons, budget: int = BUDGET
) -> TranscriptData:
    """The transcript as data for a page.

    Where the events are too many, the answers to examinations and checks are left out first, the oldest first; then
    other answers; what was rejected goes last.

    Args:
        run: Id of the run, for the commands that print what is left out.
        transcript: All events.
        lessons: Accepted and refused lessons by id.
        budget: Characters of data.
    """
    visits = Visits()
    visits.add(transcript)
    packed, rows, room = _Packed(plain(run)), {}, budget
    for event in _by_importance(transcript):
        if packed.size > room:
            break
        row = _row(event, visits, lessons, packed)
        rows[event.id] = row
        room -= len(str(row))
    kept = [event for event in transcript if event.id in rows]
    bands = {visit.key: visit for event in kept if (visit := visits.of(event.id)) is not None}
    content = {
        "run": plain(run),
        "visits": {key: packed.card(visit_card(visit, key, link_inside), key) for key, visit in bands.items()},
        "events": [rows[event.id] for event in kept],
        "lines": list(packed.lines),
        "texts": [list(numbers) for numbers in packed.texts],
        "pieces": [json.loads(piece) for piece in packed.pieces],
    }
    return TranscriptData(content, len(transcript), len(transcript) - len(rows), packed.shortened)


def link_inside(page: str, **query: str) -> str:
    """An address inside the page, where only events are."""
    (name, value), *_ = query.items()
    return f"#{name}={quote(plain(value), safe='')}" if page == "transcript" else ""


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


def _row(event: TranscriptEvent, visits: Visits, lessons: Lessons, packed: _Packed) -> dict[str, Any]:
    """The event's card, the texts behind its folds, and what it can be chosen by; what is empty is not in it."""
    card = event_card(event, event.id, visits, lessons, link_inside, "")
    visit = visits.of(event.id)
    parts = fold_parts(card["body"])
    fields = {name: getattr(event.context, name) for name in FIELDS}
    row = {
        **packed.card(card, event.id),
        "parts": {part: packed.text(part_text(event, part, indent=None), event.id) for part in parts},
        "visit": visit.key if visit else None,
        "parent": plain(event.parent),
        **{name: plain(value) if isinstance(value, str) else value for name, value in fields.items()},
        "rejected": event.rejected or None,
        "decides": _decides(event) or None,
    }
    return {name: value for name, value in row.items() if value is not None and value not in ("", [], {})}


def _decides(event: TranscriptEvent) -> bool:
    """Whether it ends a visit and says what was decided in it: that is printed."""
    return isinstance(event, DecisionEvent) and not event.subject and bool(event.text or event.notes)
