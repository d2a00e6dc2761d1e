"""The transcript in the terminal: readable, and harmless whatever a model wrote."""

import importlib.util
from io import StringIO
from pathlib import Path

from rich.console import Console

from ioa.graph.plain_text import plain
from ioa.graph.transcript_view import render, select
from ioa.memory.transcript import AttemptEvent

_spec = importlib.util.spec_from_file_location("fake_run", Path(__file__).with_name("fake_run.py"))
assert _spec is not None
assert _spec.loader is not None
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)


def shown(event: AttemptEvent, *, full: bool = False, colour: bool = False) -> str:
    out = StringIO()
    Console(file=out, width=160, force_terminal=colour, color_system="standard" if colour else None).print(
        render(event, full=full)
    )
    return out.getvalue()


def test_header_says_where_the_call_was_made() -> None:
    header = shown(fake.event(7, "adapter", "lessons", stage=1, round=0, module="sums/carrying")).splitlines()[0]
    for part in ("000007", "2026-01-05 10:00:00", "adapter: lessons", "stage 1, round 0, sums/carrying"):
        assert part in header
    for part in ("tutor:arithmetic", "420 → 160 tokens", "0.04 s"):
        assert part in header
    assert "FAILED" not in header


def test_prompts_are_collapsed_unless_all_is_wanted() -> None:
    event = fake.event(1, "planner", "plan")
    assert '{"count": 5}' not in shown(event)
    assert "… 3 more lines" in shown(event)
    assert '{"count": 5}' in shown(event, full=True)
    assert "more line" not in shown(event, full=True)


def test_a_parsed_reply_is_indented_json_and_an_unparsed_one_is_as_it_came() -> None:
    assert '  "note": "Carries are lost in sums' in shown(fake.event(1, "planner", "plan"))
    failed = fake.event(2, "verifier", "solve").model_copy(update={"reply": "I [b]refuse[/b]", "error": "no JSON"})
    text = shown(failed)
    assert "I [b]refuse[/b]" in text
    assert "FAILED" in text.splitlines()[0]
    assert "no JSON" in text
    assert "\x1b[31mno JSON" in shown(failed, colour=True)


def test_hostile_text_neither_styles_nor_controls_the_terminal() -> None:
    event = fake.event(3, "adapter", "lessons", fake.HOSTILE + " \x1b]0;title\x07\x9b2J\r\b [/] [link=x]", module="a/b")
    text = shown(event, full=True)
    assert "<script>alert('x')</script> red gnp.exe [bold]not bold[/bold]" in text
    assert "[/] [link=x]" in text
    assert "title" not in text
    assert all(c == "\n" or c.isprintable() for c in text)


def test_plain_keeps_ordinary_text() -> None:
    ordinary = "Straße\n\t2 ÷ 3 ≠ 6 → 漢字 🙂"
    assert plain(ordinary) == ordinary
    assert plain("a\r\nb\x1b[1;31mc\x1b[0m\x1b") == "a\nbc"


def test_select_combines_its_filters() -> None:
    events = [
        fake.event(1, "adapter", "lessons", stage=1, module="sums/carrying"),
        fake.event(2, "adapter", "lessons", stage=2, module="divisors/gcd"),
        fake.event(3, "planner", "plan"),
    ]
    assert [e.id for e in select(events)] == ["000001", "000002", "000003"]
    assert [e.id for e in select(events, agent="adapter")] == ["000001", "000002"]
    assert [e.id for e in select(events, agent="adapter", stage=2)] == ["000002"]
    assert [e.id for e in select(events, module="sums/carrying")] == ["000001"]
    assert select(events, agent="planner", stage=1) == []
