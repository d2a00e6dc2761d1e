"""A run whose transcript has decisions, whose lessons collide, and whose text is hostile where that is wanted."""

import random
from collections.abc import Iterator
from pathlib import Path

from tests.results.fake_run import MODULES, SPEC, TARGETS, lesson, make_run

from ioa.memory.files import append_records, write_record, write_records
from ioa.memory.records import (
    Difficulty,
    Note,
    ObservedDifficulty,
    Probe,
    Refusal,
    RefusalReason,
    Split,
)
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, Message, Tokens, TranscriptEvent
from ioa.results.facts import read_facts
from ioa.results.summary import summarise

HOSTILE = (
    '<script>alert("x")</script><img src=x onerror="alert(1)"><img src="http://evil.example/x.png"> '
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202egnp.exe\u202c \u2066x\u2069 nul\x00byte {{7*7}} ${1} "
    '**bold** [link](javascript:alert(2)) =HYPERLINK("http://evil.example") </textarea></script>'
)
NEEDLE = "needle-in-a-haystack"
BIG = 37
"""Place of the attempt whose reply has a megabyte."""
CALLS = 8
"""Calls of a visit, followed by its decision and a visit with a verdict on two lessons."""
_SAID = "carry the ones first then add tens because each column has its own digit and nothing is lost between"


def make_spoken_run(
    runs: Path, events: int = 200, text: str = "", run_id: str = "spoken", status: str = "finished"
) -> RunDirectory:
    """A run with everything in it.

    Args:
        runs: The folder of the runs.
        events: Length of the transcript.
        text: Put wherever a model's words go.
        run_id: Its name.
        status: As its summary says.
    """
    run = make_run(runs, run_id, text)
    probes = [
        Probe(
            id=f"{split}/{module}/{i:03d}",
            module=module,
            split=Split(split),
            level="exam",
            question=f"What is {i} + {i}? {text}".strip(),
            answer=str(2 * i),
            family="basic_arithmetic",
        )
        for split in ("diagnosis", "gate", "final")
        for module in MODULES
        for i in range(30)
    ]
    write_records(run.probes, probes)
    write_records(run.drafts(1, 0, 0) / "clean.jsonl", [lesson(TARGETS[0], 1, 0, i, text) for i in range(3)])
    append_records(run.refusals(1), list(collisions(text)))
    adapted = lesson(TARGETS[0], 1, 0, 99, text).model_copy(
        update={"id": "adapted", "original": ("Add the tens, then add the ones.",), "steps": ("Add the ones first.",)}
    )
    append_records(run.examples(1), [adapted])
    write_records(
        run.observed(1, 0),
        [
            ObservedDifficulty(
                example="adapted", module=TARGETS[0], difficulty=Difficulty.ADVANCED, nll=2.125, tokens=17
            )
        ],
    )
    write_record(run.summary, summarise(read_facts(run, status)))
    write_records(run.transcript, conversation(events, text))
    return run


def collisions(text: str = "") -> Iterator[Refusal]:
    """Lessons that were too close to a probe, to a final item, to an accepted lesson, and to one of their request."""
    names = {
        "diagnosis/sums/carrying/003": RefusalReason.CONTAMINATED,
        "final/sums/carrying/004": RefusalReason.CONTAMINATED,
        f"{TARGETS[0]}-1-0-5": RefusalReason.DUPLICATE,
        "item 2 of this request": RefusalReason.DUPLICATE,
        "gsm8k.jsonl:7": RefusalReason.CONTAMINATED,
    }
    for name, reason in names.items():
        yield Refusal(
            module=TARGETS[0],
            stage=1,
            round=0,
            batch="stage-01/round-0/pass-0/sums/carrying/exam/000",
            reason=reason,
            detail=f"too close to {name} (MinHash, similarity 0.81)",
            problem=f"Calculate 3 + 3 at once. {text}".strip(),
            answer="6",
            event="call-000000",
        )


def conversation(events: int, text: str = "", seed: int = 1) -> Iterator[TranscriptEvent]:
    """So many events: visits of `draft` with their calls, then of `deduplicate` with verdicts on two lessons."""
    dice = random.Random(seed)
    made = 0
    for visit in range(events):
        for event in _round(visit, text, dice):
            if made == events:
                return
            made += 1
            yield event


def _round(visit: int, text: str, dice: random.Random) -> Iterator[TranscriptEvent]:
    stage, module = 1 + visit % 3, TARGETS[visit % len(TARGETS)]
    place = {"stage": stage, "round": visit % 2}
    draft, check = f"visit-{visit:05d}", f"check-{visit:05d}"
    for i in range(CALLS):
        yield call(visit * CALLS + i, draft, module, text, dice, **place)
    note = Note(sender="adapter", receiver="trainer", text=f"{CALLS} requests. {text}", **place)
    yield DecisionEvent(
        run="spoken",
        id=draft,
        time=_time(visit),
        context=CallContext(node="draft", agent="adapter", task="draft", **place),
        seconds=1.5,
        read={"stage": stage, "round": visit % 2},
        wrote={"pass_number": 0},
        notes=(note,),
        text=f"Adapter to Trainer: {note.text}\nAsked for lessons of {module}.",
    )
    for i in range(2):
        why = f"too close to another {text}" if i else ""
        yield DecisionEvent(
            run="spoken",
            id=f"verdict-{visit:05d}-{i}",
            parent=f"call-{visit * CALLS:06d}",
            time=_time(visit),
            context=CallContext(node="deduplicate", agent="adapter", task="lesson", module=module, **place),
            subject=f"{TARGETS[0]}-1-0-{visit % 12}",
            error=why,
            category="duplicate" if i else "",
            text=f"refused: {why}" if i else "accepted",
        )
    yield DecisionEvent(
        run="spoken",
        id=check,
        time=_time(visit),
        context=CallContext(node="deduplicate", agent="adapter", task="deduplicate", **place),
        seconds=0.2,
    )


def call(number: int, parent: str, module: str, text: str, dice: random.Random, **place: int) -> AttemptEvent:
    """A request for lessons, or for a plan."""
    said = " ".join(dice.choices(_SAID.split(), k=120))
    reply = f"Lesson {number}: {said} {text}"
    if number == BIG:
        reply = "BIG " + "x y z " * 170_000
    if number == 77:
        reply += f" {NEEDLE}"
    agent = ("adapter", "planner", "verifier", "diagnoser")[number % 4]
    asked = (
        f"{text} "
        + " ".join(dice.choices(_SAID.split(), k=250))
        + f'\n```json\n{{"task": "x", "problem": "No {number}"}}\n```'
    )
    return AttemptEvent(
        run="spoken",
        id=f"call-{number:06d}",
        parent=parent,
        time=_time(number),
        context=CallContext(node="draft", agent=agent, task="lessons", module=module, **place),
        teacher=SPEC,
        messages=(Message(role="system", content=f"You teach. {text}"), Message(role="user", content=asked)),
        reply=reply,
        reasoning=f"I think of {said}" if number % 3 == 0 else "",
        parsed={"lessons": [{"problem": f"{number} + 1 {text}", "answer": str(number + 1)}]} if number % 2 else None,
        error=f"unreadable {text}" if number % 17 == 5 else "",
        category="unreadable" if number % 17 == 5 else "",
        tokens=Tokens(input=400, output=120),
        cost=0.0012,
        seconds=0.5,
    )


def _time(number: int) -> str:
    return f"2026-01-05T{10 + number // 3600 % 12:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000+00:00"
