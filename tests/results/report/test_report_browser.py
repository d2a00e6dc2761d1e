"""The report in a real browser, opened as a file with no network: it works, and hostile text does nothing."""

import json
import re
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
from ioa.results.sections import SECTIONS

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


def _fold(opened: Window, card: str, label: str) -> str:
    """The text behind a fold of a card."""
    fold = opened.page.locator(f".card[data-id={card}] details", has_text=re.compile(f"^{label}"))
    fold.locator("summary").click()
    fold.locator("pre").filter(has_not_text=re.compile("^…$")).wait_for()
    return fold.locator("pre").inner_text()


def test_hostile_text_is_shown_as_text_and_does_nothing(shown: Window) -> None:
    page = shown.page
    page.wait_for_selector(".card[data-id=first]")
    for label in ("prompt", "reasoning", "reply as it was written", "JSON"):
        text = _fold(shown, "first", label).replace('\\"', '"')
        for attack in (ATTACKS[0], ATTACKS[1], ATTACKS[2], ATTACKS[3], ATTACKS[6], ATTACKS[7]):
            assert text.count(attack) >= (2 if label == "prompt" else 1)
    assert not set("\x00\x1b\x7f\u202e") & set(page.content())
    assert page.locator("img, iframe, object, [onerror], [onload], [onmouseover]").count() == 0
    assert page.locator("a:not([href^='#'])").count() == 0
    page.wait_for_timeout(200)


def test_sample_lessons_are_cards_and_lead_to_the_call_that_wrote_them(shown: Window) -> None:
    page = shown.page
    lesson = page.locator(".cards.lessons .card").first
    assert "Calculate 37 + 48." in lesson.inner_text()
    assert ATTACKS[0] in lesson.inner_text()
    assert "taught in" in lesson.inner_text()
    lesson.get_by_role("link", name="where it was written").click()
    page.wait_for_selector("#transcript-notice:has-text('Event 000004 is not in this file')")


def test_every_chart_is_drawn_and_has_a_name(shown: Window) -> None:
    page = shown.page
    for name in SECTIONS:
        panels = page.locator(f"#chart-{name} .panel")
        assert panels.count() >= 1
        for panel in panels.all():
            assert panel.locator("svg path").count() > 3
            assert panel.get_attribute("role") == "img"
            assert len(panel.get_attribute("aria-label") or "") > 15
    texts = page.text_content("#chart-gaps")
    assert "▸ products/two-digit" in texts
    assert "a student left of this is deficient (Δ > 0.3)" in texts
    assert "gate 90 %" in page.text_content("#chart-mastery")
    assert "70 %  21/30" in page.locator("#chart-forgetting").text_content()
    assert {"1", "2", "3"} <= set(page.locator("#chart-prerequisites svg text").all_text_contents())


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
    assert page.locator("#transcript-cards .card:not(.band)").count() == 1
    assert "<b>unreadable</b>" in page.inner_text("#transcript-cards .card.bad")
    page.click("button[type=reset]")
    assert matching() == "124 events"
    page.fill("input[name=words]", "NEEDLE in")
    assert matching() == "1 event of 124 match"
    assert page.inner_text("#transcript-cards mark") == "needle in"
    page.fill("input[name=words]", "reply number 11")
    assert matching() == "11 events of 124 match"  # 11 and 110 to 119
    page.fill("input[name=words]", "You ask")
    page.fill("input[name=words]", "Ask more7.")
    assert matching() == "1 event of 124 match"
    assert "· 1 hit" in page.inner_text("#transcript-cards .card:not(.band) summary >> nth=0")
    page.fill("input[name=words]", "no such words anywhere")
    assert matching() == "0 events of 124 match"
    assert page.locator("#transcript-cards .card").count() == 0
    page.fill("input[name=words]", "")
    page.select_option("select[name=agent]", "verifier")
    assert matching() == "1 event of 124 match"
    page.select_option("select[name=stage]", "1")
    assert matching() == "0 events of 124 match"
    page.select_option("select[name=agent]", "")
    assert matching() == "123 events of 124 match"
    page.select_option("select[name=module]", "-")
    assert matching() == "1 event of 124 match"
    page.click("button[type=reset]")
    page.select_option("select[name=task]", "draft")
    assert matching() == "1 event of 124 match"
    page.click("button[type=reset]")
    page.select_option("select[name=node]", "draft")
    page.select_option("select[name=round]", "0")
    assert matching() == "124 events"


def test_events_come_in_pages_and_long_texts_open_when_they_are_asked_for(shown: Window) -> None:
    page = shown.page
    events = page.locator("#transcript-cards .card:not(.band)")
    assert events.count() == 50
    page.click("button:has-text('Later')")
    page.click("button:has-text('Later')")
    assert (events.count(), page.inner_text("#transcript-pages span")) == (24, "101 to 124")
    assert page.locator("button:has-text('Later')").is_disabled()
    page.click("button:has-text('Earlier')")
    page.click("button:has-text('Earlier')")
    long = _fold(shown, "second", "reply as it was written")
    assert len(long) < 25_000
    assert "1,020,000 characters are left out here: ioa transcript arithmetic-demo --event second --full" in long
    parsed = _fold(shown, "first", "JSON")
    assert list(json.loads(parsed).values())[1] == ""
    assert parsed.startswith('{\n  "<script>')


def test_an_event_is_opened_by_its_link(shown: Window, run: RunDirectory) -> None:
    page = shown.page
    page.click(".card[data-id=first] a:text('its visit')")
    page.wait_for_selector(".card.chosen[data-id=visit1]")
    assert page.url.endswith("#event=visit1")
    assert page.inner_text("#transcript-pages span") == "101 to 124"
    page.click(".card[data-id=visit1] a:text('123 belonging to it')")
    page.wait_for_selector("#transcript-notice:has-text('Event visit1, what it belongs to')")
    assert page.inner_text("#transcript-filters output") == "124 events"
    page.check("input[name=rejected]")
    page.wait_for_selector("#transcript-filters output:has-text('1 event of')")
    assert "#" not in page.url
    page.evaluate("location.hash = 'event=more7'")
    page.wait_for_selector(".card.chosen[data-id=more7]")
    assert "The filters were cleared" in page.inner_text("#transcript-notice")
    assert not page.is_checked("input[name=rejected]")
    page.evaluate("location.hash = 'event=nobody'")
    page.wait_for_selector("#transcript-notice:has-text('Event nobody is not in this file: ioa transcript')")
    page.evaluate("location.hash = 'event=%E0%A4%A'")  # no text in any encoding
    page.wait_for_selector("#transcript-notice:not(:has-text('nobody'))", state="attached")


def test_the_page_fits_a_narrow_window_and_paper(run: RunDirectory, chromium: "Browser", tmp_path: Path) -> None:
    with window(chromium, width=400, offline=True) as opened:
        page = opened.page
        page.goto(run.report.as_uri())
        page.wait_for_selector(".card")
        assert page.evaluate("document.querySelector('#transcript-filters').getBoundingClientRect().right") <= 400
        right = "Math.max(...[...document.querySelectorAll('.card')].map(card => card.getBoundingClientRect().right))"
        assert page.evaluate(right) <= 400
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert not page.is_visible("#transcript-filters")
        assert page.locator(".card.attempt").count() == 0
        assert "Decided." in page.inner_text(".card.decision")
        assert page.is_visible(".print-only")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator(".card.attempt").count() == 50
        pdf = page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")
        assert pdf.count(b"/Type /Page\n") < 40
        assert opened.errors == []


def test_without_scripts_the_numbers_can_be_read(run: RunDirectory, chromium: "Browser") -> None:
    page = chromium.new_page(java_script_enabled=False, offline=True)
    page.goto(run.report.as_uri())
    text = page.inner_text("main")
    assert "This browser runs no scripts, so charts and transcript are not shown here" in text
    for numbers in ("177 of 210", "28/30, 79–98 %", "52,000", "3 min 01 s"):
        assert numbers in text
    assert not page.is_visible("#transcript-filters")
    page.close()
