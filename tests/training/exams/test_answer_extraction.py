from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.records import Attempt
from ioa.training import Scorers
from ioa.training.exams.answer_extraction import agrees, extract_answer
from ioa.training.exams.answer_markers import has_answer_line


def item(answer: str, family: str = "products", **metadata: object) -> Attempt:
    return Attempt(question="?", answer=answer, reply="", family=family, metadata=metadata)


def judged(attempt: Attempt, reply: str) -> tuple[str, bool]:
    grade = Scorers().grade([""], [attempt.model_copy(update={"reply": reply})])[0]
    assert grade.score == float(grade.correct)
    return grade.extracted, grade.correct


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("3+4=7\nAnswer: 7", "7"),
        ("Answer: 5\nNo, wait.\nanswer: 7.", "7"),
        ("**Answer:** 7\nand some more 9", "7"),
        ("Answer:\n7", "7"),
        ("Answer: 7\nAnswer:", ""),
        ("The sum is 12, so we get 7.", "7"),
        ("That makes 1,234.", "1234"),
        (r"So it is $\boxed{\frac{3}{4}}$.", "3/4"),
        ("It falls to -5 degrees", "-5"),
        ("We see 12-5", "5"),
        ("It is \u22125", "-5"),
        ("no idea", ""),
        ("", ""),
    ],
)
def test_the_final_answer_is_found(reply: str, expected: str) -> None:
    assert extract_answer(reply) == expected


@pytest.mark.parametrize(
    "reply",
    ["Answer: 1234", "Answer: 1,234.", "Answer: $1234$", "Answer: x = 1234", "Answer: 1234 apples", "Answer: 1234.0",
     "It is 1,234", "Answer: 617 * 2 = 1234", "Answer: 01234"],
)  # fmt: skip
@pytest.mark.parametrize("family", ["products", "basic_arithmetic", "gsm_symbolic", "gcd"])
def test_the_same_number_in_another_form_is_right(reply: str, family: str) -> None:
    assert judged(item("1234", family), reply)[1]


@pytest.mark.parametrize(
    "reply",
    ["", " ", "Answer:", "Answer: ", "Answer: -5", "Answer: 5 or 6", "Answer: 6 or 5", "Answer: 5/1", "Answer: 5.5",
     "Answer: 55", "Answer: five", "Answer: 5 6", "5\nAnswer: 6", "Answer: 0.5", "Answer: 5e3", "Answer: 5\nAnswer: ?",
     "Answer: 1,5", "Answer: 5!=120"],
)  # fmt: skip
@pytest.mark.parametrize("family", ["products", "basic_arithmetic", "gsm_symbolic", "gcd", "simple_equations"])
def test_anything_else_is_wrong(reply: str, family: str) -> None:
    assert not judged(item("5", family), reply)[1]


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Answer: 3/4", True),
        ("Answer: 3 / 4.", True),
        (r"Answer: $\frac{3}{4}$", True),
        ("Answer: 6/8", False),
        ("Answer: 3", False),
        ("Answer: 0.75", False),
        ("Answer: 6/8 or 3/4", False),
        ("6/8 = 3/4", True),
        ("", False),
    ],
)
def test_a_fraction_must_be_in_lowest_terms(reply: str, right: bool) -> None:
    asked = item(
        "3/4",
        "fraction_simplification",
        numerator=6,
        denominator=8,
        simplified_numerator=3,
        simplified_denominator=4,
    )
    assert judged(asked, reply)[1] is right


def test_partial_scores_do_not_count() -> None:
    asked = item("abc", "letter_counting")
    assert not judged(asked, "Answer: abcd")[1]
    assert judged(asked, "Answer: abc")[1]


def test_a_text_answer_is_compared_as_it_stands() -> None:
    assert judged(item("1, 2, 3", "letter_counting"), "Answer: 1, 2, 3")[1]


def test_an_unknown_family_is_an_error_and_not_a_wrong_answer() -> None:
    with pytest.raises(ValueError, match="no-such"):
        judged(item("5", "no-such"), "Answer: 5")


@pytest.mark.parametrize(
    "family", ["products", "gsm_symbolic", "fraction_simplification", "simple_equations", "lcm", "complex_arithmetic"]
)
def test_the_generators_own_answers_are_right(family: str) -> None:
    import reasoning_gym

    for entry in reasoning_gym.create_dataset(family, size=20, seed=5):
        asked = item(entry["answer"], family, **entry["metadata"])
        for reply in ("So it is.\nAnswer: {}", "{}", "The answer is {}.", "So it is\n\n**{}**"):
            assert judged(asked, reply.format(entry["answer"]))[1], (entry, reply)


@pytest.mark.parametrize(
    ("said", "expected", "right"),
    [
        ("B", "B", True), ("(b)", "B", True), ("B) 42", "B", True), ("option c", "C", True),
        ("A dog", "A", False), ("C", "B", False), ("", "B", False),
        ("12 apples", "12", True), ("$12.00", "12", True), ("x = 12", "12", True), ("1,000", "1000", True),
        ("12 or 13", "12", False), ("-5", "5", False), ("\u221a2", "2", False), ("2", "\u221a2", False),
        ("0.75", "3/4", True), ("3/4", "0.75", True), (r"$\frac{3}{4}$", "3/4", True),
        ("6/8", "3/4", False), ("6/8", "6/8", True), ("3/0", "1", False),
        ("paris.", "Paris", True), ("The  Seine", "the seine", True), ("Lyon", "Paris", False), ("", "Paris", False),
    ],
)  # fmt: skip
def test_an_answer_without_a_verifier_is_compared_with_the_reference(said: str, expected: str, right: bool) -> None:
    assert agrees(said, expected) == right


@given(st.fractions(max_denominator=50))
def test_a_reference_agrees_with_itself_and_with_no_other_number(value: Fraction) -> None:
    assert agrees(str(value), str(value))
    assert not agrees(str(value + 1), str(value))


@pytest.mark.parametrize(
    ("reply", "expected", "found", "right"),
    [
        ("3+4=7\nAnswer: 7", "7", "7", True),
        ("That makes 7", "7", "7", True),
        ("It flows through\nParis.", "Paris", "Paris", True),
        ("Answer: Lyon", "Paris", "Lyon", False),
        ("", "Paris", "", False),
    ],
)
def test_a_probe_without_a_family_is_scored_by_comparison(reply: str, expected: str, found: str, right: bool) -> None:
    assert judged(item(expected, family=""), reply) == (found, right)


@pytest.mark.parametrize(
    ("reply", "complete"),
    [
        ("2+2=4\nAnswer: 4\n", True),
        ("2+2=4\n**Answer:** 4.\nAnd more", True),
        ("**Answer**: 4\n", True),
        ("Final answer: -4\n", True),
        ("Antwort: 4\n", True),
        ("答案\uff1a4\n", True),
        ("2+2=4\nAnswer: 4", False),
        ("Answer:\n", False),
        ("Answer: $$\n4\n$$\n", False),
        ("The answer is 4\n", False),
        ("So we say Answer: 4\n", False),
        ("\\boxed{4}\n", False),
        ("#### 4\n", False),
        ("Answers: 4\n", False),
    ],
)
def test_an_answer_line_is_complete_with_its_line_feed(reply, complete):
    assert has_answer_line(reply) == complete
