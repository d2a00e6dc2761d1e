"""The browser of the tests notices what the tests rely on it to notice."""

import pytest

from tests import browser as helper

HOSTILE = """<!doctype html><title>t</title><script>alert("boo")</script><script>nowhere()</script>
<img src="http://example.com/x.png"><p>hello</p>"""


def test_it_sees_dialogs_script_errors_and_requests_and_reaches_nobody(tmp_path):
    (tmp_path / "page.html").write_text(HOSTILE)
    address = (tmp_path / "page.html").as_uri()
    with helper.browser() as chromium, helper.window(chromium) as shown:
        shown.page.goto(address)
        assert shown.page.inner_text("p") == "hello"
        assert shown.dialogs == ["boo"]
        assert any("nowhere" in error for error in shown.errors)
        assert shown.requests == [address, "http://example.com/x.png"]
        assert any("ERR_NAME_NOT_RESOLVED" in error for error in shown.errors)


def test_a_missing_browser_fails_in_ci_and_is_skipped_elsewhere(monkeypatch):
    monkeypatch.setattr(helper.shutil, "which", lambda _: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"), helper.browser():
        pass
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"), helper.browser():
        pass
