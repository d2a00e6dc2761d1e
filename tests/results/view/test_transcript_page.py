"""The transcript in a real browser: ten thousand events, a megabyte in one reply, hostile text, and a run under way."""

import pytest
from tests.browser import window
from tests.results.spoken_run import BIG, HOSTILE, NEEDLE, conversation, make_spoken_run
from tests.results.view.server import serving
from tests.results.view.shown import choose, found, harmless, look

from ioa.memory.files import append_records

pytestmark = pytest.mark.slow
EVENTS = 10_000
LONG, PAGE = "/run/long/transcript", "/run/spoken/transcript"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    make_spoken_run(folder, EVENTS, run_id="long")
    make_spoken_run(folder, 900)
    make_spoken_run(folder, 40, HOSTILE, run_id="hostile")
    make_spoken_run(folder, 60, run_id="growing")
    return folder


@pytest.fixture(scope="module")
def address(runs):
    with serving(runs, cwd=runs.parent) as started:
        yield started.url


@pytest.fixture
def shown(chromium):
    with window(chromium) as opened:
        opened.page.set_default_timeout(60_000)
        yield opened


def test_ten_thousand_events_are_shown_filtered_and_searched(shown, address):
    look(shown, address + LONG)  # this first reads the run
    found(shown, "^10,000 events$")
    assert shown.page.locator(".card[data-id]:not(.band)").count() == 50
    choose(shown, "agent", "planner")
    found(shown, "^1,6[0-9]+ of 10,000 events$")
    assert set(shown.page.locator(".card.attempt .head .who").all_inner_texts()) == {"planner → teacher"}
    assert shown.page.url.endswith("?agent=planner")
    choose(shown, "stage", "2")
    found(shown, "^5[0-9]+ of 10,000 events$")
    assert shown.page.url.endswith("?agent=planner&stage=2")
    shown.page.reload()
    found(shown, "^5[0-9]+ of 10,000 events$")
    choose(shown, "agent", "any agent")
    choose(shown, "stage", "any stage")
    found(shown, "^10,000 events$")
    shown.page.get_by_label("search").fill(NEEDLE.upper())
    found(shown, "^1 hit in 1 of 10,000 events$")
    assert shown.page.locator(".card[data-id='call-000077']").count() == 1
    shown.page.get_by_label("search").fill("tens")
    found(shown, "hits in [0-9,]+ of 10,000 events$")
    assert set(shown.page.locator(".cards mark").all_inner_texts()) == {"tens"}
    harmless(shown, address)


def test_only_what_was_rejected(shown, address):
    look(shown, f"{address}{PAGE}?rejected=1&kind=decision")
    found(shown, "^[0-9]+ of 900 events$")
    cards = shown.page.locator(".card:not(.band)")
    assert cards.count() > 20
    assert shown.page.locator(".card.verdict.bad").count() == cards.count()


def test_pages_are_turned_and_stand_in_the_address(shown, address):
    look(shown, address + PAGE)
    shown.page.locator(".pages button", has_text="2").first.click()
    shown.page.wait_for_function("location.search === '?page=2'")
    shown.page.reload()
    shown.page.locator(".card[data-id='call-000042']").wait_for()


def test_a_prompt_is_fetched_when_it_is_opened(shown, address):
    look(shown, f"{address}{PAGE}?event=call-000001")
    card = shown.page.locator(".card[data-id='call-000001']")
    assert card.evaluate("card => card.classList.contains('chosen')")
    assert "No 1" in card.inner_text()
    assert "── user ──" not in card.text_content()
    card.locator("summary", has_text="prompt").click()
    shown.page.wait_for_function(
        "document.querySelector(\"[data-id='call-000001'] pre\").textContent.includes('── user ──')"
    )
    card.locator("summary", has_text="JSON").click()
    card.locator("pre", has_text='"answer": "2"').wait_for()


def test_links_lead_to_an_event_its_visit_and_its_children(shown, address):
    look(shown, f"{address}{PAGE}?agent=planner&event=call-000201")
    card = shown.page.locator(".card[data-id='call-000201']")
    card.get_by_role("link", name="its visit").click()
    decision = shown.page.locator(".card.chosen[data-id='visit-00025']")
    decision.wait_for()
    assert "The filters were cleared" in shown.page.get_by_test_id("notice").inner_text()
    shown.page.wait_for_function("location.search === '?event=visit-00025'")
    decision.get_by_role("link", name="8 belonging to it").click()
    found(shown, "^9 of 900 events$")
    shown.page.wait_for_function("location.search === '?family=visit-00025'")
    shown.page.get_by_role("button", name="show all events").click()
    found(shown, "^900 events$")
    look(shown, f"{address}{PAGE}?event=nobody")
    assert "There is no event nobody" in shown.page.get_by_test_id("notice").inner_text()


def test_a_verdict_leads_to_its_lesson(shown, address):
    look(shown, f"{address}{PAGE}?event=verdict-00002-0")
    shown.page.locator(".card.chosen").get_by_role("link", name="the lesson", exact=True).click()
    shown.page.wait_for_url("**/run/spoken/examples?lesson=sums%2Fcarrying-1-0-2")
    shown.page.locator(".card.chosen[data-id='sums/carrying-1-0-2']").wait_for()


def test_a_megabyte_in_one_reply_does_not_stop_the_page(shown, address):
    look(shown, f"{address}{PAGE}?event=call-{BIG:06d}")
    card = shown.page.locator(f".card[data-id='call-{BIG:06d}']")
    card.locator("summary", has_text="reply as it was written, 1,020,004 characters").click()
    more = card.get_by_role("button", name="show more (20,000 of 1,020,004 characters)")
    more.wait_for()
    more.click()
    card.get_by_role("button", name="show more (40,000 of").wait_for()
    with shown.page.expect_download() as download:
        card.get_by_role("button", name="save as text").click()
    assert download.value.suggested_filename == f"call-{BIG:06d}-reply.txt"
    assert len(download.value.path().read_text()) == 1_020_004


def test_what_is_new_appears_and_the_rest_stays_as_it_is(shown, address, runs):
    look(shown, f"{address}/run/growing/transcript?agent=verifier")
    found(shown, "^1[0-9] of 60 events$")
    card = shown.page.locator(".card[data-id='call-000002']")
    card.locator("summary", has_text="prompt").click()
    shown.page.wait_for_function("document.querySelector(\"[data-id='call-000002'] pre\").textContent.length > 100")
    shown.page.evaluate("window.scrollTo(0, 700)")
    before = shown.page.evaluate("scrollY")
    events = list(conversation(75))
    append_records(runs / "growing" / "transcript.jsonl", events[60:])
    found(shown, "of 75 events$")
    shown.page.locator(".card[data-id='call-000046']").wait_for()
    assert shown.page.evaluate("scrollY") == before
    assert card.locator("details[open]").count() == 1
    assert set(shown.page.locator(".card.attempt .head .who").all_inner_texts()) == {"verifier → teacher"}
    shown.page.get_by_test_id("follow").click()
    shown.page.wait_for_function("scrollY + innerHeight > document.documentElement.scrollHeight - 5")
    append_records(runs / "growing" / "transcript.jsonl", list(conversation(140))[75:])
    found(shown, "of 140 events$")
    shown.page.wait_for_function("scrollY + innerHeight > document.documentElement.scrollHeight - 5")
    harmless(shown, address)


def test_hostile_text_is_text(shown, address):
    look(shown, f"{address}/run/hostile/transcript")
    for fold in shown.page.locator(".cards summary").all()[:20]:
        fold.click()
    shown.page.wait_for_function(
        "[...document.querySelectorAll('.cards details[open] pre')].every(p => p.textContent.length > 1)"
    )
    text = shown.page.locator(".cards").inner_text()
    assert '<script>alert("x")</script>' in text
    assert "{{7*7}}" in text
    assert "[link](javascript:alert(2))" in text
    assert not set(text) & set("\x00\x1b\u202e\u2066")
    shown.page.get_by_label("search").fill("<script>")
    found(shown, "hits in")
    assert set(shown.page.locator(".cards mark").all_inner_texts()) == {"<script>"}
    query = "agent=%3Cscript%3Ealert(1)%3C/script%3E&stage=x&page=9&q=%22%3E%3Cimg"
    shown.page.goto(f"{address}/run/hostile/transcript?{query}")
    found(shown, "^0 hits in 0 of 40 events$")
    harmless(shown, address)
