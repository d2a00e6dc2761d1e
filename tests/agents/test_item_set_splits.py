"""How the items of a set become seeds and the three splits of the examination: 8:2, by module, without leaks."""

import json
import random

import pytest

from ioa.agents.tagging import leave_out_repeats
from ioa.memory.domains.bank import PROBE_SHARE, ItemBank, divide_items
from ioa.memory.domains.item_sets import read_item_set
from ioa.memory.domains.packs import GIVEN
from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.near_verbatim import NearVerbatim
from ioa.memory.records import Domain, Module, SourceItem, Split, Written
from ioa.memory.similarity import features
from ioa.training import ExaminationSettings, Scorers, build_probes

SIZES = {"shop/apples": 400, "shop/pears": 150, "shop/plums": 60}
SETTINGS = ExaminationSettings(diagnosis=10, gate=10, final=12)
WANTED = 32


def item(module, number, **changed):
    fruit = module.rpartition("/")[2]
    question = f"A shop has {number} {fruit} and sells {number % 7 + 1} of them. How many are left?"
    return {"question": question, "answer": str(number - number % 7 - 1), "module": module} | changed


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """The items of a file in a random order, with doubles and near-verbatim copies."""
    items = [item(module, 10 + n) for module, count in SIZES.items() for n in range(count)]
    copies = [made | {"question": made["question"].replace("A shop", "The shop")} for made in items[::9]]
    doubles = [made | {"question": made["question"].replace(" has ", "  has ").rstrip("?")} for made in items[::11]]
    everything = [*items, *copies, *doubles]
    random.Random(3).shuffle(everything)
    path = tmp_path_factory.mktemp("items") / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, everything)))
    return leave_out_repeats(read_item_set(path).items, GIVEN, Scorers().has_many_answers)[0]


def bank(given, seed):
    """As `Decomposer` divides them."""
    return [
        made
        for module in SIZES
        for made in divide_items([one for one in given if one.module == module], WANTED, seed=seed)
    ]


def probes(items, seed):
    level = Written(items="Those of the set.")
    modules = tuple(Module(id=id_, description=id_, levels={GIVEN: level}, exam_level=GIVEN) for id_ in SIZES)
    domain = Domain(name="shop", description="Shopping.", modules=modules)
    return build_probes(domain, SETTINGS, seed, ItemBank(items))


def test_each_module_is_divided_eight_to_two_where_there_are_enough_items(given):
    for module, count in SIZES.items():
        own = [one for one in bank(given, 1) if one.module == module]
        tests = [one for one in own if one.purpose == "probe"]
        assert len(own) == count
        assert len(tests) == max(WANTED, PROBE_SHARE * count)


def test_the_tests_are_three_disjoint_splits_of_every_module_and_none_is_a_seed(given):
    items = bank(given, 1)
    drawn = probes(items, 1)
    seeds = {one.question for one in items if one.purpose == "seed"}
    assert len({probe.question for probe in drawn}) == len(drawn)
    assert not seeds & {probe.question for probe in drawn}
    for module in SIZES:
        for split in Split:
            assert sum(p.module == module and p.split is split for p in drawn) >= SETTINGS.size(split)


def test_the_same_seed_divides_alike_whatever_the_order_of_the_file_and_another_one_does_not(given):
    mixed = random.Random(5).sample(given, len(given))
    assert probes(bank(mixed, 1), 1) == probes(bank(given, 1), 1)
    assert probes(bank(given, 2), 2) != probes(bank(given, 1), 1)


def test_no_item_says_nearly_the_same_as_one_of_another_split_or_as_a_seed(given):
    items = bank(given, 1)
    near = NearVerbatim(Bounds().jaccard)
    for made in items:
        view = features(made.question)
        assert near.find(view) is None
        near.add(made.id, view)


@pytest.mark.parametrize(("scorer", "kept"), [("numeric", 2), ("unit-tests", 1), ("rouge-l", 1), ("judge", 1)])
def test_of_problems_with_many_right_answers_a_near_copy_is_one_whatever_its_reference(scorer, kept):
    text = "Write a function that takes a list of words and returns the longest of them, or an empty text for {} list."
    given = [SourceItem(question=text.format(word), answer=word, scorer=scorer) for word in ("an empty", "one empty")]
    given = [given[0], given[1].model_copy(update={"question": text.format("an empty").replace("Write", "Write down")})]
    assert len(leave_out_repeats(given, GIVEN, Scorers().has_many_answers)[0]) == kept
