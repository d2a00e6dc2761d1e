"""What a test needs and a machine may lack."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

PUBLISHED = Path(os.environ.get("IOA_PUBLISHED_BENCHMARKS", ""))
"""Folder of benchmark files as their authors publish them; they are theirs, so they are not kept here."""
needs_published_files = pytest.mark.skipif(
    not os.environ.get("IOA_PUBLISHED_BENCHMARKS"),
    reason="checks the authors' own files, whose licences and size keep them out of this repository (items in their "
    "formats are checked beside it): name their folder in IOA_PUBLISHED_BENCHMARKS",
)


def do_without(why: str) -> NoReturn:
    """Skip the test for want of something that a person may do without; with CI=true nothing may be missing.

    Args:
        why: What is missing, what cannot be tested without it, and how to get it: pytest prints it.
    """
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    # Bubblewrap exists on Linux alone, and Chromium is a system package that pip cannot install: a contributor on
    # another system or without root must still be able to run the other tests. Nothing goes untested for it: CI
    # installs both, and there the line above fails instead. `why` says what was left out and how to get it.
    pytest.skip(why)
