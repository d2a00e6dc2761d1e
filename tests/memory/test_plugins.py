"""Plug-ins that a person names by a file: one loader for all ports, and what it says of a file that is no good."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from ioa.memory import open_embedder, plugins
from ioa.memory.domains.packs import load_domain, load_source
from ioa.memory.errors import UserError
from ioa.memory.plugins import absolute_plugin, is_plugin_file, load_plugin, open_plugin, plugin_argument
from ioa.memory.records import Source

DOCS = Path(__file__).parents[2] / "docs"
PACK = """
from dataclasses import dataclass
from pathlib import Path

from ioa.memory import Domain, Module
from ioa.memory.records import Generator, Source

IMPORTED = []


@dataclass
class Size:
    most: int


def make_domain():
    IMPORTED.append(1)
    level = Generator(family="gcd", params={"max_value": Size(12).most})
    module = Module(id="numbers/gcd", description="Divisors.", levels={"easy": level}, exam_level="easy")
    return Domain(name="divisors", description="Divisors.", modules=(module,))


DESCRIPTION = Source(name="sums", description="Sums.")
NUMBER = 42


def fail():
    raise RuntimeError("no modules today")


YAML = Path(__file__).with_name("pack.yaml")
"""


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("./mine.py:open_it", ""),
        ("mine.py:open_it", ""),
        ("/a b/mine.py:open_it:large:latest", "large:latest"),
        ("~/mine.py:open_it:", ""),
        (r"C:\mine.py:open_it:x", "x"),
    ],
)
def test_a_file_and_an_attribute_are_a_plug_in(name, argument):
    assert is_plugin_file(name)
    assert plugin_argument(name) == argument


@pytest.mark.parametrize(
    "name",
    [
        "openai:gpt-5",
        "gguf:./a.py:b",
        "tutor:arithmetic",
        "mine.py",
        "pack.yaml",
        "./mine.txt:x",
        "m:1x",
        "",
        "a:b.py",
    ],
)
def test_other_names_are_none(name):
    assert not is_plugin_file(name)
    assert absolute_plugin(name) == name
    assert plugin_argument(name) == ""


def test_a_relative_path_means_the_same_in_another_folder(written, monkeypatch):
    path = written("def open_it():\n    return 1\n")
    monkeypatch.chdir(path.parent)
    name = absolute_plugin("./mine.py:open_it:x:y")
    assert name == f"{path}:open_it:x:y"
    assert absolute_plugin(name) == name
    assert load_plugin("ioa.none", "mine.py:open_it", kind="thing").value() == 1
    monkeypatch.chdir("/")
    assert load_plugin("ioa.none", name, kind="thing").value() == 1


def test_a_file_is_imported_once_whatever_is_named_in_it(written):
    path = written("made = []\n\n\ndef one():\n    return made\n\n\ndef two():\n    return made\n")
    one, two = (open_plugin("ioa.none", f"{path}:{name}", kind="thing").value for name in ("one", "two"))
    assert one is two


BAD = [
    ("", "nowhere.py:open_it", r"The scorer nowhere\.py:open_it: there is no file .*/nowhere\.py"),
    ("def other(): pass\n", "mine.py:open_it", r"/mine\.py has no 'open_it'\. It defines other\."),
    ("x = 1\n", "mine.py:open_it", "It defines neither a function nor a class"),
    ("\n\nraise ValueError('no')\n", "mine.py:open_it", r"importing .*/mine\.py fails: ValueError: no \(line 3\)"),
    ("import nosuchpackage\n", "mine.py:open_it", r"ModuleNotFoundError: No module named 'nosuchpackage' \(line 1\)"),
    ("def open_it(:\n", "mine.py:open_it", r"SyntaxError: .* \(line 1\)"),
    ("import sys\nsys.exit(0)\n", "mine.py:open_it", r"SystemExit: 0 \(line 2\)"),
    (
        "def open_it(context):\n    return context['x']\n",
        "mine.py:open_it",
        r"cannot be opened: .* KeyError: 'x' \(line 2\)",
    ),
    (
        "def open_it():\n    pass\n",
        "mine.py:open_it",
        r"cannot be opened: .* TypeError: open_it\(\) takes 0 positional",
    ),
    ("open_it = 42\n", "mine.py:open_it", r"open_it of .* is of type int\. Expected something that is called"),
]


@pytest.mark.parametrize(("text", "name", "said"), BAD)
def test_what_is_wrong_with_a_file_is_one_message_that_names_file_and_attribute(written, monkeypatch, text, name, said):
    monkeypatch.chdir(written(text).parent)
    for _ in range(2):  # a file that failed is not half there the second time
        with pytest.raises(UserError, match=said) as error:
            open_plugin("ioa.scorers", name, {}, kind="scorer")
    assert error.value.exit_code == 2


def test_an_unknown_name_lists_the_installed_ones_and_says_that_there_are_files():
    with pytest.raises(UserError, match=r"no scorer 'nosuch'.*exact.*\./my_file\.py:open_scorer"):
        load_plugin("ioa.scorers", "nosuch", kind="scorer")


def test_an_installed_plug_in_that_cannot_be_imported_is_named(monkeypatch):
    broken = EntryPoint("broken", "nosuchpackage:open", "ioa.scorers")
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [broken])
    with pytest.raises(UserError, match=r"scorer broken is installed \(entry point broken = nosuchpackage:open\)"):
        load_plugin("ioa.scorers", "broken", kind="scorer")


def test_a_domain_may_be_made_in_a_file(written, monkeypatch):
    path = written(PACK)
    monkeypatch.chdir(path.parent)
    assert load_domain("./mine.py:make_domain").modules[0].id == "numbers/gcd"
    assert load_source("mine.py:DESCRIPTION") == Source(name="sums", description="Sums.")
    with pytest.raises(UserError, match=r"NUMBER of .*/mine\.py: gave int, expected a Domain"):
        load_source(f"{path}:NUMBER")
    with pytest.raises(UserError, match=r"cannot be opened: fail of .*: RuntimeError: no modules today \(line \d+\)"):
        load_source("mine.py:fail")
    with pytest.raises(UserError, match=r"pack\.yaml"):
        load_source(f"{path}:YAML")


def test_the_embedder_of_the_document_is_one(written):
    snippets = re.findall(r"^```python\n(.*?)^```$", (DOCS / "lessons.md").read_text(), re.DOTALL | re.MULTILINE)
    (text,) = [snippet for snippet in snippets if "class LetterCounts" in snippet]
    embedder = open_embedder(f"{written(text)}:LetterCounts")
    rows = embedder.embed(["a tea", "tea A", "12", "xyz"])
    assert (rows.shape, rows.dtype) == ((4, embedder.dimension), np.float32)
    np.testing.assert_allclose(rows @ rows[0], [1, 1, 0, 0], atol=1e-6)
    assert embedder.embed([]).shape == (0, 26)
    assert embedder.name == "letter-counts"
