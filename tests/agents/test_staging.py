from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.staging import admissible_stages, dependents, faults_of, required_pairs, steep_steps, with_bridges
from ioa.memory.records import Edge, Stage

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


@given(TARGETS, DAGS, st.integers(1, 4), st.floats(0, 1), st.integers(0, 3))
def test_stages_of_related_modules_respect_the_prerequisites_and_the_bound_within(
    difficulty, pairs, largest, tau, seed
):
    def affinity(one, other):
        return ((hash(one) ^ hash(other)) + seed) % 7 / 7

    edges = edges_of(pairs)
    stages = admissible_stages(difficulty, edges, largest, affinity=affinity, tau_zpd=tau)
    assert faults_of(stages, tuple(difficulty), required_pairs(tuple(difficulty), edges), largest) == []
    for stage in stages:
        spread = [difficulty[module] for module in stage]
        assert max(spread) - min(spread) <= tau + 1e-9


def test_a_stage_groups_what_is_related():
    near = {("m/a", "m/c"), ("m/c", "m/a"), ("m/b", "m/d"), ("m/d", "m/b")}
    difficulty = {"m/a": 0.5, "m/b": 0.51, "m/c": 0.52, "m/d": 0.53}
    stages = admissible_stages(difficulty, [], 2, affinity=lambda one, other: float((one, other) in near))
    assert stages == (("m/a", "m/c"), ("m/b", "m/d"))


LEVELS = st.dictionaries(st.sampled_from(["easy", "middle", "hard"]), st.floats(0, 1), max_size=3)


@given(st.lists(st.tuples(st.floats(0, 1), LEVELS), min_size=1, max_size=6), st.floats(0.01, 0.5))
def test_no_step_exceeds_the_bound_unless_a_bridge_was_built_as_far_as_levels_go(modules, tau):
    names = [f"m/{i}" for i in range(len(modules))]
    difficulty = {name: d for name, (d, _) in zip(names, modules, strict=True)}
    levels = {name: easier for name, (_, easier) in zip(names, modules, strict=True)}
    plain = [
        Stage(number=i + 1, title=name, modules=(name,), difficulty=difficulty[name]) for i, name in enumerate(names)
    ]
    bridged = with_bridges(plain, difficulty, levels, tau_zpd=tau, lessons=9)
    assert [stage.modules for stage in bridged if not stage.levels] == [stage.modules for stage in plain]
    assert [stage.number for stage in bridged] == list(range(1, len(bridged) + 1))
    for before, after in pairwise(bridged):
        (module,) = after.modules
        if after.difficulty - before.difficulty > tau + 1e-9:
            # no level of the module that the step goes to lies between, and within the bound of what is reached
            between = [d for d in levels[module].values() if before.difficulty < d < after.difficulty]
            assert not [d for d in between if d <= before.difficulty + tau]
            assert after.levels or not between
        if after.levels:
            assert after.difficulty > before.difficulty
            assert after.lessons == 9


@given(
    st.lists(st.lists(st.tuples(st.floats(0, 1), LEVELS), min_size=1, max_size=4), min_size=1, max_size=4),
    st.floats(0.01, 0.5),
)
def test_no_module_is_bridged_twice_at_a_level_and_each_bridge_is_harder_than_the_last(groups, tau):
    difficulty, levels, stages = {}, {}, []
    for number, group in enumerate(groups, start=1):
        names = [f"m/{number}-{i}" for i in range(len(group))]
        difficulty |= {name: d for name, (d, _) in zip(names, group, strict=True)}
        levels |= {name: easier for name, (_, easier) in zip(names, group, strict=True)}
        mean = sum(difficulty[name] for name in names) / len(names)
        stages.append(Stage(number=number, title=str(number), modules=tuple(names), difficulty=mean))
    made = with_bridges(stages, difficulty, levels, tau_zpd=tau, lessons=None)
    taught = [(module, level) for stage in made for module, level in stage.levels.items()]
    assert len(taught) == len(set(taught))
    for module in difficulty:
        risen = [levels[module][level] for name, level in taught if name == module]
        assert risen == sorted(risen)


def test_a_module_that_is_ahead_of_the_mean_waits_for_the_others():
    stages = [
        Stage(number=1, title="one", modules=("m/a",), difficulty=0.0),
        Stage(number=2, title="two", modules=("m/b", "m/c"), difficulty=0.9),
    ]
    difficulty = {"m/a": 0.0, "m/b": 0.9, "m/c": 0.9}
    levels = {"m/b": {"easy": 0.2}, "m/c": {"easy": 0.4}}
    made = with_bridges(stages, difficulty, levels, tau_zpd=0.15, lessons=None)
    assert [stage.modules for stage in made] == [("m/a",), ("m/b", "m/c"), ("m/b", "m/c")]


def test_a_bridge_takes_only_the_modules_above_the_bound_at_the_hardest_level_within_it():
    stages = [
        Stage(number=1, title="one", modules=("m/a",), difficulty=0.3),
        Stage(number=2, title="two", modules=("m/b", "m/c"), difficulty=0.65),
    ]
    difficulty = {"m/a": 0.3, "m/b": 0.4, "m/c": 0.9}
    levels = {"m/c": {"easy": 0.2, "middle": 0.42, "hard": 0.6}}
    made = with_bridges(stages, difficulty, levels, tau_zpd=0.15, lessons=None)
    assert [(stage.modules, dict(stage.levels), stage.difficulty) for stage in made[1:3]] == [
        (("m/c",), {"m/c": "middle"}, 0.42),
        (("m/c",), {"m/c": "hard"}, 0.6),
    ]
    assert made[3].title == "two"


def test_what_needs_a_module_is_found_also_through_others():
    pairs = [("m/a", "m/b"), ("m/b", "m/c"), ("m/d", "m/e")]
    assert dependents({"m/a"}, {"m/c", "m/e"}, pairs) == {"m/c"}
