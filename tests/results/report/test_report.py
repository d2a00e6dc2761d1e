"""The report: right numbers, nothing invented, nothing loaded, nothing executed."""

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.results import fake_run as fake
from tests.results.fake_run import summary_of

from ioa.graph.listeners import NodeVisit
from ioa.memory.clock import Timing
from ioa.memory.errors import UserError
from ioa.memory.files import write_records
from ioa.memory.run_dir import RunDirectory
from ioa.results import report
from ioa.results.console import Console
from ioa.results.facts import read_facts
from ioa.results.report import ReportWriter, write_report
from ioa.results.report import page as page_module
from ioa.results.report.page import paired_test, render_page, sample_lessons
from ioa.results.report.script import echarts_script, page_script
from ioa.results.sections import SECTIONS
from ioa.results.summary import summarise
from ioa.results.terminal.closing_table import closing_table

_VOID = {"meta", "br", "input", "path", "line", "circle", "use", "rect"}


class Page(HTMLParser):
    """Checks that tags nest, and collects what could load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "xlink:href", "srcset", "data", "action"}:
                self.links.append(value)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in _VOID:
            assert self.open.pop() == tag


def data_of(html: str) -> dict:
    """What the script draws."""
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    made = fake.make_run(tmp_path_factory.mktemp("runs"))
    write_report(made, "finished")
    return made


@pytest.fixture(scope="module")
def html(run: RunDirectory) -> str:
    return run.report.read_text(encoding="utf-8")


def test_summary_has_exactly_the_agreed_keys(run: RunDirectory) -> None:
    content = json.loads(run.summary.read_text(encoding="utf-8"))
    assert set(content) == {
        "run_id", "status", "wall_seconds", "peak_rss_bytes", "modules", "final", "examples", "teacher", "phases",
        "phase_shares", "activities", "execution", "budget",
    }  # fmt: skip
    assert set(content["modules"][0]) == {
        "id", "targeted", "planned", "stage", "student_before", "student_after", "teacher", "mastered", "n",
        "unread_before", "unread_after", "unread_teacher", "gained", "lost",
    }  # fmt: skip
    scores = {"before": {"k": 40, "n": 210, "unread": None}, "after": {"k": 177, "n": 210, "unread": None}}
    assert {
        name: content["final"][name] for name in scores
    } == scores  # its results are from before unread replies were counted
    assert content["examples"] == {"accepted": 516, "rejected": 42}
    assert content["budget"]["lessons"] == {"limit": None, "used": 516, "left": None}
    assert content["budget"]["teacher_tokens"]["used"] == 6720 + 2560  # of the teaching: all calls of this run
    teacher = content["teacher"]
    assert set(teacher) == {
        "spec", "calls", "tokens", "usd", "ledger", "rejected", "by_agent", "by_stage", "by_module"
    }  # fmt: skip
    assert (teacher["spec"], teacher["calls"]) == ("tutor:arithmetic", 16)
    assert teacher["tokens"] == {"input": 6720, "output": 2560, "estimated": False}
    for part in ("by_agent", "by_stage", "by_module"):
        assert sum(row["calls"] for row in teacher[part]) == 16
        assert sum(row["tokens"]["input"] for row in teacher[part]) == 6720
    assert content["phases"]["train"] == 602.0
    assert content["phase_shares"]["train"] == pytest.approx(602 / 991.3)


def test_the_time_is_shared_out_and_set_against_what_the_machine_can_do(run: RunDirectory, html: str) -> None:
    found = summary_of(run, "finished").activities
    assert list(found) == ["training", "generation", "teacher", "overhead"]
    assert sum(one.seconds for one in found.values()) == pytest.approx(991.3)
    assert found["overhead"].share == pytest.approx(50 / 991.3)
    training = found["training"]
    assert (training.items_per_second, training.tokens_per_second) == (2.5, 150.0)
    assert (training.gflops, training.of_peak) == (pytest.approx(90), pytest.approx(0.3))
    assert (found["generation"].gflops, found["teacher"].gflops) == (pytest.approx(30), None)
    assert "5.0 % of it overhead" in html
    assert "30 %" in html[html.index("Of the peak") :]


def test_a_run_whose_activities_were_not_counted_says_nothing_of_them(run: RunDirectory) -> None:
    facts = read_facts(run, "finished")
    old = replace(facts, timing=Timing(wall_seconds=9.0, phases={"train": 3.0}), execution=None)
    summary = summarise(old)
    assert (summary.activities, summary.execution) == ({}, None)
    assert summary.phase_shares == {"train": pytest.approx(1 / 3)}
    assert "Of the peak" not in render_page(old, summary)


def test_rows_come_from_the_final_split_for_targets_and_from_the_diagnosis_for_others(run: RunDirectory) -> None:
    rows = {row.id: row for row in summary_of(run, "finished").modules}
    taught, other = rows["products/two-digit"], rows["algebra/linear-equations"]
    assert (taught.student_before, taught.student_after, taught.teacher) == (1 / 30, 18 / 30, 29 / 30)
    assert (taught.targeted, taught.stage, taught.mastered) == (True, 2, False)
    assert (other.student_before, other.student_after, other.teacher) == (16 / 30, None, 1.0)
    assert (other.targeted, other.stage, other.mastered) == (False, None, None)


def test_the_last_assessment_of_the_own_stage_decides_mastery(run: RunDirectory) -> None:
    facts = read_facts(run, "finished")
    # It fell below the gate after stage 3; that is forgetting, and does not undo the verdict of its own gate.
    later = [r for a in facts.assessments if a.stage == 3 for r in a.earlier if r.module == "differences/borrowing"]
    assert not later[0].mastered
    assert facts.verdict("differences/borrowing") is True


def test_without_the_final_examination_the_rows_are_the_diagnosis(tmp_path: Path) -> None:
    run = fake.make_run(tmp_path)
    run.scores("final-after").unlink()
    summary = summary_of(run, "interrupted")
    row = next(row for row in summary.modules if row.id == "sums/carrying")
    assert (row.student_before, row.student_after, row.teacher) == (4 / 30, None, 1.0)
    assert summary.final.before is not None
    assert summary.final.after is None


def test_final_scores_count_the_target_modules_alone(tmp_path: Path) -> None:
    run = fake.make_run(tmp_path)
    write_records(run.scores("final-after"), fake.results("final", {"sums/carrying": 20, "sums/one-digit": 30}))
    after = summary_of(run, "finished").final.after
    assert after is not None
    assert (after.k, after.n) == (20, 30)


def test_the_page_nests_loads_nothing_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert page.tags.count("script") == 2  # data, and our own script
    allowed = re.search(r"script-src 'sha256-([^']+)'\">", html)
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert allowed is not None
    assert [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts] == [allowed[1]]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html[: html.index("<title>")])
    assert policy is not None
    assert policy[1].split("; ")[:-1] == [
        "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'", "form-action 'none'"
    ]  # fmt: skip
    assert page.handlers == []
    assert [link for link in page.links if not link.startswith("#")] == []
    assert not re.search(r"@import|url\((?!#)", html.replace(scripts[0], ""))
    assert page.tags.count("svg") == 1  # the headline's bars
    assert set(data_of(html)["charts"]) == set(SECTIONS)
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_page_says_what_did_not_work(html: str) -> None:
    assert "so cannot teach: word-problems/grade-school" in html
    assert "products/two-digit was not mastered: P_S / P_T = 0.66" in html
    assert "differences/borrowing passed its gate but was below it again" in html
    assert "not taught in this run: algebra/linear-equations" in html
    assert "177 of 210" in html


def test_each_edge_stands_with_its_interval_and_who_says_so(run: RunDirectory, html: str) -> None:
    rows = re.findall(r"<tr><td>sums/one-digit</td><td>sums/multi-term</td>.*?</tr>", html)
    assert len(rows) == 1
    assert "0.55<small>0.21&ndash;0.80</small>" in rows[0]
    assert 'population + teacher <span class="tag">uncertain</span>' in rows[0]
    assert "3 variants that can do it score 0.90" in rows[0]
    assert "Prerequisites that were claimed and are none" in html
    assert re.search(r"<td>sums/chains</td><td>sums/decimals</td>.*?<td>too unsure</td>", html)
    assert "<td>products/two-digit</td><td>population</td><td>1 variant can do it" in html
    diagnosis = read_facts(run, "finished").diagnosis
    assert diagnosis is not None
    assert html.count("<td>the pack says so</td>") == len(diagnosis.edges) - 1 + 3  # and those estimated again


def test_the_same_run_draws_the_same_page(run: RunDirectory, html: str) -> None:
    write_report(run, "finished")
    assert run.report.read_text(encoding="utf-8") == html


def test_hostile_text_is_shown_and_not_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "v3rY5ecR3tVa1u3of0nE")
    run = fake.make_run(tmp_path, text=fake.HOSTILE + " v3rY5ecR3tVa1u3of0nE password")
    write_report(run, "finished")
    text = run.report.read_text(encoding="utf-8")
    assert Page(text).tags.count("script") == 2
    assert "&lt;script&gt;" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "[31m" not in text
    assert "v3rY5ecR3tVa1u3of0nE" not in text
    assert "password" in text


def test_a_name_with_dollars_is_no_formula(tmp_path: Path) -> None:
    run = fake.make_run(tmp_path)
    broken = run.diagnosis.read_text(encoding="utf-8").replace('"divisors/gcd"', json.dumps(r"cost in $\frac{ and $"))
    run.diagnosis.write_text(broken, encoding="utf-8")
    write_report(run, "finished")
    assert "frac{ and $" in run.report.read_text(encoding="utf-8")


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_run_that_has_hardly_begun(tmp_path: Path, status: str) -> None:
    run = fake.make_beginning(tmp_path)
    summary = write_report(run, status)
    assert summary.wall_seconds is None
    assert summary.final.before is None
    assert summary.teacher.calls == 0
    assert {row.targeted for row in summary.modules} == {None}
    assert next(row for row in summary.modules if row.id == "sums/carrying").teacher is None
    page = Page(run.report.read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert page.open == []


def test_every_missing_file_only_leaves_its_section_out(tmp_path: Path) -> None:
    run = fake.make_run(tmp_path)
    for path in sorted(run.root.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        write_report(run, "interrupted")
        assert Page(run.report.read_text(encoding="utf-8")).open == []
        run.report.unlink()
        run.summary.unlink()


def test_an_unreadable_curriculum_is_named(tmp_path: Path) -> None:
    run = fake.make_run(tmp_path)
    run.curriculum.write_text("stages: 7\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"curriculum\.yaml: not a curriculum"):
        write_report(run, "finished")


def test_echarts_is_where_nicegui_has_it() -> None:
    script = page_script()
    assert script.startswith('"use strict";\nconst echarts = (() => {')
    assert len(script) > 1_000_000
    assert not re.search(r"</script|<!--|^(?:import|export)\b", script, re.MULTILINE)


@pytest.mark.parametrize(
    ("index", "chart"),
    [
        (None, None),
        ('import{a as b}from"./chart.js";export{b as echarts};', None),
        ('import{a as b}from"./chart.js";export{b as echarts};', "const x=1;export{x as other};"),
        ('import{a as b}from"./chart.js";export{b as charts};', "const x=1;export{x as a};"),
        ('import{a as b}from"./chart.js";export{b as echarts};', "const x='</script>';export{x as a};"),
        ("const x=1;", "const x=1;export{x as a};"),
    ],
)
def test_echarts_that_looks_different_is_one_clear_error(tmp_path: Path, index: str | None, chart: str | None) -> None:
    for name, text in (("index.js", index), ("chart.js", chart)):
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"Install"):
        echarts_script(tmp_path)


def test_a_report_without_echarts_says_so(run: RunDirectory, monkeypatch: pytest.MonkeyPatch, html: str) -> None:
    monkeypatch.setattr(page_module, "page_script", lambda: echarts_script(Path("nowhere")))
    write_report(run, "finished")
    text = run.report.read_text(encoding="utf-8")
    run.report.write_text(html, encoding="utf-8")
    assert "so the report has no charts. Install that version" in text
    assert "script-src" not in text
    assert "script" not in Page(text).tags
    assert "177 of 210" in text


def test_mcnemar_is_exact(tmp_path: Path) -> None:
    run = fake.make_run(tmp_path)
    write_records(run.scores("final-before"), fake.results("final", {"sums/carrying": 3}, n=10))
    write_records(run.scores("final-after"), fake.results("final", {"sums/carrying": 9}, n=10))
    test = paired_test(read_facts(run, "finished"))
    assert test is not None
    assert (test.first_only, test.second_only, test.p) == (6, 0, 2 / 2**6)


def test_sample_lessons_differ(run: RunDirectory) -> None:
    for lessons in sample_lessons(read_facts(run, "finished")).values():
        assert len(lessons) == 2
        assert lessons[0].strategies != lessons[1].strategies


def test_closing_table(run: RunDirectory) -> None:
    console = Console(width=110, record=True, file=StringIO())
    console.print(closing_table(summary_of(run, "finished")))
    shown = console.export_text()
    assert re.search(r"products/two-digit\s*│\s*3 %\s*│\s*60 %\s*│\s*\+17 -0 │\s*97 %\s*│\s*30 │\s*no", shown)
    assert re.search(r"40/210 │ 177/210 .* 5 of 7", shown)
    assert "never taught" not in shown


def test_a_report_that_cannot_be_made_is_said_and_ends_no_run(run, tmp_path):
    shutil.copytree(run.root, tmp_path / run.run_id)
    run = RunDirectory.at(tmp_path, run.run_id)
    said = []
    writer = ReportWriter(said.append)
    writer.run_begun(run, None)
    run.diagnosis.write_text("{}")
    writer.visit_ended(NodeVisit("finish"))
    (line,) = said
    assert str(run.diagnosis) in line
    assert f"ioa report {run.run_id}" in line


def test_the_page_of_a_run_under_way_is_drawn_when_it_is_worth_its_time(run, tmp_path, monkeypatch):
    shutil.copytree(run.root, tmp_path / run.run_id)
    run = RunDirectory.at(tmp_path, run.run_id)
    now = [0.0]

    def render(*_):
        now[0] += 2.0
        return "the page"

    monkeypatch.setattr(report, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(page_module, "render_page", render)
    writer = ReportWriter(print)
    writer.run_begun(run, None)
    drawn = []
    for _ in range(9):
        now[0] += 60.0
        run.report.unlink(missing_ok=True)
        run.summary.unlink(missing_ok=True)
        writer.assessed(None)
        assert run.summary.is_file()
        drawn.append(run.report.is_file())
    assert drawn == [True, False, False, False, True, False, False, False, True]
    run.report.unlink()
    writer.run_ended("interrupted")
    assert run.report.is_file()


def test_a_full_disk_ends_the_run(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    writer = ReportWriter(print)
    writer.run_begun(run, None)
    monkeypatch.setattr(report, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        writer.visit_ended(NodeVisit("finish"))
