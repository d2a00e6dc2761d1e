"""Two runs side by side."""

from pathlib import Path

import pytest
import yaml
from tests.results import fake_run as fake
from tests.results.fake_run import summary_of

from ioa.memory.files import read_records, write_record, write_records, write_text
from ioa.memory.records import ItemResult
from ioa.memory.run_dir import RunDirectory
from ioa.results.comparison import compare, flat


@pytest.fixture
def pair(tmp_path: Path) -> tuple[RunDirectory, RunDirectory]:
    runs = fake.make_run(tmp_path, "one"), fake.make_run(tmp_path, "two")
    for run in runs:
        write_record(run.summary, summary_of(run, "finished"))
    return runs


def test_a_run_does_not_differ_from_its_double(pair: tuple[RunDirectory, RunDirectory]) -> None:
    found = compare(*pair)
    assert found.config == ()
    assert all(stage.a == stage.b is not None for stage in found.curriculum)
    assert len(found.curriculum) == 3
    assert all(module.a == module.b for module in found.modules)
    assert found.final is not None
    assert (found.final.n, found.final.difference, found.final.p) == (210, 0.0, 1.0)
    assert found.items == (210, 210)
    assert found.a.model_copy(update={"run_id": "two"}) == found.b


def test_what_differs_is_named_and_tested(pair: tuple[RunDirectory, RunDirectory]) -> None:
    one, two = pair
    settings = yaml.safe_load(two.config.read_text(encoding="utf-8"))
    write_text(two.config, yaml.safe_dump(settings | {"seed": 8, "mastery": {"tau_mastery": 0.8}}))
    results = read_records(two.scores("final-after"), ItemResult)
    better = [item.model_copy(update={"correct": True}) for item in results]
    write_records(two.scores("final-after"), better)
    curriculum = yaml.safe_load(two.curriculum.read_text(encoding="utf-8"))
    write_text(two.curriculum, yaml.safe_dump(curriculum | {"stages": curriculum["stages"][:2]}))
    found = compare(one, two)
    changed = {setting.key: (setting.a, setting.b) for setting in found.config}
    assert changed["mastery.tau_mastery"] == (0.9, 0.8)
    assert changed["seed"] == (7, 8)
    wrong = sum(not item.correct for item in results)
    assert found.final is not None
    assert (found.final.first_only, found.final.second_only) == (wrong, 0)
    assert found.final.difference == pytest.approx(wrong / len(results))
    assert found.final.test == "McNemar, exact"
    assert found.curriculum[2].b is None
    assert found.curriculum[2].a is not None
    assert found.curriculum[2].a.modules


def test_only_items_that_are_the_same_are_compared(pair: tuple[RunDirectory, RunDirectory]) -> None:
    one, two = pair
    results = read_records(two.scores("final-after"), ItemResult)
    other = [item.model_copy(update={"question": "Another?"}) for item in results[:200]]
    write_records(two.scores("final-after"), [*other, *results[200:]])
    found = compare(one, two)
    assert found.final is not None
    assert found.final.n == 10
    write_records(two.scores("final-after"), [])
    assert compare(one, two).final is None


def test_a_run_that_only_began_can_be_compared(pair: tuple[RunDirectory, RunDirectory], tmp_path: Path) -> None:
    found = compare(pair[0], fake.make_beginning(tmp_path, "three"))
    assert found.b.status == "stopped"
    assert (found.b.final.after, found.b.targets, found.final) == (None, 0, None)
    assert found.curriculum[0].b is None


def test_flat_joins_keys_and_keeps_lists() -> None:
    assert flat({"a": {"b": [1, 2], "c": {}}, "d": None}) == {"a.b": [1, 2], "a.c": {}, "d": None}
    assert flat({}) == {}
