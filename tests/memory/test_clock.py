"""The run's clock: what a run did is counted once, whoever does it at the same time, and over all its sittings."""

import threading
import time

import pytest

from ioa.memory.clock import Clock, Timing, Work
from ioa.memory.files import read_record, write_record


class Times:
    """`time.monotonic`, moved by the test."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr("ioa.memory.clock.time.monotonic", lambda: self.now)

    def pass_(self, seconds):
        self.now += seconds


@pytest.fixture
def times(monkeypatch):
    return Times(monkeypatch)


def seconds(clock):
    return {name: work.seconds for name, work in clock.timing().activities.items()}


def test_time_in_which_several_things_go_on_counts_towards_the_first_alone(times, tmp_path):
    clock = Clock(tmp_path / "clock.json")
    times.pass_(1)  # overhead
    with clock.during("teacher"):
        times.pass_(2)
        with clock.during("teacher"), clock.during("training"):
            times.pass_(4)
        times.pass_(8)
    with clock.during("generation"):
        times.pass_(16)
    times.pass_(32)
    assert seconds(clock) == {"training": 4, "generation": 16, "teacher": 10}
    assert clock.timing().metered_seconds == clock.timing().wall_seconds == 63


def test_what_goes_on_is_counted_before_it_has_ended_and_when_it_fails(times, tmp_path):
    clock = Clock(tmp_path / "clock.json")

    def fail():
        with clock.during("training"):
            times.pass_(3)
            clock.save()
            times.pass_(2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert read_record(tmp_path / "clock.json", Timing).activities["training"].seconds == 3
    times.pass_(7)
    assert seconds(clock)["training"] == 5


def test_a_run_that_goes_on_adds_to_what_it_had_done(times, tmp_path):
    path = tmp_path / "clock.json"
    for _ in range(2):
        clock = Clock(path, began=times.now - 1)
        with clock.during("training"):
            times.pass_(2)
        clock.count("training", items=3, tokens=50, flops=1e6)
        clock.save()
    found = clock.timing()
    assert found.activities["training"] == Work(seconds=4, items=6, tokens=100, flops=2e6)
    assert found.wall_seconds == found.metered_seconds == 6  # the second before each clock was opened included


def test_of_a_run_begun_by_an_earlier_version_only_what_was_counted_is_shared_out(times, tmp_path):
    write_record(tmp_path / "clock.json", Timing(wall_seconds=1000))
    clock = Clock(tmp_path / "clock.json")
    times.pass_(5)
    assert (clock.timing().wall_seconds, clock.timing().metered_seconds) == (1005, 5)


def test_threads_count_side_by_side(tmp_path):
    clock = Clock(tmp_path / "clock.json")

    def call():
        for _ in range(200):
            with clock.during("teacher"):
                clock.count("teacher", items=1, tokens=2)

    began = time.monotonic()
    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    work = clock.timing().activities["teacher"]
    assert (work.items, work.tokens) == (1600, 3200)
    assert work.seconds <= time.monotonic() - began
