import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioa.memory.duplicates import Method
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.index import SEAL, LessonIndex
from ioa.memory.records import Difficulty, Example, Kind, Probe, Refusal, RefusalReason, Split
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import normalise
from ioa.memory.store import ExampleStore, example_id

EMBEDDER = WordLlamaEmbedder()
APPLES = "Tom has 3 apples and buys 4 more. How many apples does Tom have?"
APPLES_REWORDED = "Tom has 3 apples and buys 4 more apples. How many apples does Tom have now?"


def example(problem: str, stage: int = 1, module: str = "sums/carrying") -> Example:
    return Example(
        id=example_id(module, problem), module=module, stage=stage, round=0, batch="b", level="easy",
        kind=Kind.CHAIN_OF_THOUGHT, difficulty=Difficulty.INTRODUCTORY, strategies=(), prerequisites=(),
        problem=problem, steps=("Think.",), answer="1", verification="", teacher="t", event="000001",
    )  # fmt: skip


def probe(question: str, number: int = 0) -> Probe:
    return Probe(
        id=f"final/sums/carrying/{number:03d}", module="sums/carrying", split=Split.FINAL, level="easy",
        question=question, answer="7", family="chain_sum",
    )  # fmt: skip


class Sitting:
    """Opens stores on one run directory, and keeps what they said."""

    def __init__(self, root: Path) -> None:
        self.run = RunDirectory.at(root, "r1")
        self.said: list[str] = []

    def open(self) -> ExampleStore:
        self.said.clear()
        return ExampleStore(self.run, EMBEDDER, on_message=self.said.append)

    def indexed(self) -> list[str]:
        index = LessonIndex(self.run.index, self.run.run_id, EMBEDDER.name, EMBEDDER.dimension)
        ids = index.ids()
        index.close()
        return ids


@pytest.fixture
def sitting(tmp_path: Path) -> Sitting:
    return Sitting(tmp_path)


def test_what_was_added_is_there_after_reopening_and_nothing_is_rebuilt(sitting: Sitting) -> None:
    lessons = [example("Calculate 3 + 5."), example("Calculate 7 - 2.", stage=2)]
    with sitting.open() as store:
        assert store.add(lessons) == lessons
    with sitting.open() as store:
        assert store.examples() == lessons
        assert store.examples(stage=2) == lessons[1:]
    assert sitting.said == []
    assert sitting.indexed() == sorted(lesson.id for lesson in lessons)


def test_an_empty_store_makes_no_files(sitting: Sitting) -> None:
    with sitting.open() as store:
        store.guard([probe(APPLES)])
        assert store.check([APPLES, "Calculate 3 + 5."])[1] is None
        assert store.add([]) == []
    assert not sitting.run.root.exists()


def test_the_text_of_a_probe_is_refused_however_it_is_written(sitting: Sitting) -> None:
    with sitting.open() as store:
        store.guard([probe("Calculate 3 + 5.", 1), probe(APPLES, 2)])
        exact, near, other = store.check(["calculate 3+5", APPLES_REWORDED, "Calculate 3 + 6."])
    assert exact is not None
    assert (exact.reason, exact.other, exact.similarity) == (
        RefusalReason.CONTAMINATED, "final/sums/carrying/001", 1.0,
    )  # fmt: skip
    assert near is not None
    assert (near.reason, near.other) == (RefusalReason.CONTAMINATED, "final/sums/carrying/002")
    assert (near.method, near.similarity) == (Method.MINHASH, 0.75)
    assert other is None


def test_a_duplicate_of_another_stage_is_refused_after_reopening(sitting: Sitting) -> None:
    first = example(APPLES, stage=1)
    with sitting.open() as store:
        store.add([first, example("Calculate 3 + 5.", stage=2)])
    with sitting.open() as store:
        exact, near, other = store.check([APPLES.upper(), APPLES_REWORDED, APPLES.replace("3", "6")])
    assert exact is not None
    assert (exact.reason, exact.other, exact.similarity) == (RefusalReason.DUPLICATE, first.id, 1.0)
    assert near is not None
    assert (near.reason, near.other) == (RefusalReason.DUPLICATE, first.id)
    assert (near.method, near.similarity) == (Method.MINHASH, 0.75)
    assert other is None


def test_a_number_only_change_is_not_a_duplicate(sitting: Sitting) -> None:
    with sitting.open() as store:
        store.add([example("2x+3=7"), example("Calculate 3 + 5.")])
        assert store.check(["2x+3=9", "Calculate 5 + 3.", "Calculate 3 - 5."]) == [None, None, None]


def test_the_hidden_duplicate_is_found_among_many_with_other_numbers(sitting: Sitting) -> None:
    lessons = [example(APPLES.replace("3", str(n))) for n in range(3, 103)]
    with sitting.open() as store:
        store.add(lessons)
        (hit,) = store.check([APPLES_REWORDED.replace("3", "57")])
    assert hit is not None
    assert hit.other == lessons[54].id


def test_a_request_that_repeats_itself(sitting: Sitting) -> None:
    with sitting.open() as store:
        store.guard([probe("What is 9 + 9?")])
        collisions = store.check([APPLES, "What is 9 + 9?", APPLES_REWORDED, "what is 9+9", "Calculate 3 + 5."])
    assert [c and (c.reason, c.other) for c in collisions] == [
        None,
        (RefusalReason.CONTAMINATED, "final/sums/carrying/000"),
        (RefusalReason.DUPLICATE, "item 1 of this request"),
        (RefusalReason.CONTAMINATED, "final/sums/carrying/000"),
        None,
    ]


def test_the_two_parts_of_the_check_say_together_what_the_whole_says(sitting: Sitting) -> None:
    problems = [APPLES, "What is 9 + 9?", APPLES_REWORDED, "what is 9+9", "Calculate 3 + 5.", "Calculate 7 - 2."]
    with sitting.open() as store:
        store.guard([probe("What is 9 + 9?")])
        store.add([example("Calculate 7 - 2.")])
        whole, contaminated = store.check(problems), store.find_contamination(problems)
        clean = [i for i, hit in enumerate(contaminated) if hit is None]
        repeated = store.find_duplicates([problems[i] for i in clean])
    assert [i for i, hit in enumerate(contaminated) if hit is not None] == [1, 3]
    assert [hit and hit.method for hit in repeated] == [None, Method.MINHASH, None, Method.EXACT]
    parts = list(contaminated)
    for i, hit in zip(clean, repeated, strict=True):
        parts[i] = hit
    assert parts == whole


def test_refusals_are_kept_by_stage(sitting: Sitting) -> None:
    refusals = [
        Refusal(
            module="sums/carrying",
            stage=stage,
            round=0,
            batch="b",
            reason=RefusalReason.ANSWER,
            detail="wrong",
            problem="p",
            answer="a",
            event="000001",
        )
        for stage in (2, 1)
    ]
    with sitting.open() as store:
        store.refuse(refusals)
        assert store.refusals() == refusals[::-1]
        assert store.refusals(stage=2) == refusals[:1]
        assert store.refusals(stage=3) == []
        assert store.examples() == []


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3)), max_size=12))
def test_adding_twice_changes_nothing(items: list[tuple[int, int]]) -> None:
    lessons = [example(f"Calculate {n} + 1.", stage=stage) for n, stage in items]
    with tempfile.TemporaryDirectory() as folder:
        sitting = Sitting(Path(folder))
        with sitting.open() as store:
            added = store.add(lessons)
            files = {path: path.read_bytes() for path in sitting.run.root.glob("examples/*")}
            assert store.add(lessons) == []
        with sitting.open() as store:
            assert store.add(lessons[::-1]) == []
            assert store.examples() == sorted(added, key=lambda lesson: lesson.stage)
        assert sitting.said == []
        assert files == {path: path.read_bytes() for path in sitting.run.root.glob("examples/*")}
        assert {lesson.id for lesson in added} == {lesson.id for lesson in lessons} == set(sitting.indexed())


ADDITIONS = st.tuples(st.integers(0, 9), st.sampled_from(["Calculate {} + 1.", "calculate  {}+1", "Work out {} + 1"]))


@settings(max_examples=25, deadline=None)
@given(st.lists(ADDITIONS.map(lambda pair: pair[1].format(pair[0])), max_size=10), st.randoms())
def test_in_any_order_of_a_request_the_same_texts_survive_the_exact_check(tmp_path_factory, problems, rng):
    # What the other two filters leave may depend on the order: a rewording of a rewording need not be near the first.
    # But what is refused always has a survivor that it repeats.
    with Sitting(tmp_path_factory.mktemp("order")).open() as store:
        survivors = []
        for order in (problems, rng.sample(problems, len(problems))):
            hits = store.check(order)
            left = [problem for problem, hit in zip(order, hits, strict=True) if hit is None]
            assert store.check(left) == [None] * len(left)
            for hit in hits:
                assert hit is None or order[int(hit.other.split()[1]) - 1] in left
            exact = [hit is None or hit.method != Method.EXACT for hit in hits]
            survivors.append({normalise(problem) for problem, kept in zip(order, exact, strict=True) if kept})
        assert survivors[0] == survivors[1] == {normalise(problem) for problem in problems}


def test_a_damaged_index_is_built_again(sitting: Sitting) -> None:
    lessons = [example(f"Calculate {n} + 5.") for n in range(12)]
    with sitting.open() as store:
        store.add(lessons)
    for name in ("data_level0.bin", "chroma.sqlite3", SEAL):
        (damaged,) = sitting.run.index.rglob(name)
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 0xFF
        damaged.write_bytes(content)
        with sitting.open() as store:
            assert sitting.said == ["Index damaged, rebuilding 12 vectors"]
            assert store.examples() == lessons
        assert sitting.indexed() == sorted(lesson.id for lesson in lessons)


def test_an_index_that_differs_from_the_truth_is_built_again(sitting: Sitting) -> None:
    with sitting.open() as store:
        store.add([example("Calculate 1 + 5."), example("Calculate 2 + 5.")])
    path = sitting.run.examples(1)
    path.write_text(path.read_text(encoding="utf-8").splitlines(keepends=True)[0], encoding="utf-8")
    with sitting.open() as store:
        assert sitting.said == ["Index out of date, rebuilding 1 vectors"]
        (only,) = store.examples()
    assert sitting.indexed() == [only.id]


def test_a_missing_index_is_built_again_and_rebuild_counts(sitting: Sitting) -> None:
    with sitting.open() as store:
        store.add([example("Calculate 1 + 5."), example(APPLES)])
    for path in sorted(sitting.run.index.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    sitting.run.index.rmdir()
    with sitting.open() as store:
        assert sitting.said == ["Index missing, rebuilding 2 vectors"]
        assert store.rebuild() == 2
        assert store.check([APPLES_REWORDED])[0] is not None


def test_a_torn_last_line_is_set_aside_and_said(sitting: Sitting) -> None:
    with sitting.open() as store:
        store.add([example("Calculate 1 + 5.")])
    path = sitting.run.examples(1)
    with path.open("ab") as handle:
        handle.write('{"id": "5 \N{DIVISION SIGN} '.encode()[:-2])
    with sitting.open() as store:
        assert len(store.examples()) == 1
    assert len(sitting.said) == 1
    assert "stage-01.jsonl.torn" in sitting.said[0]


WRITER = """
import sys
from pathlib import Path
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.records import Example
from ioa.memory.run_dir import RunDirectory
from ioa.memory.store import ExampleStore, example_id

template = Example.model_validate_json(sys.argv[2])
store = ExampleStore(RunDirectory.at(Path(sys.argv[1]), "r1"), WordLlamaEmbedder())
for number in range(int(sys.argv[3]), 1_000_000):
    problems = [f"Calculate {number} + {k}." for k in range(40)]
    updates = [{"id": example_id("m", p), "problem": p, "stage": 1 + number % 2} for p in problems]
    store.add([template.model_copy(update=update) for update in updates])
    print(number, flush=True)
"""


@pytest.mark.slow
def test_kill_9_while_adding_loses_nothing_that_was_confirmed(sitting: Sitting, tmp_path: Path) -> None:
    for start, extra in ((0, 0.0), (1000, 0.05), (2000, 0.11)):
        arguments = [str(tmp_path), example("p").model_dump_json(), str(start)]
        with subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            # More than a thousand vectors, so that Chroma has flushed its index at least once.
            confirmed = [int(writer.stdout.readline()) for _ in range(30)]
            time.sleep(extra)
            os.kill(writer.pid, signal.SIGKILL)
        with sitting.open() as store:
            problems = {lesson.problem for lesson in store.examples()}
            assert {f"Calculate {n} + {k}." for n in confirmed for k in range(40)} <= problems
            assert sitting.said[-1] == f"Index not closed cleanly, rebuilding {len(problems)} vectors"
            assert store.check([f"calculate {start} + 5"])[0] is not None
            (new,) = store.add([example(f"A new one, {extra}.")])
            truth = sorted(lesson.id for lesson in store.examples())
        assert sitting.indexed() == truth
        assert new.id in truth
        with sitting.open():
            assert sitting.said == []


def test_another_question_about_a_probes_numbers_is_not_the_probe(sitting):
    with sitting.open() as store:
        store.guard([probe("Find the Greatest Common Divisor (GCD) of these numbers: 12, 18.")])
        assert store.check(["Find the Least Common Multiple (LCM) of these numbers: 12, 18"]) == [None]


@pytest.mark.parametrize(
    ("question", "reworded"),
    [
        ("Calculate 23 + 45.", "What is 23 + 45?"),
        ("Calculate 23 + 45.", "Add 23 + 45."),
        ("Simplify the fraction 12/18 to its lowest terms.", "Reduce the fraction 12/18."),
        ("Solve for x: 3*x + 4 = 10", "Find x if 3*x + 4 = 10."),
    ],
)
def test_a_probe_in_other_words_is_refused_but_not_with_other_numbers(sitting, question, reworded):
    with sitting.open() as store:
        store.guard([probe(question)])
        hit, other = store.check([reworded, re.sub(r"\d+", lambda number: str(int(number[0]) + 1), reworded)])
    assert hit is not None
    assert hit.reason is RefusalReason.CONTAMINATED
    assert other is None
