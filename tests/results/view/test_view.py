import re
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest
from tests.browser import window
from tests.results.fake_run import HOSTILE, TARGETS, event, make_beginning, make_run
from tests.results.view.server import serving

from ioa.memory.files import append_records, write_record, write_text
from ioa.memory.records import Assessment
from ioa.memory.run_dir import RunDirectory
from ioa.results.charts import LIGHT, prerequisite_charts
from ioa.results.facts import read_facts

MODULE = "sums/carrying"


def state(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (folder, *folder.rglob("*"))}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A complete run, one that has only begun, one full of hostile text, one that cannot be read, and no more."""
    folder = tmp_path_factory.mktemp("view") / "runs"
    make_run(folder)
    make_run(folder, "hostile", HOSTILE)
    write_text(
        make_beginning(folder, "begun").config,
        "domain: arithmetic\nteacher:\n  model: 'openai:<img src=x onerror=alert(1)>'\n",
    )
    make_beginning(folder, "broken").diagnosis.write_text("{", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(runs):
    with serving(runs, cwd=runs.parent) as started:
        yield started


@pytest.fixture
def view(chromium, server):
    """A window that at its end has seen no error, no dialog and no request to anybody else."""
    with window(chromium) as opened:
        opened.page.set_default_timeout(60_000)
        yield opened.page
        assert opened.errors == []
        assert opened.dialogs == []
        own = (server.url + "/", "data:", "blob:", f"ws{server.url.removeprefix('http')}/")
        assert [url for url in opened.requests if not url.startswith(own)] == []


def ask(url, **headers):
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_runs_are_listed_searched_and_opened(server, view):
    view.goto(server.url)
    view.get_by_role("link", name="arithmetic-demo").wait_for()
    rows = view.locator(".runs tbody tr")
    assert rows.count() == 4
    broken = rows.filter(has_text="broken")
    assert "unreadable" in broken.inner_text() or "stopped" in broken.inner_text()
    view.locator("[data-testid=filter]").fill("demo")
    view.wait_for_function("document.querySelectorAll('.runs tbody tr').length === 1")
    view.get_by_role("link", name="arithmetic-demo").click()
    view.locator(".graph canvas").first.wait_for()
    assert view.url == f"{server.url}/run/arithmetic-demo"


def test_the_list_is_sorted_by_what_is_clicked(server, view):
    view.goto(server.url)
    view.get_by_role("link", name="arithmetic-demo").wait_for()
    view.locator(".runs th", has_text="Run").first.click()
    view.wait_for_function("document.querySelector('.runs tbody tr').innerText.includes('arithmetic-demo')")
    view.locator(".runs th", has_text="Run").first.click()
    view.wait_for_function("document.querySelector('.runs tbody tr').innerText.includes('hostile')")


def test_two_runs_are_selected_and_compared(server, view):
    view.goto(server.url)
    for name in ("arithmetic-demo", "hostile"):
        view.locator(".runs tbody tr", has_text=name).locator(".q-checkbox").click()
    button = view.locator("[data-testid=compare]")
    view.wait_for_function("!document.querySelector('[data-testid=compare]').disabled")
    button.click()
    view.locator("table.compared").first.wait_for()
    assert re.search(r"/compare\?a=\w", view.url)
    text = view.locator(".page").inner_text()
    for part in ("Settings that differ", "Curriculum", "On the 210 items that both sat", "sums/carrying", "hostile"):
        assert part in text
    assert view.locator(".page .nicegui-echart").count() == 1


def click_module(view, run, name):
    """Click the box of a module in the graph."""
    (panel,) = prerequisite_charts(read_facts(run, "finished"), LIGHT)
    x_axis, y_axis = panel.options["xAxis"], panel.options["yAxis"]
    x, y = next(box["value"] for box in panel.options["series"][2]["data"] if box["name"] == name)
    view.locator(".graph .nicegui-echart").click(position={"x": x - x_axis["min"], "y": y - y_axis["min"]})


def test_a_click_on_a_module_tells_its_story(runs, server, view):
    view.goto(f"{server.url}/run/arithmetic-demo")
    view.locator(".graph canvas").first.wait_for()
    view.wait_for_timeout(500)  # until the chart has been drawn
    click_module(view, RunDirectory.at(runs, "arithmetic-demo"), MODULE)
    story = view.locator("[data-testid=story]")
    story.get_by_text("Drops the carried digit").first.wait_for()
    text = story.inner_text()
    for part in (
        MODULE,
        "(4 of 30;",
        "At its own gate",
        "stage 1, round 1",
        "29/30",
        "Needs",
        "sums/one-digit",
        "Lessons",
    ):
        assert part in text
    assert view.url.endswith(f"?module={quote(MODULE, safe='')}")
    assert (
        story.get_by_role("link", name="Transcript").get_attribute("href").endswith(f"module={quote(MODULE, safe='')}")
    )
    story.get_by_role("button", name="sums/one-digit").click()
    view.wait_for_function("document.querySelector('[data-testid=story]').innerText.startsWith('sums/one-digit')")


def test_an_address_with_a_module_tells_its_story_at_once(server, view):
    view.goto(f"{server.url}/run/arithmetic-demo?module={quote(MODULE)}")
    view.locator("[data-testid=story]").get_by_text("At its own gate").wait_for()


@pytest.mark.parametrize("width", [1280, 800])
def test_the_page_fits_its_window(server, chromium, width):
    with window(chromium, width=width) as opened:
        opened.page.set_default_timeout(60_000)
        opened.page.goto(f"{server.url}/run/arithmetic-demo")
        opened.page.locator(".graph canvas").first.wait_for()
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert "Mastery at the gate" in opened.page.locator(".page").inner_text()


def test_light_and_dark_are_chosen_and_kept(server, view):
    view.goto(f"{server.url}/run/begun")
    view.get_by_text("began").wait_for()
    assert view.locator("body.body--dark").count() == 0
    view.get_by_role("button", name="Light or dark").click()
    view.locator("body.body--dark").wait_for()
    view.goto(server.url)
    view.locator("body.body--dark").wait_for()


def test_hostile_text_is_shown_and_does_nothing(server, view):
    view.goto(f"{server.url}/run/hostile?module={quote(MODULE)}")
    view.locator("[data-testid=story]").get_by_text("<script>alert('x')</script>").first.wait_for()
    assert view.locator(".page script, .page img").count() == 0
    text = view.locator("body").inner_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    view.goto(server.url)
    view.locator(".runs").get_by_text("<img src=x onerror=alert(1)>").wait_for()
    assert view.locator("img").count() == 0


@pytest.mark.parametrize("query", [f"module={quote('<script>alert(1)</script>')}", "module=constructor", "module=%00"])
def test_hostile_addresses_do_nothing(server, view, query):
    view.goto(f"{server.url}/run/arithmetic-demo?{query}")
    view.locator(".graph canvas").first.wait_for()
    assert view.locator("[data-testid=story]").inner_text() == ""


def test_a_run_that_cannot_be_read_says_why(server, view):
    view.goto(f"{server.url}/run/broken")
    view.locator(".problem", has_text="diagnosis.json").first.wait_for()


@pytest.mark.parametrize(
    "path",
    ["/run/nothing", "/run/..%2Fruns", "/run/..", "/run/%2e%2e%2f%2e%2e", "/run/arithmetic-demo/nothing", "/nothing"],
)
def test_what_is_not_there_is_not_found(server, path):
    status, text = ask(server.url + path)
    assert status == 404
    assert "Traceback" not in text


def test_pages_of_others_are_refused(server):
    port = server.url.rpartition(":")[2]
    assert ask(f"{server.url}/", Host="evil.example")[0] == 400
    assert ask(f"{server.url}/", Host=f"127.0.0.1.evil.example:{port}")[0] == 400
    assert ask(f"{server.url}/", Origin="http://evil.example")[0] == 403
    assert ask(f"{server.url}/", Origin="null")[0] == 403
    assert ask(f"{server.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling", Origin="http://evil.example")[0] == 403
    assert ask(f"{server.url}/", Host=f"localhost:{port}")[0] == 200
    assert ask(f"{server.url}/", Origin=server.url)[0] == 200


def test_a_run_under_way_is_followed_without_disturbing_who_reads(tmp_path, chromium):
    run = make_run(tmp_path / "runs")
    assessment = Assessment.model_validate_json(run.assessment(3, 0).read_bytes())
    run.assessment(3, 0).unlink()
    with serving(run.root, cwd=tmp_path) as server, window(chromium) as opened:
        page = opened.page
        page.set_default_timeout(60_000)
        page.goto(server.url)  # a single run is shown at once
        page.wait_for_url(f"{server.url}/run/arithmetic-demo")
        page.locator(".graph canvas").first.wait_for()
        assert page.get_by_role("link", name="all runs").count() == 0
        page.locator("[data-testid=module]").click()
        page.locator(".q-menu .q-item", has_text=MODULE).first.click()
        page.locator("[data-testid=story]").get_by_text("At its own gate").wait_for()
        page.evaluate("scrollTo(0, 400)")
        page.evaluate("document.querySelector('.graph canvas').mark = 1")
        panels = "document.querySelectorAll('.sections > section:nth-of-type(1) .nicegui-echart').length"
        assert page.evaluate(panels) == 2
        calls = page.locator(".tile", has_text="Teacher")
        assert "16 calls" in calls.inner_text()
        append_records(run.transcript, [event(50, "planner", "plan")])
        page.locator(".tile", has_text="17 calls").wait_for()
        write_record(run.assessment(3, 0), assessment)
        page.wait_for_function(f"{panels} === 3")
        assert page.evaluate("scrollY") == 400
        assert page.evaluate("document.querySelector('.graph canvas').mark") == 1  # it was not drawn again
        assert MODULE in page.locator("[data-testid=story]").inner_text()
        assert opened.errors == []


@pytest.mark.slow
def test_looking_leaves_no_trace(tmp_path, chromium):
    run = make_run(tmp_path / "runs")
    run.checkpoints.write_bytes(b"")
    before = state(tmp_path)
    with serving("runs", cwd=tmp_path) as server, window(chromium) as opened:
        opened.page.goto(server.url)
        opened.page.get_by_role("link", name="arithmetic-demo").wait_for()
        for page in ("", "/transcript", "/examples", "/probes", f"?module={quote(TARGETS[0])}"):
            opened.page.goto(f"{server.url}/run/arithmetic-demo{page}")
            opened.page.wait_for_timeout(2000)
        assert opened.errors == []
        code, error = server.stop()
    assert state(tmp_path) == before
    assert code == 0
    assert error == ""
