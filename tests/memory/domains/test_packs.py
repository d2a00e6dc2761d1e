"""Loading domain packs, and what is said of a malformed one."""

from pathlib import Path

import pytest

from ioa.memory import plugins
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import draw, seed_range
from ioa.memory.errors import UserError
from ioa.memory.records import Domain
from ioa.memory.yaml_source import validate
from ioa.training import ExaminationSettings, build_probes

PACK = """\
name: small
description: A pack.
modules:
  - id: numbers/gcd
    description: Divisors.
    levels:
      easy: {family: gcd, params: {max_value: 9}}
      hard:
        family: gcd
        params: {max_value: 60}
        where: {answer: '^[2-9]'}
    exam_level: hard
  - id: numbers/lcm
    description: Multiples.
    prerequisites: [numbers/gcd]
    levels:
      easy: {family: lcm, params: {max_value: 9}}
    exam_level: easy
"""


def written(folder: Path, text: str) -> str:
    path = folder / "pack.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_pack_is_read_with_its_levels_in_order(tmp_path):
    pack = load_domain(written(tmp_path, PACK))
    assert [module.id for module in pack.modules] == ["numbers/gcd", "numbers/lcm"]
    assert list(pack.module("numbers/gcd").levels) == ["easy", "hard"]
    assert pack.module("numbers/lcm").prerequisites == ("numbers/gcd",)
    assert pack.module("numbers/gcd").exam.where.answer == "^[2-9]"


@pytest.mark.parametrize(
    ("old", "new", "line", "parts"),
    [
        ("name: small", "nome: small", 1, ["nome: unknown field", "description"]),
        ("name: small\n", "", 1, ["name: required"]),
        ("    description: Divisors.\n", "", 4, ["modules.0.description: required"]),
        ("    description: Divisors.", "    descripton: Divisors.", 5, ["descripton: unknown field", "exam_level"]),
        ("family: gcd, params: {max_value: 9}", "family: gcd, parms: {max_value: 9}", 7, ["parms: unknown", "where"]),
        ("id: numbers/gcd", "id: Numbers", 4, ["modules.0.id", "pattern"]),
        ("description: Divisors.", "description: [1]", 5, ["modules.0.description", "string", "[1]"]),
        ("exam_level: hard", "exam_level: harder", 12, ["'harder' is not a level", "easy, hard"]),
        ("id: numbers/lcm", "id: numbers/gcd", 13, ["modules.1.id", "also the id of module 0"]),
        ("[numbers/gcd]", "[numbers/gdc]", 15, ["modules.1.prerequisites.0", "'numbers/gdc' is not the id"]),
        ("[numbers/gcd]", "[numbers/lcm]", 15, ["cannot require itself"]),
        (
            "    description: Divisors.",
            "    description: Divisors.\n    prerequisites: [numbers/lcm]",
            6,
            ["run in a circle", "numbers/gcd requires numbers/lcm requires numbers/gcd"],
        ),
        ("'^[2-9]'", "'^[2-9'", 11, ["modules.0.levels.hard.where.answer", "not a regular expression"]),
        ("'^[2-9]'", "'never'", 11, ["levels.hard.where", "only 0 distinct items"]),
        ("family: gcd\n", "family: gdc\n", 9, ["levels.hard.family", "no family 'gdc'"]),
        ("{max_value: 60}", "{max_value: 0}", 10, ["levels.hard.params", "does not accept"]),
        ("{max_value: 60}", "{maximal: 60}", 10, ["levels.hard.params", "no parameter 'maximal'"]),
        ("description: A pack.", "description: A pack.\nname: twice", 3, ["name: given twice"]),
        ("description: A pack.", "description: 'A pack.", 11, ["not valid YAML"]),
        ("name: small", "name: *other", 1, ["not valid YAML"]),
        ("name: small", "name: !!python/object/apply:os.getcwd []", 1, ["not valid YAML"]),
    ],
)
def test_faults_are_named_with_file_line_and_field(tmp_path, old, new, line, parts):
    assert PACK.count(old) >= 1
    path = written(tmp_path, PACK.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load_domain(path)
    lines = str(caught.value).splitlines()
    assert any(text.startswith(f"{path}:{line}: ") for text in lines), lines
    for part in parts:
        assert part in str(caught.value)


def test_all_faults_are_reported_at_once_in_the_order_of_the_file(tmp_path):
    text = PACK.replace("family: gcd\n", "family: gdc\n").replace("exam_level: easy", "exam_level: none")
    with pytest.raises(UserError) as caught:
        load_domain(written(tmp_path, text))
    first, second = str(caught.value).splitlines()
    assert ":9: " in first
    assert ":18: " in second


@pytest.mark.parametrize("text", ["", "just words", "- a list", "name: x\ndescription: y\nmodules: []\n"])
def test_what_is_no_pack_at_all_is_refused(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(UserError, match=r"pack\.yaml:\d+: "):
        load_domain(path)


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        load_domain(str(tmp_path / "none.yaml"))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UserError, match="UTF-16 text"):
        load_domain(str(tmp_path / "binary.yaml"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match=r"no domain 'arithmetics'.*arithmetic"):
        load_domain("arithmetics")


class Installed:
    """Stands for an installed distribution's entry point."""

    name, value = "mine", "mine.pack:load"

    def __init__(self, loaded):
        self.load = lambda: loaded


@pytest.mark.parametrize("form", ["path", "callable", "domain"])
def test_an_installed_pack_may_be_a_path_a_callable_or_a_domain(tmp_path, monkeypatch, form):
    path = written(tmp_path, PACK)
    pack = validate(Path(path), Domain)
    loaded = {"path": path, "callable": lambda: Path(path), "domain": pack}[form]
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [Installed(loaded)])
    assert load_domain("mine") == pack


def test_a_faulty_installed_pack_is_named_by_its_entry_point(monkeypatch, tmp_path):
    pack = validate(Path(written(tmp_path, PACK.replace("exam_level: hard", "exam_level: none"))), Domain)
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [Installed(pack)])
    with pytest.raises(UserError, match=r"entry point mine = mine\.pack:load.*'none' is not a level"):
        load_domain("mine")
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [Installed(42)])
    with pytest.raises(UserError, match="gave int"):
        load_domain("mine")


def test_the_arithmetic_pack_is_wide_enough():
    pack = load_domain("arithmetic")
    assert len(pack.modules) >= 10
    assert all(len(module.levels) >= 2 for module in pack.modules)
    assert sum(bool(module.prerequisites) for module in pack.modules) >= 8


def test_three_splits_of_every_module_and_lessons_beside_them_can_be_drawn():
    pack = load_domain("arithmetic")
    probes = build_probes(pack, ExaminationSettings(spare=0), 7)
    for number, module in enumerate(pack.modules):
        own = [probe for probe in probes if probe.module == module.id]
        taken = {item_key(probe.question, probe.answer) for probe in own}
        small = module.id in {"multiplication/table", "division/exact", "number-theory/gcd", "number-theory/lcm"}
        assert len(taken) == len(own) == (42 if module.id == "multiplication/table" else 78)
        lessons = draw(module.exam, seed=seed_range(7, "lessons", number), count=80 if small else 250, exclude=taken)
        assert not {item.key for item in lessons} & taken
