import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.measured_prerequisites import Variant, measure_by_population, proportion, relative_difference
from ioa.agents.prerequisite_graph import prerequisite_graph
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import Score

A, B, C = "m/a", "m/b", "m/c"
TEACHER = {module: Score(k=10, n=10) for module in (A, B, C)}


def variant(name, **right):
    scores = {"a": 0, "b": 0, "c": 0} | right
    return Variant(name=str(name), scores={f"m/{letter}": Score(k=k, n=10) for letter, k in scores.items()})


def settings(**changes):
    return DiagnosisSettings(estimators=("population",), population={"least_variants": 2} | changes)


def claims(variants, teacher=TEACHER, **changes):
    found = measure_by_population(variants, teacher, settings(**changes))
    return {(c.source, c.target): c for c in found.claims}, {u.source: u.reason for u in found.undecided}


def test_a_planted_dependency_is_found_with_its_evidence():
    able = [variant(i, a=10, b=8, c=5) for i in range(3)]
    unable = [variant(i, a=2, b=2, c=5) for i in range(4)]
    found, undecided = claims(able + unable)
    assert found[A, B].strength == pytest.approx((0.8 - 0.2) / 0.8, abs=0.02)  # the prior takes a little off
    assert found[A, C].strength == pytest.approx(0.0, abs=1e-3)
    assert found[A, B].evidence == (
        "3 variants that can do m/a score 0.80 on m/b, 4 that cannot 0.20; at the same general ability 0.79 and 0.21"
    )
    low, high = found[A, B].interval
    assert 0.3 < low < 0.75 < high <= 1
    assert set(undecided) == {B, C}  # nobody masters b, and nobody c


def test_too_few_variants_in_a_condition_give_no_claim_and_say_so():
    variants = [variant(1, a=10, b=9), variant(2, a=9, b=9), *(variant(i, a=1) for i in range(5))]
    found, undecided = claims(variants, least_variants=3)
    assert found == {}
    assert undecided[A] == "2 variants reach 0.9 of the teacher's score and 5 stay below 0.7; 3 of each are needed"


def test_who_is_neither_able_nor_unable_counts_on_neither_side():
    able, unable = [variant(i, a=10, b=10) for i in range(2)], [variant(i, a=6, b=0) for i in range(2)]
    between = [variant(i, a=8, b=10) for i in range(9)]
    found, _ = claims(able + unable + between)
    assert "2 variants that can do m/a score 1.00 on m/b, 2 that cannot 0.00" in found[A, B].evidence


def test_mastery_is_relative_to_the_teacher_and_exact():
    teacher = TEACHER | {A: Score(k=7, n=10)}
    found, _ = claims([variant(i, a=7, b=5) for i in range(2)] + [variant(i, a=4, b=1) for i in range(2)], teacher)
    assert (A, B) in found
    exact = [variant(i, a=9, b=5) for i in range(2)] + [variant(i, a=6, b=1) for i in range(2)]
    assert (A, B) in claims(exact)[0]  # 9 of 10 reaches 0.9


def test_a_module_the_teacher_cannot_do_is_never_divided_by():
    teacher = TEACHER | {A: Score(k=0, n=10)}
    variants = [variant(i, a=10, b=10) for i in range(3)] + [variant(i, c=9) for i in range(3)]
    found, undecided = claims(variants, teacher)
    assert undecided[A] == "the teacher itself scored 0"
    assert not any(source == A for source, _ in found)


def test_nobody_who_can_do_i_can_do_j_is_no_dependency():
    found, _ = claims([variant(i, a=10) for i in range(2)] + [variant(i, b=3) for i in range(2)])
    assert found[A, B].strength == 0.0
    assert found[A, B].interval == (0.0, 1.0)


def test_nobody_at_all_who_can_do_j_says_nothing_of_it():
    found, _ = claims([variant(i, a=10) for i in range(9)] + [variant(i) for i in range(9)])
    assert found[A, B].interval == (0.0, 1.0)


SIX = tuple(f"m/{letter}" for letter in "abcdef")


def students(number, rng, *, planted=()):
    """Students whose chances rise with their general ability alone, but for planted (earlier, later) modules."""
    found = []
    for _ in range(number):
        level = rng.gauss(0, 1.5)
        own = {m: 1 / (1 + math.exp(-(2 * level - hard + rng.gauss(0, 0.7)))) for hard, m in enumerate(SIX, start=-2)}
        for earlier, later in planted:
            own[earlier] = 1 / (1 + math.exp(-level - rng.choice((-4, 4))))
            own[later] = own[earlier] / (1 + math.exp(-2 * level - 2))
        scores = {m: Score(k=sum(rng.random() < chance for _ in range(10)), n=10) for m, chance in own.items()}
        found.append(Variant(name="", scores=scores))
    return found


def edges_of(variants):
    teacher = {module: Score(k=10, n=10) for module in SIX}
    measured = measure_by_population(variants, teacher, settings(least_variants=3))
    graph = prerequisite_graph([], measured, settings(least_variants=3))
    return [(edge.source, edge.target) for edge in graph.edges]


def test_modules_that_share_nothing_but_general_ability_are_no_prerequisites_of_one_another():
    """Without taking ability out, these populations give 14 edges on average, of 15 that are possible."""
    assert sum(len(edges_of(students(32, random.Random(seed)))) for seed in range(5)) <= 2


def test_what_a_module_adds_beyond_general_ability_is_found():
    planted, found = (SIX[0], SIX[3]), []
    for seed in range(5):
        found += edges_of(students(32, random.Random(seed), planted=[planted]))
    assert found.count(planted) == 5
    assert len(found) <= 12  # two modules of four tell little of ability, which then is not taken out wholly


def test_variants_that_were_asked_some_modules_only_count_where_they_were():
    teacher = TEACHER | {"m/d": Score(k=10, n=10)}
    able = [variant(i, a=10, b=8, c=5, d=5) for i in range(3)]
    unable = [variant(i, a=2, b=2, c=5, d=5) for i in range(2)]
    parts = [variant(i, a=1, c=5, d=5) for i in range(2)]
    parts = [part.model_copy(update={"scores": {m: s for m, s in part.scores.items() if m != B}}) for part in parts]
    found, _ = claims(able + unable + parts, teacher)
    assert "2 that cannot 0.20" in found[A, B].evidence
    assert "4 that cannot 0.50" in found[A, C].evidence
    found, _ = claims(able + unable + parts, teacher, least_variants=3)
    assert (A, B) not in found
    assert (A, C) in found


def test_a_variant_that_was_asked_other_items_is_compared_with_the_teacher_on_those():
    able = [variant(i, a=6, b=8).model_copy(update={"teacher": {A: Score(k=6, n=10)}}) for i in range(3)]
    found, _ = claims([*able, *(variant(i, a=6, b=1) for i in range(3))])
    assert "3 variants that can do m/a score 0.80 on m/b, 3 that cannot 0.10" in found[A, B].evidence


VARIANTS = st.lists(
    st.builds(lambda a, b, c: variant("v", a=a, b=b, c=c), *[st.integers(0, 10)] * 3), min_size=2, max_size=9
)


@given(VARIANTS)
def test_strength_and_interval_are_in_the_unit_range_and_in_order(variants):
    found, undecided = claims(variants)
    assert all(0 <= c.interval[0] <= c.strength <= c.interval[1] <= 1 for c in found.values())
    assert {source for source, _ in found} | set(undecided) == {A, B, C}
    assert not {source for source, _ in found} & set(undecided)


def test_variants_that_differ_widely_make_the_interval_wide():
    unable = [variant(i, a=0, b=1) for i in range(4)]
    alike, unlike = (
        claims([variant(i, a=10, b=k) for i, k in enumerate(scores)] + unable)[0][A, B]
        for scores in ((5, 5, 5, 5), (0, 10, 10, 0))
    )
    assert alike.strength == unlike.strength
    assert unlike.interval[0] < alike.interval[0]


@pytest.mark.parametrize(("size", "items"), [(3, 10), (5, 20)])
def test_the_interval_covers_the_true_strength_about_as_often_as_it_says(size, items):
    """Over variants that differ from each other as well: a bootstrap over three covers in 0.75 of the cases."""
    rng = random.Random(4)

    def drawn(mean, number, **fixed):
        chances = [rng.betavariate(8 * mean, 8 * (1 - mean)) for _ in range(number)]
        right = [sum(rng.random() < chance for _ in range(items)) for chance in chances]
        return [
            Variant(name="", scores={A: Score(k=fixed["a"], n=10), B: Score(k=k, n=items), C: Score(k=0, n=10)})
            for k in right
        ]

    true, covered, rounds = 1 - 0.3 / 0.8, 0, 400
    for _ in range(rounds):
        found, _ = claims(drawn(0.8, size, a=10) + drawn(0.3, size, a=0))
        low, high = found[A, B].interval
        covered += low <= true <= high
    assert 0.85 < covered / rounds <= 1


@given(st.integers(0, 20), st.integers(1, 20), st.floats(-1, 1))
def test_the_interval_of_a_relative_difference_contains_it(without, with_it, correlation):
    low, high = relative_difference(proportion(with_it / 20, 20), proportion(without / 20, 20), correlation)
    assert 0 <= low <= high <= 1
    assert low - 1e-9 <= max(0.0, 1 - without / with_it) <= high + 1e-9
