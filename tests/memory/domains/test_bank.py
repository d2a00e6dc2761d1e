"""The item bank: what is examined and what is shown to who writes lessons."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.domains.bank import PROBE_SHARE, ItemBank, divide_items, item_id
from ioa.memory.domains.families.forms import item_key
from ioa.memory.errors import UserError
from ioa.memory.records import BankItem, Domain, Module, Split, Written
from ioa.memory.similarity import normalise
from ioa.training import ExaminationSettings, build_probes


def item(number, module="a/b", purpose="seed"):
    question = f"What is {number} + 1?"
    return BankItem(
        id=item_id(question), module=module, level="given", question=question, answer=str(number + 1),
        origin="given", verified=False, purpose=purpose,
    )  # fmt: skip


def module(name="a/b"):
    return Module(id=name, description="d", levels={"given": Written(items="sums")}, exam_level="given")


@given(st.integers(0, 300), st.integers(0, 80), st.integers(0, 2**31), st.randoms(use_true_random=False))
def test_probes_come_first_and_are_two_in_ten_of_many_whatever_the_order(count, probes, seed, random):
    items = [item(number) for number in range(count)]
    found = divide_items(items, probes, seed=seed)
    kept = sum(one.purpose == "probe" for one in found)
    assert kept == min(count, max(probes, math.ceil(PROBE_SHARE * count)))
    assert {one.id for one in found} == {one.id for one in items}
    random.shuffle(items)
    assert divide_items(items, probes, seed=seed) == found


@given(st.integers(0, 300), st.integers(0, 80), st.integers(0, 100))
def test_a_reserve_is_kept_beside_the_probes_as_far_as_half_of_the_items_are_left_for_lessons(count, probes, reserve):
    items = [item(number) for number in range(count)]
    kept = sum(one.purpose == "probe" for one in divide_items(items, probes, seed=1, reserve=reserve))
    without = sum(one.purpose == "probe" for one in divide_items(items, probes, seed=1))
    assert kept == max(without, min(probes + reserve, count // 2))


@given(st.integers(0, 60), st.integers(0, 40), st.sets(st.integers(0, 59)))
def test_what_was_shown_is_never_a_probe(count, probes, shown):
    items = [item(number) for number in range(count)]
    ids = {item(number).id for number in shown}
    found = divide_items(items, probes, seed=1, shown=ids)
    probed = [one.id for one in found if one.purpose == "probe"]
    assert not ids & set(probed)
    secret = sum(one.id not in ids for one in items)
    assert len(probed) == min(secret, max(probes, math.ceil(PROBE_SHARE * count)))


@given(st.lists(st.integers(12, 40), min_size=1, max_size=4), st.integers(0, 2**31))
def test_splits_and_seeds_are_pairwise_disjoint_and_every_split_has_its_size_in_every_module(counts, seed):
    names = [f"a/m{number}" for number in range(len(counts))]
    items = [
        one
        for place, (name, count) in enumerate(zip(names, counts, strict=True))
        for one in divide_items([item(1000 * place + n, name) for n in range(count)], 9, seed=seed)
    ]
    domain = Domain(name="x", description="x", modules=tuple(module(name) for name in names))
    sizes = ExaminationSettings(diagnosis=2, gate=3, final=4)
    bank = ItemBank(items)
    probes = build_probes(domain, sizes, seed, bank)
    seeds = [one.question for name in names for one in bank.seeds(name, "given")]
    texts = [normalise(text) for text in [*(probe.question for probe in probes), *seeds]]
    assert len(set(texts)) == len(texts)
    for name in names:
        for split in Split:
            assert sum(probe.module == name and probe.split == split for probe in probes) == sizes.size(split)
    assert {probe.family for probe in probes} == {""}


def test_two_seeds_of_a_run_divide_differently():
    items = [item(number) for number in range(40)]
    assert divide_items(items, 10, seed=1) != divide_items(items, 10, seed=2)


def test_too_few_probes_are_a_message_that_says_how_many_there_are_and_are_needed():
    bank = ItemBank(item(number, purpose="probe") for number in range(5))
    with pytest.raises(UserError, match=r"of its 5 .* 4 are left, but 6 are needed"):
        bank.draw(module(), "given", seed=0, count=6, exclude=[item_key("what is 3+1")])
    domain = Domain(name="x", description="x", modules=(module(),))
    with pytest.raises(UserError, match="Module a/b, gate split of 3 items"):
        build_probes(domain, ExaminationSettings(diagnosis=3, gate=3, final=3), 1, bank)


def test_an_id_is_made_of_the_normalised_question():
    assert item_id("What is 1 + 1?") == item_id("what  is 1+1")
    assert item_id("What is 1 + 1?") != item_id("What is 1 + 2?")


def test_probes_with_brackets_after_digits_are_pairwise_different():
    def bracketed(i):
        question = f"Compute {i} * (3 + {i + 1}) now."
        return item(i, purpose="probe").model_copy(update={"id": item_id(question), "question": question})

    bank = ItemBank(bracketed(i) for i in range(30))
    domain = Domain(name="x", description="x", modules=(module(),))
    probes = build_probes(domain, ExaminationSettings(diagnosis=8, gate=8, final=8, spare=0), 1, bank)
    assert len({probe.question for probe in probes}) == len(probes) == 24
