import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.dependencies import break_cycles, strongest
from ioa.agents.gaps import DiagnosisSettings, find_gaps, relative_gap, severity
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


def test_only_the_strongest_claim_above_the_threshold_is_kept():
    claims = [edge("a/a", "a/b", 0.3), edge("a/b", "a/c", 0.5), edge("a/b", "a/c", 1.0, "pack")]
    assert strongest(claims, 0.3) == (claims[2],)


MODULES = [f"m/{name}" for name in "abcdef"]
EDGES = st.lists(
    st.builds(edge, st.sampled_from(MODULES), st.sampled_from(MODULES), st.floats(0.31, 1)).filter(
        lambda e: e.source != e.target
    ),
    unique_by=lambda e: (e.source, e.target),
)


@given(EDGES)
def test_breaking_cycles_leaves_a_dag_and_names_a_weakest_edge_of_each_cycle(edges):
    import networkx as nx

    kept, broken = break_cycles(edges)
    assert nx.is_directed_acyclic_graph(nx.DiGraph([(e.source, e.target) for e in kept]))
    assert sorted([*kept, *(b.edge for b in broken)], key=repr) == sorted(edges, key=repr)
    strength = {(e.source, e.target): e.strength for e in edges}
    for gone in broken:
        circle = list(zip(gone.cycle, (*gone.cycle[1:], gone.cycle[0]), strict=True))
        assert gone.edge.strength == min(strength[pair] for pair in circle)
        assert (gone.edge.source, gone.edge.target) in circle
