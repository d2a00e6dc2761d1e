"""What a test needs and a machine may lack."""

import os
from typing import NoReturn

import pytest


def do_without(why: str) -> NoReturn:
    """Skip the test for want of something that a person may do without; with CI=true nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
