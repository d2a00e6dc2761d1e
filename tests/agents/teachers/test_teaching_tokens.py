"""`budget.teacher_tokens` at the calls: what could go beyond is not asked, and no answer counts twice."""

import pytest
from tests import fault_server as play
from tests.fault_server import serve_script

from ioa.agents.exchange import SolveBrief
from ioa.agents.lost_calls import is_unasked, require_answers
from ioa.agents.teacher import Call, Teacher
from ioa.agents.teachers import Budget, BudgetSettings, CallDesk, Endpoint, TeacherSettings
from ioa.agents.teachers.opening import open_model
from ioa.memory.ledger import Ledger
from ioa.memory.transcript import CallContext, Transcript
from ioa.memory.transcript.teaching_tokens import TeachingTokens

GOOD = '{"steps": ["1+1=2"], "answer": "2"}'
LIMIT = 1600
"""Of which a call could take half, and takes 14."""


def call(number, agent="verifier", node="verify"):
    return Call(SolveBrief(problem=f"{number}+1"), CallContext(node=node, agent=agent, task="solve"))


@pytest.fixture
def sitting(tmp_path, monkeypatch):
    """One process of a run: its teacher, and the budget with what the transcript says was used."""
    monkeypatch.setenv("FAULT_KEY", "sk-test-0123456789abcdef")
    opened = []

    def open_sitting(server, limit=LIMIT, run="run", **limits):
        transcript, ledger = Transcript(tmp_path / f"{run}.jsonl"), Ledger(tmp_path / "ledger.sqlite")
        settings = TeacherSettings(
            model="openai:m", base_url=server.base_url, api_key_env="FAULT_KEY", max_tokens=100, form="text"
        )
        teaching = TeachingTokens.of(transcript.attempts())
        budget = Budget(BudgetSettings(teacher_tokens=limit, **limits), teaching=teaching)
        desk = CallDesk(transcript, ledger=ledger, run=run)
        opened.extend([desk, ledger])
        return Teacher([Endpoint(open_model(settings), settings, budget=budget)], desk), budget, transcript

    yield open_sitting
    for one in opened:
        one.close()


def test_what_could_go_beyond_is_not_asked_and_no_failure(sitting):
    with serve_script([], then=play.ok(GOOD, latency=0.02)) as server:
        teacher, budget, transcript = sitting(server)
        outcomes = teacher.ask([call(number) for number in range(100)])
        asked = [one for one in outcomes if not is_unasked(one)]
        assert 10 < len(asked) == len(server.requests) < 100
    require_answers("the teacher", outcomes)  # nothing is lost
    assert all(one.reply is not None for one in asked)
    assert 0 < budget.teaching.used <= LIMIT
    assert budget.teaching.used == TeachingTokens.of(transcript.attempts()).used
    assert budget.unasked_nodes == {"verify"}
    assert len(transcript.attempts()) == len(asked)


def test_examinations_and_the_making_of_a_domain_are_left_out(sitting):
    with serve_script([], then=play.ok(GOOD)) as server:
        teacher, budget, _ = sitting(server, limit=1)
        free = [call(1, "examinee", "examine"), call(2, "judge", "score"), call(3, "verifier", "decompose")]
        assert all(one.reply is not None for one in teacher.ask(free))
        (refused,) = teacher.ask([call(4)])
    assert is_unasked(refused)
    assert budget.teaching.used == 0


def test_answers_of_the_ledger_count_once_in_each_run_and_not_again_after_a_resumption(sitting):
    calls = [call(number) for number in range(3)]
    with serve_script([], then=play.ok(GOOD)) as server:
        first, budget, _ = sitting(server)
        first.ask(calls)
        used = budget.teaching.used
        resumed, again, _ = sitting(server)
        assert again.teaching.used == used  # known from the transcript
        resumed.ask(calls)  # as after a kill, before what came was kept
        assert again.teaching.used == used
        other, own, transcript = sitting(server, run="other")
        other.ask(calls)
        assert own.teaching.used == used  # a method costs what it asks for, whoever paid
        assert own.spent.tokens == 0
        assert [event.ledger for event in transcript.attempts()] == [True] * 3
        assert len(server.requests) == 3
        poor, poorer, _ = sitting(server, limit=used - 1, run="poor")
        assert sum(is_unasked(one) for one in poor.ask(calls)) == 1
        assert poorer.teaching.used <= used - 1


def test_without_a_limit_all_is_asked_and_counted(sitting):
    with serve_script([], then=play.ok(GOOD)) as server:
        teacher, budget, _ = sitting(server, limit=None)
        outcomes = teacher.ask([call(number) for number in range(20)])
    assert all(one.reply is not None for one in outcomes)
    assert budget.teaching_left is None
    assert budget.teaching.used > 0


def test_attempts_that_may_be_billed_count_each_time(sitting):
    with serve_script([play.ok("no JSON"), play.ok(GOOD)]) as server:
        teacher, budget, transcript = sitting(server)
        teacher.ask([call(1)])  # the first reply cannot be read, and is asked for again
    first, second = transcript.attempts()
    assert first.answer != second.answer
    assert budget.teaching.used == sum(one.tokens.input + one.tokens.output for one in (first, second))


def test_an_attempt_that_failed_before_it_could_be_billed_is_no_call_of_the_mean(sitting):
    with serve_script([play.rate_limited()], then=play.ok(GOOD)) as server:
        teacher, budget, transcript = sitting(server)
        teacher.ask([call(1)])
    assert [event.answered for event in transcript.attempts()] == [False, True]
    again = TeachingTokens.of(transcript.attempts())  # as when the run is resumed
    assert again.by_node == budget.teaching.by_node
    assert again.by_node["verify"].calls == 1


def test_what_a_teaching_call_may_take_at_most_is_set_aside_of_no_other_limit(sitting):
    with serve_script([], then=play.ok(GOOD)) as server:
        teacher, budget, _ = sitting(server, limit=None, tokens=LIMIT // 3)  # its prompt twice is more than that
        (answered,) = teacher.ask([call(1)])
    assert answered.reply is not None
    assert budget.spent.tokens == budget.teaching.used > 0
