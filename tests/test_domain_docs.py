"""What docs/domains.md shows is what the program reads."""

import re
from pathlib import Path

import yaml

from ioa.agents import DecompositionSettings
from ioa.agents.decomposition import LEAST_SEEDS
from ioa.memory.bank import item_id
from ioa.memory.domain import load_source
from ioa.memory.records import Domain, Source, Split, Written
from ioa.training import ExaminationSettings, build_probes

PAGE = (Path(__file__).parents[1] / "docs" / "domains.md").read_text(encoding="utf-8")
PACK, DESCRIPTION, SET, MODULES, SETTINGS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(ITEMS,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


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
