"""What docs/domains.md shows is what the program reads."""

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ioa.agents import DecompositionSettings
from ioa.agents.decomposition import LEAST_SEEDS
from ioa.cli.main import app
from ioa.memory.domains.bank import item_id
from ioa.memory.domains.item_sets import FORMATS, ItemSetSource, read_item_set
from ioa.memory.domains.packs import load_source
from ioa.memory.errors import UserError
from ioa.memory.records import Domain, Source, Split, Written
from ioa.training import ExaminationSettings, build_probes
from tests.memory.published import FILES

PAGE = (Path(__file__).parents[1] / "docs" / "domains.md").read_text(encoding="utf-8")


def blocks(heading, language):
    """The blocks of code below a heading."""
    (part,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return re.findall(rf"^```{language}\n(.*?)^```", part, re.DOTALL | re.MULTILINE)


(PACK,) = blocks("A pack that says it all", "yaml")
(DESCRIPTION,) = blocks("A description", "yaml")
SET, MODULES = blocks("A set of items", "yaml")
(ITEMS,) = blocks("A set of items", "json")
MAPPED, HUB = blocks("Files as benchmarks publish them", "yaml")
(SETTINGS,) = blocks("What can be set", "yaml")


def loaded(folder, text):
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_source(str(path))


def test_the_pack_is_one_and_has_enough_items(tmp_path):
    pack = loaded(tmp_path, PACK)
    assert isinstance(pack, Domain)
    examination = ExaminationSettings(spare=0)
    sizes = sum(examination.size(split) for split in Split)
    assert len(build_probes(pack, examination, 7)) == 2 * sizes
    assert f"is {sizes + LEAST_SEEDS} items a module" in " ".join(PAGE.split())


def test_a_level_may_be_described_in_the_words_of_the_page(tmp_path):
    (level,) = re.findall(r"`hard: (\{items: .*?\})`", PAGE)
    found = loaded(tmp_path, PACK.replace("{family: gcd, params: {max_value: 60}}", level))
    assert isinstance(found, Source)
    assert found.modules[0].exam == Written(items="Sums of three fractions with unlike denominators.")


def test_the_description_and_the_item_set_are_read_with_and_without_modules(tmp_path):
    (tmp_path / "sums.jsonl").write_text(ITEMS)
    assert loaded(tmp_path, DESCRIPTION).topics == ("multiplication",)
    assert [item.id for item in loaded(tmp_path, SET).items] == [item_id("What is 3 + 4?"), "long-17"]
    assert [module.id for module in loaded(tmp_path, SET + MODULES).modules] == ["sums/short", "sums/long"]


def test_the_settings_that_are_shown_are_the_defaults():
    shown = DecompositionSettings.model_validate(yaml.safe_load(SETTINGS)["decomposition"])
    assert shown == DecompositionSettings()
    assert set(yaml.safe_load(SETTINGS)["decomposition"]) == set(DecompositionSettings.model_fields)


def test_the_table_of_formats_is_that_of_the_program():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.*?) \| .*? \| ([a-z0-9-]+) \|$", PAGE, re.MULTILINE)
    assert {name: scorer for name, _, scorer in rows} == {known.name: known.scorer or "match" for known in FORMATS}
    for name, fields, _ in rows:
        (known,) = (known for known in FORMATS if known.name == name)
        for field in "|".join(known.needs).split("|"):
            assert field.rpartition(" ")[2] in fields.replace(",", "").split()


def test_the_pack_that_maps_fields_is_read(tmp_path):
    (tmp_path / "addition.jsonl").write_text(ITEMS)
    (tmp_path / "competition.json").write_text(json.dumps(FILES["math"]))
    (tmp_path / "fragen.csv").write_text("Nr;Frage;Antwort\n1;Was ist 10 + 10?;20\n")
    found = loaded(tmp_path, MAPPED)
    assert [module.id for module in found.modules] == ["sums/long", "maths/algebra"]
    assert [item.module for item in found.items] == ["", "", "maths/algebra", "maths/algebra", "sums/long"]
    assert [item.scorer for item in found.items] == ["", "", "math", "math", "numeric"]


def test_the_data_set_of_the_page_is_an_entry():
    entry = ItemSetSource.model_validate(yaml.safe_load(HUB)["items"])
    assert entry.name == "openai/gsm8k main train"


def test_the_commands_say_what_the_page_shows(tmp_path, monkeypatch):
    kinds = ["plus"] * 100 + ["times"] * 20
    items = [
        {"question": f"What is {n} and {n}?", "answer": f"It is.\n#### {2 * n}", "kind": kind}
        for n, kind in enumerate(kinds)
    ]
    (tmp_path / "sums.jsonl").write_text("\n".join([*map(json.dumps, items), '{"question": "What']))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (session,) = blocks("Files as benchmarks publish them", "console")
    command, _, shown = session.partition("\n")
    found = CliRunner().invoke(app, command.split()[2:])
    assert found.output.split() == shown.split()


def test_the_faults_of_the_page_are_told_so(tmp_path, monkeypatch):
    good, bad = '{"question": "p", "answer": "#### 1"}', '{"question": "q", "answer": "It is eight."}'
    (tmp_path / "sums.jsonl").write_text(f'{good}\n{bad}\n{{"question": "What')
    monkeypatch.chdir(tmp_path)
    (shown,) = blocks("Files as benchmarks publish them", "text")
    with pytest.raises(UserError) as caught:
        read_item_set(Path("sums.jsonl"))
    assert str(caught.value).split() == shown.split()
