import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import Pool
from ioa.memory.embedding import WordLlamaEmbedder, open_embedder
from ioa.memory.errors import UserError
from ioa.memory.similarity import facts, features, normalise, numbers

EMBEDDER = WordLlamaEmbedder()


def is_duplicate(one: str, other: str, cosine: float, threshold: float) -> bool:
    """Whether a pool that knows the one text takes the other for it, the cosine of their vectors given."""
    pool = Pool(Bounds(cosine=threshold), lambda keys: np.array([[1.0, 0.0]] * len(keys), dtype=np.float32))
    pool.add("one", features(one))
    vector = np.array([[cosine, math.sqrt(max(0.0, 1 - cosine**2))]], dtype=np.float32)
    return pool.find([features(other)], vector) != [None]


def duplicate(one: str, other: str, threshold: float = 0.93) -> bool:
    vectors = EMBEDDER.embed([one, other])
    return is_duplicate(one, other, float(vectors[0] @ vectors[1]), threshold)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Calculate 3 + 5.", "calculate   3+5"),
        ("What is 2x + 3?", "What is 2x+3"),
        ("It costs $1,000.", "It costs $1000"),
        ("A two-digit number: 12.", "A two digit number 12"),
        ("4 \N{MULTIPLICATION SIGN} 5 \N{MINUS SIGN} 1", "4 * 5 - 1"),
    ],
)
def test_case_spacing_and_punctuation_do_not_matter(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 + 5", "3 - 5"),
        ("3 + 5", "3 + 6"),
        ("(2 + 3) * 4", "2 + 3 * 4"),
        ("1.5 + 2", "15 + 2"),
        ("x\N{SUPERSCRIPT TWO} = 4", "x2 = 4"),
        ("gcd of 12, 18", "lcm of 12, 18"),
    ],
)
def test_numbers_operators_and_words_do_matter(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text(alphabet="ab Z.,;:!?'3570+-*/=()<^%\n\t"))
def test_normalising_keeps_every_number_and_nothing_but_single_spaces(text: str) -> None:
    once = normalise(text)
    assert once == " ".join(once.casefold().split())
    assert numbers(once) == numbers(text)


def test_numbers_are_read_in_order() -> None:
    assert numbers("Add 1,000 and 2.5, then 3,5 and twelve; half of .5") == (
        "1000", "2.5", "3", "5", "12", "half", ".5",
    )  # fmt: skip
    assert numbers("no numbers") == ()


def test_a_sentence_opener_is_no_name_but_a_person_there_is() -> None:
    assert facts("Calculate this. What is it?").names == ()
    assert facts("Tom has it. Then Anna's box.").names == ("tom", "anna")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tom has 3 apples.", "Tom has 4 apples."),
        ("Tom has three apples.", "Tom has four apples."),
        ("Tom has 3 apples.", "Anna has 3 apples."),
        ("Tom gives Anna 3.", "Anna gives Tom 3."),
        ("Tom has 5 more than Anna.", "Tom has 5 fewer than Anna."),
        ("Calculate 3 + 5.", "Calculate 5 + 3."),
        ("Calculate 3 + 5.", "Calculate 3 - 5."),
    ],
)
def test_facts_that_differ(one: str, other: str) -> None:
    assert facts(one) != facts(other)


def test_a_number_only_change_is_no_duplicate_however_close_the_vectors() -> None:
    assert not is_duplicate("2x+3=7", "2x+3=9", 1.0, 0.95)
    assert not is_duplicate("Calculate 3 + 5.", "Calculate 5 + 3.", 1.0, 0.95)


def test_a_rewording_with_the_same_facts_is_a_duplicate() -> None:
    first = "Tom has 3 apples and buys 4 more. How many apples does Tom have?"
    assert duplicate(first, "Tom has 3 apples and buys 4 more apples. How many apples does Tom have now?")
    assert not duplicate(first, "Tom has 3 pears and buys 4 more. How many pears does Tom have?")


def test_the_threshold_decides_between_texts_with_the_same_facts() -> None:
    assert is_duplicate("What is the sum of 3 and 5", "What is the total of 3 and 5", 0.951, 0.95)
    assert not is_duplicate("What is the sum of 3 and 5", "What is the total of 3 and 5", 0.949, 0.95)


def test_vectors_have_length_one_and_do_not_depend_on_the_batch() -> None:
    texts = ["Calculate 3 + 5.", "", "A much longer text, so that the short one is padded beside it."]
    together = EMBEDDER.embed(texts)
    assert together.shape == (3, EMBEDDER.dimension)
    assert together.dtype == "float32"
    assert (together**2).sum(axis=1) == pytest.approx([1, 0, 1], abs=1e-6)
    assert together[0] == pytest.approx(EMBEDDER.embed(texts[:1])[0], abs=1e-6)
    assert EMBEDDER.embed([]).shape == (0, EMBEDDER.dimension)


def test_an_unknown_embedder_is_refused_and_the_known_ones_named() -> None:
    assert open_embedder("wordllama").name == "wordllama"
    with pytest.raises(UserError, match=r"There is no embedder 'word-lama'\. Installed here: .*wordllama"):
        open_embedder("word-lama")


@given(
    st.text(alphabet="ab Zßİ.,;:!?'|[]{}357¼²⁻⁴₂0٣+-\N{MINUS SIGN}*/\N{FRACTION SLASH}=≠≤()<^%\\${}\n\t") | st.text()
)
@example("f(3)")
@example("-ß")
@example("- ) ab")
@example("5 !=3 | (a) [ ] ((")
def test_a_normalised_text_is_normalised_already(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("|x|=3", "x=3"),
        ("What is 5!", "What is 5"),
        ("√16", "16"),
        ("p ∧ q", "p \N{LOGICAL OR} q"),
        ("x ≠ 3", "x 3"),
        ("[1,2]", "{1,2}"),
        ("10⁴", "104"),
        ("2(x+1)", "2x+1)"),
        ("2½", "21/2"),
        ("x => ¬y", "x => y"),
    ],
)
def test_symbols_that_decide_a_problem_are_kept(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello!", "Hello"),
        ("Tom (a boy) [sic] is here!", "Tom a boy sic is here"),
        ("½ + ¼", "1/2 + 1/4"),
        (r"$\frac{3}{4} \times 8$", "3/4 × 8"),
        (r"\left(3 + \dfrac{1}{2}\right) \div 4", "(3 + 1/2) / 4"),
        ("10⁴", "10^4"),
        ("x^{12} \\leq 3", "x^12 ≤ 3"),
        ("x != 3", "x ≠ 3"),
        ("| Name | Age |", "Name Age"),
    ],
)
def test_prose_keeps_no_symbols_and_one_formula_is_one_text(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 45 plus 37?", "What is 45 + 37?"),
        ("What is forty-eight divided by six?", "What is 48 / 6?"),
        ("What is ninety minus 3 times (2 + 1)?", "What is 90 - 3 * (2 + 1)?"),
    ],
)
def test_spoken_operators_and_numbers_are_facts(one: str, other: str) -> None:
    assert facts(one) == facts(other)


def test_an_operator_word_of_prose_is_none() -> None:
    assert facts("Tom ran 3 times, plus a lap; it was divided by Anna.").operators == ()
    assert facts("He went twenty, thirty and 5 times").numbers == ("20", "30", "5")
