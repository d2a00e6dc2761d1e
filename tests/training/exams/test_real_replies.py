"""Replies as small models write them, graded as a careful person would."""

import time

import pytest

from ioa.memory.records import Attempt
from ioa.training.exams.scorers import Scorers
from ioa.training.exams.scorers.code import extract_code, readings

CHOICES = {"choices": ["Berlin", "Paris", "Vitamin A", "Lyon"]}
RIGHT = [
    ("numeric", "18", "Answer: 18<|im_end|>\n<|im_start|>user\nHow many is 7?"),
    ("numeric", "18", "Answer: 18</s>"),
    ("numeric", "18", "Answer: 18\n\nQuestion: Tom has 5 apples. How many?\nAnswer: 5"),
    ("numeric", "18", "Question: how many?\nAnswer: 18"),
    ("numeric", "18", "Final Answer: The final answer is $18$. I hope it is correct."),
    ("numeric", "18", "Answer: I think it's 18."),
    ("numeric", "18", "Answer: `18`"),
    ("numeric", "18", "Answer: <answer>18</answer>"),
    ("numeric", "18", "Answer: [18]"),
    ("numeric", "18", "Answer: 18 apples \u2705"),
    ("numeric", "18", "Answer: ~18"),
    ("numeric", "1000", "Answer: Rs.1,000"),
    ("choice", "B", "Answer: B<|im_end|>"),
    ("choice", "B", "Answer: [B]"),
    ("choice", "B", "Answer: B Paris"),
    ("choice", "B", "Answer: B is correct"),
    ("choice", "B", "I would choose B because A is wrong"),
    ("match", "yes", "Answer: Yes<|endoftext|>"),
    ("exact", "to be", "to be</s>"),
    ("math", r"\frac{1}{2}", "Final Answer: The final answer is $\\frac12$. I hope it is correct."),
    ("math", r"3\sqrt{2}", "Answer: 3√2"),
]
WRONG = [
    ("numeric", "18", "Answer: 18 i"),
    ("numeric", "18", "Answer: I18"),
    ("numeric", "3", "Answer: < 3"),
    ("numeric", "18", "Answer: 17\n\nQuestion: again?\nAnswer: 18"),
    ("choice", "B", "Answer: not B"),
    ("choice", "B", "Answer: B Berlin"),
    ("choice", "A", "A good question. I do not know."),
    ("math", r"\frac{1}{2}", "Answer: The answer is $\\frac12$ or $\\frac13$."),
]


@pytest.fixture(scope="module")
def scorers():
    opened = Scorers({"math": {"workers": 1}})
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("scorer", "answer", "reply", "right"),
    [(*case, True) for case in RIGHT] + [(*case, False) for case in WRONG],
)
def test_a_reply_counts_as_a_careful_person_would_count_it(scorers, scorer, answer, reply, right):
    metadata = CHOICES if scorer == "choice" else {}
    attempt = Attempt(question="q", answer=answer, reply=reply, metadata=metadata)
    assert scorers.grade([scorer], [attempt])[0].correct is right


def test_a_stated_answer_of_a_megabyte_of_numbers_is_graded_at_once(scorers):
    start = time.process_time()
    attempt = Attempt(question="q", answer="1", reply="Answer: " + "1 " * (1 << 19))
    assert not scorers.grade(["numeric"], [attempt])[0].correct
    assert time.process_time() - start < 2


def test_long_code_that_cannot_be_read_is_given_up_on_soon():
    start = time.process_time()
    code = "def f(x):\n    return x\n" + "x = 1\n" * 2000 + "x = (\n" * 2000
    assert readings(code, "", "f")
    assert time.process_time() - start < 2


CODE = "def f(x):\n    return 2 * x"


@pytest.mark.parametrize(
    "reply",
    [
        f"{CODE}\n<|im_end|>",
        f"```python\n{CODE}\n```<|im_end|>\n<|im_start|>user\nmore",
        f"~~~python\n{CODE}\n~~~",
        f"````python\n{CODE}\n````\nIt doubles.",
        f"{CODE}\n\nThis function doubles x.",
        f"Here is the function:\n\n{CODE}\n\nIt doubles x.",
    ],
)
@pytest.mark.parametrize("prompt", ["", "def f(x):\n    '''Double it.'''\n"])
def test_code_is_found_among_chat_marks_other_fences_and_prose(reply, prompt):
    for sources in readings(extract_code(reply, "f"), prompt, "f"):
        try:
            codes = [compile(source, "code", "exec") for source in sources]
        except SyntaxError:
            continue
        space: dict[str, object] = {}
        for code in codes:
            exec(code, space)
        assert space["f"](3) == 6
        return
    pytest.fail("no reading compiles")
