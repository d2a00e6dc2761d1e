"""`ioa domain add` and `ioa domain show`."""

import json

import pytest
from tests.memory.published import FILES
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.memory.domains.packs import load_source
from ioa.memory.errors import UserError

GSM = [{"question": f"What is {n} + {n}?", "answer": f"Twice {n}.\n#### {2 * n}"} for n in range(120)]


def put(path, records, *more):
    path.write_text("\n".join([*map(json.dumps, records), *more]))
    return str(path)


def ioa(*arguments):
    found = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    return found, " ".join(found.output.split())


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def test_files_become_a_pack_that_can_be_named(tmp_path):
    one, other = put(tmp_path / "gsm.jsonl", GSM), put(tmp_path / "ice.jsonl", FILES["mmlu"])
    found, text = ioa("domain", "add", one, other, "--name", "My sums", "--description", "Sums & ice.")
    assert found.exit_code == 0, found.output
    assert "gsm.jsonl: format gsm8k, 120 items, scorer numeric, 0 bad items" in text
    assert "ice.jsonl: format mmlu, 2 items, scorer choice" in text
    assert "domains/my-sums/my-sums.yaml" in text
    assert {path.name for path in (tmp_path / "domains" / "my-sums").iterdir()} == {"my-sums.yaml", "items.jsonl"}
    pack = load_source("domains/my-sums/my-sums.yaml")
    assert (pack.name, pack.description, len(pack.items)) == ("My sums", "Sums & ice.", 122)
    assert pack.items[-1].metadata == {"choices": ["water", "wood"]}


def test_it_says_how_the_items_of_each_module_would_be_divided(tmp_path):
    items = [dict(record, kind="Plus" if n < 100 else "Times") for n, record in enumerate(GSM)]
    found, _ = ioa("domain", "add", put(tmp_path / "sums.jsonl", items), "--module-from", "kind")
    lines = [line.replace("│", " ").split() for line in found.output.splitlines() if "sums/" in line]
    assert lines[0] == ["sums/plus", "100", "22", "78"]
    assert lines[1][:4] == ["sums/times", "20", "0", "20"]
    assert " ".join(lines[1]).endswith("fewer than 81")
    assert [module.id for module in load_source("domains/sums/sums.yaml").modules] == ["sums/plus", "sums/times"]


def test_doubles_are_counted_and_two_files_may_use_the_same_ids(tmp_path):
    records = [{"id": "1", "question": "What is 1 + 1?", "answer": "2"}]
    other = [{"id": "1", "question": "what is 1+1", "answer": "2"}]
    _, text = ioa("domain", "add", put(tmp_path / "a.jsonl", records), put(tmp_path / "b.jsonl", other))
    assert "1 different items, 1 that say the same as another one" in text
    assert [item.id for item in load_source("domains/a/a.yaml").items] == ["1", "1-2"]


def test_a_bad_file_writes_nothing_and_all_faults_of_all_files_are_told(tmp_path):
    good, bad = put(tmp_path / "good.jsonl", GSM), put(tmp_path / "bad.jsonl", GSM, "{", '{"question": "q"}')
    found, _ = ioa("domain", "add", good, bad, str(tmp_path / "none.csv"))
    assert isinstance(found.exception, UserError)
    assert found.exception.exit_code == 2
    for words in ("bad.jsonl:121: not JSON", "bad.jsonl:122: answer", "none.csv: there is no such file", "--skip-bad"):
        assert words in str(found.exception)
    assert not (tmp_path / "domains").exists()


def test_bad_items_are_left_out_when_that_is_asked_for_and_counted(tmp_path):
    bad = put(tmp_path / "bad.jsonl", GSM, "{", '{"question": "q"}')
    found, text = ioa("domain", "add", bad, "--skip-bad", "--out", "made")
    assert found.exit_code == 0
    assert "120 items, scorer numeric, 2 bad items left out" in text
    assert "bad.jsonl:121: not JSON" in text
    assert len(load_source("made/bad.yaml").items) == 120


def test_fields_are_mapped_on_the_command_line(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("Frage;Antwort\nWas ist 1 + 1?;2\n")
    found, _ = ioa("domain", "add", str(path), "--field", "question=Frage", "--field", "answer=Antwort")
    assert found.exit_code == 0
    assert load_source("domains/f/f.yaml").items[0].question == "Was ist 1 + 1?"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--field", "question"], "expected NAME=FIELD"),
        (["--format", "gsm"], "no such format; expected one of livecodebench"),
        (["--scorer", "nobody"], "There is no scorer 'nobody'"),
        (["--out", "full"], "full exists already and is not an empty folder"),
        (["--out", "link"], "link exists already and is not an empty folder"),
        (["--name", "../../x"], "expected a name without slashes"),
        (["--name", "x\x1b[31m"], "expected a name without slashes and control characters"),
        (["--field", "question=frage"], "no item has a field 'frage'"),
        (["--out", "file/x"], "cannot be made"),
    ],
)
def test_a_wrong_option_is_told_and_writes_nothing(tmp_path, options, words):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    path = put(tmp_path / "gsm.jsonl", GSM)
    before = sorted(tmp_path.rglob("*"))
    found, _ = ioa("domain", "add", path, *options)
    assert isinstance(found.exception, UserError)
    assert words in str(found.exception)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_module_of_the_file_that_is_no_id_is_told(tmp_path):
    path = put(tmp_path / "a.jsonl", [{"question": "q", "answer": "a", "module": "Algebra"}])
    found, _ = ioa("domain", "add", path)
    assert "--module-from module" in str(found.exception)
    found, _ = ioa("domain", "add", path, "--module-from", "module")
    assert found.exit_code == 0
    assert [module.id for module in load_source("domains/a/a.yaml").modules] == ["a/algebra"]


def test_a_domain_is_shown_with_modules_and_problems(tmp_path):
    _, text = ioa("domain", "show", "reasoning-gym:gcd")
    assert "reasoning-gym/gcd" in text
    assert "standard (examined)" in text
    ioa("domain", "add", put(tmp_path / "gsm.jsonl", GSM))
    _, text = ioa("domain", "show", "domains/gsm/gsm.yaml", "--examples", "2")
    assert "A teacher names the modules." in text
    assert "What is 1 + 1? -> 2" in text


def test_terminal_escapes_and_markup_in_items_are_not_obeyed(tmp_path):
    path = put(
        tmp_path / "a.jsonl", [{"question": "\x1b]0;title\x07[red]What[/] is \x1b[31mthis?", "answer": "\x1b[2J1"}]
    )
    found, _ = ioa("domain", "add", path)
    assert found.exit_code == 0
    _, text = ioa("domain", "show", "domains/a/a.yaml")
    assert "[red]What[/] is this? -> 1" in text
    assert "\x1b" not in text
