"""What each method asks for, of which modules and in which rounds; and what a switch of IOA changes in the run file."""

import math
from collections import Counter
from statistics import fmean

import pytest
from tests.graph.pupil import Pupil, module

from ioa.agents import LessonRequest
from ioa.graph.config import RunConfig
from ioa.graph.method_port import GROUP, configured, load_method, read_options
from ioa.graph.methods.ablation import Ablation
from ioa.graph.methods.star_agents import PAIRS
from ioa.graph.nodes import baseline_nodes
from ioa.memory.errors import UserError
from ioa.memory.files import read_records
from ioa.memory.plugins import plugin_names
from ioa.memory.records import Difficulty, Kind, ObservedDifficulty, RefusalReason, Remedy
from ioa.memory.transcript import read_decisions
from ioa.results.comparison import flat

A, B, C = "sums/a", "sums/b", "sums/c"
MODULES = [module(A), module(B, A), module(C)]
ONE_ROUND = {"direct-sft", "step-by-step", "cascod", "lamini", "self-instruct"}
ROUNDS = {"lion", "llm2llm", "star-agents"}
DEFICIENT = {"direct-sft", "step-by-step", "cascod", "llm2llm"}
METHODS = sorted(ONE_ROUND | ROUNDS)


@pytest.fixture
def taught(teach, monkeypatch):
    """A run of a method over three modules, of which C is mastered from the beginning; with what was trained."""

    def run(method, learnt=({},), lessons=12, abilities=None, **options):
        trainings = []
        usual, answered = baseline_nodes.train_on, Pupil.answer

        def train_on(ctx, state, examples, *, block, start, settings, **more):
            trainings.append((Counter(one.module for one in examples), set(block), start, settings))
            return usual(ctx, state, examples, block=block, start=start, settings=settings, **more)

        def answer(pupil, questions, on_progress=None):  # whichever task of the question is asked
            return answered(pupil, [one.removeprefix("[label] ").partition("\n")[0] for one in questions], on_progress)

        monkeypatch.setattr(baseline_nodes, "train_on", train_on)
        monkeypatch.setattr(Pupil, "answer", answer)
        ctx, _ = teach(
            learnt,
            modules=MODULES,
            abilities={C: 1.0} if abilities is None else abilities,
            method={"name": method, "options": options},
            budget={"lessons": lessons},
        )
        return ctx, trainings

    return run


def asked(ctx):
    """What each round asked for, by module."""
    return [tuple(read_records(path, Remedy)) for _, path in sorted(ctx.run.rounds_with(ctx.run.remedies).items())]


def lessons_of(ctx, round_):
    return [one for one in ctx.store().examples() if one.round == round_]


def told(ctx, node):
    return [decision.text for decision in read_decisions(ctx.run.transcript) if decision.context.node == node]


@pytest.fixture
def observed(monkeypatch):
    """What the student is observed to find likely: every lesson alike, unless a test says otherwise."""
    nll = {"of": lambda _lesson, _start: 1.0}

    def observe(_student, lessons, *, start, **_):
        return [
            ObservedDifficulty(
                example=one.id,
                module=one.module,
                difficulty=Difficulty.INTERMEDIATE,
                nll=nll["of"](one, start),
                tokens=9,
            )
            for one in lessons
        ]

    monkeypatch.setattr(baseline_nodes, "observe", observe)
    return nll


def test_these_are_all_that_are_installed():
    assert set(plugin_names(GROUP)) == {"ioa", *METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_a_method_asks_for_plain_lessons_within_the_budget_and_examines_at_the_end(method, taught, observed):
    ctx, trainings = taught(method)
    rounds = asked(ctx)
    assert len(rounds) == (1 if method in ONE_ROUND else 3)
    assert sum(wish.lessons for wishes in rounds for wish in wishes) == 12 == len(ctx.store().examples())
    assert {wish.level for wishes in rounds for wish in wishes} == {"standard"}
    assert {one.kind for one in ctx.store().examples()} == {Kind.CHAIN_OF_THOUGHT}
    assert len(ctx.curriculum().stages) == 1
    assert ctx.curriculum().stages[0].modules == ((A, B) if method in DEFICIENT else (A, B, C))
    assert (len(trainings), ctx.rounds().assessments) == (len(rounds), ())
    assert ctx.run.scores("final-after").exists()
    strategies = {one.strategies for one in ctx.store().examples()}
    assert strategies <= ({()} if method != "star-agents" else set(PAIRS))


@pytest.mark.parametrize("method", METHODS)
def test_a_mastered_module_is_taught_by_those_who_know_nothing_of_it_alone(method, taught, observed):
    ctx, _ = taught(method, lessons=60)
    first = {wish.module: wish.lessons for wish in asked(ctx)[0]}
    if method in DEFICIENT:
        each = 30 if method in ONE_ROUND else 10
        assert first == {A: each, B: each}
    else:
        assert set(first) == {A, B, C}
        assert len(set(first.values())) > 1  # drawn, not shared out


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_is_deficient_nothing_is_taught(method, taught, observed):
    ctx, trainings = taught(method, abilities={A: 1.0, B: 1.0, C: 1.0})
    assert (ctx.curriculum().stages, trainings, ctx.store().examples()) == ((), [], [])


@pytest.mark.parametrize("method", ["lamini", "lion"])
def test_the_same_seed_gives_the_same_lessons(method, taught, observed, tmp_path):
    first, _ = taught(method)
    kept = [one.problem for one in first.store().examples()]
    first.close()
    (tmp_path / "made").rename(tmp_path / "first")
    again, _ = taught(method)
    assert [one.problem for one in again.store().examples()] == kept


def test_equal_numbers_go_by_the_budget_and_what_cannot_be_shared_to_the_first(taught):
    ctx, _ = taught("direct-sft", lessons=13)
    assert [(wish.module, wish.lessons) for wish in asked(ctx)[0]] == [(A, 7), (B, 6)]


def test_without_a_budget_it_is_the_number_of_each_module(taught):
    ctx, _ = taught("direct-sft", lessons=None)
    assert [(wish.module, wish.lessons) for wish in asked(ctx)[0]] == [(A, 18), (B, 18)]


def test_llm2llm_goes_on_from_what_the_student_got_wrong_of_the_seed_data_and_trains_anew(taught):
    ctx, trainings = taught("llm2llm", learnt=({A: 1.0}, {B: 1.0}, {}))
    first, second, third = asked(ctx)
    assert {wish.module: wish.lessons for wish in first} == {A: 2, B: 2}
    (wish,) = second  # A was right after the first training
    assert (wish.module, wish.lessons) == (B, 4)
    assert wish.seeds == tuple(one.problem for one in lessons_of(ctx, 0) if one.module == B)
    requests = read_records(ctx.run.drafts(1, 1, 0) / "requests.jsonl", LessonRequest)
    assert {request.seed_problem for request in requests} == set(wish.seeds)
    # Then nothing of the seed data is wrong any more, and all of it is gone on from.
    assert {wish.module: (wish.lessons, len(wish.seeds)) for wish in third} == {A: (2, 2), B: (2, 2)}
    assert [start for _, _, start, _ in trainings] == [None, None, None]
    assert [sum(lessons.values()) for lessons, *_ in trainings] == [4, 8, 12]


def test_lion_asks_for_as_many_hard_as_easy_ones_and_goes_on_from_the_last_training(taught):
    ctx, trainings = taught("lion", learnt=({A: 1.0}, {B: 1.0}, {}), lessons=60)
    first, second, third = asked(ctx)
    assert [sum(wish.lessons for wish in wishes) for wishes in (first, second, third)] == [20, 20, 20]
    hard = {one.problem for one in lessons_of(ctx, 0) if one.module == B}  # A is learnt, and C was known
    seeds = [seed for wish in second for seed in (wish.seeds or [""] * wish.lessons)]
    assert Counter(bool(seed) for seed in seeds) == {True: 10, False: 10}
    assert {seed for seed in seeds if seed} <= hard
    assert {wish.module for wish in second if any(wish.seeds)} == {B}
    assert {wish.module for wish in second} == {A, B, C}
    assert not any(wish.seeds for wish in third)  # nothing is hard any more
    starts = [start for _, _, start, _ in trainings]
    assert starts == [None, ctx.run.adapter(1, 0), ctx.run.adapter(1, 1)]
    assert [len(block) for _, block, *_ in trainings] == [20, 20, 20]
    assert [sum(lessons.values()) for lessons, *_ in trainings] == [20, 40, 60]


def test_star_agents_draws_the_pairs_by_how_much_their_lessons_taught(taught, observed):
    observed["of"] = lambda lesson, start: (3.0 if lesson.strategies == () else 1.0) if start is None else 0.5
    ctx, _ = taught("star-agents", lessons=60, iterations=2)
    first = lessons_of(ctx, 0)
    assert {one.strategies for one in first} <= set(PAIRS)
    nll = {one.id: 3.0 if one.strategies == () else 1.0 for one in first}
    mean = fmean(nll.values())
    gains = {pair: [nll[one.id] - mean for one in first if one.strategies == pair] for pair in PAIRS}
    means = {pair: fmean(own) for pair, own in gains.items() if own}
    usual = fmean(means.values())
    weights = [math.exp(means.get(pair, usual) - usual) for pair in PAIRS]
    expected = ", ".join(f"{' '.join(pair) or 'plain'} {w:.2f}" for pair, w in zip(PAIRS, weights, strict=True))
    assert f"Weights of the pairs: {expected}" in "".join(told(ctx, "select"))


def test_a_gain_is_what_teaching_brought_relative_to_the_mean_of_its_iteration(taught, observed):
    observed["of"] = lambda lesson, start: 1.0 if start is None else {A: 0.25, B: 0.75, C: 0.5}[lesson.module]
    ctx, _ = taught("star-agents", lessons=60, iterations=2)
    found = [(one.round, one.module, gain) for one, gain in baseline_nodes.measure_gain(ctx)]
    assert {gain for round_, _, gain in found if not round_} == {0.0}
    of = {name: [gain for round_, module_, gain in found if round_ and module_ == name] for name in (A, B, C)}
    assert of[A][0] - of[B][0] == pytest.approx(0.5)
    assert of[C][0] - of[B][0] == pytest.approx(0.25)
    assert sum(gain for own in of.values() for gain in own) == pytest.approx(0)


@pytest.mark.parametrize("method", sorted(ROUNDS))
def test_an_iteration_without_lessons_is_passed_over(method, taught, observed):
    ctx, trainings = taught(method, lessons=2)  # a third of them is none
    assert [sum(wish.lessons for wish in wishes) for wishes in asked(ctx)] == [0, 1, 1]
    assert len(trainings) == 2
    assert len(ctx.store().examples()) == 2


def test_self_instruct_drops_what_is_too_like_the_pool(taught):
    ctx, _ = taught("self-instruct", rouge_l=0.3)
    dropped = [one for one in ctx.store().refusals() if "ROUGE-L" in one.detail]
    assert dropped
    assert {one.reason for one in dropped} == {RefusalReason.DUPLICATE}
    assert len(ctx.store().examples()) < 12


@pytest.mark.parametrize(
    ("method", "options", "changes"),
    [
        ("cascod", {}, {"training.tasks": "cascade", "training.rationale_weight": 0.7}),
        ("cascod", {"alpha": 0.1}, {"training.tasks": "cascade", "training.rationale_weight": 0.9}),
        (
            "step-by-step",
            {"rationale_weight": 0.2},
            {"training.tasks": "step-by-step", "training.rationale_weight": 0.2},
        ),
        ("self-instruct", {}, {"synthesis.pool_rouge_l": 0.7}),
        ("star-agents", {}, {"synthesis.choice": "fixed"}),
        *((method, {}, {}) for method in ("lamini", "lion", "llm2llm")),
    ],
)
def test_a_method_differs_from_direct_sft_in_the_run_file_by_this_alone(method, options, changes):
    assert differences(read("direct-sft"), read(method, **options)) == pytest.approx(changes)


def read(method, **options):
    """The run file as a method reads it."""
    return configured(RunConfig.model_validate({"method": {"name": method, "options": options}, **ALL_ON}))


def differences(one, other):
    """The keys in which another run file differs, with its values."""
    first, second = (
        {key: value for key, value in flat(config.model_dump()).items() if not key.startswith("method")}
        for config in (one, other)
    )
    assert set(first) == set(second)
    return {key: value for key, value in second.items() if value != first[key]}


ALL_ON = {
    "synthesis": {"portion": 40, "introductory_share": 0.2, "counterfactual_share": 0.2, "choice": "bandit"},
    "training": {"replay": 0.5, "remedial_replay": 2.0, "consolidation": 60},
    "mastery": {"rounds": 3},
    "practice": {"rounds": 2},
    "curriculum": {"cycles": 4, "bridges": True, "revise": True, "largest_stage": 3},
}
"""A run file in which nothing that a switch turns off is off already."""

UNGATED = {"synthesis.portion": None, "mastery.rounds": 0}
SWITCHES = {
    ("identifier", "off"): {"diagnosis.selection": "random"},
    ("organizer", "off"): {"curriculum.stages": "one"},
    ("organizer", "easy-to-hard"): {
        "curriculum.stages": "by-difficulty", "curriculum.bridges": False, "curriculum.revise": False, **UNGATED,
    },
    ("adapter", "off"): {
        "synthesis.choice": "off", "synthesis.introductory_share": 0.0, "synthesis.counterfactual_share": 0.0,
    },
    ("remediation", "off"): {"mastery.rounds": 0},
    ("gate", "off"): UNGATED,
    ("practice", "off"): {"practice.rounds": 0},
    ("cycles", "off"): {"curriculum.cycles": 1},
    ("mixture", "blocks"): {
        "training.replay": 0.0, "training.remedial_replay": 0.0, "training.consolidation": 0,
    },
}  # fmt: skip


@pytest.mark.parametrize(("switch", "value"), SWITCHES)
def test_a_switch_of_ioa_changes_this_and_nothing_else(switch, value):
    assert differences(read("ioa"), read("ioa", **{switch: value})) == SWITCHES[switch, value]


def test_each_value_of_each_switch_is_in_that_table_and_all_on_changes_nothing():
    plain = RunConfig.model_validate(ALL_ON)
    for name, field in Ablation.model_fields.items():
        for value in ("on", "off", "easy-to-hard", "mixed", "blocks"):
            if value != field.default and _is_value(name, value):
                assert (name, value) in SWITCHES
        assert differences(plain, read("ioa", **{name: field.default})) == {}
    assert differences(plain, read("ioa", gate=True)) == {}  # as YAML reads a bare `on`
    assert differences(read("ioa", gate=False), read("ioa", gate="off")) == {}


def _is_value(switch, value):
    try:
        Ablation.model_validate({switch: value})
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("method", ["ioa", *METHODS])
def test_a_run_file_that_was_read_as_a_method_reads_it_stays_as_it_is(method):
    options = {"organizer": "easy-to-hard", "mixture": "blocks"} if method == "ioa" else {}
    once = read(method, **options)
    assert configured(once) == once
    assert configured(RunConfig.model_validate(once.model_dump(mode="json"))) == once


def test_a_name_alone_is_a_method():
    assert RunConfig.model_validate({"method": "lion"}).method.name == "lion"
    assert read_options(RunConfig.model_validate({"method": "lion"})).iterations == 3


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("nosuch", ["nosuch", "direct-sft", "self-instruct"]),
        ({"name": "cascod", "options": {"alpha": 2}}, ["method.options.alpha", "less than or equal to 1", "alpha"]),
        ({"name": "cascod", "options": {"beta": 1}}, ["method.options.beta", "Options of the method cascod: alpha"]),
        ({"name": "direct-sft", "options": {"a": 1, "b": 2}}, ["method.options.a", "method.options.b", ": none"]),
        ({"name": "ioa", "options": {"gate": "ajar"}}, ["method.options.gate", "'on' or 'off'"]),
    ],
)
def test_what_is_wrong_with_a_method_is_said(method, words):
    with pytest.raises(UserError) as raised:
        configured(RunConfig.model_validate({"method": method}))
    for word in words:
        assert word in str(raised.value)


def test_a_method_has_to_be_a_function_or_a_method(tmp_path):
    (tmp_path / "mine.py").write_text("METHOD = 3\n")
    with pytest.raises(UserError, match=r"is of type int\. Expected a function build\(ctx\)"):
        load_method(f"{tmp_path}/mine.py:METHOD")
