import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.memory.test_store import APPLES, APPLES_REWORDED, EMBEDDER, example

from ioa.memory.errors import UserError
from ioa.memory.files import read_records
from ioa.memory.run_dir import RunDirectory
from ioa.memory.shared_store import SharedLesson, check_store
from ioa.memory.store import ExampleStore


def open_run(root: Path, run: str, said: list[str] | None = None) -> ExampleStore:
    tell = (said if said is not None else []).append
    return ExampleStore(RunDirectory.at(root, run), EMBEDDER, on_message=tell, shared=root / "shared")


def lessons(root: Path) -> list[SharedLesson]:
    return read_records(root / "shared" / "lessons.jsonl", SharedLesson)


def test_a_lesson_of_another_run_is_a_duplicate_and_the_run_is_named(tmp_path):
    first = example(APPLES)
    with open_run(tmp_path, "one") as one, open_run(tmp_path, "two") as two:
        one.add([first])
        exact, near, other = two.check([APPLES, APPLES_REWORDED, APPLES.replace("3", "6")])
        assert other is None
    assert exact.detail == f"too close to {first.id} of run one (exact, similarity 1.00)"
    assert near.detail == f"too close to {first.id} of run one (MinHash, similarity 0.75)"


def test_the_own_lessons_are_reported_as_the_own_ones_and_runs_of_one_name_are_two(tmp_path):
    with open_run(tmp_path / "a", "same") as store:
        store.add([example(APPLES)])
    for _ in range(2):
        with open_run(tmp_path / "a", "same") as store:
            assert store.check([APPLES])[0].run == ""
    shared = tmp_path / "a" / "shared"
    with ExampleStore(RunDirectory.at(tmp_path / "b", "same"), EMBEDDER, shared=shared) as store:
        assert store.check([APPLES])[0].run == "same"


def test_a_moved_run_knows_its_lessons_again(tmp_path):
    with open_run(tmp_path, "before") as store:
        store.add([example(APPLES)])
    (tmp_path / "before").rename(tmp_path / "after")
    with open_run(tmp_path, "after") as store:
        assert store.check([APPLES])[0].run == ""
    assert len(lessons(tmp_path)) == 1


def test_a_copied_run_and_its_original_are_two(tmp_path):
    with open_run(tmp_path, "first") as store:
        store.add([example("Calculate 1 + 1.")])
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    with open_run(tmp_path, "copy") as copy, open_run(tmp_path, "first") as first:
        copy.add([example(APPLES)])
        assert first.check([APPLES])[0].run == "copy"


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_lesson_that_is_deleted_by_hand_shifts_no_vectors(tmp_path, line):
    with open_run(tmp_path, "one") as store:
        store.add([example(problem) for problem in ("Calculate 1 + 1.", APPLES, "Name the largest planet of all.")])
    path = tmp_path / "shared" / "lessons.jsonl"
    kept = path.read_text().splitlines(keepends=True)
    del kept[line]
    path.write_text("".join(kept))
    with open_run(tmp_path, "two"):
        pass
    (vectors,) = (tmp_path / "shared").glob("vectors-*")
    rows = np.fromfile(vectors, dtype="<f4").reshape(-1, EMBEDDER.dimension)
    assert rows == pytest.approx(EMBEDDER.embed([lesson.problem for lesson in lessons(tmp_path)]), abs=1e-6)


def test_a_store_that_is_changed_by_hand_while_it_is_used_is_noticed(tmp_path):
    with open_run(tmp_path, "one") as one, open_run(tmp_path, "two") as two:
        one.add([example("Calculate 1 + 1."), example(APPLES)])
        assert two.check([APPLES])[0] is not None
        path = tmp_path / "shared" / "lessons.jsonl"
        path.write_text(path.read_text().splitlines(keepends=True)[1])
        with pytest.raises(UserError, match="was changed while this run used it"):
            two.check([APPLES])


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["one", "two"])), max_size=10))
def test_adding_twice_changes_nothing_whoever_adds(tmp_path_factory, items):
    root = tmp_path_factory.mktemp("shared")
    with open_run(root, "one") as one, open_run(root, "two") as two:
        stores = {"one": one, "two": two}
        for number, run in items:
            stores[run].add([example(f"Calculate {number} + 1.")])
        first = (root / "shared" / "lessons.jsonl").read_bytes() if items else b""
        for number, run in items[::-1]:
            stores[run].add([example(f"Calculate {number} + 1.")])
    path = root / "shared" / "lessons.jsonl"
    assert (path.read_bytes() if path.exists() else b"") == first
    ids = [lesson.id for lesson in lessons(root)]
    assert len(ids) == len(set(ids)) == len({number for number, _ in items})


def test_killed_between_its_own_file_and_the_shared_one_a_run_makes_up_for_it(tmp_path):
    with ExampleStore(RunDirectory.at(tmp_path, "one"), EMBEDDER) as store:  # so it looks after such a kill
        store.add([example(APPLES)])
    with open_run(tmp_path, "one"):
        pass
    assert [lesson.problem for lesson in lessons(tmp_path)] == [APPLES]
    with open_run(tmp_path, "two") as store:
        assert store.check([APPLES_REWORDED])[0].run == "one"


@pytest.mark.parametrize("damage", ["torn lesson", "no vectors", "torn vector", "too few vectors", "too many vectors"])
def test_what_a_killed_run_left_is_mended(tmp_path, damage):
    with open_run(tmp_path, "one") as store:
        store.add([example("Calculate 1 + 1."), example(APPLES)])
    shared = tmp_path / "shared"
    (vectors,) = shared.glob("vectors-*")
    row = 4 * EMBEDDER.dimension
    assert vectors.stat().st_size == 2 * row
    if damage == "torn lesson":
        with (shared / "lessons.jsonl").open("ab") as handle:
            handle.write(b'{"id": "')
    elif damage == "no vectors":
        vectors.unlink()
    else:
        size = {"torn vector": row + 7, "too few vectors": row, "too many vectors": 3 * row}[damage]
        os.truncate(vectors, size)
    said: list[str] = []
    with open_run(tmp_path, "two", said) as store:
        hit = store.check([APPLES.replace("buys 4 more", "4 more buys")])[0]
        assert hit is not None
        assert hit.run == "one"
        store.add([example("Calculate 2 + 2.")])
    assert len(said) == (damage == "torn lesson")
    assert len(lessons(tmp_path)) == 3
    assert vectors.stat().st_size == 3 * row


WRITER = """
import sys
from pathlib import Path
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.records import Example
from ioa.memory.run_dir import RunDirectory
from ioa.memory.store import ExampleStore, example_id

root, run, template = Path(sys.argv[1]), sys.argv[2], Example.model_validate_json(sys.argv[3])
with ExampleStore(RunDirectory.at(root, run), WordLlamaEmbedder(), shared=root / "shared") as store:
    for number in range(int(sys.argv[4])):
        problems = [f"Calculate {number} + {k}." for k in range(5)]
        with store.alone():
            new = [p for p, hit in zip(problems, store.check(problems)) if hit is None]
            store.add([template.model_copy(update={"id": example_id("m", p), "problem": p}) for p in new])
        print(number, len(new), flush=True)
"""


def start_writer(root: Path, run: str, rounds: int) -> subprocess.Popen:
    arguments = [str(root), run, example("p").model_dump_json(), str(rounds)]
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True)


def test_two_runs_at_the_same_time_and_a_third_that_is_killed_leave_a_store_in_order(tmp_path):
    with start_writer(tmp_path, "killed", 10_000) as killed:
        for _ in range(8):
            killed.stdout.readline()
        with start_writer(tmp_path, "one", 30) as one, start_writer(tmp_path, "two", 30) as two:
            os.kill(killed.pid, signal.SIGKILL)
            for writer in (one, two):
                writer.communicate(timeout=120)
                assert writer.returncode == 0
    with open_run(tmp_path, "killed"):
        pass
    known = lessons(tmp_path)
    expected = {f"Calculate {number} + {k}." for number in range(30) for k in range(5)}
    assert expected <= {lesson.problem for lesson in known}
    assert len({lesson.problem for lesson in known}) == len(known)  # nobody accepted what another had
    (vectors,) = (tmp_path / "shared").glob("vectors-*")
    assert vectors.stat().st_size == len(known) * 4 * EMBEDDER.dimension


def test_a_damaged_line_and_an_impossible_folder_are_named(tmp_path):
    with open_run(tmp_path, "one") as store:
        store.add([example(APPLES)])
    path = tmp_path / "shared" / "lessons.jsonl"
    path.write_text(path.read_text() + "nonsense\n")
    with pytest.raises(UserError, match=r"lessons\.jsonl, line 2: not a lesson"):
        open_run(tmp_path, "two")
    with pytest.raises(UserError, match="not a folder"):
        check_store(str(path))
    with pytest.raises(UserError, match="not a folder"):
        check_store(str(path / "below"))
    assert check_store(str(tmp_path / "new" / "folder")) == tmp_path / "new" / "folder"
    assert not (tmp_path / "new").exists()
