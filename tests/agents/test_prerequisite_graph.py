import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ioa.agents.prerequisite_graph import break_cycles, combine, prerequisite_graph
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import Claim, Edge, Measured

A, B, C = "m/a", "m/b", "m/c"


def claim(source, target, strength, estimator="teacher", interval=None):
    return Claim(
        source=source,
        target=target,
        strength=strength,
        interval=interval,
        estimator=estimator,
        evidence=f"{estimator} says {strength}",
    )


def settings(combine="strongest", **changes):
    return DiagnosisSettings(estimators=("pack", "teacher", "population", "intervention"), combine=combine, **changes)


THREE = [
    claim(A, B, 0.9, "teacher"),
    claim(A, B, 0.6, "population", (0.2, 0.95)),
    claim(A, B, 0.0, "intervention", (0.0, 0.92)),
]


@pytest.mark.parametrize(
    ("how", "strength", "interval", "uncertain"),
    [
        ("strongest", 0.9, None, False),
        ("mean", 0.5, (1.1 / 3, 2.77 / 3), False),
        ("agree", 0.6, (0.2, 0.95), True),
    ],
)
def test_several_claims_about_a_pair_become_one_edge_that_keeps_them_all(how, strength, interval, uncertain):
    (edge,) = combine(THREE, settings(how, uncertain="keep"))
    assert edge.strength == pytest.approx(strength)
    assert edge.interval == (interval and pytest.approx(interval))
    assert edge.uncertain == uncertain
    assert edge.estimator == "teacher+population"
    assert set(edge.claims) == set(THREE)
    assert all(one.evidence in edge.evidence for one in THREE)


def test_two_agree_on_what_the_weaker_of_them_says():
    (edge,) = combine(THREE[:2], settings("agree", uncertain="keep"))
    assert edge.strength == 0.6


def test_who_states_prerequisites_speaks_against_those_it_does_not_name():
    claims = [claim(A, B, 0.8, "population"), claim(A, C, 1.0, "pack")]
    assert (A, B) not in {(e.source, e.target) for e in combine(claims, settings("agree"))}
    by_mean = {(e.source, e.target): e for e in combine(claims, settings("mean"))}
    assert by_mean[A, B].strength == pytest.approx(0.4)  # against the pack, which names something, but not this
    assert by_mean[A, C].strength == 1.0  # the population could not decide this one, and has no say
    assert [c.strength for c in by_mean[A, B].claims] == [0.8, 0.0]


def test_a_pack_that_states_nothing_has_no_say():
    (edge,) = combine([claim(A, B, 0.8, "population")], settings("agree"))
    assert edge.estimator == "population"
    assert edge.evidence == "population says 0.8"


def test_only_what_exceeds_tau_dep_is_an_edge():
    assert combine([claim(A, B, 0.3), claim(B, C, 0.31)], settings()) == combine([claim(B, C, 0.31)], settings())


def test_an_uncertain_edge_is_dropped_unless_the_config_keeps_it_and_is_marked_then():
    unsure = claim(A, B, 0.5, "population", (0.1, 0.8))
    sure = claim(B, C, 0.5, "population", (0.4, 0.8))
    assert [(e.source, e.target) for e in combine([unsure, sure], settings())] == [(B, C)]
    assert [edge.uncertain for edge in combine([unsure, sure], settings(uncertain="keep"))] == [True, False]


@pytest.mark.parametrize("how", ["strongest", "mean", "agree"])
@pytest.mark.parametrize("who", ["pack", "teacher"])
def test_what_is_stated_is_lowered_by_what_is_measured_and_left_out_where_that_refutes_it(how, who):
    stated = claim(A, B, 1.0, who)
    refuted = Measured(claims=(claim(A, B, 0.05, "population", (0.0, 0.25)),))
    graph = prerequisite_graph([stated], refuted, settings(how))
    assert graph.edges == ()
    (gone,) = graph.left_out
    assert gone.strength <= 0.25
    assert "lowered from 1.00 to 0.25, the most that population leaves possible" in gone.evidence
    assert stated in gone.claims  # as it was made


def test_what_is_stated_stays_as_strong_as_a_measurement_leaves_possible():
    stated = claim(A, B, 1.0, "pack")
    unsure = claim(A, B, 0.4, "population", (0.0, 0.8))
    assert [(e.strength, e.interval) for e in combine([stated, unsure], settings())] == [(0.8, None)]
    strictest = claim(A, B, 0.2, "intervention", (0.1, 0.5))
    assert [e.strength for e in combine([stated, unsure, strictest], settings())] == [0.5]
    nothing_known = claim(A, B, 0.0, "population", (0.0, 1.0))  # nobody could do B at all
    assert [e.strength for e in combine([stated, nothing_known], settings())] == [1.0]


def test_a_measurement_that_points_the_same_way_but_is_unsure_does_not_take_a_stated_edge_away():
    (edge,) = combine([claim(A, B, 0.5, "teacher"), claim(A, B, 0.7, "population", (0.2, 0.9))], settings())
    assert (edge.strength, edge.uncertain) == (0.5, False)


def test_the_graph_says_what_was_left_out_of_it():
    unsure = claim(A, B, 0.5, "population", (0.1, 0.8))
    nothing = claim(B, C, 0.1, "population", (0.0, 0.2))
    graph = prerequisite_graph([], Measured(claims=(unsure, nothing)), settings())
    assert graph.edges == ()
    assert [(edge.source, edge.target, edge.uncertain) for edge in graph.left_out] == [(A, B, True)]


def test_an_estimator_that_the_config_does_not_name_is_not_heard():
    only = DiagnosisSettings(estimators=("population",))
    measured = Measured(claims=(claim(A, B, 0.8, "population"), claim(B, C, 0.9, "intervention")))
    edges = prerequisite_graph([claim(A, C, 1.0, "pack")], measured, only).edges
    assert [(edge.source, edge.target) for edge in edges] == [(A, B)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimators": ()}, "at least 1 item"),
        ({"estimators": ("pack", "guess")}, "'pack', 'teacher', 'population' or 'intervention'"),
        ({"estimators": ("pack", "pack")}, "names one twice"),
        ({"tau_low": 0.95}, "must not be above tau_high"),
        ({"combine": "vote"}, "'strongest', 'mean' or 'agree'"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        DiagnosisSettings(**changes)


MODULES = [f"m/{name}" for name in "abcdef"]
CLAIMS = st.lists(
    st.builds(
        claim,
        st.sampled_from(MODULES),
        st.sampled_from(MODULES),
        st.floats(0, 1),
        st.sampled_from(["pack", "teacher", "population", "intervention"]),
        st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted).map(tuple),
    ).filter(lambda c: c.source != c.target),
    max_size=40,
)


@given(CLAIMS, st.sampled_from(["strongest", "mean", "agree"]))
def test_breaking_circles_leaves_a_dag_and_takes_a_weakest_edge_out_of_a_circle_that_was_there(claims, how):
    edges = combine(claims, settings(how))
    kept, broken = break_cycles(edges)
    assert nx.is_directed_acyclic_graph(nx.DiGraph([(e.source, e.target) for e in kept]))
    assert sorted([*kept, *(b.edge for b in broken)], key=repr) == sorted(edges, key=repr)
    there = {(e.source, e.target): e.strength for e in edges}
    for gone in broken:
        circle = list(zip(gone.cycle, (*gone.cycle[1:], gone.cycle[0]), strict=True))
        assert (gone.edge.source, gone.edge.target) in circle
        assert len(set(gone.cycle)) == len(gone.cycle)
        assert gone.edge.strength == min(there[pair] for pair in circle)  # a KeyError: it was gone before
        del there[gone.edge.source, gone.edge.target]


@given(CLAIMS, st.sampled_from(["strongest", "mean", "agree"]), st.randoms())
def test_the_graph_does_not_depend_on_the_order_of_the_claims(claims, how, random):
    unique = list({(c.source, c.target, c.estimator): c for c in claims}.values())
    mixed = random.sample(unique, len(unique))
    assert prerequisite_graph(unique, Measured(), settings(how)) == prerequisite_graph(mixed, Measured(), settings(how))


@given(CLAIMS)
def test_the_strongest_claim_is_never_less_than_the_mean_and_that_is_never_less_than_nothing(claims):
    strength = {
        how: {(e.source, e.target): e.strength for e in combine(claims, settings(how, tau_dep=0.0, uncertain="keep"))}
        for how in ("strongest", "mean", "agree")
    }
    for how in ("mean", "agree"):
        assert all(value <= strength["strongest"][pair] + 1e-9 for pair, value in strength[how].items())


def test_a_strong_edge_stays_where_a_weaker_one_breaks_its_circle_too():
    def edge(source, target, strength):
        return Edge(source=source, target=target, strength=strength, estimator="teacher", evidence="")

    # two circles share B -> C; taking it out breaks both, though A -> B is the weakest of neither
    edges = [edge(A, B, 0.8), edge(B, C, 0.4), edge(C, A, 0.9), edge(C, B, 0.7)]
    kept, broken = break_cycles(edges)
    assert [b.edge for b in broken] == [edges[1]]
    assert set(kept) == {edges[0], edges[2], edges[3]}


def test_of_equally_strong_edges_the_authors_stays():
    def edge(source, target, estimator):
        return Edge(source=source, target=target, strength=1.0, estimator=estimator, evidence="")

    kept, broken = break_cycles([edge(A, B, "pack"), edge(B, A, "population")])
    assert [e.estimator for e in kept] == ["pack"]
    assert broken[0].cycle == (B, A)
