import pytest

from ioa.agents.gaps import find_gaps, relative_gap, severity
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import Edge, Score


def edge(source, target, strength=0.8, estimator="teacher"):
    return Edge(source=source, target=target, strength=strength, estimator=estimator, evidence="")


def test_gap_is_relative_to_the_teacher():
    assert relative_gap(Score(k=3, n=10), Score(k=6, n=10)) == pytest.approx(0.5)


def test_a_teacher_that_scores_nothing_gives_no_gap():
    assert relative_gap(Score(k=3, n=10), Score(k=0, n=10)) is None


def test_severity_weighs_gap_and_what_builds_on_the_module():
    edges = [edge("a/a", "a/b", 0.4), edge("a/a", "a/c", 0.8), edge("a/b", "a/c", 0.9)]
    assert severity("a/a", 0.5, edges, 0.7) == pytest.approx(0.7 * 0.5 + 0.3 * 0.6)
    assert severity("a/c", 0.5, edges, 0.7) == pytest.approx(0.7 * 0.5)


def test_targets_are_the_worst_share_of_the_deficient():
    student = {f"m/{i}": Score(k=i, n=10) for i in range(10)}
    teacher = dict.fromkeys(student, Score(k=10, n=10)) | {"m/0": Score(k=0, n=10)}
    gaps = {gap.module: gap for gap in find_gaps(student, teacher, [], DiagnosisSettings(top_share=0.5))}
    assert [module for module, gap in gaps.items() if gap.deficient] == [f"m/{i}" for i in range(1, 7)]
    assert [module for module, gap in gaps.items() if gap.targeted] == ["m/1", "m/2", "m/3"]
    assert gaps["m/0"].delta is None
    assert not gaps["m/0"].targeted


@pytest.mark.parametrize(("right", "known"), [(0, False), (1, False), (11, False), (12, True), (24, True)])
def test_a_teacher_below_the_floor_makes_no_gap(right, known):
    (gap,) = find_gaps({"a": Score(k=0, n=24)}, {"a": Score(k=right, n=24)}, (), DiagnosisSettings())
    assert (gap.delta is not None, gap.deficient, gap.targeted) == (known, known, known)


def drawn(student, teacher, seed, spent=()):
    settings = DiagnosisSettings(top_share=0.5, selection="random")
    return {gap.module for gap in find_gaps(student, teacher, (), settings, spent, seed) if gap.targeted}


def test_targets_at_random_are_as_many_of_all_that_can_be_taught_and_the_same_for_a_seed():
    student = {f"m/{i}": Score(k=i, n=10) for i in range(10)}
    teacher = dict.fromkeys(student, Score(k=10, n=10)) | {"m/0": Score(k=0, n=10)}  # of which it knows nothing
    draws = [drawn(student, teacher, seed, spent={"m/1"}) for seed in range(40)]
    assert {len(targets) for targets in draws} == {3}  # half of the five that are deficient and not used up
    assert set.union(*draws) == {f"m/{i}" for i in range(2, 10)}  # mastered ones, too
    assert draws == [drawn(student, teacher, seed, spent={"m/1"}) for seed in range(40)]
    assert len(set(map(frozenset, draws))) > 10


def test_where_nothing_is_deficient_nothing_is_drawn():
    full = {f"m/{i}": Score(k=10, n=10) for i in range(4)}
    assert drawn(full, full, 0) == set()
