"""`ioa lessons`, as a user types it: on finished runs, and on one that another process works on."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.memory.test_store import EMBEDDER, example
from tests.results import fake_run as fake
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.memory import lesson_search
from ioa.memory.files import append_records, read_records, write_text
from ioa.memory.index import SEAL, LessonIndex
from ioa.memory.records import Example
from ioa.memory.run_dir import RunDirectory
from ioa.memory.store import ExampleStore

FRACTIONS = "What is 1/2 + 1/4?"
FRUIT = "Tom has 3 apples and buys 4 more. How many apples does Tom have?"
LESSONS = [
    example(FRACTIONS, module="fractions/simplification", stage=2),
    example("Add the fractions 2/3 and 1/6.", module="fractions/simplification", stage=1),
    example(FRUIT, module="sums/carrying"),
    example("Calculate 70 - 25.", module="differences/borrowing"),
]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A run with a sealed index of four lessons."""
    made = fake.make_beginning(tmp_path / "runs", "demo")
    write_text(made.config, "domain: arithmetic\n")
    with ExampleStore(made, EMBEDDER) as store:
        store.add(LESSONS)
    return made


def ioa(run: RunDirectory, *arguments: object) -> str:
    done = CliRunner(env={"COLUMNS": "160"}).invoke(
        app, ["lessons", run.run_id, "--runs-dir", str(run.root.parent), *map(str, arguments)]
    )
    assert done.exception is None, done.output
    return done.output


def found(run: RunDirectory, *arguments: object) -> list[str]:
    return [one["problem"] for one in json.loads(ioa(run, "--json", *arguments))]


def content(run: RunDirectory) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}


def forbid_rebuilding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the run's own index was to be used")

    monkeypatch.setattr(LessonIndex, "rebuild", refuse)


def test_lessons_are_found_by_meaning_in_a_copy_of_the_index_and_the_run_stays_as_it_is(run, monkeypatch):
    before = content(run)
    forbid_rebuilding(monkeypatch)
    assert set(found(run, "--like", "adding fractions", "--limit", 2)) == {FRACTIONS, "Add the fractions 2/3 and 1/6."}
    assert found(run, "--like", "someone goes shopping for fruit", "--limit", 1) == [FRUIT]
    assert len(found(run, "--like", "adding fractions")) == len(LESSONS)
    assert content(run) == before


def test_module_and_stage_confine_what_is_found_and_what_is_listed(run, monkeypatch):
    forbid_rebuilding(monkeypatch)
    assert found(run, "--like", "adding fractions", "--module", "sums/carrying") == [FRUIT]
    assert found(run, "--like", "fruit", "--module", "fractions/simplification", "--stage", 2) == [FRACTIONS]
    assert found(run, "--module", "sums/carrying") == [FRUIT]
    assert found(run, "--stage", 2) == [FRACTIONS]
    assert found(run) == [lesson.problem for lesson in sorted(LESSONS, key=lambda lesson: lesson.stage)]
    assert found(run, "--limit", 2) == found(run)[:2]
    assert found(run, "--like", "fruit", "--module", "products/two-digit") == []
    assert "There are no such lessons yet." in ioa(run, "--module", "products/two-digit")


def test_the_table_names_each_lesson_and_how_like_it_is(run):
    text = ioa(run, "--like", FRUIT, "--limit", 2)
    first = next(line for line in text.splitlines() if "sums/carrying" in line)
    assert re.search(rf"^1\.00 +sums/carrying +1/0 +{LESSONS[2].id} +{FRUIT[:40]}.* 1 *$", first)
    assert text.splitlines()[-1] == "2 of 4 lessons"
    listed = ioa(run)
    assert "Like" not in listed
    assert listed.splitlines()[-1] == "4 lessons"


def test_data_carries_the_whole_lesson_and_its_likeness(run):
    (one,) = json.loads(ioa(run, "--json", "--like", FRUIT, "--limit", 1))
    assert one.pop("like") == pytest.approx(1, abs=1e-5)
    assert Example.model_validate(one) == LESSONS[2]
    assert {one["like"] for one in json.loads(ioa(run, "--json"))} == {None}


def test_text_of_a_model_cannot_steer_the_terminal(tmp_path):
    run = fake.make_run(tmp_path / "runs", "hostile", fake.HOSTILE)
    write_text(run.config, "domain: arithmetic\n")
    for arguments in ([], ["--like", "carry the one"]):
        text = ioa(run, *arguments)
        assert "[bold]not" in text.replace("\n", " ")
        assert not re.search("[\x1b\u202e]", text)
    assert "\x1b" not in ioa(run, "--json")


def test_a_run_without_an_index_or_with_an_old_one_is_searched_all_the_same(run):
    for damage in ((run.index / SEAL).unlink, lambda: shutil.rmtree(run.index)):
        damage()
        before = content(run)
        assert found(run, "--like", "someone goes shopping for fruit", "--limit", 1) == [FRUIT]
        assert content(run) == before


def test_an_index_that_is_opened_while_it_is_copied_is_not_read(run, monkeypatch):
    copytree = shutil.copytree

    def open_meanwhile(source: str | Path, target: str | Path, *rest: object, **options: object) -> None:
        copytree(source, target, *rest, **options)
        for file in Path(target).glob("chroma.sqlite3"):
            file.write_bytes(b"torn")

    monkeypatch.setattr(lesson_search.shutil, "copytree", open_meanwhile)
    assert found(run, "--like", "someone goes shopping for fruit", "--limit", 1) == [FRUIT]


WORKER = """
import sys
from pathlib import Path
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.records import Example
from ioa.memory.run_dir import RunDirectory
from ioa.memory.store import ExampleStore

run = RunDirectory(Path(sys.argv[1]))
with run.hold(), ExampleStore(run, WordLlamaEmbedder(), on_message=print) as store:
    store.add([Example.model_validate_json(sys.argv[2])])
    print("working", flush=True)
    sys.stdin.readline()
    assert store.check([sys.argv[3]])[0] is not None
"""


@pytest.fixture
def worker(run: RunDirectory) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the run and has its index open."""
    new = example("How many days has a leap year?", module="sums/carrying").model_dump_json()
    arguments = [sys.executable, "-c", WORKER, str(run.root), new, FRUIT]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        yield process


def test_a_run_under_way_is_searched_without_its_files_being_opened(run, worker):
    with run.examples(1).open("ab") as handle:
        handle.write(b'{"id": "half a li')  # as a reader may meet a file that grows
    before = content(run)
    assert found(run, "--like", "calendar and time", "--limit", 1) == ["How many days has a leap year?"]
    assert found(run, "--like", "fruit", "--stage", 2) == [FRACTIONS]
    assert content(run) == before
    worker.communicate("go on\n", timeout=60)
    assert worker.returncode == 0
    said: list[str] = []
    with ExampleStore(run, EMBEDDER, on_message=said.append) as store:
        assert len(store.examples()) == len(LESSONS) + 1
    assert not any("Index" in message for message in said)  # what it had open came to no harm


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("demo", "--module", "sums"), "--module sums: the run has no such module. There are: .*sums/carrying"),
        (("demo", "--stage", "9"), r"--stage 9: no lesson is of that stage. There are: 1, 2\."),
        (("demo", "--like", " "), "--like ' ': the embedder finds no word in it"),
        (("nobody", "--like", "fruit"), "No run 'nobody' in .*Runs there: demo"),
    ],
)
def test_a_mistake_ends_with_one_message_and_exit_code_2(run, arguments, message):
    done = subprocess.run(
        [sys.executable, "-m", "ioa.cli.main", "lessons", *arguments, "--runs-dir", run.root.parent],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(message, done.stderr)
    assert len(done.stderr.splitlines()) == 1


def test_a_run_without_lessons_says_so(tmp_path):
    run = fake.make_beginning(tmp_path / "runs", "begun")
    write_text(run.config, "domain: arithmetic\n")
    assert ioa(run) == "There are no such lessons yet.\n"
    assert ioa(run, "--like", "fruit") == "There are no such lessons yet.\n"
    assert ioa(run, "--json", "--like", "fruit", "--stage", 3) == "[]\n"


def test_a_lesson_that_was_written_twice_is_listed_once(run):
    append_records(run.examples(1), read_records(run.examples(1), Example)[:1])
    assert len(found(run)) == len(LESSONS)
