"""The final examination in three sums: the targets, what was never taught, and the whole domain."""

import json
from dataclasses import replace

import pytest
from tests.results import fake_run as fake
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.memory.files import read_records, write_record, write_records
from ioa.memory.records import ItemResult
from ioa.results.charts import LIGHT
from ioa.results.charts.score_charts import final_charts
from ioa.results.exporters.measures import final_points
from ioa.results.facts import read_facts
from ioa.results.remarks import remarks
from ioa.results.report import write_report
from ioa.results.run_cards import read_card
from ioa.results.summary import final_summary

UNTOUCHED = [module for module in fake.MODULES if module not in fake.TARGETS]
SUMS = {"targets": (40, 177, 210), "untouched": (93, 85, 150), "all": (133, 262, 360)}
"""Right before and after, of so many."""


def ioa(*arguments):
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run that examined the whole domain, and one of the kind that kept to its targets."""
    folder = tmp_path_factory.mktemp("runs")
    made = {name: fake.make_run(folder, name) for name in ("whole", "kept")}
    fake.examine_whole_domain(made["whole"])
    for run in made.values():
        write_report(run, "finished")
    return made


def sums(final):
    parts = {"targets": final, "untouched": final.untouched, "all": final.all}
    return {name: (part.before.k, part.after.k, part.after.n) for name, part in parts.items() if part.after}


def test_three_sums_of_the_whole_domain_and_one_where_only_the_targets_were_asked(runs):
    found = {name: final_summary(read_facts(run, "finished")) for name, run in runs.items()}
    assert (sums(found["whole"]), found["whole"].scope) == (SUMS, "domain")
    assert (sums(found["kept"]), found["kept"].scope) == ({"targets": SUMS["targets"]}, "targets")
    assert (
        found["whole"].untouched.fell == tuple(fake.FORGOTTEN) == ("products/times-table", "algebra/linear-equations")
    )
    # It was examined although its teacher can do nothing there.
    assert (found["whole"].untouched.modules, found["whole"].untouched.teacher.k) == (len(UNTOUCHED), 120)


def test_each_module_tells_what_it_won_and_what_it_lost(runs):
    told = {one["id"]: one for one in json.loads(runs["whole"].summary.read_text(encoding="utf-8"))["modules"]}
    assert (told["products/times-table"]["gained"], told["products/times-table"]["lost"]) == (0, 7)
    kept = {one["id"]: one for one in json.loads(runs["kept"].summary.read_text(encoding="utf-8"))["modules"]}
    assert (kept["products/times-table"]["lost"], kept["products/times-table"]["student_after"]) == (None, None)
    run = fake.make_run(runs["kept"].root.parent, "swapped")
    before = read_records(run.scores("final-before"), ItemResult)
    swapped = [one.model_copy(update={"correct": not one.correct}) for one in before]
    write_records(run.scores("final-after"), swapped)
    write_report(run, "finished")
    (one,) = [m for m in json.loads(run.summary.read_text(encoding="utf-8"))["modules"] if m["id"] == "divisors/gcd"]
    assert (one["gained"], one["lost"]) == (18, 12)


@pytest.mark.parametrize(
    ("command", "whole", "kept"),
    [
        ("show", ["all targets", "never taught", "85/150", "262/360", "+0 -7", "2 of 5 fell"], ["kept to the modules"]),
        ("runs", ["Whole domain", "37 % → 73 %"], ["19 % → 84 %"]),
    ],
)
def test_the_terminal_shows_them(runs, command, whole, kept):
    folder = runs["whole"].root.parent
    names = {"whole": whole, "kept": kept}
    for name, parts in names.items():
        text = ioa(command, *([name] if command == "show" else []), "--runs-dir", folder)
        assert all(part in text for part in parts), text
    if command == "show":
        assert "never taught" not in ioa("show", "kept", "--runs-dir", folder)


def test_the_report_the_cards_the_curves_and_the_chart_have_them(runs):
    html = runs["whole"].report.read_text(encoding="utf-8")
    assert "85 of 150" in html
    assert "262 of 360" in html
    assert "also what was never taught" in html
    assert "kept to the modules of the plan" in runs["kept"].report.read_text(encoding="utf-8")
    whole, kept = (read_facts(runs[name], "finished") for name in ("whole", "kept"))
    cards = {name: read_card(run) for name, run in runs.items()}
    assert (cards["whole"].all_before.k, cards["whole"].all_after.k) == SUMS["all"][:2]
    assert cards["kept"].all_after is None
    points = {point.name: point.value for point in final_points(fake.summary_of(runs["whole"], "finished"))}
    assert points["final/untouched_after"] == pytest.approx(85 / 150)
    assert points["final/after/products/times-table"] == pytest.approx(17 / 30)
    rows = [panel.options["yAxis"]["data"] for facts in (whole, kept) for panel in final_charts(facts, LIGHT)]
    assert [len(names) for names in rows] == [len(fake.MODULES), len(fake.TARGETS)]
    assert any("products/times-table, which was not taught, got worse" in remark for remark in remarks(whole))


def test_two_runs_are_compared_on_all_that_both_sat(runs):
    folder = runs["whole"].root.parent
    other = fake.make_run(folder, "again")
    fake.examine_whole_domain(other)
    write_record(other.summary, fake.summary_of(other, "finished"))
    both = ioa("diff", "whole", "again", "--runs-dir", folder)
    assert "On the 360 items that both sat" in both
    assert "untouched, after" in both
    assert "On the 210 items that both sat (A 360, B 210)" in ioa("diff", "whole", "kept", "--runs-dir", folder)


def test_a_module_that_reaches_the_ratio_and_is_not_mastered_is_explained(runs):
    facts = read_facts(runs["whole"], "finished")
    module, (assessment, result) = next((m, found) for m in facts.targets if (found := facts.gate_result(m)))
    late = result.model_copy(update={"ratio": 0.94, "mastered": False, "sure": 0.6, "sitting": 2})
    gate = tuple(late if one.module == module else one for one in assessment.gate)
    changed = assessment.model_copy(update={"gate": gate})
    others = [one for one in facts.assessments if one is not assessment and one.stage != assessment.stage]
    (said,) = [r for r in remarks(replace(facts, assessments=(*others, changed))) if r.startswith(f"{module} was not")]
    assert "has to be passed with more certainty" in said
