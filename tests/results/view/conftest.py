"""What the tests of the browser's pages share."""

import pytest
from tests.browser import browser


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started
