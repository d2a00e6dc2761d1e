"""Keys as they come out of files, secrets and web pages: cleaned, or refused by the name of where they stand."""

import pytest
from tests import fault_server as play
from tests.fault_server import serve_script

from ioa.agents.checkup import check_up
from ioa.agents.teachers import TeacherSettings
from ioa.agents.teachers.keys import read_key
from ioa.agents.teachers.opening import open_model, remarks
from ioa.memory.errors import UserError

KEY = "key-of-these-tests-9876543210"
CLEANED = [
    (f"{KEY}\n", ""),
    (f"{KEY}\r\n", ""),
    (f"\t{KEY} ", ""),
    (f"\ufeff{KEY}", ""),
    (f"{KEY}\u200b", ""),
    (f"\u00a0{KEY}\u00a0\n", ""),
    (f'"{KEY}"', "quotes"),
    (f"'{KEY}'\n", "quotes"),
    (f"Bearer {KEY}", "Bearer"),
    (f"Authorization: bearer {KEY}\n", "Bearer"),
    (f"OPENAI_API_KEY={KEY}\n", "name"),
    (f'export OPENAI_API_KEY="{KEY}"\n', "name"),
]
REFUSED = [
    "Bearer",
    "Bearer ",
    f"{KEY} {KEY}",
    f"{KEY}\n{KEY}",
    f"{KEY[:9]}…",
    f"{KEY}é",
    f"{KEY[:8]}\u200b{KEY[8:]}",
    f"{KEY}\x07",
]
EMPTY = ["", " ", "\n", '""', "\ufeff"]


def settings(**more):
    return TeacherSettings(model="openai:m", **more)


@pytest.fixture(params=["usual variable", "named variable", "file"])
def put(request, tmp_path, monkeypatch):
    """Puts a key in its place; gives the settings and the words that an error has to name the place by."""

    def place(raw):
        if request.param == "file":
            (tmp_path / "the-key.txt").write_text(raw, encoding="utf-8", newline="")
            return {"api_key_file": str(tmp_path / "the-key.txt")}, "the-key.txt"
        variable = "OPENAI_API_KEY" if request.param == "usual variable" else "KEY_OF_MINE"
        monkeypatch.setenv(variable, raw)
        return ({} if request.param == "usual variable" else {"api_key_env": variable}), variable

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return place


@pytest.mark.parametrize(("raw", "words"), CLEANED)
def test_what_cannot_be_part_of_a_key_is_taken_off(put, raw, words):
    where, named = put(raw)
    made = settings(**where)
    assert read_key(made).value == KEY
    model = open_model(made)
    assert model.openai_api_key.get_secret_value() == KEY
    said = remarks(made)
    assert len(said) == bool(words)
    assert all(words in one and named in one and KEY not in one for one in said)


@pytest.mark.parametrize("raw", REFUSED)
def test_what_is_no_key_is_refused_by_its_place_and_never_shown(put, raw):
    where, named = put(raw)
    with pytest.raises(UserError, match=named) as caught:
        open_model(settings(base_url="http://127.0.0.1:9/v1", **where))
    assert KEY[:8] not in str(caught.value)


@pytest.mark.parametrize("raw", EMPTY)
def test_an_empty_key_is_none_for_a_server_of_ones_own_and_else_refused(put, raw):
    where, named = put(raw)
    with pytest.raises(UserError, match=named):
        open_model(settings(**where))
    if where:
        return
    assert open_model(settings(base_url="http://127.0.0.1:9/v1")).openai_api_key.get_secret_value() == "none"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_as_windows_writes_it_is_read(tmp_path, encoding):
    (tmp_path / "key").write_bytes(f"{KEY}\r\n".encode(encoding))
    assert read_key(settings(api_key_file=str(tmp_path / "key"))).value == KEY


@pytest.mark.parametrize("provider", ["openai", "deepseek", "anthropic", "ollama", "azure_openai"])
def test_the_usual_variable_of_each_provider_is_cleaned(monkeypatch, provider):
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", f"{KEY}\n")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://me.openai.azure.com")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-12-01-preview")
    model = open_model(TeacherSettings(model=f"{provider}:m"))
    held = f"{vars(model)}"
    shown = [value.get_secret_value() for value in vars(model).values() if hasattr(value, "get_secret_value")]
    assert KEY in shown or f"Bearer {KEY}'" in held


def test_a_cleaned_key_is_sent_and_struck_out_of_what_is_said(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    with serve_script(then=play.unauthorized()) as server:
        made = settings(base_url=server.base_url, timeout=5)
        found = check_up(open_model(made), made, None)
        assert server.authorizations == [f"Bearer {KEY}"]
    assert not found.reachable
    assert KEY not in str(found)
