"""The transcript in the terminal: readable, and harmless whatever a model wrote."""

from io import StringIO

from tests.results import fake_run as fake

from ioa.memory.plain_text import plain
from ioa.memory.transcript import AttemptEvent
from ioa.results.console import Console
from ioa.results.terminal.event_text import render


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


def test_a_visit_says_who_told_whom_what_and_what_became_of_the_state() -> None:
    text = shown(fake.decisions()[2])
    assert text.splitlines()[0] == "visit00001  2026-01-05 10:00:01  adapter decides at draft  stage 1, round 0  2.5 s"
    assert "decided  59 lessons accepted, 1 refused." in text
    assert "adapter → trainer  Carries are hard." in text
    assert text.count("Carries are hard.") == 1
    assert "state  stage 1, round 0 → missing 4711" in text


def test_a_verdict_names_the_lesson_its_call_and_the_reason() -> None:
    accepted, refused = (shown(event) for event in fake.decisions()[:2])
    assert "lesson lesson-1  accepted  stage 1, round 0, sums/carrying" in accepted
    assert "written  in call 000004, for request sums/carrying-0" in accepted
    assert "lesson lesson-2  refused" in refused
    assert "refused (duplicate)  too near another" in refused


def test_a_huge_reply_is_shortened_and_says_how_much_is_hidden() -> None:
    long = fake.event(2, "verifier", "solve").model_copy(update={"reply": "x" * 1_000_000})
    text = shown(long)
    assert len(text) < 12_000
    assert "… 996,000 more characters" in text
    assert shown(long, full=True).count("x") == 1_000_000 + shown(fake.event(2, "verifier", "solve")).count("x")
    many = fake.event(2, "verifier", "solve").model_copy(update={"reply": "line\n" * 1000 + "last"})
    assert "… 961 more lines" in shown(many)
    parsed = fake.event(1, "planner", "plan").model_copy(update={"parsed": {"steps": ["one"] * 5000}})
    assert "more line" in shown(parsed)
    assert len(shown(parsed)) < 20_000
    assert shown(parsed, full=True).count('"one"') == 5000


def test_letters_that_reorder_or_hide_text_are_removed_wherever_they_stand() -> None:
    unseen = "\u202a\u202e\u2066\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\u00ad\u180e\ufff9\U000e0041\U000e0001"
    hostile = fake.HOSTILE + unseen
    call = fake.event(3, "adapter", "lessons", hostile, module="a" + unseen).model_copy(
        update={"reasoning": hostile, "error": hostile, "category": hostile, "teacher": hostile, "id": "x" + unseen}
    )
    for event in (call, call.model_copy(update={"parsed": None, "reply": hostile}), *fake.decisions(hostile)):
        text = shown(event, full=True)
        assert "[bold]not bold[/bold]" in text or "accepted" in text
        assert not set(text) & set(unseen)
        assert all(c == "\n" or c.isprintable() for c in text)


def test_an_escape_that_does_not_end_hides_no_more_than_its_line() -> None:
    assert plain("before \x1b]0;title\nafter") == "before \nafter"
