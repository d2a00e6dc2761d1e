"""A host that cannot isolate, or a sandbox that does not start: refused, never scored."""

import pytest
from tests.training.exams.sandboxes import QUICK

from ioa.memory.errors import UserError
from ioa.training.exams.sandbox import Unisolated, UnitTests, check, find_isolation, isolation
from ioa.training.exams.sandbox import availability as probe
from ioa.training.exams.scorers import ScoringError


@pytest.fixture(autouse=True)
def not_probed():
    """What was found out about this host is forgotten before and after."""
    probe._probed.cache_clear()
    yield
    probe._probed.cache_clear()


def test_without_bubblewrap_nothing_is_run_and_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="apt-get install bubblewrap") as refused:
        find_isolation()
    assert "unsafe: true" in str(refused.value)
    assert "bwrap) is not installed" in str(refused.value)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo bubblewrap 0.4.1", "too old"),
        (
            '[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit; echo "bwrap: No permissions" >&2; exit 1',
            "bwrap: No permissions",
        ),
        (
            '[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit; while [ "$1" != -- ]; do shift; done; shift; "$@"',
            "does not isolate",
        ),
    ],
    ids=["old", "forbidden", "pretending"],
)  # fmt: skip
def test_a_bubblewrap_that_cannot_isolate_is_refused(script, reason, tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(isolation.shutil, "which", lambda name: str(fake) if name == "bwrap" else None)
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match=reason) as refused:
        find_isolation()
    assert "unsafe: true" in str(refused.value)


def test_another_system_is_told_of_containers(monkeypatch):
    monkeypatch.setattr(isolation.sys, "platform", "darwin")
    with pytest.raises(UserError, match="WSL"):
        find_isolation()


def test_a_sandbox_that_does_not_start_is_an_error_and_no_score():
    class Broken(Unisolated):
        def command(self, program, limits, packages=()):
            return ["/bin/sh", "-c", "echo it broke; exit 3"]

    with pytest.raises(ScoringError, match="did not start: exit code 3: it broke"):
        check([["f = 1"]], UnitTests(tests=("assert f",)), QUICK, Broken())


def test_unsafe_runs_with_limits_alone():
    unsafe = find_isolation(unsafe=True)
    tests = UnitTests(entry_point="f", tests=("assert f(1) == 2",))
    assert check([["def f(x): return x + 1"]], tests, QUICK, unsafe).kind == "passed"
    assert check([["def f(x): return x"]], tests, QUICK, unsafe).kind == "failed"
    assert check([["def f(x):\n while 1: pass"]], tests, QUICK, unsafe).kind == "time"
    assert check([["import os\ndef f(x): os._exit(0)"]], tests, QUICK, unsafe).kind == "ended"
