"""Whatever a model, a person or a server wrote, each command shows it as it is: no markup, no emoji, no control."""

import io
import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
import typer
import yaml
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree
from tests.command import run_command
from tests.openai_server import serve
from tests.results.fake_run import TARGETS, make_run
from tests.results.spoken_run import make_spoken_run
from tests.small import ENVIRONMENT, PACK, write_config

from ioa.cli.main import app
from ioa.graph.listeners import NodeVisit
from ioa.memory.yaml_values import read_value
from ioa.results.console import Console
from ioa.results.terminal.progress import LiveProgress, PlainProgress

MODEL = "openai:m:"
SEEN = "openai:m: :smile: [red]x[/] [/] [link=http://e.example]y[/link] <script>z</script> &amp; **b**"
"""What everybody has to see, to the letter."""
TEXT = SEEN + " \x1b]0;t\x07\x1b[31m\x9b2J\u202e"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
NAME = ":m: [red]x[link=y]"
"""The same as the name of a file or a run."""
CUT = SEEN[:22]
"""Where a text is cut off."""

RUN, TWIN = "spoken", "twin"


def leaves(command, name=()) -> list[str]:
    """All commands, in the words that call them."""
    own = getattr(command, "commands", None)
    if own is None:
        return [" ".join(name)]
    return [leaf for word, below in own.items() for leaf in leaves(below, (*name, word))]


def refuse(_):
    return 401, {"error": {"message": f"No. {TEXT}", "type": "invalid_request_error", "code": TEXT}}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with hostile runs, a run file, a pack, items, and a student."""
    folder = tmp_path_factory.mktemp("texts")
    for name in (RUN, TWIN):
        run = make_spoken_run(folder / "runs", events=12, text=TEXT, run_id=name)
        config = yaml.safe_load(run.config.read_text())
        config["teacher"]["model"] = MODEL
        config["student"] |= {"system_prompt": f"{name} {TEXT}"}
        run.config.write_text(yaml.safe_dump(config))
    write_config(folder, domain="[red]:m:.yaml", teacher={"model": MODEL})
    pack = {**PACK, "name": f"d {TEXT}", "description": TEXT}
    pack["modules"] = [{**module, "description": f"{TEXT} {number}"} for number, module in enumerate(PACK["modules"])]
    (folder / "[red]:m:.yaml").write_text(yaml.safe_dump(pack))
    benchmark = {"title": TEXT, "differs": TEXT, "prompt": "{question}", "scorer": "match", "max_new_tokens": 8}
    (folder / "own.yaml").write_text(yaml.safe_dump(benchmark))
    rows = [{"question": f"{TEXT} {n}", "answer": f"{n}", "id": f":m: {n}"} for n in range(3)]
    (folder / "[red]:m:.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "bad [red]:m:.jsonl").write_text("".join(json.dumps({**row, "answer": [TEXT]}) + "\n" for row in rows))
    return folder


def do(place, *arguments, url=""):
    environment = {**ENVIRONMENT, "COLUMNS": "1000", "OPENAI_API_KEY": "sk-none"}
    told = [str(one).replace("URL", url) for one in arguments]
    return run_command(told, cwd=place, environment=environment)


SHOWN = {
    "run": [(("run.yaml", "--run-id", "r1", "--teacher-base-url", "URL"), (MODEL, SEEN))],
    "plan": [(("run.yaml", "--run-id", "p1", "--set", "teacher.base_url=URL"), (MODEL, SEEN))],
    "resume": [((RUN, "--set", f"budget.usd={TEXT}"), (CUT,)), ((RUN, "--set", f"budget.{TEXT}=1"), (SEEN,))],
    "estimate": [
        (("run.yaml",), (MODEL,)),
        (("run.yaml", "--set", "teacher.model=openai:a[/b]:m:"), ("openai:a[/b]:m:",)),  # docarray/docarray#733
        (("run.yaml", "--set", f"domain={NAME}"), (NAME,)),
    ],
    "runs": [((), (RUN,)), (("--runs-dir", NAME), (NAME,))],
    "show": [((RUN,), (SEEN, MODEL)), ((NAME,), (NAME,))],
    "transcript": [
        ((RUN, "--full"), (SEEN,)),
        ((RUN, "--kind", "decision"), (SEEN,)),
        ((RUN, "--rejected"), (SEEN,)),
        ((RUN, "--grep", "[red"), ("[red",)),
    ],
    "why": [((RUN, TARGETS[0]), (CUT,)), ((RUN, "adapted"), (SEEN,)), ((RUN, SEEN), (SEEN,))],
    "lessons": [((RUN,), (CUT,)), ((RUN, "--module", SEEN), (SEEN,))],
    "diff": [((RUN, TWIN), (CUT,))],
    "view": [((NAME,), (NAME,))],
    "report": [((RUN,), (f"runs/{RUN}",)), ((NAME,), (NAME,))],
    "export": [
        ((RUN, "--to", "csv", "--out", "[red]:m:.csv"), ("[red]:m:.csv",)),
        ((RUN, "--to", "csv", "--endpoint", SEEN), ("--endpoint",)),
        ((RUN, "--to", f":m: {TEXT}"), (f":m: {CUT}",)),
    ],
    "eval": [
        ((MODEL, "--benchmark", "own.yaml", "--data", "[red]:m:.jsonl", "--teacher-base-url", "URL"), (MODEL, SEEN)),
        ((MODEL, "--benchmark", "own.yaml", "--data", "bad [red]:m:.jsonl"), ("bad [red]:m:.jsonl:1", CUT)),
        ((NAME, "--benchmark", "own.yaml", "--data", "[red]:m:.jsonl"), (NAME,)),
        (("--list",), ("gsm8k",)),
    ],
    "config": [
        (("--set", f"student.system_prompt={NAME}"), (NAME,)),
        (("--set", f"student.{SEEN}=1"), (SEEN,)),
        (("[red]:m:.yaml",), ("[red]:m:.yaml:",)),
    ],
    "graph": [((), ("graph TD",)), ((f"{NAME}.doc",), (f"{NAME}.doc",))],
    "teacher check": [((MODEL, "--base-url", "URL"), (f"Teacher {MODEL}", SEEN))],
    "domain add": [
        (("[red]:m:.jsonl", "--out", "[red]made"), ("[red]:m:.jsonl", "Written: [red]made")),
        (("bad [red]:m:.jsonl", "--out", "made"), ("bad [red]:m:.jsonl:1", CUT)),
    ],
    "domain show": [(("./[red]:m:.yaml",), (f"d {SEEN}",)), (("./bad [red]:m:.yaml",), ("bad [red]:m:.yaml",))],
    "study run": [(("[red]:m:.yaml",), ("[red]:m:.yaml:",))],
    "study show": [(("[red]:m:.yaml",), ("[red]:m:.yaml:",)), ((NAME,), (NAME,))],
    "study report": [(("[red]:m:.yaml",), ("[red]:m:.yaml:",))],
    "index rebuild": [((RUN,), ("lessons indexed",)), ((NAME,), (NAME,))],
}
"""For each command what is typed, and what has to stand on the screen."""


def test_no_command_is_left_out():
    assert sorted(SHOWN) == sorted(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [(command, arguments, words) for command, calls in SHOWN.items() for arguments, words in calls],
)
def test_a_command_shows_texts_as_they_are(place, command, arguments, words):
    with serve(refuse) as server:
        done = do(place, *command.split(), *arguments, url=server.base_url)
    both = done.stdout + done.stderr
    for word in words:
        assert word in both
    assert not CONTROL.search(both)


def strings(value) -> list[str]:
    if isinstance(value, dict | list):
        return [text for part in (value.values() if isinstance(value, dict) else value) for text in strings(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("command", [("show", RUN), ("transcript", RUN), ("why", RUN, "adapted"), ("lessons", RUN)])
def test_data_is_ascii_with_every_text_whole(place, command):
    done = do(place, *command, "--json")
    assert done.stdout.isascii()
    assert not CONTROL.search(done.stdout)
    values = [json.loads(line) for line in (done.stdout.splitlines() if command[0] == "transcript" else [done.stdout])]
    assert any(TEXT in text for text in strings(values))


def screen(draw, *, colour=False) -> str:
    """What is drawn, line ends of the terminal and its colours included."""
    out = io.StringIO()
    draw(Console(file=out, width=400, force_terminal=colour or None, color_system="standard" if colour else None))
    return out.getvalue()


def test_a_table_and_its_title_are_no_markup_whoever_forgets_to_say_so():
    table = Table(title=TEXT, caption=TEXT)
    table.add_column(TEXT)
    table.add_row(TEXT)
    shown = screen(lambda console: console.print(table, TEXT, Tree(TEXT), Group(TEXT), Padding(TEXT, 1)))
    assert shown.count(SEEN) == 8
    assert not CONTROL.search(shown)


def test_styles_and_colours_of_ours_stay():
    shown = screen(lambda console: console.print(Text(TEXT, style="red")), colour=True)
    assert shown.startswith("\x1b[31m" + SEEN)
    assert "\x9b" not in shown
    assert "\x1b]0" not in shown


@pytest.mark.parametrize("kind", [PlainProgress, LiveProgress])
def test_progress_names_work_as_it_is_called(kind):
    def draw(console):
        display = kind(console)
        with getattr(display, "live", nullcontext()):
            display.visit_begun(NodeVisit(node=TEXT))
            display.message(TEXT)
            display.progress(MODEL, 1, 2, TEXT)

    shown = screen(draw)
    assert f" {MODEL}" in shown
    assert shown.count(SEEN) >= 3
    assert not CONTROL.search(shown)


def test_a_module_that_a_bridge_teaches_first_is_examined_once(place):
    run = make_run(place / "bridged", "bridged")
    plan = read_value(run.curriculum.read_text())
    bridge = {**plan["stages"][0], "number": 1, "levels": {TARGETS[0]: "easy"}, "modules": [TARGETS[0]]}
    later = [{**stage, "number": stage["number"] + 1} for stage in plan["stages"]]
    run.curriculum.write_text(yaml.safe_dump({**plan, "stages": [bridge, *later]}))
    done = do(place, "show", "bridged", "--runs-dir", "bridged")
    scores = done.stdout.partition("with 95 % intervals")[2].partition("\n\n")[0]
    assert done.returncode == 0
    assert scores.count(TARGETS[0]) == 1
    assert "now ago" not in done.stdout
