"""A run's lessons are looked up in Chroma with the same results as in memory, and any client of Chroma reads them."""

import re
import shutil
from pathlib import Path

import chromadb
import pytest
from chromadb.config import Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.memory.test_duplicates import TEXTS, find, pool_of
from tests.memory.test_store import APPLES, APPLES_REWORDED, EMBEDDER, example

from ioa.memory import lesson_pool
from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import Hit, Method
from ioa.memory.files import write_record
from ioa.memory.index import COLLECTION, SEAL, LessonIndex, Seal, digest_of_ids
from ioa.memory.lesson_pool import LessonPool
from ioa.memory.records import Example
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import features
from ioa.memory.store import ExampleStore

THINGS = ("apples", "pears", "books", "coins", "cards", "eggs", "stones", "shells", "stamps", "cakes", "keys", "cups")


def pool_on(folder: Path, lessons: list[Example], bounds: Bounds | None = None) -> LessonPool:
    index = LessonIndex(folder, "r1", EMBEDDER.name, EMBEDDER.dimension)
    if lessons:
        index.upsert(lessons, EMBEDDER.embed([lesson.problem for lesson in lessons]))
    by_id = {lesson.id: lesson.problem for lesson in lessons}
    return LessonPool(bounds or Bounds(), index, by_id.__getitem__)


def looked_up(pool: LessonPool, *texts: str) -> list[Hit | None]:
    return pool.find([features(text) for text in texts], EMBEDDER.embed(texts))


@settings(max_examples=30, deadline=None)
@given(
    known=st.lists(TEXTS, min_size=1, max_size=12, unique_by=lambda text: features(text).text),
    asked=st.lists(TEXTS, min_size=1, max_size=6),
    crowd=st.sampled_from([0, 2, 64]),
)
def test_chroma_finds_what_a_comparison_with_everything_finds(tmp_path_factory, known, asked, crowd):
    lessons = [example(text) for text in known]
    pool = pool_on(tmp_path_factory.mktemp("index") / "index", lessons)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson_pool, "_CROWD", crowd)
        hits = looked_up(pool, *known, *asked)
    expected = find(pool_of(known), *known, *asked)
    for hit, other in zip(hits, expected, strict=True):
        assert (hit is None) == (other is None)
        if hit is not None:
            assert hit.method == other.method
            assert hit.similarity == pytest.approx(other.similarity, abs=1e-5)


def test_the_duplicate_in_a_crowd_is_found_behind_nearer_lessons_with_other_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(lesson_pool, "_CROWD", 4)
    question = "Tom buys {} {} at the market and eats {} of them. How many {} are left?"
    crowd = [question.format(3, thing, 2, thing) for thing in THINGS]
    decoys = [question.format(n, "plums", 2, "plums") for n in range(5, 200)]
    asked = "At the market Tom buys 3 plums and eats 2 of them. How many plums are left now?"
    hidden = question.format(3, "plums", 2, "plums")
    pool = pool_on(tmp_path / "index", [example(text) for text in (*crowd, *decoys, hidden)])
    near = pool._index.nearest(EMBEDDER.embed([asked]), lesson_pool._NEAREST)[0]
    assert sum(pool._facts_of(one.id) == pool._facts_of(example(hidden).id) for one in near) < len(crowd)
    for _ in range(2):  # when the crowd is met, and when it is known
        (hit,) = looked_up(pool, asked)
        assert hit is not None
        assert hit.key == example(hidden).id
    assert pool._crowds


def test_a_crowd_is_asked_for_its_nearest_and_a_new_question_of_it_is_new(tmp_path):
    text = "Explain to a child what {} have to do with {}."
    known = [text.format(one, two) for one in THINGS for two in THINGS if one != two]
    pool = pool_on(tmp_path / "index", [example(one) for one in known])
    reworded, new = "Explain to a child what apples have to do with cups, please.", "Why do magnets attract iron?"
    for _ in range(2):
        hits = looked_up(pool, reworded, new)
        assert hits[0] is not None
        assert (hits[0].key, hits[0].method) == (example(known[10]).id, Method.MINHASH)
        assert hits[1] is None
    assert len(pool._crowds) == 1


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = RunDirectory.at(tmp_path, "r1")
    with ExampleStore(made, EMBEDDER) as store:
        store.add([
            example("What is 1/2 + 1/4?", module="fractions/addition"),
            example(APPLES, stage=2),
            example("Calculate 7 - 2.", module="differences/small"),
        ])  # fmt: skip
    return made


def client_of(folder: Path) -> chromadb.ClientAPI:
    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


def test_any_client_of_chroma_finds_a_lesson_by_meaning_and_by_module(run, tmp_path):
    shutil.copytree(run.index, tmp_path / "copy")
    lessons = client_of(tmp_path / "copy").get_collection(COLLECTION, embedding_function=None)
    vectors = EMBEDDER.embed(["adding fractions", "a shopper and fruit"])
    found = lessons.query(query_embeddings=vectors, n_results=1)
    assert found["documents"] == [["What is 1/2 + 1/4?"], [APPLES]]
    (metadata,) = found["metadatas"][1]
    assert {key: metadata[key] for key in ("run", "module", "stage", "round", "kind", "level", "answer")} == {
        "run": "r1", "module": "sums/carrying", "stage": 2, "round": 0, "kind": "chain-of-thought", "level": "easy",
        "answer": "1",
    }  # fmt: skip
    assert "strategies" not in metadata
    confined = lessons.query(query_embeddings=vectors, n_results=3, where={"module": "differences/small"})
    assert confined["documents"] == [["Calculate 7 - 2."]] * 2


def test_strategies_are_a_list_that_chroma_can_search(tmp_path):
    index = LessonIndex(tmp_path / "index", "r1", EMBEDDER.name, EMBEDDER.dimension)
    lessons = [example("Calculate 1 + 2."), example("Calculate 1 + 3.").model_copy(update={"strategies": ("format",)})]
    lessons[1] = Example.model_validate_json(lessons[1].model_dump_json(warnings=False))
    index.upsert(lessons, EMBEDDER.embed([lesson.problem for lesson in lessons]))
    (near,) = index.nearest(EMBEDDER.embed(["1 + 2"]), 5, {"strategies": {"$contains": "format"}})
    assert [one.id for one in near] == [lessons[1].id]


def test_an_index_of_an_earlier_version_is_built_again(run):
    index = LessonIndex(run.index, run.run_id, EMBEDDER.name, EMBEDDER.dimension)
    ids = index.ids()
    index.close()
    shutil.rmtree(run.index)
    run.index.mkdir()
    client = client_of(run.index)  # as it was: vectors alone
    client.create_collection("examples", embedding_function=None).upsert(
        ids=ids, embeddings=EMBEDDER.embed(["x"] * len(ids))
    )
    client.close()
    seal = Seal(embedder=EMBEDDER.name, dimension=EMBEDDER.dimension, ids=digest_of_ids(ids), files=index._digests())
    write_record(run.index / SEAL, seal)
    fields = set(Seal.model_fields) - {"layout", "rules", "run"}
    (run.index / SEAL).write_text(seal.model_dump_json(include=fields), encoding="utf-8")
    said: list[str] = []
    with ExampleStore(run, EMBEDDER, on_message=said.append) as store:
        assert said == ["Index made by another version, rebuilding 3 vectors"]
        assert store.check([APPLES_REWORDED])[0] is not None


@pytest.mark.parametrize(("field", "told"), [("rules", "made by another version"), ("run", "made under another name")])
def test_an_index_with_other_digests_or_of_another_name_is_built_again(run, monkeypatch, field, told):
    if field == "rules":
        monkeypatch.setattr("ioa.memory.index.rules_digest", lambda: "others")
    else:
        run = RunDirectory(run.root.rename(run.root.with_name("moved")))
    said: list[str] = []
    for expected in (1, 0):
        said.clear()
        with ExampleStore(run, EMBEDDER, on_message=said.append) as store:
            assert store.check([APPLES])[0] is not None
        assert [told in message for message in said] == [True] * expected


def test_the_snippet_of_the_documentation_finds_lessons(tmp_path, monkeypatch, capsys):
    made = RunDirectory.at(tmp_path / "runs", "RUN")
    with ExampleStore(made, EMBEDDER) as store:
        store.add([example("What is 1/2 + 1/4?", module="fractions/addition"), example(APPLES, stage=2)])
    page = (Path(__file__).parents[2] / "docs" / "lessons.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (snippet,) = [one for one in snippets if "import chromadb" in one]
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "lessons.md", "exec"), {})
    assert re.fullmatch(r"0\.\d\d fractions/addition What is 1/2 \+ 1/4\? 1\n", capsys.readouterr().out)
