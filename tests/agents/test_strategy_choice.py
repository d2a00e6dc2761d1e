"""Choosing strategies: laws of the choice, and what is learnt from examinations."""

from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.strategy_choice import Situation, choose, learn, prior
from ioa.memory.records import (
    Assessment,
    Diagnosis,
    Difficulty,
    Domain,
    Example,
    Gap,
    GateResult,
    Generator,
    Kind,
    Module,
    Score,
    Strategy,
    StrategyRecord,
)

ALL = tuple(Strategy)
SUMS = Generator(family="basic_arithmetic")
NAMES = [f"m/m{number}" for number in range(6)]
DOMAIN = Domain(
    name="d",
    description="d",
    modules=tuple(
        Module(id=name, description="m", levels={"easy": SUMS, "exam": SUMS}, exam_level="exam") for name in NAMES
    ),
)
NOTHING = StrategyRecord(effects=(), uses=())


def result(module, right):
    return GateResult(
        module=module, student=Score(k=right, n=20), teacher=Score(k=20, n=20), ratio=right / 20, mastered=right >= 18
    )


def diagnosis(right=0):
    return Diagnosis(
        gaps=tuple(
            Gap(
                module=name, student=Score(k=right, n=20), teacher=Score(k=20, n=20), delta=1 - right / 20,
                severity=0.5, deficient=True, targeted=True,
            )
            for name in NAMES
        ),
        edges=(),
    )  # fmt: skip


def example(module, strategies, stage=1, round_=0, number=0):
    return Example(
        id=f"{module}-{stage}-{round_}-{number}", module=module, stage=stage, round=round_, batch="b",
        kind=Kind.CHAIN_OF_THOUGHT, difficulty=Difficulty.INTERMEDIATE, level="exam", strategies=strategies,
        prerequisites=(), problem="1+1", steps=("1+1=2",), answer="2", verification="", teacher="t", event="e",
    )  # fmt: skip


def taught(outcomes, **changes):
    """What is learnt when each module was taught once: (strategies, right answers of 20 afterwards)."""
    pairs = list(zip(NAMES, outcomes, strict=False))
    examples = [example(name, strategies) for name, (strategies, _) in pairs]
    gate = tuple(result(name, right) for name, (_, right) in pairs)
    known = {"diagnosis": diagnosis(), "assessments": [Assessment(stage=1, round=0, gate=gate)], "started": {}}
    return learn(DOMAIN, **{**known, "examples": examples, "asked": {}, **changes})


sets = st.sets(st.sampled_from(ALL), min_size=1).map(lambda chosen: tuple(s for s in ALL if s in chosen))
records = st.lists(st.tuples(sets, st.integers(0, 20)), max_size=6).map(taught)
points = st.fixed_dictionaries({strategy: st.floats(0, 3) for strategy in ALL})


@given(records, points, st.integers(1, 5), st.text(max_size=8))
def test_a_choice_is_repeatable_never_empty_and_no_larger_than_asked_for(record, points, count, seed):
    chosen = choose(record, points, count, seed)
    assert chosen == choose(record, points, count, seed)
    assert 1 <= len(chosen) <= count
    assert list(chosen) == sorted(set(chosen), key=ALL.index)


@given(records, points, st.integers(1, 5), st.text(max_size=8))
def test_a_dropped_strategy_is_not_chosen_and_one_is_always_left(record, points, count, seed):
    dropped = {effect.strategy for effect in record.effects if effect.dropped}
    assert len(dropped) < len(ALL)
    assert not dropped & set(choose(record, points, count, seed))
    assert len(choose(record, points, count, seed)) == min(count, len(ALL) - len(dropped))


def test_where_every_strategy_is_dropped_one_is_chosen_all_the_same():
    record = taught([((strategy,), 10) for strategy in ALL])
    hopeless = tuple(effect.model_copy(update={"dropped": True}) for effect in record.effects)
    assert len(choose(record.model_copy(update={"effects": hopeless}), {}, 2, "s")) == 2


@given(st.lists(st.tuples(sets, st.integers(0, 20)), min_size=1, max_size=6))
def test_credits_are_relative_so_those_of_all_uses_of_whole_lessons_cancel(outcomes):
    record = taught(outcomes)
    assert abs(sum(use.credit for use in record.uses)) < 1e-9
    for name, (strategies, _) in zip(NAMES, outcomes, strict=False):
        shares = [use.share for use in record.uses if use.module == name]
        assert len(shares) == len(strategies)
        assert abs(sum(shares) - 1) < 1e-9


def test_a_strategy_that_helps_is_preferred_and_one_that_does_not_is_dropped():
    good, bad = (Strategy.DECOMPOSE,), (Strategy.LANGUAGE,)
    record = taught([(good, 20), (bad, 1), (good, 19), (bad, 0), (good, 20), (bad, 2)])
    effects = {effect.strategy: effect for effect in record.effects}
    assert effects[Strategy.DECOMPOSE].preferred
    assert effects[Strategy.LANGUAGE].dropped
    assert effects[Strategy.DECOMPOSE].low > 0 > effects[Strategy.LANGUAGE].high
    assert effects[Strategy.FORMAT].n == 0
    assert not effects[Strategy.FORMAT].dropped
    picked = [choose(record, {}, 1, str(seed)) for seed in range(200)]
    assert picked.count(good) > 150
    assert picked.count(bad) == 0


def test_one_use_neither_drops_nor_prefers():
    record = taught([((Strategy.FORMAT,), 20), ((Strategy.LANGUAGE,), 0)])
    assert not any(effect.dropped or effect.preferred for effect in record.effects)


def test_a_remedy_is_measured_against_remedies_and_from_the_round_before():
    gate = [
        Assessment(stage=1, round=0, gate=(result(NAMES[0], 10), result(NAMES[1], 10))),
        Assessment(stage=1, round=1, gate=(result(NAMES[0], 16), result(NAMES[1], 12))),
    ]
    lessons = [example(name, (Strategy.FORMAT,), round_=0) for name in NAMES[:2]]
    lessons += [example(NAMES[0], (Strategy.DECOMPOSE,), round_=1), example(NAMES[1], (Strategy.LANGUAGE,), round_=1)]
    uses = taught([], assessments=gate, examples=lessons, started={(1, 1): (1, 0)}).uses
    by = {(use.strategy, use.module): use for use in uses}
    assert by[Strategy.DECOMPOSE, NAMES[0]].before == 0.5
    assert round(by[Strategy.DECOMPOSE, NAMES[0]].credit, 9) == 0.1  # 0.3 - 0.2
    assert round(by[Strategy.LANGUAGE, NAMES[1]].credit, 9) == -0.1
    assert by[Strategy.FORMAT, NAMES[0]].credit == 0


def test_a_round_is_measured_from_the_examination_that_its_training_started_from():
    """Round 1 made it worse, so round 2 went on from round 0."""
    gate = [Assessment(stage=1, round=r, gate=(result(NAMES[0], right),)) for r, right in enumerate((10, 4, 12))]
    lessons = [example(NAMES[0], (Strategy.FORMAT,), round_=round_) for round_ in range(3)]
    uses = taught([], assessments=gate, examples=lessons, started={(1, 1): (1, 0), (1, 2): (1, 0)}).uses
    assert [(use.before, use.after) for use in uses] == [(0.0, 0.5), (0.5, 0.2), (0.5, 0.6)]


def test_a_bridge_is_compared_with_no_examination_of_another_level():
    bridge = result(NAMES[0], 20).model_copy(update={"level": "easy"})
    gate = [Assessment(stage=1, round=0, gate=(bridge,)), Assessment(stage=2, round=0, gate=(result(NAMES[0], 10),))]
    lessons = [example(NAMES[0], (Strategy.FORMAT,), stage=stage) for stage in (1, 2)]
    record = taught([], assessments=gate, examples=lessons, started={(2, 0): (1, 0)})
    assert [(use.stage, use.before, use.after) for use in record.uses] == [(2, 0.0, 0.5)]


def test_strategies_whose_lessons_were_all_refused_answer_for_it():
    gate = [Assessment(stage=1, round=0, gate=(result(NAMES[0], 20), result(NAMES[1], 0)))]
    asked = {(NAMES[1], 1, 0): (Strategy.DECOMPOSE,)}
    record = taught([], assessments=gate, examples=[example(NAMES[0], (Strategy.FORMAT,))], asked=asked)
    (refused,) = [use for use in record.uses if use.strategy is Strategy.DECOMPOSE]
    assert (refused.lessons, refused.credit) == (0, -0.5)


def test_the_rules_speak_for_what_the_situation_needs():
    def best(**known):
        points = prior(Situation(**{"ratio": 0.5, "gate": 0.9, **known}))
        return {strategy for strategy in ALL if points[strategy] == max(points.values())}

    assert best(ratio=0.0) == {Strategy.COGNITIVE_LOAD, Strategy.CONCRETIZE}
    assert best(ratio=0.85) == {Strategy.FORMAT, Strategy.LANGUAGE}
    assert best(steps=6, misconception="The student drops a carry between steps.") == {Strategy.DECOMPOSE}
    assert best(misconception="gives no final answer") == {Strategy.FORMAT}
    assert best(misconception="It adds the given numbers instead.") == {Strategy.LANGUAGE}
    assert best(proposed=(Strategy.CONCRETIZE,)) == {Strategy.CONCRETIZE}


def test_without_evidence_the_rules_decide_most_choices():
    points = prior(Situation(ratio=0.0, gate=0.9, steps=2))
    picked = [choose(NOTHING, points, 2, str(seed)) for seed in range(300)]
    counts = {strategy: sum(strategy in chosen for chosen in picked) for strategy in ALL}
    assert min(counts[Strategy.COGNITIVE_LOAD], counts[Strategy.CONCRETIZE]) > 1.5 * counts[Strategy.FORMAT]
    assert all(counts.values())
