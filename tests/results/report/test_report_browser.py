"""The report in a real browser, opened as a file with no network: it works, and hostile text does nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.browser import Window, browser, window
from tests.results import fake_run

from ioa.memory.files import write_records
from ioa.memory.records import Note
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, Message, Tokens
from ioa.results.report import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

ATTACKS = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "<!-- <script>",
    "]]> <svg/onload=alert(3)> {{ 7*7 }} ${alert(4)}",
    "\x1b[31mred\x1b[0m \x1b]8;;http://example.com\x07link\x1b]8;;\x07",
    "\u202egnp.exe\u202c zero\x00byte\x7f",
    '=HYPERLINK("http://example.com","click")',
    "<a href=javascript:alert(5)>x</a> <meta http-equiv=refresh content='0;url=http://example.com'>",
)
HOSTILE = "\n".join(ATTACKS)
HUGE = "line of a very long reply\n" * 40_000
UNSAFE_ID = "x' onmouseover='alert(6)"


def _attempt(name: str, reply: str, **more: object) -> AttemptEvent:
    context = {
        "node": "draft",
        "agent": "adapter",
        "task": "lessons",
        "stage": 1,
        "round": 0,
        "module": "sums/carrying",
    }
    return AttemptEvent(
        id=name,
        parent="visit1",
        time="2026-01-05T10:00:00.000+00:00",
        context=CallContext.model_validate(context | dict(more.pop("context", {}))),
        teacher=f"openai:{HOSTILE}",
        messages=(Message(role="system", content=HOSTILE), Message(role="user", content=f"Ask {name}. {HOSTILE}")),
        reply=reply,
        tokens=Tokens(input=400, output=20),
        seconds=1.25,
        **more,
    )


def _events() -> list[AttemptEvent | DecisionEvent]:
    return [
        _attempt("first", HOSTILE, reasoning=HOSTILE, parsed={HOSTILE: [HOSTILE], "json": "\u202e"}),
        _attempt("second", HUGE, error=HOSTILE, category="<b>unreadable</b>"),
        _attempt(UNSAFE_ID, "A needle in a haystack.", context={"module": HOSTILE, "agent": "verifier", "stage": 2}),
        *(_attempt(f"more{at}", f"Reply number {at}") for at in range(120)),
        DecisionEvent(
            id="visit1",
            time="2026-01-05T10:01:00.000+00:00",
            context=CallContext(node="draft", agent="adapter", task="draft", stage=1, round=0),
            seconds=60.0,
            read={"stage": 1},
            wrote={HOSTILE: HOSTILE},
            notes=(Note(sender="adapter", receiver="trainer", text=f"A note. {HOSTILE}"),),
            text=f"Decided. {HOSTILE}",
        ),
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    made = fake_run.make_run(tmp_path_factory.mktemp("runs"), text=HOSTILE)
    write_records(made.transcript, _events())
    write_report(made, "finished")
    return made


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as launched:
        yield launched


@pytest.fixture
def shown(run: RunDirectory, chromium: "Browser") -> Iterator[Window]:
    with window(chromium, offline=True) as opened:
        opened.page.goto(run.report.as_uri())
        yield opened
        assert opened.dialogs == []
        assert opened.errors == []
        assert opened.requests == [run.report.as_uri()]


def _open_visit(opened: Window) -> None:
    opened.page.click(".calls > summary")
    opened.page.wait_for_selector(".event")


def test_hostile_text_is_shown_as_text_and_does_nothing(shown: Window) -> None:
    page = shown.page
    _open_visit(shown)
    page.click(".event[data-event=first] > summary")
    page.click(".event[data-event=first] .part:has-text('Prompt') > summary")
    page.click(".event[data-event=first] .part:has-text('Reasoning') > summary")
    text = page.inner_text(".event[data-event=first]")
    for attack in (ATTACKS[0], ATTACKS[1], ATTACKS[2], ATTACKS[3], ATTACKS[6], ATTACKS[7]):
        assert text.count(attack) >= 4  # prompt twice, reasoning, reply as it came or in JSON
    assert not set("\x00\x1b\x7f\u202e") & set(page.content())
    assert page.evaluate("document.querySelectorAll('img, a, iframe, object, [onerror], [onload]').length") == 0
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    page.mouse.move(400, 400)
    page.wait_for_timeout(200)


def test_the_second_wall_holds_where_the_first_would_not(
    run: RunDirectory, chromium: "Browser", tmp_path: Path
) -> None:
    """With the escaping undone, the browser still runs nothing but our script and loads nothing."""
    text = run.report.read_text(encoding="utf-8")
    bad = "<script>alert(1)</script><img src='http://example.com/x.png'><b onclick=alert(2) id=bad>x</b>"
    (tmp_path / "broken.html").write_text(text.replace("<footer>", f"{bad}<footer>"), encoding="utf-8")
    with window(chromium, offline=True) as opened:
        failed: list[str | None] = []
        opened.page.on("requestfailed", lambda request: failed.append(request.failure))
        opened.page.goto((tmp_path / "broken.html").as_uri())
        opened.page.evaluate("document.getElementById('bad').click()")
        assert opened.dialogs == []
        assert failed == ["csp"]  # the image was not even asked for
        assert sum("Content Security Policy" in error for error in opened.errors) == 3


def test_filters_and_search(shown: Window) -> None:
    page = shown.page

    def matching() -> str:
        page.wait_for_timeout(300)
        return page.inner_text("#transcript-filters output")

    assert matching() == "124 events"
    page.check("input[name=rejected]")
    assert matching() == "1 event of 124 match"
    assert page.locator(".event").count() == 1  # so few are opened at once
    assert "✗ <b>unreadable</b>" in page.inner_text(".event > summary")
    page.click("button[type=reset]")
    assert matching() == "124 events"
    page.fill("input[name=words]", "NEEDLE in")
    assert matching() == "1 event of 124 match"
    assert "haystack" in page.inner_text(".event .preview")
    page.fill("input[name=words]", "reply number 11")
    assert matching() == "11 events of 124 match"  # 11 and 110 to 119
    page.fill("input[name=words]", "no such words anywhere")
    assert matching() == "0 events of 124 match"
    assert page.locator("section.visit:visible").count() == 0
    page.fill("input[name=words]", "")
    page.select_option("select[name=agent]", "verifier")
    assert matching() == "1 event of 124 match"
    page.select_option("select[name=stage]", "1")
    assert matching() == "0 events of 124 match"
    page.select_option("select[name=agent]", "")
    assert matching() == "123 events of 124 match"
    page.select_option("select[name=module]", "-")
    assert matching() == "1 event of 124 match"


def test_events_come_in_portions_and_open_when_they_are_asked_for(shown: Window) -> None:
    page = shown.page
    assert page.locator(".event").count() == 0
    _open_visit(shown)
    assert page.locator(".event").count() == 50
    page.click("button.more")
    page.click("button.more")
    assert page.locator(".event").count() == 124
    assert page.locator("button.more").count() == 0
    page.click(".event[data-event=second] > summary")
    long = page.inner_text(".event[data-event=second] .part:has-text('Reply as it came') pre")
    assert len(long) < 25_000
    assert "1,020,000 characters are left out here: ioa transcript arithmetic-demo --event second --full" in long
    page.click(".event[data-event=first] > summary")
    parsed = page.inner_text(".event[data-event=first] .part:has-text('Reply as JSON') pre")
    assert list(json.loads(parsed).values())[1] == ""
    assert parsed.startswith('{\n  "<script>')


def test_the_page_fits_a_narrow_window_and_paper(run: RunDirectory, chromium: "Browser", tmp_path: Path) -> None:
    with window(chromium, width=400, offline=True) as opened:
        page = opened.page
        page.goto(run.report.as_uri())
        _open_visit(opened)
        page.click(".event[data-event=first] > summary")
        assert page.evaluate("document.querySelector('#transcript-filters').getBoundingClientRect().right") <= 400
        assert page.evaluate("document.querySelector('.event[open]').getBoundingClientRect().right") <= 400
        page.emulate_media(media="print")
        assert not page.is_visible("#transcript-filters")
        assert page.locator(".event:visible").count() == 0
        assert "Decided." in page.inner_text("section.visit")
        assert page.is_visible(".print-only")
        pdf = page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")
        assert pdf.count(b"/Type /Page\n") < 40
        assert opened.errors == []


def test_without_scripts_what_was_decided_can_be_read(run: RunDirectory, chromium: "Browser") -> None:
    page = chromium.new_page(java_script_enabled=False, offline=True)
    page.goto(run.report.as_uri())
    assert "This browser runs no scripts" in page.inner_text("main")
    assert "Decided." in page.inner_text("section.visit")
    assert not page.is_visible("#transcript-filters")
    page.close()
