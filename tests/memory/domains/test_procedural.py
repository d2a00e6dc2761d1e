"""Drawing items from reasoning-gym."""

import json
import re
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.domains.procedural import PURPOSES, SEED_STRIDE, check, draw, lesson_seed, level_seed, seed_range
from ioa.memory.errors import UserError
from ioa.memory.records import Filter, Generator, Split
from ioa.memory.similarity import normalise

DIGITS = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1, "allow_negation": False}
SUMS = Generator(family="basic_arithmetic", params={**DIGITS, "operators": ["+"], "allow_parentheses": False})


def test_items_are_distinct_reproducible_and_fit_the_filter():
    generator = Generator(
        family="basic_arithmetic",
        params={**SUMS.params, "max_digits": 2},
        where=Filter(question=r"\d\d \+ \d\d", answer=r"^1\d\d$"),
    )
    items = draw(generator, seed=5 * SEED_STRIDE, count=200)
    assert len({normalise(item.question) for item in items}) == 200
    assert all(re.search(r"\d\d \+ \d\d", item.question) and 100 <= int(item.answer) < 200 for item in items)
    assert items == draw(generator, seed=5 * SEED_STRIDE, count=200)
    assert items != draw(generator, seed=6 * SEED_STRIDE, count=200)


def test_a_longer_draw_begins_with_the_shorter_one():
    assert draw(SUMS, seed=3, count=40)[:10] == draw(SUMS, seed=3, count=10)


def test_excluded_items_do_not_come_back_in_another_order():
    first = draw(SUMS, seed=1, count=30, examined=True)
    second = draw(SUMS, seed=1, count=60, exclude=[item.key for item in first])

    def operands(items):
        return {tuple(sorted(item.question.removeprefix("Calculate ").rstrip(".").split(" + "))) for item in items}

    assert len(operands(first)) == 30
    assert not operands(first) & operands(second)


def test_every_item_of_a_small_family_is_found_and_one_more_is_refused():
    assert len(draw(SUMS, seed=0, count=121)) == 121
    with pytest.raises(UserError, match=r"only 121 distinct items.* 122 are needed"):
        draw(SUMS, seed=0, count=122)
    assert len(draw(SUMS, seed=0, count=66, examined=True)) == 66  # 11 times 11, without the other order of 55
    excluded = [item.key for item in draw(SUMS, seed=9, count=10, examined=True)]
    with pytest.raises(UserError, match=r"only 56 .*beside the 10 that are excluded"):
        draw(SUMS, seed=0, count=66, exclude=excluded, examined=True)


@pytest.mark.parametrize("family", ["simple_equations", "fraction_simplification", "decimal_chain_sum", "gsm_symbolic"])
def test_metadata_is_json_and_enough_for_the_verifier(family):
    from reasoning_gym.factory import get_score_answer_fn

    score = get_score_answer_fn(family)
    for item in draw(Generator(family=family), seed=11, count=20):
        metadata = json.loads(json.dumps(item.metadata))
        entry = {"question": item.question, "answer": item.answer, "metadata": metadata}
        assert score(item.answer, entry) == 1.0


@pytest.mark.parametrize(
    ("generator", "parts"),
    [
        (Generator(family="gdc"), ["no family 'gdc'", "gcd"]),
        (Generator(family="gcd", params={"maximum": 3}), ["no parameter 'maximum'", "max_value"]),
        (Generator(family="gcd", params={"seed": 3}), ["no parameter 'seed'"]),
        (Generator(family="gcd", params={"max_value": 1}), ["does not accept", "max_value must be > min_value"]),
        (Generator(family="gcd", params={"max_value": "many"}), ["does not accept", "many"]),
        (Generator(family="gcd", where=Filter(answer="x")), ["only 0 distinct items", "1 are needed"]),
        (
            Generator(family="basic_arithmetic", params={"operators": ["/"], "allow_parentheses": False}),
            ["gives wrong answers", "allow_parentheses"],
        ),
        (
            Generator(family="basic_arithmetic", params={"operators": ["+", "*"], "allow_parentheses": False}),
            ["gives wrong answers"],
        ),
        (Generator(family="basic_arithmetic", params={**DIGITS, "operators": ["/"]}), ["cannot make items"]),
    ],
)
def test_what_cannot_be_drawn_is_said_plainly(generator, parts):
    with pytest.raises(UserError) as caught:
        check(generator)
    for part in parts:
        assert part in str(caught.value)


def test_the_filter_for_wrong_answers_lets_right_ones_through():
    params = {**DIGITS, "max_digits": 2, "operators": ["+", "/"], "allow_parentheses": True}
    division = Generator(family="basic_arithmetic", params=params, where=Filter(question=r"^Calculate \d+ / [2-9]\.$"))
    for item in draw(division, seed=0, count=50):
        dividend, divisor = map(int, re.findall(r"\d+", item.question))
        assert dividend == divisor * int(item.answer)


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(PURPOSES), st.integers(0, 9_999)),
        min_size=2,
        max_size=6,
        unique=True,
    ),
    st.text(max_size=20),
)
def test_ranges_of_seeds_never_overlap(ranges, batch):
    starts = sorted([*(seed_range(*one) for one in ranges), lesson_seed(0, batch), level_seed(0, batch, batch)])
    assert all(after - before >= SEED_STRIDE for before, after in pairwise(starts))
    assert starts[-1] + SEED_STRIDE < 2**63


def test_lesson_seeds_depend_on_run_and_request():
    seeds = {lesson_seed(run, f"stage-01/round-0/pass-0/a/b/{n:03d}") for run in range(10) for n in range(1_000)}
    assert len(seeds) == 10_000
    assert all(seed % SEED_STRIDE == 0 for seed in seeds)


def test_level_seeds_depend_on_run_module_and_level():
    names = [f"a/{n}" for n in range(100)]
    seeds = {level_seed(run, module, level) for run in range(3) for module in names for level in names}
    assert len(seeds) == 30_000
    assert all(seed % SEED_STRIDE == 0 for seed in seeds)


@pytest.mark.parametrize("arguments", [(-1, Split.GATE, 0), (0, "dessert", 0), (0, Split.GATE, 10_000)])
def test_a_range_that_does_not_exist_is_refused(arguments):
    with pytest.raises(ValueError, match="no seed range"):
        seed_range(*arguments)


def test_threads_that_draw_while_the_families_are_being_imported_wait_for_all_of_them():
    code = """
import time
from concurrent.futures import ThreadPoolExecutor
from ioa.memory.domains.procedural import draw
from ioa.memory.records import Generator

def one(number):
    time.sleep(0.1 * number)
    return draw(Generator(family="word_sorting"), seed=number, count=1)

with ThreadPoolExecutor(12) as pool:
    print(len(list(pool.map(one, range(12)))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "12", done.stderr
