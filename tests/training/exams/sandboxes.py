"""Sandboxes for tests: skipped where bubblewrap is missing, but never with CI=true, where it has to be there."""

import os
import shutil

import pytest

from ioa.training.exams.sandbox import Outcome, SandboxSettings, UnitTests, check, find_isolation

QUICK = SandboxSettings(seconds=1, wall_seconds=20)

isolated = pytest.mark.skipif(
    shutil.which("bwrap") is None and os.environ.get("CI") != "true",
    reason="bubblewrap is not installed: sudo apt-get install bubblewrap",
)


def run(code: str, *tests: str, limits: SandboxSettings = QUICK, entry_point: str = "f", **more: str) -> Outcome:
    """What comes of these tests of this code."""
    return check([[code]], UnitTests(entry_point=entry_point, tests=tests, **more), limits, find_isolation())
