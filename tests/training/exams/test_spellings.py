"""How people and models write their answers, in many languages' habits, and what each scorer makes of it."""

import ast
from collections import Counter

import pytest
from tests.training.exams.spelling_tables import FOLDER, Row, outcome_of, parameters, read_table

from ioa.memory.records import Attempt, Grade
from ioa.training.exams.scorers import Scorers
from ioa.training.exams.scorers.program_equality import same_program

METALS = {"choices": ["iron", "copper", "silver", "gold"]}
WEIGHTS = {"choices": [f"{number} kg" for number in range(1, 11)]}
LISTING_METALS = [
    "Which conducts best? A) iron B) copper C) silver D) gold",
    "Which conducts best?\n\nA. iron\nB. copper\nC. silver\nD. gold",
    "Which conducts best?\n(A) iron (B) copper (C) silver (D) gold",
]


@pytest.fixture(scope="module")
def scorers():
    opened = Scorers({"math": {"workers": 1}})
    yield opened
    opened.close()


def graded(scorers, name, row: Row, question="What is it?", metadata=None, family=""):
    asked = Attempt(
        question=question, answer=row.reference, reply=row.reply, metadata=metadata or {}, family=family
    )  # fmt: skip
    return outcome_of(scorers.grade([name], [asked])[0])


@pytest.mark.parametrize("table", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_no_row_stands_twice_in_a_table(table):
    rows = Counter((row.reference, row.reply) for row in read_table(table))
    assert [row for row, count in rows.items() if count > 1] == []


@pytest.mark.parametrize("name", ["choice", "exact", "match", "math", "numeric", "program"])
def test_the_tables_hold_sixty_rows_and_more_of_all_kinds(name):
    outcomes = Counter(row.outcome for row in read_table(name))
    assert outcomes.total() >= 60
    assert min(outcomes.values()) >= 10


@pytest.mark.parametrize("row", parameters("numeric"))
def test_a_number_is_read_or_told(scorers, row):
    assert graded(scorers, "numeric", row) == row.outcome


@pytest.mark.parametrize("row", parameters("match"))
def test_a_plain_answer_is_the_reference_or_is_told(scorers, row):
    assert graded(scorers, "match", row) == row.outcome


@pytest.mark.parametrize("row", parameters("exact"))
def test_a_text_is_the_very_text_of_the_reference(scorers, row):
    assert graded(scorers, "exact", row) == row.outcome


@pytest.mark.parametrize("row", parameters("math"))
def test_an_expression_is_equivalent_or_told(scorers, row):
    assert graded(scorers, "math", row) == row.outcome


@pytest.mark.parametrize("row", parameters("rouge"))
def test_overlap_is_counted_and_a_reply_without_words_to_compare_is_told(scorers, row):
    assert graded(scorers, "rouge-l", row) == row.outcome


@pytest.mark.parametrize("row", parameters("choice"))
def test_a_choice_is_found_or_told(scorers, row):
    assert graded(scorers, "choice", row, metadata=METALS) == row.outcome


@pytest.mark.parametrize("row", parameters("choice_of_ten"))
def test_among_ten_choices_the_pronoun_is_no_letter(scorers, row):
    assert graded(scorers, "choice", row, metadata=WEIGHTS) == row.outcome


@pytest.mark.parametrize("question", LISTING_METALS)
def test_the_letter_of_a_plain_item_is_found_as_that_of_a_choice(scorers, question):
    rows = read_table("choice")
    assert [row for row in rows if graded(scorers, "match", row, question) != row.outcome] == []


@pytest.mark.parametrize("row", parameters("letter"))
def test_a_letter_without_listed_choices_may_be_any_letter(scorers, row):
    assert graded(scorers, "match", row, "Which vitamin do oranges have?") == row.outcome


@pytest.mark.parametrize("row", parameters("generated"))
def test_an_answer_to_a_generated_item_is_read_alike(scorers, row):
    assert graded(scorers, "reasoning-gym", row, family="products") == row.outcome


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Answer: au revoir.", True), ("Answer: AU  REVOIR!", True), ("Answer: \u201cau revoir\u201d", True),
        ("Answer: adieu", False), ("Answer: au", False), ("Answer: revoir au", False),
    ],
)  # fmt: skip
def test_differences_of_texts_that_are_not_to_count_do_not(reply, right):
    loose = Scorers({"exact": {"ignore_case": True, "ignore_spacing": True, "ignore_punctuation": True}})
    assert loose.grade(["exact"], [Attempt(question="q", answer="Au Revoir", reply=reply)])[0].correct is right


PROBLEM = 'def g(n):\n    """Return three times n.\n\n    >>> g(2)\n    6\n    >>> g(-1)\n    -3\n    """\n'
ONE = "def g(n):\n    return 3 * n"


def run(attempts):
    """Stands for the sandbox: runs the programs of the table here."""
    return [Grade(score=float(ok), correct=ok) for ok in map(_passes, attempts)]


def _passes(attempt):
    defined = {}
    try:
        exec(attempt.reply.removeprefix("Answer: "), defined)
        exec("\n".join(attempt.metadata["tests"]), defined)
    except (ArithmeticError, AssertionError, NameError, SyntaxError, TypeError, ValueError):
        return False
    return True


def refuse_to_run(attempts):
    pytest.fail(f"it was run: {attempts}")


@pytest.mark.parametrize("row", parameters("program"))
def test_programs_are_the_same_where_they_are_written_alike_or_do_what_is_shown(row):
    graders = {"alike": refuse_to_run, "same results": run, "other": run}
    for one, other in ((ONE, row.reply), (row.reply, ONE)):
        assert same_program(graders[row.reference], PROBLEM, one, other) is (row.outcome == "right")
        if row.reference == "same results":  # without examples nothing tells that they are
            assert ast.dump(ast.parse(one)) != ast.dump(ast.parse(other))
            assert not same_program(refuse_to_run, "Write g.", one, other)
