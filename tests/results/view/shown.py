"""What a person does on a page with a list of cards."""

import re

from tests.browser import Window


def look(shown: Window, address: str) -> None:
    """Open a page of a run and wait until it has its cards."""
    shown.page.goto(address)
    shown.page.wait_for_selector(".cards .card", timeout=60_000)


def found(shown: Window, pattern: str, seconds: float = 60) -> None:
    """Wait until the bar says that this was found."""
    shown.page.wait_for_function(
        "pattern => new RegExp(pattern).test(document.querySelector('.filters .found')?.textContent)",
        arg=pattern,
        timeout=seconds * 1000,
        polling=20,
    )


def choose(shown: Window, name: str, value: str) -> None:
    """Choose in the bar, and wait until the address says so."""
    shown.page.locator(f".filters .q-field:has([data-testid={name}])").click()
    option = shown.page.locator(".q-menu .q-item", has_text=re.compile(f"^{re.escape(value)}$"))
    option.wait_for()
    option.click()
    shown.page.wait_for_function(
        "([name, value]) => [null, value].includes(new URLSearchParams(location.search).get(name)) "
        "&& (value.startsWith('any ') || location.search.includes(name + '='))",
        arg=[name, value],
        polling=20,
    )


def harmless(shown: Window, address: str) -> None:
    """Nothing of the text that was shown was taken for more than text."""
    assert shown.dialogs == []
    assert shown.errors == []
    assert [
        request for request in shown.requests if not request.startswith((address, "ws://127.0.0.1", "data:", "blob:"))
    ] == []
    assert shown.page.locator(".cards img, .cards script, .cards iframe, .cards a[href^='javascript']").count() == 0
