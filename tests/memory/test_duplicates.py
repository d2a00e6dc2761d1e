"""Laws of looking duplicates up, and of the bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import GuardedPool, Method, Pool
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.near_verbatim import NearVerbatim, bands, jaccard, shingles
from ioa.memory.similarity import Facts, Features, features
from ioa.memory.vectors import VectorFile, VectorTable

EMBEDDER = WordLlamaEmbedder()
STORY = "Tom has 3 apples and buys 4 more at the market. Then he gives two to Anna. How many apples does Tom have?"
WORDS = st.sampled_from(["tom", "anna", "has", "buys", "3", "4", "apples", "pears", "the", "of", "more", "x", "+", "="])
TEXTS = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


def pool_of(texts: list[str], kind: type[Pool] = Pool, bounds: Bounds | None = None) -> Pool:
    table = VectorTable(EMBEDDER.dimension)
    table.put(texts, EMBEDDER.embed(texts))
    pool = kind(bounds or Bounds(), table.get)
    for text in texts:
        pool.add(text, features(text))
    return pool


def find(pool: Pool, *texts: str) -> list:
    return pool.find([features(text) for text in texts], EMBEDDER.embed(texts))


def test_the_three_filters_are_asked_in_order_and_a_hit_names_the_one_that_caught_it():
    pool = pool_of([STORY])
    exact, reworded, distant = find(
        pool, STORY.upper(), STORY.replace("buys", "gets"), STORY.replace("Then he gives", "After that he hands")
    )
    assert (exact.method, exact.similarity) == (Method.EXACT, 1)
    assert reworded.method == Method.MINHASH
    assert Bounds().jaccard <= reworded.similarity < 1
    assert distant is None or distant.method == Method.EMBEDDING  # "After" compares: other facts
    (swapped,) = find(
        pool, STORY.replace("has 3 apples and buys 4 more at the market", "at the market has 3 apples and buys 4 more")
    )
    assert swapped.key == STORY


def test_the_embedding_catches_what_other_word_pairs_hide():
    known = "Find the total of 17 and 25 today, quickly, for me."
    (hit,) = find(pool_of([known]), "Find for me quickly, today, the total of 17 and 25.")
    assert hit.method == Method.EMBEDDING
    assert hit.similarity >= Bounds().cosine


@pytest.mark.parametrize(
    "changed",
    [
        STORY.replace("3", "5"), STORY.replace("two", "three"), STORY.replace("Anna", "Omar"),
        STORY.replace("more", "fewer"), STORY.replace("Tom", "Anna").replace("to Anna", "to Tom"),
    ],
)  # fmt: skip
def test_other_numbers_names_or_comparisons_are_another_problem_however_alike_the_words(changed):
    assert jaccard(shingles(features(STORY).text), shingles(features(changed).text)) > 0.6
    assert find(pool_of([STORY], bounds=Bounds(jaccard=0.1, cosine=0.1)), changed) == [None]


def test_a_letter_that_is_asked_about_is_a_fact():
    known = 'How many times does the letter "e" appear in the text: "a cloudless sky that is too bad"?'
    assert find(pool_of([known]), known.replace('"e"', '"s"')) == [None]


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.randoms())
def test_what_is_stored_always_collides_and_storing_it_again_changes_nothing(texts, rng):
    pool, twice = pool_of(texts), pool_of(texts + texts)
    asked = [*texts, *(" ".join(rng.sample(text.split(), len(text.split()))) for text in texts)]
    assert all(hit is not None and hit.method == Method.EXACT for hit in find(pool, *texts))
    assert find(pool, *asked) == find(twice, *asked)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), st.lists(TEXTS, min_size=1, max_size=8))
def test_the_answer_for_a_text_depends_neither_on_the_batch_nor_on_the_order_of_the_known_ones(known, asked):
    pool = pool_of(known)
    together = find(pool, *asked)
    alone = [find(pool, text)[0] for text in asked]
    turned = find(pool_of(known[::-1]), *asked)
    for one, other, third in zip(together, alone, turned, strict=True):
        assert (one is None) == (other is None) == (third is None)
        if one is not None:
            assert one.method == other.method == third.method
            assert one.similarity == pytest.approx(other.similarity, abs=1e-5)
            assert one.similarity == pytest.approx(third.similarity, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 1))
def test_the_bands_hardly_miss_a_pair_at_the_threshold(threshold):
    number, length = bands(threshold)
    assert number >= 2
    assert number * length <= 64
    assert (1 - threshold**length) ** number <= 0.0012


def test_minhash_finds_nearly_all_pairs_above_the_threshold_and_none_below():
    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in range(400)]
    texts = [" ".join(rng.choice(words, 30)) for _ in range(200)]
    near = NearVerbatim(0.75)
    facts = Facts((), (), (), ())
    for text in texts:
        near.add(text, Features(text, facts))
    above = found = 0
    for text in texts:
        changed = text.split()
        for at in rng.choice(30, rng.integers(1, 6), replace=False):
            changed[at] = str(rng.choice(words))
        new = " ".join(changed)
        similarity = jaccard(shingles(text), shingles(new))
        hit = near.find(Features(new, facts))
        assert (hit is None) or hit == (text, similarity)
        assert hit is None or similarity >= 0.75
        above += similarity >= 0.75
        found += hit is not None
    assert above > 50
    assert found >= 0.99 * above


def test_an_examination_item_is_guarded_in_other_words_but_one_without_numbers_only_nearly_verbatim():
    items = ["Calculate 23 + 45.", "What are the most effective ways to deal with stress at work?"]
    pool = pool_of(items, GuardedPool)
    hits = find(
        pool, "What is 23 + 45?", "What are the most effective ways to deal with anger at home?",
        "Tell me, what are the most effective ways to deal with stress at work?", "What is 23 + 46?",
    )  # fmt: skip
    assert [hit and hit.key for hit in hits] == [items[0], None, items[1], None]


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.integers(0, 9), min_size=1, max_size=6), torn=st.integers(1, 11))
def test_a_file_of_vectors_gives_back_what_was_added_and_loses_a_torn_row(tmp_path_factory, rows, torn):
    path = tmp_path_factory.mktemp("vectors") / "v.f32"
    table = np.arange(30, dtype=np.float32).reshape(10, 3)
    file = VectorFile(path, 3)
    file.append(table[:4])
    file.append(table[4:])
    assert (file.read(rows) == table[rows]).all()
    with path.open("ab") as handle:
        handle.write(b"x" * torn)
    assert file.count() == 10
    assert file.mend(10) == 10
    assert path.stat().st_size == 120
    assert file.mend(7) == file.count() == 7
