"""Replies that could not be read stand beside every score; nothing is said of runs in which nobody counted them."""

import dataclasses
import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from tests.results import fake_run as fake
from tests.results.fake_run import summary_of
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.memory.files import append_records, read_records, write_record, write_text
from ioa.memory.records import ItemResult, Score
from ioa.results.charts import LIGHT
from ioa.results.charts.score_charts import final_charts, forgetting_charts, gap_charts
from ioa.results.comparison import compare
from ioa.results.comparison_tables import comparison_tables
from ioa.results.console import Console
from ioa.results.explanation import module_story
from ioa.results.exporters.measures import all_points
from ioa.results.facts import read_facts
from ioa.results.remarks import remarks
from ioa.results.report.page import render_page
from ioa.results.run_cards import read_card
from ioa.results.terminal.closing_table import closing_table
from ioa.results.view.runs_page import row
from ioa.results.words import percent_noted, score_cell, score_words

CARRYING = "sums/carrying"
EXAMS = ("diagnosis-student", "final-before")
"""Of `dim`, the examinations with many unread: 9 in each module that has as many wrong ones."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """`old` is of before unread replies were counted; in `clear` there are none, in `dim` a third of all."""
    root = tmp_path_factory.mktemp("runs")
    made = {name: fake.make_run(root, name) for name in ("old", "clear", "dim")}
    for name, share in (("clear", 0.0), ("dim", 0.3)):
        fake.plant_unread(made[name], share)
    for run in made.values():
        append_records(run.transcript, fake.decisions())
        write_record(run.summary, summary_of(run, "finished"))
    return made


@pytest.fixture(scope="module")
def facts(runs):
    return {name: read_facts(run, "finished") for name, run in runs.items()}


def ioa(runs, *arguments: str) -> str:
    where = ["--runs-dir", str(runs["old"].root.parent)]
    result = CliRunner(env={"COLUMNS": "220"}).invoke(app, [*arguments, *where])
    assert result.exit_code == 0, result.output
    return result.output


def printed(renderable: object) -> str:
    out = StringIO()
    Console(file=out, width=200).print(renderable)
    return out.getvalue()


WAYS = {
    "runs": (lambda runs, facts, name: printed_line(runs, name), "19 %, 63 unread → 84 %, 30 unread"),
    "show": (lambda runs, facts, name: ioa(runs, "show", name), "4/30  13 % (5–30), 9 unread"),
    "show, gate": (lambda runs, facts, name: ioa(runs, "show", name), "17/30, 6 unread"),
    "why": (lambda runs, facts, name: ioa(runs, "why", name, CARRYING), "student 4/30  13 % (5–30), 9 unread"),
    "why, replies": (lambda runs, facts, name: ioa(runs, "why", name, CARRYING), f"not read  {fake.REASON}"),
    "diff": (lambda runs, facts, name: ioa(runs, "diff", name, "old"), "40/210  19 % (14–25), 63 unread"),
    "diff, modules": (lambda runs, facts, name: ioa(runs, "diff", name, "old"), "13 %, 9 unread → 93 %, 2 unread"),
    "closing table": (lambda runs, facts, name: printed(closing_table(summary_of(runs[name], "x"))), "13 %, 9 unread"),
    "closing table, foot": (
        lambda runs, facts, name: printed(closing_table(summary_of(runs[name], "x"))),
        "40/210, 63 unread",
    ),
    "report": (lambda runs, facts, name: page(facts[name], runs[name]), "4/30, 9 unread, 5&ndash;30 %"),
    "report, tile": (lambda runs, facts, name: page(facts[name], runs[name]), "(40 of 210, 63 unread; 95 % interval"),
    "charts": (lambda runs, facts, name: str(gap_charts(facts[name], LIGHT)), "(4 of 30, 9 unread; "),
    "chart, final": (lambda runs, facts, name: str(final_charts(facts[name], LIGHT)), "(28 of 30, 2 unread; "),
    "chart, kept": (lambda runs, facts, name: str(forgetting_charts(facts[name], LIGHT)), "87 %  26/30, 2 unread"),
    "viewer, runs": (lambda runs, facts, name: str(row(read_card(runs[name]), NOW)), "19 %, 63 unread"),
    "compare page": (lambda runs, facts, name: compared(runs, name), "40/210  19 % (14–25), 63 unread"),
    "remarks": (lambda runs, facts, name: str(remarks(facts[name])), "student, before teaching: 63 of 210"),
}
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def printed_line(runs, name: str) -> str:
    return next(line for line in ioa(runs, "runs").splitlines() if line.startswith(name))


def page(facts, run) -> str:
    return render_page(facts, summary_of(run, "finished"))


def compared(runs, name: str) -> str:
    return str(comparison_tables(compare(runs[name], runs["old"])))


@pytest.mark.parametrize("way", WAYS)
def test_where_a_score_stands_its_unread_replies_stand_beside_it(runs, facts, way):
    show, expected = WAYS[way]
    assert expected in show(runs, facts, "dim")
    for name in ("old", "clear"):
        text = show(runs, facts, name)
        assert " unread" not in text, name
        assert "not read" not in text, name
        assert "could not be read" not in text, name


def test_what_was_not_counted_is_null_and_not_zero(runs):
    told = {name: json.loads(ioa(runs, "show", name, "--json")) for name in runs}
    for name, expected in {"old": (None, None), "clear": (0, 0), "dim": (63, 30)}.items():
        card = told[name]["card"]
        assert (card["before"]["unread"], card["after"]["unread"]) == expected
    for name, expected in {"old": (None, None, None), "clear": (0, 0, 0), "dim": (9, 2, 0)}.items():
        summary = json.loads(runs[name].summary.read_text(encoding="utf-8"))
        own = next(one for one in summary["modules"] if one["id"] == CARRYING)
        assert (own["unread_before"], own["unread_after"], own["unread_teacher"]) == expected


def test_a_summary_from_before_they_were_counted_is_read(runs, tmp_path):
    old = json.loads(runs["old"].summary.read_text(encoding="utf-8"))
    for module in old["modules"]:
        for name in ("unread_before", "unread_after", "unread_teacher"):
            del module[name]
    old["final"] = {name: {"k": old["final"][name]["k"], "n": old["final"][name]["n"]} for name in ("before", "after")}
    run = fake.make_run(tmp_path, "older")
    write_text(run.summary, json.dumps(old))
    assert read_card(run).before == Score(k=40, n=210)


def test_one_remark_names_the_examinations_that_say_little_and_what_to_do(facts):
    first, *others = remarks(facts["dim"])
    assert f"`ioa why dim {CARRYING}`" in first
    told = {label: Score.of(facts["dim"].examinations[label]) for label in EXAMS}
    assert all(f"{score.unread} of {score.n}" in first for score in told.values())
    assert "at the end" not in first  # 30 of 210 are few
    assert "student.system_prompt" in first
    assert not any("could not be read" in remark for remark in others)
    asked = dict(facts["dim"].examinations) | {
        f"stage-01-round-{i}": facts["dim"].examinations[EXAMS[0]] for i in range(9)
    }
    assert "; and 7 more)" in remarks(dataclasses.replace(facts["dim"], examinations=asked))[0]


def test_the_story_of_a_module_has_the_replies_of_the_final_examination_only_at_the_end(facts):
    for status, labels in {
        "finished": {"diagnosis-student", "final-before", "final-after"},
        "working": {EXAMS[0]},
    }.items():
        story = module_story(dataclasses.replace(facts["dim"], status=status), CARRYING)
        assert {one.examination for one in story.unread} == labels
        assert {(one.reply, one.reason) for one in story.unread} == {("4 or 5", fake.REASON)}
    assert len(module_story(facts["dim"], CARRYING).unread) == 9 + 9 + 2


def test_curves_have_the_share_where_it_is_known(runs, facts):
    for name, expected in {"old": None, "clear": 0.0, "dim": 63 / 210}.items():
        points = {point.name: point.value for point in all_points(facts[name], summary_of(runs[name], "finished"))}
        assert points.get("final/unread_before") == expected
        assert (f"mastery/unread/{CARRYING}" in points) == (expected is not None)


@pytest.mark.parametrize(
    ("score", "cell", "words", "noted"),
    [
        (Score(k=18, n=30, unread=4), "18/30  60 % (42–75), 4 unread", "18 of 30, 4 unread; 95 %", "60 %, 4 unread"),
        (Score(k=18, n=30, unread=0), "18/30  60 % (42–75)", "18 of 30; 95 %", "60 %"),
        (Score(k=18, n=30), "18/30  60 % (42–75)", "18 of 30; 95 %", "60 %"),
        (Score(k=0, n=2000, unread=1234), "0/2000  0 % (0–0), 1,234 unread", "0 of 2000, 1,234 unread", "0 %, 1,234"),
    ],
)
def test_one_wording(score, cell, words, noted):
    assert score_cell(score) == cell
    assert words in score_words(score)
    assert percent_noted(score).startswith(noted)


def test_a_result_without_the_field_is_one_of_which_nobody_knows(runs):
    results = read_records(runs["old"].scores("final-before"), ItemResult)
    assert {one.unread for one in results} == {None}
    assert Score.of(results) == Score(k=40, n=210)
    line = results[0].model_dump_json(exclude={"unread"})
    assert ItemResult.model_validate_json(line) == results[0]
