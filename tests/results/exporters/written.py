"""A run with a transcript that has everything: visits, calls, a repair, a lesson that was refused, hostile text."""

import json
from pathlib import Path

import yaml

from ioa.memory.files import write_text
from ioa.memory.records import Note
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import CallContext, Message, Tokens, Transcript

HOSTILE = "=HYPERLINK(1)\0 \x1b[31m" + "x" * 1_000_000
KEY = "sk-abcdefghijklmnopqrstuvwxyz"


def call(log: Transcript, content: str, reply: str, **fields):
    place = CallContext(
        node="draft", agent="adapter", task="lessons", stage=1, round=0, module="sums/short", strategies=("format",)
    )
    told = {"teacher": "openai:gpt-5-mini", "tokens": Tokens(input=7, output=3), "cost": 0.25, "seconds": 1.5}
    return log.record(context=place, messages=(Message(role="user", content=content),), reply=reply, **told | fields)


def make_run(runs: Path, run_id: str = "small", config: dict | None = None) -> RunDirectory:
    """A run of one visit to `draft`, with four attempts and two verdicts."""
    run = RunDirectory.at(runs, run_id)
    write_text(run.config, yaml.safe_dump(config or {"domain": "arithmetic", "seed": 7}))
    visit(run)
    return run


def visit(run: RunDirectory, stage: int = 1) -> None:
    """Append a visit."""
    log = Transcript(run.transcript, run.run_id)
    place = CallContext(node="draft", agent="adapter", task="draft", stage=stage, round=0)
    with log.visit(place, {"stage": stage}) as made:
        first = call(log, f"Write lessons of stage {stage}.", "no JSON", error="it is not JSON", category="unreadable")
        second = call(log, f"Again for stage {stage}.", HOSTILE, attempt=2, parent=first.id, reasoning="hm")
        call(log, f"Paid before {stage} {KEY}", "{}", ledger=True, cost=0.0)
        call(log, f"Never answered {stage}", "", answered=False, error="timed out", category="timeout", cost=None)
        made.notes = [Note(sender="adapter", receiver="trainer", text="=2+2", stage=stage, round=0)]
        made.lines.append("2 lessons")
    verdict = CallContext(node="verify", agent="verifier", task="lesson", stage=stage, round=0, module="sums/short")
    log.judge(
        [(verdict, f"good-{stage}", second.id, "", ""), (verdict, f"bad-{stage}", second.id, "answer", "it is 5")]
    )


def lines(path: Path) -> list:
    """The JSON lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
