import json

import pytest
from tests.results.fake_run import HOSTILE, MODULES, ROUNDS, TARGETS, N, make_beginning, make_run

from ioa.memory.records import Score
from ioa.results import charts
from ioa.results.charts.training_charts import smooth
from ioa.results.facts import read_facts

ALL = (
    charts.gap_charts,
    charts.mastery_charts,
    charts.final_charts,
    charts.forgetting_charts,
    charts.loss_charts,
    charts.cost_charts,
    charts.time_charts,
    charts.prerequisite_charts,
)


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    return read_facts(make_run(tmp_path_factory.mktemp("runs")), "finished")


def series(panel, name):
    return next(one for one in panel.options["series"] if one.get("name") == name)


def test_a_run_that_has_only_begun_has_empty_charts_and_no_error(tmp_path):
    begun = read_facts(make_beginning(tmp_path), "running")
    assert [draw(begun, charts.LIGHT) for draw in ALL] == [[]] * len(ALL)


@pytest.mark.parametrize("draw", ALL)
@pytest.mark.parametrize("look", [charts.LIGHT, charts.DARK])
def test_charts_are_json_and_the_same_twice(facts, draw, look):
    first, second = draw(facts, look), draw(facts, look)
    assert first
    assert first == second
    assert all(json.loads(json.dumps(panel.options, allow_nan=False)) == panel.options for panel in first)


def test_gaps_have_scores_intervals_and_the_threshold_widest_first(facts):
    (panel,) = charts.gap_charts(facts, charts.LIGHT)
    names = panel.options["yAxis"]["data"]
    assert names[0] == "▸ products/two-digit"  # 1 of 30 against 29 of 30
    assert names[-1] == "word-problems/grade-school"  # which the teacher cannot do
    student = {names[int(point["value"][1])].removeprefix("▸ "): point for point in series(panel, "student")["data"]}
    right = MODULES["sums/carrying"][0]
    assert student["sums/carrying"]["value"][0] == pytest.approx(100 * right / N)
    assert f"({right} of {N};" in student["sums/carrying"]["tip"]
    bars = [one for one in panel.options["series"] if one["type"] == "custom"]
    low, high = Score(k=1, n=N).interval
    assert bars[0]["data"][0] == [0, pytest.approx(100 * low), pytest.approx(100 * high)]
    threshold = next(one for one in panel.options["series"] if "deficient" in one.get("name", ""))
    at = {names[int(p["value"][1])]: p["value"][0] for p in threshold["data"]}
    assert at["▸ sums/carrying"] == pytest.approx(70.0)  # (1 - tau_gap) of 100 %
    assert "word-problems/grade-school" not in at


def test_mastery_has_a_panel_a_stage_a_point_a_round_and_the_gate(facts):
    panels = charts.mastery_charts(facts, charts.LIGHT)
    assert [panel.options["title"]["text"] for panel in panels] == ["Stage 1", "Stage 2", "Stage 3"]
    line = series(panels[1], "products/two-digit")
    assert len(line["data"]) == len(ROUNDS[2])
    assert panels[1].options["series"][0]["markLine"]["data"][0]["yAxis"] == pytest.approx(90.0)
    assert panels[1].options["yAxis"]["name"] == "student ÷ teacher (%)"
    assert "not mastered" in line["data"][0]["tip"]


def test_forgetting_says_k_of_n_and_frames_what_was_taught(facts):
    (panel,) = charts.forgetting_charts(facts, charts.LIGHT)
    cells = panel.options["series"][0]["data"]
    names = panel.options["yAxis"]["data"]
    lost = next(c for c in cells if names[c["value"][1]] == "differences/borrowing" and c["value"][0] == 2)
    assert lost["text"] == "70 %  21/30"
    assert lost["itemStyle"]["borderWidth"] == 1
    assert sum(cell["itemStyle"]["borderWidth"] == 2 for cell in cells) == len(TARGETS)


def test_the_graph_has_every_module_and_its_stage(facts):
    (panel,) = charts.prerequisite_charts(facts, charts.LIGHT, "sums/carrying")
    lines, frames, boxes, badges, heads = panel.options["series"]
    assert {box["name"] for box in boxes["data"]} == set(MODULES)
    assert len(frames["data"]) == len(MODULES)
    assert len(heads["data"]) == len(lines["data"])
    assert sorted({head["symbolRotate"] for head in heads["data"]}) == [-90, 90]  # one was broken, and runs back
    assert sorted(badge["label"]["formatter"] for badge in badges["data"]) == ["1", "1", "2", "2", "2", "3", "3"]
    dashed = [line for line in lines["data"] if line["lineStyle"]["type"] == "dashed"]
    assert [line["tip"].splitlines()[0] for line in dashed] == ["divisors/lcm → divisors/gcd"]
    other = charts.prerequisite_charts(facts, charts.LIGHT, "sums/one-digit")[0]
    assert other != panel


def test_no_box_lies_on_another(facts):
    (panel,) = charts.prerequisite_charts(facts, charts.LIGHT)
    boxes = panel.options["series"][2]
    places = [tuple(box["value"]) for box in boxes["data"]]
    wide, high = boxes["symbolSize"]
    apart = [abs(a - c) >= wide or abs(b - d) >= high for (a, b) in places for (c, d) in places if (a, b) != (c, d)]
    assert all(apart)
    assert len(set(places)) == len(places)


def test_costs_and_times_are_those_of_the_run(facts):
    tokens = charts.cost_charts(facts, charts.LIGHT)[0]
    names = tokens.options["yAxis"]["data"]
    given = dict(zip(names, (point["value"] for point in series(tokens, "input")["data"]), strict=True))
    assert given["adapter"] == 420 * len(TARGETS)
    activities, nodes = charts.time_charts(facts, charts.LIGHT)[:2]
    assert activities.options["yAxis"]["data"] == ["training", "generation", "teacher", "overhead"]
    assert [point["value"] for point in series(activities, "time")["data"]][:2] == [10.0, 5.0]
    minutes = dict(
        zip(nodes.options["yAxis"]["data"], (p["value"] for p in series(nodes, "time")["data"]), strict=True)
    )
    assert minutes["train"] == pytest.approx(602 / 60, abs=0.001)
    assert "minutes" in nodes.options["xAxis"]["name"]


def texts(value, key=""):
    if isinstance(value, dict):
        return [found for name, below in value.items() for found in [("key", name), *texts(below, name)]]
    if isinstance(value, list):
        return [found for below in value for found in texts(below, key)]
    return [(key, value)] if isinstance(value, str) else []


@pytest.mark.parametrize("draw", ALL)
def test_text_of_a_run_is_neither_script_nor_escape_sequence(tmp_path, draw):
    hostile = read_facts(make_run(tmp_path, text=HOSTILE), "finished")
    found = [pair for panel in draw(hostile, charts.LIGHT) for pair in texts(panel.options)]
    assert not [text for key, text in found if key.startswith(":") and "alert" in text]
    assert not [text for key, text in found if key == "key" and "<" in text]
    assert not [text for _, text in found if "\x1b" in text or "\u202e" in text]


def test_smoothing_keeps_the_length_and_a_constant():
    assert smooth([2.0] * 100) == pytest.approx([2.0] * 100)
    assert smooth([]) == []
    assert smooth([0.0, 1.0]) == [0.0, 1.0]
    assert smooth([float(i) for i in range(100)])[50] == pytest.approx(50.0)
