"""What docs/scorers.md says is what the scorers do; its package is installed and found."""

import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from ioa.graph.config import RunConfig
from ioa.memory.errors import UserError
from ioa.memory.records import Attempt
from ioa.training.exams.scorers import ScorerContext, Scorers, open_scorer, scorer_names

PAGE = (Path(__file__).parents[3] / "docs" / "scorers.md").read_text(encoding="utf-8")
CHOICES = {"choices": ["Berlin", "Paris", "Vitamin A", "Lyon"]}


def rows(heading):
    """The cells of the table below that line."""
    lines = PAGE[PAGE.index(heading) :].splitlines()[2:]
    table = lines[: next(n for n, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in table]


def test_the_table_names_the_scorers_that_are_installed():
    named = {row[0].strip("`") for row in rows("| scorer | for |")}
    assert set(scorer_names()) <= named
    assert named - set(scorer_names()) <= {"unit-tests"}


@pytest.mark.parametrize("name", scorer_names())
def test_the_table_names_the_options_of_each(name):
    (row,) = [row for row in rows("| scorer | for |") if row[0] == f"`{name}`"]
    with pytest.raises(UserError) as unknown:
        open_scorer(name, ScorerContext({"no_such": 1}, lambda: None))
    known = str(unknown.value).partition("known here: ")[2].strip(". ")
    shown = re.findall(r"`(\w+)`", row[3])
    assert sorted(shown) == sorted(filter(None, known.split(", "))) or name == "unit-tests"


@pytest.fixture(scope="module")
def scorers():
    opened = Scorers()
    yield opened
    opened.close()


EXAMPLES = [
    pytest.param(name.strip("`"), reference.strip("`"), reply, right, id=f"{name} {reference} {reply}")
    for name, reference, equal, other in rows("| scorer | reference |")
    for right, cell in ((True, equal), (False, other))
    for reply in re.findall(r"`([^`]+)`", cell)
]


@pytest.mark.parametrize(("name", "reference", "reply", "right"), EXAMPLES)
def test_the_examples_are_graded_as_they_are_shown(scorers, name, reference, reply, right):
    asked = Attempt(question="q", answer=reference, reply=reply, metadata=CHOICES if name == "choice" else {})
    assert scorers[name].grade([asked])[0].correct is right


def test_the_package_of_the_page_is_a_scorer_like_the_others(tmp_path, monkeypatch):
    shown = re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    files = dict(shown)
    assert list(files) == ["pyproject.toml", "ioa_scorer_length.py"]
    project = tomllib.loads(files["pyproject.toml"])["project"]
    (tmp_path / "ioa_scorer_length.py").write_text(files["ioa_scorer_length.py"], encoding="utf-8")
    info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    entries = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["ioa.scorers"].items())
    (info / "entry_points.txt").write_text(f"[ioa.scorers]\n{entries}")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    try:
        assert "length" in scorer_names()
        replies = ["four", "", "far too long"]
        attempts = [Attempt(question="q", answer="1234", reply=reply) for reply in replies]
        grades = Scorers({"length": {"slack": 2}}).grade(["length"] * 3, attempts)
        assert [grade.correct for grade in grades] == [True, False, False]
        assert grades[2].detail == "6 characters too long"
        with pytest.raises(UserError, match=r"scorers\.length\.slak: unknown field; known here: slack"):
            Scorers({"length": {"slak": 2}}).grade(["length"], attempts[:1])
    finally:
        sys.modules.pop("ioa_scorer_length", None)


def test_the_scorer_of_the_page_may_stay_in_a_file_that_the_run_file_names(tmp_path, monkeypatch):
    (code,) = re.findall(r"^`ioa_scorer_length\.py`\n\n```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (shown,) = re.findall(r"^```yaml\n(scorers:\n  length: .*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "my_scorer.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = RunConfig.model_validate(yaml.safe_load(shown))
    attempts = [Attempt(question="q", answer="1234", reply=reply, family="") for reply in ("123456789", "1234567890")]
    grades = Scorers(config.scorers).grade(["length"] * 2, attempts)
    assert [grade.correct for grade in grades] == [True, False]


@pytest.mark.parametrize(("reply", "right"), [("2, then 18" + " so" * 9000, True), ("18" + " so" * 9000 + " 3", False)])
def test_the_last_number_is_found_however_long_the_reply(scorers, reply, right):
    assert scorers["numeric"].grade([Attempt(question="q", answer="18", reply=reply)])[0].correct is right
