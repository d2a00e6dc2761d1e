"""The contract of all installed scorers, and what each takes for equal."""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from tests.training.exams.sandboxes import isolated

from ioa.agents.teacher import Teacher
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.errors import UserError
from ioa.memory.records import Attempt, Grade
from ioa.memory.transcript import Transcript
from ioa.training.exams.scorers import Scorers, ScorerTraits, scorer_names, traits_of

CAPITALS = {"choices": ["Berlin", "Paris", "Vitamin A", "Lyon"]}
ESSAY = "The quick brown fox jumps over the lazy dog."
Pairs = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Case:
    """One scorer: an item, what is right and wrong there, and forms of answers by their reference."""

    answer: str
    right: str
    """A whole reply that gets the full score."""
    wrong: str
    """One that is well formed and gets none, or less than half."""
    accepted: Pairs = field(default_factory=list)
    refused: Pairs = field(default_factory=list)
    family: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    lacking: Mapping[str, Any] | None = None
    """What of an attempt makes it one that the scorer cannot grade; none: it can grade all."""
    partial: bool = False
    """Whether there is something between right and wrong."""

    def attempt(self, reply: str, answer: str | None = None) -> Attempt:
        """A reply to the case's item, or to one with another reference."""
        return Attempt(
            question="What is it?",
            answer=self.answer if answer is None else answer,
            reply=reply,
            family=self.family,
            metadata=self.metadata,
        )


# A scorer that is installed and not in this table fails the first test.
CASES = {
    "match": Case("18", "Answer: 18", "Answer: 17", accepted=[("east", ["Answer: East."])]),
    "reasoning-gym": Case("18", "Answer: 18", "Answer: 17", family="products", lacking={"family": ""}),
    "exact": Case(
        "to be",
        "Answer: to be",
        "Answer: not to be",
        accepted=[
            ("to be", ["to be", " to be \n", "So:\nto be", "**Answer:** to be", "Answer: x\nAnswer: to be"]),
            ("café", ["Answer: cafe\u0301"]),
            ("a\nb", ["Answer:\na\nb", "It is:\na\n\nb"]),
        ],
        refused=[
            ("to be", ["Answer: To be", "Answer: to  be", "Answer: to be.", "to be or not", "Answer: to be\nAnswer:"]),
        ],
    ),
    "choice": Case(
        "B",
        "Answer: B",
        "Answer: C",
        metadata=CAPITALS,
        lacking={"metadata": {}},
        accepted=[
            ("B", ["B", "b", "(B)", "b)", "B.", "B) Paris", "(B) Paris", "B: Paris", "The answer is B", "Option B"]),
            ("B", ["Paris", "paris.", "Answer: Paris", r"\boxed{B}", r"$\boxed{\text{(B)}}$", "The answer is **B**."]),
            ("B", ["So.\nIt must be (B).", "I think it is B", "B\n\nIt lies on the Seine.", "Answer: A\nAnswer: B"]),
            ("B", ["The answer is B because A is no capital.", "B - Paris", "B, since it lies on the Seine"]),
            ("C", ["C) Vitamin A", "Answer: Vitamin A"]),
        ],
        refused=[
            ("B", ["A", "B or C", "Answer: A and B", "(A) or (B)", "B) Berlin", "B\n\nAnswer: C", "Answer: E"]),
            ("A", ["A bird", "Answer: A, B", "I do not know", "A is wrong"]),
        ],
    ),
    "numeric": Case(
        "18",
        "Answer: 18 dollars",
        "Answer: 17 dollars",
        lacking={"answer": "eighteen"},
        accepted=[
            ("18", ["18", "$18", "18 %", "18 km", "18 miles/hour", "18 cm^2", "x = 18", "9+9=18", "18.0", "36/2"]),
            ("18", ["#### 18", r"It is $\boxed{18}$.", "She has 18 left.", "The answer is 18", "#### 7\nAnswer: 18"]),
            ("1234", ["1,234", "1 234", "1'234", "1\u202f234", "1{,}234", r"1,\!234", "$1,234.00", "1.234e3"]),
            ("1800000", ["1.8 million", "1.8e6", r"1.8 \times 10^{6}", "1.8*10^6", "1.8 x 10^6"]),
            ("1.75", ["1 3/4", r"1\frac{3}{4}", "7/4", r"\frac{7}{4}", r"\frac74"]),
            ("-5", ["-5", "-$5", "\u22125", "minus 5", "-5 degrees", r"-5^\circ"]),
            ("She has 9+9=<<9+9=18>>18.\n#### 18", ["Answer: 18", "#### 18"]),
            ("18%", ["18", "18 percent"]),
            ("5", ["She has 5 left.", "It is 5", "Answer: about 5 km", "Answer: USD 5", "Answer: 5 m2"]),
        ],
        refused=[
            ("18", ["Answer: 18 or 19", "Answer: -18", "Answer: 0.18", "Answer: 18x", r"Answer: \sqrt{18}"]),
            ("18", ["Answer: 18^2", "Answer: 18 1/2", "Answer: 18e3", "Answer: not 18", "Answer: more than 18"]),
            ("18", ["Answer: 18k", "Answer: 18 thousand"]),
            ("18", ["18\n#### 17", "eighteen", "Answer: 1,8", "Answer: 18\nAnswer:", "Answer: 3:18"]),
            ("12", ["Answer: 1,2", "Answer: 1 2"]),
            ("1.2", ["Answer: 1,2"]),
            ("1234", ["Answer: 1.234", "Answer: 12,34"]),
            ("5", ["Answer: 7-5", "Answer: 1e999999999", "Answer: 5/0"]),
        ],
    ),
    "math": Case(
        r"\frac{1}{2}",
        r"So $\boxed{\frac{1}{2}}$.",
        r"So $\boxed{\frac{1}{3}}$.",
        lacking={"answer": "$$"},
        accepted=[
            (r"\frac{1}{2}", ["Answer: 0.5", "Answer: 1/2", r"It is \(\frac12\).", r"\boxed{\dfrac12}"]),
            (r"\left( 3, \frac{\pi}{2} \right)", [r"\boxed{(3, \pi/2)}", r"Answer: (3, 0.5\pi)"]),
            (r"\{1,2\}", [r"\boxed{\{2, 1\}}", "Answer: 1, 2"]),
            ("(3,4]", [r"$\boxed{(3, 4]}$"]),
            ("(x-1)(x+1)", ["Answer: x^2 - 1", "Answer: x**2-1", "Answer: $-1+x^2$"]),
            (r"\text{east}", [r"\boxed{\text{East}}", "Answer: east."]),
            (r"\text{(C)}", [r"\boxed{C}", "Answer: (C)"]),
            (r"90^\circ", ["Answer: 90", "Answer: 90 degrees"]),
            (r"864 \mbox{ inches}^2", [r"\boxed{864}", r"\boxed{864 \text{ inches}^2}"]),
            ("x=5", ["Answer: 5", "Answer: x = 5"]),
            ("50\\%", ["Answer: 0.5", "Answer: 50%", "Answer: 50"]),
            ("52_8", ["Answer: 52", "Answer: 52_{8}"]),
            (r"\$32,\!348", ["Answer: 32348", "Answer: $32,348$"]),
            (r"1\frac{4}{5}", ["Answer: 1.8"]),
            (".0000672", ["Answer: 6.72e-5"]),
            (r"\frac13", ["Answer: 0.333333"]),
            (r"\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}", [r"\boxed{\begin{bmatrix} 1&0 \\ 0&1 \end{bmatrix}}"]),
        ],
        refused=[
            (r"\frac{1}{2}", ["Answer: 0.51", "Answer: 2", "Answer: -0.5", r"\boxed{0.5} or \boxed{0.6}"]),
            (r"\left( 3, \frac{\pi}{2} \right)", [r"\boxed{(\pi/2, 3)}", r"\boxed{\{3, \pi/2\}}", r"\boxed{(3, \pi)}"]),
            ("(3,4]", [r"\boxed{[3,4)}", r"\boxed{(3,4)}"]),
            (r"\text{east}", [r"\boxed{\text{seat}}", "Answer: seat"]),
            ("52_8", ["Answer: 52_9", "Answer: 53"]),
            (r"\frac13", ["Answer: 0.333"]),
            (".0000672", ["Answer: .0000671"]),
            ("x=5", ["Answer: y = 5"]),
        ],
    ),
    "rouge-l": Case(
        ESSAY,
        ESSAY,
        "A slow cat sleeps.",
        lacking={"answer": "-"},
        partial=True,
        accepted=[(ESSAY, [ESSAY.upper(), f"\n{ESSAY}  ", ESSAY.replace(".", "!")])],
        refused=[(ESSAY, ["dog lazy the over jumps fox brown quick the", "fox"])],
    ),
    "judge": Case(ESSAY, ESSAY, "A slow cat sleeps.", partial=True),
    "unit-tests": Case(
        "def two(): return 2",
        "```python\ndef two():\n    return 2\n```",
        "```python\ndef two():\n    return 3\n```",
        metadata={"entry_point": "two", "tests": ["assert two() == 2"]},
        lacking={"metadata": {}},
        accepted=[("def two(): return 2", ["two = lambda: 1 + 1", "Answer:\ndef two(): return 2.0"])],
        refused=[("def two(): return 2", ["def three(): return 2", "two = 2", "def two(): return '2'"])],
    ),
}  # fmt: skip


def verdict(messages: Any) -> str:
    """A judge by rule: words of the reference in the answer, in tenths."""
    brief = json.loads(messages[1].text.split("```json\n")[-1].split("\n```")[0])
    wanted, said = (set(brief[key].split()) for key in ("reference", "answer"))
    return json.dumps({"reason": "so many words", "grade": 1 + round(9 * len(wanted & said) / len(wanted))})


@pytest.fixture(scope="module")
def scorers(tmp_path_factory):
    teacher = Teacher.of(
        ScriptedModel(verdict), spec="scripted:judge", transcript=Transcript(tmp_path_factory.mktemp("t") / "t.jsonl")
    )
    opened = Scorers(judge=lambda: teacher)
    yield opened
    opened.close()
    teacher.close()


NEEDS = {"unit-tests": [isolated]}
NAMES = [pytest.param(name, marks=NEEDS.get(name, [])) for name in scorer_names()]
LACKING = [name for name in NAMES if CASES.get(str(name.values[0]), Case("", "", "")).lacking]
every = pytest.mark.parametrize("name", NAMES)


def test_every_installed_scorer_is_in_the_table():
    assert [name for name in scorer_names() if name not in CASES] == []


@every
def test_the_reference_is_right_and_what_is_no_answer_is_wrong(scorers, name):
    case = CASES[name]
    replies = [case.right, "", " \n", case.wrong, "asdf ;;; qwer"]
    full, *none = scorers[name].grade([case.attempt(reply) for reply in replies])
    assert (full.score, full.correct) == (1.0, True)
    assert not any(grade.correct for grade in none)
    assert all(grade.score < 0.5 for grade in none)
    assert none[0].score == none[1].score == none[3].score == 0.0


@pytest.mark.parametrize("name", ["match", "reasoning-gym", "exact", "choice", "numeric", "math", "rouge-l"])
def test_a_reply_that_holds_no_answer_is_unread_and_a_wrong_one_is_not(scorers, name):
    case = CASES[name]
    replies = ["", " \n", case.wrong, case.right]
    empty, blank, wrong, right = scorers[name].grade([case.attempt(reply) for reply in replies])
    assert empty.unread
    assert blank.unread
    assert empty.detail
    assert (wrong.correct, wrong.unread, wrong.detail) == (False, False, "")
    assert (right.correct, right.unread, right.detail) == (True, False, "")


@every
def test_an_empty_reply_is_unread_whatever_the_scorer_says_of_it(scorers, name):
    case = CASES[name]
    right, empty, blank = scorers.grade([name] * 3, [case.attempt(reply) for reply in (case.right, "", " \n")])
    assert (right.unread, right.correct) == (False, True)
    assert [(grade.unread, grade.correct, grade.score) for grade in (empty, blank)] == [(True, False, 0.0)] * 2
    assert empty.detail


@every
def test_grades_come_in_order_whatever_stands_beside_and_are_the_same_again(scorers, name):
    case = CASES[name]
    attempts = [case.attempt(reply) for reply in (case.wrong, case.right, "", case.right, case.wrong)]
    together = scorers[name].grade(attempts)
    assert [grade.correct for grade in together] == [False, True, False, True, False]
    assert scorers[name].grade(attempts[::-1])[::-1] == together
    assert [scorers[name].grade([attempt])[0] for attempt in attempts] == together
    assert scorers[name].grade([]) == []


@every
def test_it_works_from_several_threads_and_tells_its_progress(scorers, name):
    case, told = CASES[name], []
    attempts = [case.attempt(reply) for reply in (case.right, case.wrong)]
    expected = scorers[name].grade(attempts, lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2)
    assert told == sorted(told)
    with ThreadPoolExecutor(4) as threads:
        assert all(grades == expected for grades in threads.map(lambda _: scorers[name].grade(attempts), range(8)))


@every
@pytest.mark.parametrize(
    "filler", ["1 ", "word ", "{(\\frac{", "\u00e9\u4e2d\U0001f600", "answer: ", "\\boxed{", "\n", "\x00"]
)
def test_a_huge_reply_of_whatever_signs_is_graded_quickly(scorers, name, filler):
    case, began = CASES[name], time.process_time()
    (grade,) = scorers[name].grade([case.attempt(filler * (1_000_000 // len(filler)))])
    assert not grade.correct
    assert time.process_time() - began < 10


@every
def test_unicode_in_the_question_and_behind_the_answer_changes_nothing(scorers, name):
    case = CASES[name]
    asked = case.attempt(case.right).model_copy(update={"question": "\u4e2d\u6587 \U0001f600 \u200f"})
    assert scorers[name].grade([asked])[0].correct


@pytest.mark.parametrize("name", LACKING)
def test_an_item_that_it_cannot_grade_is_named_and_not_scored(scorers, name):
    case = CASES[name]
    with pytest.raises(UserError, match=r"What is it\?"):
        scorers[name].grade([case.attempt(case.right).model_copy(update=dict(case.lacking or {}))])


@every
def test_what_it_says_of_itself_goes_with_how_two_answers_are_compared(scorers, name):
    case, traits = CASES[name], scorers.traits(name)
    assert traits.many_answers >= traits.whole_reply
    right, wrong = (reply.removeprefix("Answer: ") for reply in (case.right, case.wrong))
    same = partial(scorers.same_answer, name, "What is it?", family=case.family)
    assert same(right, right)
    assert not same(right, "")
    assert not same("", wrong)
    assert not same(right, wrong)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("judge", ScorerTraits(whole_reply=True, many_answers=True, needs_judge=True)),
        ("rouge-l", ScorerTraits(whole_reply=True, many_answers=True)),
        pytest.param("unit-tests", ScorerTraits(many_answers=True), marks=NEEDS["unit-tests"]),
        *(
            (name, ScorerTraits(answer_line=True))
            for name in ("match", "exact", "choice", "numeric", "math", "reasoning-gym")
        ),
    ],
)
def test_what_each_says_of_itself(scorers, name, says):
    assert scorers.traits(name) == says


def test_a_scorer_that_says_nothing_of_itself_has_the_defaults_and_compares_by_its_own_grades():
    class Rounding:
        def grade(self, attempts, on_progress=None):
            found = [float(attempt.reply.removeprefix("Answer: ")) for attempt in attempts]
            right = [round(number) == round(float(one.answer)) for number, one in zip(found, attempts, strict=True)]
            return [Grade(score=float(ok), correct=ok) for ok in right]

        def close(self):
            pass

    assert traits_of(Rounding()) == ScorerTraits(whole_reply=False, many_answers=False, needs_judge=False)
    opened = Scorers()
    opened._open["rounding"] = Rounding()
    assert opened.same_answer("rounding", "p", "2.1", "1.9")
    assert not opened.same_answer("rounding", "p", "2.1", "2.9")
    assert not opened.same_answer("rounding", "p", "2.1", "two")  # it cannot grade that, which is no agreement


@every
def test_it_may_be_closed_twice(name):
    scorer = Scorers(judge=lambda: pytest.fail("nobody was to be asked"))[name]
    scorer.close()
    scorer.close()


@every
def test_an_unknown_option_is_named(name):
    with pytest.raises(UserError, match=rf"scorers\.{name}\.no_such"):
        Scorers({name: {"no_such": 1}}, judge=lambda: None)[name]


def forms(which: Callable[[Case], Pairs]) -> list[Any]:
    return [
        pytest.param(name, answer, reply, id=f"{name}: {answer[-20:]!r} {reply[:30]!r}", marks=NEEDS.get(name, []))
        for name, case in CASES.items()
        for answer, replies in which(case)
        for reply in replies
    ]


@pytest.mark.parametrize(("name", "answer", "reply"), forms(lambda case: case.accepted))
def test_equal_answers_get_the_full_score(scorers, name, answer, reply):
    (grade,) = scorers[name].grade([CASES[name].attempt(reply, answer)])
    assert (grade.score, grade.correct) == (1.0, True)


@pytest.mark.parametrize(("name", "answer", "reply"), forms(lambda case: case.refused))
def test_answers_that_differ_are_wrong(scorers, name, answer, reply):
    (grade,) = scorers[name].grade([CASES[name].attempt(reply, answer)])
    assert not grade.correct
    assert grade.score == 0.0 or CASES[name].partial
