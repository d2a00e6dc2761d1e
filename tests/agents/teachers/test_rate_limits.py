"""Buckets, slots and the circuit breaker, on a clock that the test moves."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.teachers.provider_faults import FaultKind, classify
from ioa.agents.teachers.rate_limits import Breaker, Bucket, Slots


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@given(st.lists(st.tuples(st.floats(0.1, 30), st.floats(0, 5)), min_size=1, max_size=40), st.floats(6, 6000))
def test_a_bucket_never_lets_more_through_than_its_rate_and_its_size(takes, per_minute):
    clock = Clock()
    bucket = Bucket(per_minute, clock)
    taken, ends = 0.0, 0.0
    for amount, pause in takes:
        clock.now += pause
        wait = bucket.take(amount)
        taken += amount
        ends = max(ends, clock.now + wait)
        assert taken <= bucket.capacity + bucket.rate * ends + 1e-6


def test_what_was_taken_too_much_is_given_back():
    clock = Clock()
    bucket = Bucket(60, clock)
    assert bucket.take(3) == 0
    assert bucket.take(2) == pytest.approx(2)
    bucket.give(2)
    assert bucket.take(0) == 0


def test_slots_are_halved_once_for_a_round_of_overload_and_grow_again():
    clock = Clock()
    slots = Slots(16, clock)
    assert slots.limit == 1
    slots.record_success()
    assert slots.limit == 16
    clock.now = 10
    for _ in range(5):
        slots.overloaded(began=9)
    assert slots.limit == 8
    clock.now = 20
    slots.overloaded(began=19)
    assert slots.limit == 4
    for _ in range(4):
        slots.record_success()
    assert 4.8 < slots.limit <= 5
    for _ in range(2000):
        slots.record_success()
    assert slots.limit == 16


def test_no_more_calls_are_in_flight_than_there_are_slots_and_none_is_forgotten():
    async def scene():
        slots, most, now, done = Slots(3), 0, 0, 0
        slots.record_success()

        async def one(number):
            nonlocal most, now, done
            async with slots.slot():
                now += 1
                most = max(most, now)
                await asyncio.sleep(0.001 * (number % 3))
                if number == 5:
                    slots.overloaded(began=0)
                now -= 1
                done += 1

        tasks = [asyncio.create_task(one(number)) for number in range(40)]
        await asyncio.sleep(0.002)
        tasks[30].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return most, now, done, slots.used

    most, now, done, used = asyncio.run(scene())
    assert (most, now, done, used) == (3, 0, 39, 0)


def test_the_circuit_opens_after_failures_in_a_row_and_one_more_try_comes_later():
    clock = Clock()
    breaker = Breaker(3, 30, clock)
    breaker.failed()
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    breaker.failed()
    assert not breaker.open
    breaker.failed()
    assert breaker.open
    clock.now = 31
    assert not breaker.open
    breaker.failed()
    assert breaker.open


class StatusError(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status_code = status


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StatusError(401, "no"), FaultKind.AUTHENTICATION),
        (StatusError(404, "no such model"), FaultKind.UNKNOWN_MODEL),
        (StatusError(402, "Insufficient Balance"), FaultKind.QUOTA),
        (StatusError(429, "slow down"), FaultKind.RATE_LIMIT),
        (StatusError(429, "You exceeded your current quota"), FaultKind.QUOTA),
        (StatusError(400, "prompt is too long: 9000 tokens"), FaultKind.CONTEXT),
        (StatusError(422, "unknown field"), FaultKind.BAD_REQUEST),
        (StatusError(529, "overloaded"), FaultKind.SERVER),
        (TimeoutError(), FaultKind.TIMEOUT),
        (ConnectionResetError("reset"), FaultKind.CONNECTION),
        (IndexError("list index out of range"), FaultKind.MALFORMED),
    ],
)
def test_faults_are_told_apart_by_status_and_words(error, kind):
    assert classify(error).kind is kind


def test_a_cause_that_is_wrapped_is_found_and_a_program_fault_is_not_weather():
    error = RuntimeError("wrapped")
    error.__cause__ = StatusError(503, "down")
    assert classify(error).kind is FaultKind.SERVER
    assert classify(RuntimeError("what?")) is None
