"""Bad weather on a real HTTP server: what is asked again, how often, and what a person then reads."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from tests import fault_server as play
from tests.fault_server import serve_script
from tests.openai_server import completion, serve

from ioa.agents.exchange import SolveBrief
from ioa.agents.prompting import messages
from ioa.agents.teacher import Call, Teacher
from ioa.agents.teachers import Budget, BudgetReached, BudgetSettings, CallDesk, Endpoint, TeacherError, TeacherSettings
from ioa.agents.teachers import endpoint as endpoint_module
from ioa.agents.teachers.dialect import Form
from ioa.agents.teachers.opening import open_model
from ioa.agents.teachers.request import Request
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.ledger import Ledger
from ioa.memory.transcript import CallContext, Transcript, read_attempts

GOOD = '{"steps": ["1+1=2"], "answer": "2"}'
KEY = "sk-test-0123456789abcdef"


def solve(problem="1+1"):
    return Call(SolveBrief(problem=problem), CallContext(node="n", agent="examinee", task="solve"))


class Scene:
    """A teacher on a desk, with what a person would be told."""

    def __init__(self, folder):
        self.folder = folder
        self.transcript = Transcript(folder / "transcript.jsonl")
        self.said = []
        self.open = []

    def endpoint(self, server, **settings):
        made = TeacherSettings(
            **{"model": "openai:m", "base_url": server.base_url, "api_key_env": "FAULT_KEY"} | settings
        )
        return Endpoint(open_model(made), made, notice=self.said.append, budget=settings.get("budget"))

    def teacher(self, *endpoints, ledger=None, since="", weights=None):
        desk = CallDesk(self.transcript, ledger=ledger, since=since)
        self.open.append(desk)
        return Teacher(endpoints, desk, weights=weights)

    def ask(self, server, calls=1, **settings):
        return self.teacher(self.endpoint(server, **settings)).ask([solve(str(i)) for i in range(calls)])


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setenv("FAULT_KEY", KEY)
    monkeypatch.setattr(endpoint_module, "BACK_OFF", 0.02)
    made = Scene(tmp_path)
    yield made
    for desk in made.open:
        desk.close()
    assert KEY not in (tmp_path / "transcript.jsonl").read_text() if (tmp_path / "transcript.jsonl").exists() else True


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (play.unauthorized(), ["authentication", "FAULT_KEY", "127.0.0.1"]),
        (play.forbidden(), ["authentication", "FAULT_KEY"]),
        (play.unknown_model(), ["unknown model", "name"]),
        (play.quota_exhausted(), ["quota", "credit"]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_cannot_be_cured_stops_after_one_request(scene, fault, words):
    with serve_script([], then=fault) as server:
        with pytest.raises(TeacherError) as caught:
            scene.ask(server)
        assert len(server.requests) == 1
    for word in words:
        assert word in str(caught.value)
    assert KEY not in str(caught.value)
    (event,) = scene.transcript.attempts()
    assert not event.answered


@pytest.mark.parametrize(
    "fault",
    [
        play.server_error(500),
        play.server_error(502),
        play.server_error(503),
        play.overloaded(),
        play.html_502(),
        play.reset(),
        play.cut_off(),
        play.html(),
        play.empty_body(),
        play.empty_choices(),
        play.null_choices(),
        play.rate_limited(),
    ],
    ids=lambda fault: fault.name,
)
def test_bad_weather_is_waited_out(scene, fault):
    with serve_script([fault, fault], then=play.ok(GOOD)) as server:
        (outcome,) = scene.ask(server)
        assert outcome.reply.answer == "2"
        assert len(server.requests) == 3
    events = scene.transcript.attempts()
    assert [event.answered for event in events] == [False, False, True]
    assert all(event.error and event.category for event in events[:2])


def test_there_is_one_retry_loop_and_it_ends(scene):
    with serve_script([], then=play.server_error(500)) as server:
        with pytest.raises(TeacherError, match="failed in 3 attempts"):
            scene.ask(server, attempts=3, form="text")
        assert len(server.requests) == 3


def test_a_provider_that_says_how_long_to_wait_is_obeyed_by_all_calls(scene):
    with serve_script([play.rate_limited(1)], then=play.ok(GOOD)) as server:
        outcomes = scene.ask(server, calls=4, concurrency=1)
        assert all(outcome.reply for outcome in outcomes)
        assert server.arrivals[1] - server.arrivals[0] >= 1
        assert len(server.requests) == 5
    assert any("waiting 1 s" in text for text in scene.said)


@pytest.mark.parametrize("style", ["seconds", "date", "milliseconds"])
def test_a_wait_beyond_the_cap_is_a_stop_that_can_be_resumed(scene, style):
    with serve_script([], then=play.rate_limited(3600, style)) as server:
        with pytest.raises(TeacherError, match=r"asks to wait 3[56]\d\d s") as caught:
            scene.ask(server, longest_wait=60)
        assert len(server.requests) == 1
    assert "Resume" in str(caught.value)


@pytest.mark.parametrize("fault", [play.hanging(20), play.dripping(20)], ids=lambda fault: fault.name)
def test_an_attempt_ends_at_its_deadline_also_when_bytes_keep_coming(scene, fault):
    began = time.monotonic()
    with serve_script([fault], then=play.ok(GOOD)) as server:
        (outcome,) = scene.ask(server, timeout=1)
        assert outcome.reply is not None
        assert len(server.requests) == 2
    assert time.monotonic() - began < 6
    assert scene.transcript.attempts()[0].category == "timeout"


def test_after_so_many_failures_in_a_row_nothing_is_sent_for_a_while(scene):
    with serve_script([], then=play.server_error(503)) as server:
        with pytest.raises(TeacherError, match="times in a row"):
            scene.ask(server, calls=40, breaker=6, attempts=20, concurrency=1, form="text")
        assert len(server.requests) == 6


def test_a_call_that_always_fails_does_not_stop_the_others(scene):
    def pick(body):
        return play.server_error(500) if "poison" in body["messages"][-1]["content"] else play.ok(GOOD, latency=0.05)

    with serve_script([], then=pick) as server:
        teacher = scene.teacher(scene.endpoint(server, attempts=3, concurrency=2, form="text"))
        outcomes = teacher.ask([solve("poison"), *(solve(str(i)) for i in range(9))])
        assert [outcome.reply is not None for outcome in outcomes] == [False] + [True] * 9
        assert outcomes[0].category == "server error"
        assert len(server.requests) == 12


def test_the_next_teacher_takes_over(scene):
    with serve_script([], then=play.server_error(503)) as bad, serve_script([], then=play.ok(GOOD)) as good:
        teacher = scene.teacher(
            scene.endpoint(bad, breaker=3, attempts=2, concurrency=1, form="text", model="openai:bad"),
            scene.endpoint(good, model="openai:good"),
        )
        outcomes = teacher.ask([solve(str(i)) for i in range(10)])
        assert {outcome.teacher for outcome in outcomes} == {"openai:good"}
        assert len(bad.requests) == 3
        assert len(good.requests) == 10


def test_by_weight_each_gets_its_share_and_the_same_call_the_same_teacher(scene):
    with serve_script([], then=play.ok(GOOD)) as one, serve_script([], then=play.ok(GOOD)) as other:
        ends = [scene.endpoint(one, model="openai:one"), scene.endpoint(other, model="openai:other")]
        teacher = scene.teacher(*ends, weights=(3, 1))
        calls = [solve(str(i)) for i in range(80)]
        first = [outcome.teacher for outcome in teacher.ask(calls)]
        assert 45 <= first.count("openai:one") <= 75
        assert first == [outcome.teacher for outcome in teacher.ask(calls)]


def test_a_reply_that_was_cut_off_is_asked_for_once_more_with_more_room(scene):
    with serve_script([play.length('{"steps": ["1+')], then=play.ok(GOOD)) as server:
        (outcome,) = scene.ask(server, max_tokens=16)
        assert outcome.reply is not None
        limits = [body.get("max_completion_tokens") or body.get("max_tokens") for body in server.requests]
        assert limits == [16, 32]
        assert server.requests[0]["messages"] == server.requests[1]["messages"]
    assert [event.category for event in scene.transcript.attempts()] == ["length", ""]


@pytest.mark.parametrize(
    ("bad", "category"),
    [
        (play.ok("I would rather not."), "unreadable"),
        (play.null_content(), "empty"),
        (play.truncated_json_text(), "unreadable"),
    ],
    ids=["prose", "null", "truncated"],
)
def test_an_unusable_reply_is_kept_and_repaired_once(scene, bad, category):
    with serve_script([bad], then=play.ok(GOOD)) as server:
        (outcome,) = scene.ask(server)
        assert outcome.reply is not None
        assert len(server.requests) == 2
        assert len(server.requests[1]["messages"]) == len(server.requests[0]["messages"]) + 2
    assert [event.category for event in scene.transcript.attempts()] == [category, ""]


@pytest.mark.parametrize("fault", [play.refused(), play.filtered()], ids=lambda fault: fault.name)
def test_a_refusal_is_a_failure_of_its_kind_and_not_pressed(scene, fault):
    with serve_script([], then=fault) as server:
        (outcome,) = scene.ask(server)
        assert (outcome.reply, outcome.category) == (None, "refusal")
        assert len(server.requests) == 1


def test_too_many_useless_replies_stop_the_work_before_all_are_paid_for(scene):
    with serve_script([], then=play.refused()) as server:
        with pytest.raises(TeacherError, match=r"12 refusal"):
            scene.ask(server, calls=100, concurrency=1)
        assert len(server.requests) <= 14


@pytest.mark.parametrize("fault", [play.context_overflow(), play.context_overflow_vllm()], ids=lambda fault: fault.name)
def test_a_prompt_that_does_not_fit_is_not_sent_again(scene, fault):
    with serve_script([fault], then=play.ok(GOOD)) as server:
        first, second = scene.ask(server, calls=2, concurrency=1)
        assert (first.reply, first.category) == (None, "context overflow")
        assert second.reply is not None
        assert len(server.requests) == 2


def test_thoughts_are_kept_in_the_transcript_and_out_of_the_reply(scene):
    with serve_script([play.think(GOOD, "hm"), play.reasoned(GOOD, "well")]) as server:
        outcomes = scene.ask(server, calls=2, concurrency=1)
        assert all(outcome.reply for outcome in outcomes)
    assert [event.reasoning for event in scene.transcript.attempts()] == ["hm", "well"]
    assert all(event.reply == GOOD for event in scene.transcript.attempts())


def test_missing_usage_is_estimated_and_never_zero(scene):
    with serve_script([play.no_usage(GOOD)]) as server:
        scene.ask(server, price={"input": 1, "output": 2})
    (event,) = scene.transcript.attempts()
    assert event.tokens.estimated
    assert event.tokens.input > 100
    assert event.tokens.output > 0


@pytest.mark.parametrize(
    ("complaint", "left_out"),
    [
        ("Unsupported value: 'temperature' does not support 0.2 with this model.", "temperature"),
        ("response_format.type json_schema is unavailable now", "schema"),
    ],
)
def test_what_a_server_refuses_is_left_out_from_then_on(scene, complaint, left_out):
    def pick(body):
        refused = (
            "temperature" in body
            if left_out == "temperature"
            else body.get("response_format", {}).get("type") == "json_schema"
        )
        return play.bad_request(complaint) if refused else play.ok(GOOD)

    with serve_script([], then=pick) as server:
        outcomes = scene.ask(server, calls=3, temperature=0.2, concurrency=1)
        assert all(outcome.reply for outcome in outcomes)
        assert len(server.requests) == 4
    assert len(scene.said) == 1


def test_a_server_that_fails_on_a_schema_is_asked_without(scene):
    def pick(body):
        return play.server_error(500) if "response_format" in body else play.ok(GOOD)

    with serve_script([], then=pick) as server:
        endpoint = scene.endpoint(server, concurrency=1)
        outcomes = scene.teacher(endpoint).ask([solve(str(i)) for i in range(3)])
        assert all(outcome.reply for outcome in outcomes)
        assert endpoint.dialect.form is Form.TEXT


def test_a_bad_request_of_another_kind_fails_that_call_alone_and_gives_nothing_up(scene):
    def pick(body):
        return play.bad_request("invalid image") if "poison" in body["messages"][-1]["content"] else play.ok(GOOD)

    with serve_script([], then=pick) as server:
        endpoint = scene.endpoint(server, concurrency=1, temperature=0.2)
        first, second, third = scene.teacher(endpoint).ask([solve("poison"), solve("1+1"), solve("poison 2")])
        assert (first.reply, first.category) == (None, "bad request")
        assert first.error == third.error
        assert second.reply is not None
        assert (endpoint.dialect.form, endpoint.dialect.temperature) == (Form.SCHEMA, 0.2)
        assert len(server.requests) <= 9
        assert len(server.requests[-1].keys() & {"response_format", "temperature"}) == 2  # nothing was tried again
    assert scene.said == []


def test_what_is_paid_for_is_not_paid_for_again(scene, tmp_path):
    with serve_script([], then=play.ok(GOOD)) as server:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        calls = [solve(str(i)) for i in range(5)]
        scene.teacher(scene.endpoint(server), ledger=ledger).ask(calls)
        again = scene.teacher(scene.endpoint(server), ledger=ledger).ask(calls)
        assert all(outcome.reply for outcome in again)
        assert len(server.requests) == 5
        assert [event.ledger for event in scene.transcript.attempts()] == [False] * 5 + [True] * 5
        scene.teacher(scene.endpoint(server), ledger=ledger, since=datetime.now(UTC).isoformat()).ask([*calls, *calls])
        assert len(server.requests) == 10
        scene.teacher(scene.endpoint(server, temperature=0.5), ledger=ledger).ask(calls[:1])
        assert len(server.requests) == 11
        ledger.close()


def test_an_answer_is_in_the_ledger_before_it_is_read(scene, tmp_path):
    with serve_script([], then=play.ok("not what was asked for")) as server:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        scene.teacher(scene.endpoint(server), ledger=ledger).ask([solve()])
        assert len(ledger) == 2
        assert len(server.requests) == 2
        ledger.close()


def test_identical_requests_in_flight_are_one(scene):
    with serve_script([], then=play.ok(GOOD, latency=0.3)) as server:
        outcomes = scene.teacher(scene.endpoint(server)).ask([solve() for _ in range(8)])
        assert all(outcome.reply for outcome in outcomes)
        assert len(server.requests) == 1


def test_two_threads_ask_at_the_same_time_within_the_same_slots_and_pay_once_for_what_both_ask(scene, tmp_path):
    now, most, lock, replies = 0, 0, threading.Lock(), {}

    def answer(body):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        problem = re.search(r'"problem": "(.*?)"', body["messages"][-1]["content"]).group(1)
        return completion(json.dumps({"steps": [], "answer": problem}))

    ledger = Ledger(tmp_path / "ledger.sqlite")
    asked = {"ahead": [f"a{i}" for i in range(30)], "main": [f"b{i}" for i in range(30)]}
    with serve(answer) as server:
        teacher = scene.teacher(scene.endpoint(server, concurrency=6), ledger=ledger)

        def ask(name):
            calls = [solve(problem) for problem in [*asked[name], *(f"both{i}" for i in range(10))]]
            replies[name] = [outcome.reply.answer for outcome in teacher.ask(calls)]

        threads = [threading.Thread(target=ask, args=(name,)) for name in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == len(ledger) == 70
    assert replies == {name: [*own, *(f"both{i}" for i in range(10))] for name, own in asked.items()}
    assert most == 6
    assert len(scene.transcript.attempts()) == 80
    ledger.close()


def test_who_waits_for_an_identical_call_that_is_dropped_makes_it(scene):
    with serve_script([play.hanging(20)], then=play.ok(GOOD)) as server:
        teacher = scene.teacher(scene.endpoint(server, concurrency=2))
        desk, request = scene.open[0], Request(messages("examinee", SolveBrief(problem="1+1")), {})
        first = desk.submit(desk.answer(teacher._endpoints, request))
        while not server.requests:
            time.sleep(0.01)
        second = desk.submit(desk.answer(teacher._endpoints, request))
        time.sleep(0.1)
        first.cancel()
        answer, _, kept = second.result(timeout=10)
        assert (answer.text, kept, len(server.requests)) == (GOOD, False, 2)


def test_kill_minus_nine_loses_no_answer_but_those_in_flight(tmp_path):
    script = (
        "import sys\nfrom pathlib import Path\nfrom tests.agents.teachers.test_calling import Scene, solve\n"
        "from types import SimpleNamespace\nfrom ioa.memory.ledger import Ledger\n"
        "folder, server = Path(sys.argv[1]), SimpleNamespace(base_url=sys.argv[2])\n"
        "scene = Scene(folder)\n"
        "teacher = scene.teacher(scene.endpoint(server, concurrency=8), ledger=Ledger(folder / 'ledger.sqlite'))\n"
        "teacher.ask([solve(str(i)) for i in range(10_000)], lambda outcome: print('1', flush=True))\n"
    )
    with serve(lambda body: completion(GOOD)) as server:
        command = [sys.executable, "-c", script, str(tmp_path), server.base_url]
        environment = {**os.environ, "FAULT_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            for _ in range(100):
                assert process.stdout.readline() == b"1\n"
            process.kill()
            handed_over = 100 + len(process.stdout.read().splitlines())
        sent = len(server.requests)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert len(ledger) >= max(handed_over, sent - 8)
    assert len(ledger) + ledger.count_abandoned("") >= sent
    assert len(Transcript(tmp_path / "transcript.jsonl").attempts()) >= handed_over
    ledger.close()


@pytest.mark.parametrize(
    ("limit", "word"),
    [({"calls": 7}, "7 calls"), ({"tokens": 1600}, "tokens"), ({"usd": 0.0025}, r"\$")],
    ids=["calls", "tokens", "usd"],
)
def test_a_budget_is_never_exceeded_and_what_was_paid_for_is_handed_over(scene, limit, word):
    budget = Budget(BudgetSettings(**limit))
    with serve_script([], then=play.ok(GOOD, latency=0.05)) as server:
        settings = TeacherSettings(
            model="openai:m", base_url=server.base_url, api_key_env="FAULT_KEY", price={"input": 1, "output": 2}
        )
        endpoint = Endpoint(open_model(settings), settings, price=settings.price, budget=budget)
        got = []
        with pytest.raises(BudgetReached, match=word):
            scene.teacher(endpoint).ask([solve(str(i)) for i in range(100)], got.append)
        assert 0 < len(server.requests) < 100
        assert len(got) == len(server.requests) == budget.spent.calls
    for name, value in limit.items():
        assert getattr(budget.spent, name) <= value


def test_requests_a_minute_are_kept_to(scene):
    with serve_script([], then=play.ok(GOOD)) as server:
        began = time.monotonic()
        scene.ask(server, calls=12, rpm=120)  # six at once, then two a second
        assert time.monotonic() - began >= 2.5
        assert len(server.requests) == 12


def test_a_better_teacher_put_in_front_is_asked_and_what_fail_over_paid_for_is_kept(scene, tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with serve_script([], then=play.ok(GOOD)) as good, serve_script([], then=play.ok(GOOD)) as better:
        ends = {name: {"model": f"openai:{name}", "form": "text"} for name in ("better", "good")}
        scene.teacher(scene.endpoint(good, **ends["good"]), ledger=ledger).ask([solve()])
        pair = [scene.endpoint(better, **ends["better"]), scene.endpoint(good, **ends["good"])]
        (outcome,) = scene.teacher(*pair, ledger=ledger).ask([solve()])
        assert outcome.teacher == "openai:better"
        better.then = play.server_error(503)
        pair[0] = scene.endpoint(better, **ends["better"], attempts=1)
        (outcome,) = scene.teacher(*pair, ledger=ledger).ask([solve("2+2")])
        assert outcome.teacher == "openai:good"
        asked = len(better.requests), len(good.requests)
        better.then = play.ok(GOOD)
        (outcome,) = scene.teacher(*pair, ledger=ledger).ask([solve("2+2")])
        assert (len(better.requests), len(good.requests)) == asked
    ledger.close()


def test_a_call_whose_turn_does_not_come_is_not_lost_while_others_get_through(scene):
    turned_away = []

    def pick(body):
        unlucky = '"7"' in body["messages"][-1]["content"]
        if unlucky and len(turned_away) < 12:
            turned_away.append(body)
            return play.rate_limited(0.01)
        return play.ok(GOOD, latency=0.02)

    with serve_script([], then=pick) as server:
        outcomes = scene.ask(server, calls=60, attempts=3, concurrency=4)
        assert all(outcome.reply for outcome in outcomes)
        assert len(turned_away) == 12


def test_a_wait_that_is_too_long_is_a_reason_to_take_the_next_teacher(scene):
    with serve_script([], then=play.rate_limited(3600)) as busy, serve_script([], then=play.ok(GOOD)) as good:
        teacher = scene.teacher(scene.endpoint(busy, model="openai:busy"), scene.endpoint(good, model="openai:good"))
        (outcome,) = teacher.ask([solve()])
        assert outcome.teacher == "openai:good"


def test_models_without_an_asynchronous_call_answer_as_many_at_once_as_they_have_slots(tmp_path):
    now, most, lock = 0, 0, threading.Lock()

    def slow(_):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.2)
        with lock:
            now -= 1
        return GOOD

    transcript = Transcript(tmp_path / "transcript.jsonl")
    teacher = Teacher.of(ScriptedModel(slow), spec="own:model", transcript=transcript, concurrency=20, timeout=2)
    assert all(outcome.reply for outcome in teacher.ask([solve(str(i)) for i in range(61)]))
    teacher.close()
    assert most == 20
    assert all(event.answered for event in transcript.attempts())


def test_a_key_that_a_model_repeats_is_kept_as_it_came_and_not_taught(scene, tmp_path):
    said = json.dumps({"steps": [KEY], "answer": "2"})
    with serve_script([], then=play.ok(said)) as server:
        (outcome,) = scene.ask(server)
    assert (outcome.reply, outcome.category) == (None, "key")
    path = tmp_path / "transcript.jsonl"
    attempts = read_attempts(path)
    assert [event.reply for event in attempts] == [said, said]
    assert not any(KEY in event.model_copy(update={"reply": ""}).model_dump_json() for event in attempts)
    path.unlink()  # looked through by the fixture


@pytest.mark.parametrize("usage", [{"prompt_tokens": -1, "completion_tokens": 2, "total_tokens": 1}, {}])
def test_usage_that_makes_no_sense_ends_in_no_traceback(scene, usage):
    with serve_script([play.ok(GOOD, usage=usage)], then=play.ok(GOOD)) as server:
        (outcome,) = scene.ask(server)
    assert outcome.reply is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "https://me:password-of-mine@host/v1"),
        ("base_url", "https://host/v1?api-key=abc"),
        ("options", {"default_headers": {"X-Auth-Token": "abc"}}),
        ("options", {"access_token": "abc"}),
    ],
)
def test_a_secret_in_the_settings_is_refused(field, value):
    with pytest.raises(ValidationError, match="holds a"):
        TeacherSettings(model="openai:m", **{field: value})
    assert TeacherSettings(model="openai:m", options={"max_tokens": 5}).options == {"max_tokens": 5}


def test_an_attempt_that_may_be_billed_counts(scene):
    budget = Budget(BudgetSettings(calls=3))
    with serve_script([], then=play.hanging(20)) as server:
        settings = TeacherSettings(
            model="openai:m", base_url=server.base_url, timeout=0.2, price={"input": 1, "output": 2}, attempts=9
        )
        endpoint = Endpoint(open_model(settings), settings, price=settings.price, budget=budget)
        with pytest.raises(BudgetReached, match="3 of 3 calls"):
            scene.teacher(endpoint).ask([solve()])
        assert len(server.requests) == 3
    events = scene.transcript.attempts()
    assert all(event.paid and event.tokens.estimated and event.cost > 0 for event in events)
    assert sum(event.cost for event in events) == pytest.approx(budget.spent.usd)
