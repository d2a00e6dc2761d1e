from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.staging import admissible_stages, faults_of, required_pairs, steep_steps
from ioa.memory.records import Edge

MODULES = [f"m/{name}" for name in "abcdefgh"]
# edges from earlier to later letters only, so that there are no circles
DAGS = st.lists(
    st.tuples(st.sampled_from(MODULES), st.sampled_from(MODULES)).filter(lambda p: p[0] < p[1]), unique=True
)
TARGETS = st.dictionaries(st.sampled_from(MODULES), st.floats(0, 1), min_size=1)


def edges_of(pairs):
    return [Edge(source=a, target=b, strength=1, estimator="pack", evidence="") for a, b in pairs]


@given(TARGETS, DAGS, st.integers(1, 4))
def test_computed_stages_respect_every_prerequisite_and_hold_each_target_once(difficulty, pairs, largest):
    edges = edges_of(pairs)
    stages = admissible_stages(difficulty, edges, largest)
    assert faults_of(stages, tuple(difficulty), required_pairs(tuple(difficulty), edges), largest) == []


def test_a_prerequisite_counts_also_through_a_module_that_is_not_a_target():
    stages = admissible_stages({"m/c": 0.1, "m/a": 0.9}, edges_of([("m/a", "m/b"), ("m/b", "m/c")]), 4)
    assert stages == (("m/a",), ("m/c",))


def test_every_fault_of_a_proposal_is_named():
    faults = faults_of([["m/b"], ["m/a", "m/x"], []], ["m/a", "m/b", "m/c"], [("m/a", "m/b")], 1)
    text = " ".join(faults)
    assert "m/c" in text
    assert "m/x" in text
    assert "empty" in text
    assert "m/a must come before m/b" in text
    assert "a stage of 2" in text


def test_only_a_rise_in_difficulty_beyond_the_bound_is_steep():
    assert steep_steps([0.5, 0.65, 0.9, 0.2], 0.15) == [3]
