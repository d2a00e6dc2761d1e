"""Lessons and examination items in a real browser."""

import pytest
from tests.browser import window
from tests.results.spoken_run import HOSTILE, make_spoken_run
from tests.results.view.server import serving
from tests.results.view.shown import choose, found, harmless, look

LESSONS, ITEMS = "/run/spoken/examples", "/run/spoken/probes"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    make_spoken_run(folder, 40)
    make_spoken_run(folder, 40, HOSTILE, run_id="hostile")
    make_spoken_run(folder, 40, run_id="young", status="interrupted")
    with serving(folder, cwd=folder.parent) as started:
        yield started.url


@pytest.fixture
def shown(chromium):
    with window(chromium, width=1300) as opened:
        opened.page.set_default_timeout(60_000)
        yield opened


def test_lessons_are_filtered_and_searched(shown, address):
    look(shown, address + LESSONS)
    found(shown, "^[0-9]+ lessons$")
    choose(shown, "state", "duplicate")
    found(shown, "of [0-9]+ lessons$")
    assert set(shown.page.locator(".card .head .who:first-child").all_inner_texts()) == {"duplicate"}
    assert shown.page.url.endswith("?state=duplicate")
    shown.page.get_by_label("search").fill("item 2 of this request")
    found(shown, "^1 hit in 1 of")
    near = shown.page.locator(".card .column").nth(1).inner_text()
    assert "Lesson 2 of the same pass" in near
    assert "Calculate 38 + 51." in near


def test_original_and_adapted_solution_stand_side_by_side(shown, address):
    look(shown, f"{address}{LESSONS}?lesson=adapted")
    card = shown.page.locator(".card.chosen")
    left, right = card.locator(".column").all()
    assert left.inner_text().startswith("original solution")
    assert right.inner_text().endswith("Add the ones first.")
    assert left.bounding_box()["y"] == right.bounding_box()["y"]
    assert left.locator("del").count() > 0
    assert "2.12 nats a token, 17 tokens" in card.inner_text()
    card.get_by_role("link", name="where it was written").click()
    shown.page.wait_for_url("**/transcript?event=000004")


def test_a_contaminated_lesson_stands_beside_the_examination_item(shown, address):
    look(shown, f"{address}{LESSONS}?state=contaminated&q=diagnosis/sums/carrying/003")
    found(shown, "in 1 of")
    text = shown.page.locator(".card .column").nth(1).inner_text()
    assert "Examination item diagnosis/sums/carrying/003" in text
    assert "It is an examination item" in text
    shown.page.get_by_role("link", name="Examination item").click()
    shown.page.locator(".card.chosen[data-id='diagnosis/sums/carrying/003']").wait_for()


def test_items_are_chosen_by_what_became_of_them(shown, address):
    look(shown, address + ITEMS)
    choose(shown, "split", "final")
    found(shown, "^360 of 1,080 items$")
    choose(shown, "change", "gained")
    found(shown, "of 1,080 items$")
    assert set(shown.page.locator(".card .head .who:first-child").all_inner_texts()) == {"gained"}
    card = shown.page.locator(".card").first
    assert "student before teaching" in card.inner_text()
    assert "student at the end" in card.inner_text()
    assert shown.page.url.endswith("?split=final&change=gained")


def test_final_items_of_a_run_under_way_are_withheld(shown, address):
    look(shown, f"{address}/run/young/probes")
    assert "The 360 items of the final examination are not shown yet" in shown.page.locator("main").inner_text()
    found(shown, "^720 items$")
    shown.page.goto(f"{address}/run/young/probes?item=final/sums/carrying/004")
    found(shown, "^720 items$")
    assert "is not among these, or not yet" in shown.page.get_by_test_id("notice").inner_text()
    look(shown, f"{address}/run/young/examples?q=final/sums/carrying/004")
    assert "when the run is finished" in shown.page.locator(".card .column").nth(1).inner_text()
    assert "4 + 4" not in shown.page.locator(".card .column").nth(1).inner_text()


@pytest.mark.parametrize("page", ["examples", "probes"])
def test_hostile_text_is_text(shown, address, page):
    look(shown, f"{address}/run/hostile/{page}")
    text = shown.page.locator(".cards").inner_text()
    assert '<script>alert("x")</script>' in text
    assert not set(text) & set("\x00\x1b\u202e\u2066")
    harmless(shown, address)


@pytest.mark.parametrize("page", ["transcript", "examples", "probes"])
def test_nothing_is_wider_than_a_narrow_window(chromium, address, page):
    with window(chromium, width=420) as narrow:
        look(narrow, f"{address}/run/spoken/{page}")
        assert narrow.page.evaluate("document.documentElement.scrollWidth") <= 420
