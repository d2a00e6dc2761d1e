"""`budget.training_tokens` and `budget.teacher_tokens`: kept by every method, to the token, and the run ends well."""

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest
from tests.graph.conftest import LESSON_TOKENS
from tests.graph.pupil import Pupil, module, open_context

from ioa.agents.teachers.budget import Purpose, TeachingSpentError
from ioa.graph.config import RunConfig
from ioa.graph.lesson_budget import lessons_left
from ioa.graph.nodes import baseline_nodes
from ioa.graph.teacher_budget import draft_within
from ioa.graph.training_budget import count_training, training_ended, training_left
from ioa.memory import TrainingLog
from ioa.memory.files import read_records
from ioa.memory.records import Difficulty, ObservedDifficulty, Refusal, RefusalReason
from ioa.memory.training_log import TrainedTokens, trained_tokens
from ioa.memory.transcript import read_attempts, read_decisions
from ioa.memory.transcript.teaching_tokens import TeachingTokens
from ioa.results.budget_use import Allowance, budget_use
from ioa.results.facts import read_facts
from ioa.results.summary import summarise

A, B, C = "sums/a", "sums/b", "sums/c"
METHODS = ["ioa", "direct-sft", "cascod", "lamini", "llm2llm", "lion", "self-instruct", "star-agents", "step-by-step"]
SEVERAL = {"llm2llm", "lion", "star-agents"}


@pytest.fixture
def run(teach, monkeypatch):
    """A run of a method over three modules, of which one is mastered from the beginning."""
    answered = Pupil.answer

    def answer(pupil, questions, on_progress=None):
        return answered(pupil, [one.removeprefix("[label] ").partition("\n")[0] for one in questions], on_progress)

    def observe(_student, lessons, **_):
        known = {"difficulty": Difficulty.INTERMEDIATE, "nll": 1.0, "tokens": 9}
        return [ObservedDifficulty(example=one.id, module=one.module, **known) for one in lessons]

    monkeypatch.setattr(Pupil, "answer", answer)
    monkeypatch.setattr(baseline_nodes, "observe", observe)

    def do(method="ioa", learnt=({},), **sections):
        modules = [module(A), module(B, A), module(C)]
        return teach(learnt, modules=modules, abilities={C: 1.0}, method={"name": method}, **sections)

    return do


def used(ctx):
    return sum(trained_tokens(ctx.run).values())


def taught_tokens(ctx):
    return TeachingTokens.of(read_attempts(ctx.run.transcript)).used


def told(ctx, node):
    return [decision.text for decision in read_decisions(ctx.run.transcript) if decision.context.node == node]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_trains_on_no_token_more_than_it_may_and_goes_on_to_its_end(method, run):
    limit = 555  # of 10 a lesson: 55 visits to lessons, where 36 lessons thrice are more
    ctx, trained = run(method, budget={"training_tokens": limit})
    assert 0 < used(ctx) <= limit
    assert limit - used(ctx) < 3 * LESSON_TOKENS  # and it did use them
    assert len(trained) >= (3 if method in SEVERAL else 1)
    assert ctx.run.scores("final-after").exists()
    summary = summarise(read_facts(ctx.run, "finished"))
    assert summary.budget.training_tokens == Allowance(limit=limit, used=used(ctx), left=limit - used(ctx))


@pytest.mark.parametrize("method", METHODS)
def test_a_method_asks_its_teacher_for_no_token_more_than_it_may_and_what_it_has_is_verified(method, run):
    limit = 30_000
    ctx, trained = run(method, budget={"teacher_tokens": limit}, synthesis={"per_module": 400, "passes": 3})
    assert 0.5 * limit < taught_tokens(ctx) <= limit
    refusals = [one for path in ctx.run.refusals(1).parent.glob("refused-*") for one in read_records(path, Refusal)]
    assert not [one for one in refusals if one.reason is RefusalReason.UNVERIFIED]
    assert len(ctx.store().examples()) > 10
    assert trained
    assert ctx.run.scores("final-after").exists()
    facts = read_facts(ctx.run, "finished")
    assert budget_use(facts).teacher_tokens == Allowance(
        limit=limit, used=taught_tokens(ctx), left=limit - taught_tokens(ctx)
    )
    if method in SEVERAL:  # the first iteration did not take it all
        assert len(Counter(one.round for one in ctx.store().examples())) == 3


@pytest.mark.parametrize("method", ["ioa", "direct-sft"])
def test_all_three_limits_hold_together(method, run):
    ctx, _ = run(method, budget={"lessons": 20, "training_tokens": 400, "teacher_tokens": 30_000})
    assert len(ctx.store().examples()) <= 20
    assert used(ctx) <= 400
    assert taught_tokens(ctx) <= 30_000
    assert ctx.run.scores("final-after").exists()


def test_without_limits_nothing_is_written_down_of_them_and_what_was_used_is_known(run):
    free, trained = run()
    assert not free.run.trained_tokens.exists()
    use = budget_use(read_facts(free.run, "finished"))
    assert (use.teacher_tokens.used, use.teacher_tokens.limit) == (taught_tokens(free), None)
    assert use.words == ""
    assert trained


def test_limits_that_do_not_bind_change_nothing(run, tmp_path):
    fixed = {"curriculum": {"cycles": 1, "bridges": False, "revise": False}}
    free, trained = run(**fixed)
    lessons = [one.problem for one in free.store().examples()]
    free.close()
    (tmp_path / "made").rename(tmp_path / "free")
    bound, again = run(**fixed, budget={"training_tokens": 10**6, "teacher_tokens": 10**8})
    assert [one.problem for one in bound.store().examples()] == lessons
    assert again == trained


def test_where_no_token_is_left_no_training_begins_and_that_is_said(run):
    ctx, trained = run(budget={"training_tokens": LESSON_TOKENS - 1})
    assert trained == []
    assert not ctx.run.dataset(1, 0).exists()
    assert told(ctx, "train")[0] == ("Of 9 training tokens 9 are left, too few for a training: nothing is trained.")
    notes = [note.text for one in read_decisions(ctx.run.transcript) for note in one.notes]
    assert "The budget of 9 training tokens is used up." in " ".join(notes)
    assert ctx.run.scores("final-after").exists()


def test_cycles_go_on_while_tokens_last_and_no_longer(run):
    learnt = ({A: 1.0}, {B: 1.0})
    own = {"diagnosis": {"top_share": 0.3}, "synthesis": {"portion": None, "per_module": 6}, "mastery": {"rounds": 0}}
    one = 6 * LESSON_TOKENS * RunConfig().training.epochs
    ctx, _ = run(learnt=learnt, budget={"training_tokens": one}, **own)
    assert [stage.modules for stage in ctx.curriculum().stages] == [(A,)]
    assert training_ended(ctx)
    assert lessons_left(ctx) == 0


@pytest.mark.parametrize("limits", [{"training_tokens": 10**6}, {"teacher_tokens": 10**7}])
def test_a_limit_of_tokens_alone_asks_for_further_cycles(run, limits):
    learnt = ({A: 1.0}, {B: 1.0})
    own = {"diagnosis": {"top_share": 0.3}, "synthesis": {"portion": None, "per_module": 6}, "mastery": {"rounds": 0}}
    ctx, _ = run(learnt=learnt, budget=limits, **own)
    assert [stage.modules for stage in ctx.curriculum().stages] == [(A,), (B,)]


def test_what_was_trained_is_counted_once_and_not_forgotten_when_the_run_is_opened_again(tmp_path):
    limit = {"budget": {"training_tokens": 100}}
    ctx = open_context(tmp_path, [module(A)], {A: 0.0}, **limit)
    log = TrainingLog(steps=(), examples=3, tokens=60, seconds=0)
    for _ in range(2):  # a visit that is made again after a kill
        count_training(ctx, "stage-01-round-0", log)
    ctx.close()
    again = open_context(tmp_path, [module(A)], {A: 0.0}, **limit)
    assert training_left(again) == 40
    assert training_left(again, "stage-01-round-0") == 100  # an interrupted one is within its own bound
    count_training(again, "stage-01-round-1", log.model_copy(update={"tokens": 30, "cut": True}))
    assert training_ended(again)
    more = open_context(tmp_path, [module(A)], {A: 0.0}, budget={"training_tokens": 200})
    assert not training_ended(more)  # a larger limit lets it go on
    assert training_left(more) == 110
    # Its visit is made again, since the run was killed before its checkpoint: it was cut by the old limit.
    count_training(more, "stage-01-round-1", log.model_copy(update={"tokens": 30, "cut": True}))
    assert not training_ended(more)
    assert len(read_records(more.run.trained_tokens, TrainedTokens)) == 2
    for one in (again, more):
        one.close()


def test_iterations_share_the_tokens_by_what_each_has_to_train_on(run):
    ctx, _ = run("lion", budget={"training_tokens": 600})
    took = [one.tokens for one in read_records(ctx.run.trained_tokens, TrainedTokens)]
    assert took[0] <= 100  # 1 of 1 + 2 + 3 sixths
    assert took[1] <= (600 - took[0]) * 2 / 5
    assert sum(took) == 600


@pytest.mark.parametrize("largest", [1500, 9000])
def test_where_a_long_call_would_not_fit_any_more_no_request_is_made(tmp_path, largest):
    ctx = open_context(tmp_path, [module(A)], {A: 0.0}, budget={"teacher_tokens": 1000})
    ctx.budget().teaching.add("draft", 100, "one")
    ctx.budget().largest_calls["draft"] = largest
    asked = []

    def write(some):
        assert some
        asked.extend(some)

    requests = [SimpleNamespace(count=1)] * 3
    draft_within(ctx, requests, write, list)
    assert not asked
    ctx.close()


def test_a_long_analysis_that_cannot_be_asked_for_keeps_no_lesson_from_being_written(tmp_path):
    ctx = open_context(tmp_path, [module(A)], {A: 0.0}, budget={"teacher_tokens": 10_000})
    budget = ctx.budget()
    with pytest.raises(TeachingSpentError):
        asyncio.run(budget.take_kept(50_000, Purpose("diagnose", "a")))
    asked = []
    draft_within(ctx, [SimpleNamespace(count=1)], asked.extend, list)
    budget.teaching.add("draft", 100, "b")
    assert len(asked) == 1
    assert lessons_left(ctx) > 0
    with pytest.raises(TeachingSpentError):
        asyncio.run(budget.take_kept(50_000, Purpose("verify", "c")))
    assert lessons_left(ctx) == 0
    ctx.close()
