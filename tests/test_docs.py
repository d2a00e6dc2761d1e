"""What the pages and the hooks name is there: paths, commands and their options, the linters."""

import re
from itertools import chain
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from ioa.cli.main import app

ROOT = Path(__file__).parents[1]
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PAGES = sorted(ROOT.glob("docs/*.md"))
NAMING = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")] + PAGES
GENERATED = "configuration.md"
ROOMS = {room.name for room in (ROOT / "typings" / "ioa").iterdir()}
CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
CALL = re.compile(r"(?:^|[\s/])ioa ([a-z]+)((?: [^\s#]+)*)")


def calls(text):
    """Each call of the program in a page's code: the words behind `ioa`, and the options that its line names."""
    lines = chain.from_iterable((block or span).replace("\\\n", " ").splitlines() for block, span in CODE.findall(text))
    for line in lines:
        for first, rest in CALL.findall(line):
            yield [first, *rest.split()], re.findall(r"(?<![\w-])--[a-z][a-z-]*", line.partition("| ")[0])


def resolve(words):
    """The path of the command that these words call, and the command itself; none where there is no such command."""
    command, path = get_command(app), []
    for word in words:
        inner = getattr(command, "commands", None)
        if inner is None:
            break
        if word not in inner and (usual := getattr(command, "usual", "")):
            return [*path, usual], inner[usual]
        if word not in inner:
            return [*path, word], None
        command, path = inner[word], [*path, word]
    return path, command


def named():
    found = {}
    for page in NAMING:
        for words, options in calls(page.read_text(encoding="utf-8")):
            path, command = resolve(words)
            _, asked, where = found.setdefault(" ".join(path), (command, set(), set()))
            asked.update(options)
            where.add(page.name)
    return [pytest.param(name.split(), *rest, id=f"ioa {name}") for name, rest in sorted(found.items())]


@pytest.mark.parametrize(("path", "command", "options", "pages"), named())
def test_the_commands_that_are_named_exist_with_their_options(path, command, options, pages):
    assert command is not None, f"{', '.join(sorted(pages))}: there is no `ioa {' '.join(path)}`"
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert options - known - {"--help"} == set(), f"unknown options of `ioa {' '.join(path)}` in {sorted(pages)}"
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0


def test_every_command_is_on_some_page():
    shown = {parameter.values[0][0] for parameter in named()}
    assert set(get_command(app).commands) <= shown


def test_the_architecture_fits_on_its_page_and_names_what_is_there():
    assert len(ARCHITECTURE.splitlines()) <= 150
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", ARCHITECTURE, flags=re.DOTALL | re.MULTILINE))
    paths = [span for span in spans if re.fullmatch(r"\w[\w./-]*(/|\.(py|md|toml|yaml))", span)]
    assert len(paths) > 40
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [path for path in paths if path.endswith("/") and not (ROOT / path).is_dir()] == []


@pytest.mark.parametrize("page", [*NAMING, ROOT / "benchmarks" / "README.md"], ids=lambda page: page.name)
def test_a_path_of_the_repository_that_a_page_names_is_there(page):
    spans = re.findall(r"`([\w-]+/[\w./-]*)`", page.read_text(encoding="utf-8"))
    paths = [span for span in spans if span.partition("/")[0] in {*ROOMS, "benchmarks", "docs", "tests"}]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_folder_of_the_program_is_on_the_map():
    assert {room for room in ROOMS if f"| `{room}/` |" not in ARCHITECTURE} == set()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {room for room in ROOMS if f"`{room}/`" not in readme} == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != GENERATED], ids=lambda page: page.stem)
def test_a_page_opens_with_an_example(page):
    opening = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[0]
    assert "```" in opening


def test_the_hooks_before_a_commit_are_those_of_make_lint():
    (recipe,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    hooks = [" ".join([hook["entry"], *hook.get("args", [])]) for hook in repository["hooks"]]
    assert repository["repo"] == "local"
    assert hooks == [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]
