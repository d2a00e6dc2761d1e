"""Items of our own in the published formats, and what they come to."""

import json

ADD = {
    "task_id": "Own/0",
    "prompt": 'def add(a, b):\n    """The sum of two numbers."""\n',
    "entry_point": "add",
    "canonical_solution": "    return a + b\n",
    "test": "def check(candidate):\n    assert candidate(2, 3) == 5\n",
}
DOUBLE = {
    "text": "Write a function to double a number.",
    "code": "import math\r\ndef helper(x):\r\n    return x\r\ndef double(x):\r\n    return helper(2 * x)",
    "task_id": 7,
    "test_setup_code": "",
    "test_list": ["assert double(2) == 4", "assert double(0) == 0"],
    "challenge_test_list": [],
}
TRIPLE = {
    "source_file": "own",
    "task_id": 8,
    "prompt": "Write a function to triple a number.",
    "code": "def triple(x):\n    return 3 * x",
    "test_imports": ["import math"],
    "test_list": ["assert triple(2) == 6"],
}
CASE = {"input": "[1, 2]\n3", "output": "true", "testtype": "functional"}
LIVE = {
    "question_title": "Find",
    "question_content": "Say whether the list holds the sum.",
    "platform": "own",
    "question_id": "41",
    "starter_code": "class Solution:\n    def holds(self, values: List[int], wanted: int) -> bool:\n        ",
    "difficulty": "easy",
    "public_test_cases": json.dumps([CASE]),
    "private_test_cases": "cGlja2xlZA==",
    "metadata": json.dumps({"func_name": "holds"}),
}
PLANET = {
    "Record ID": "rec1",
    "Question": "Which of these is a planet?",
    "Correct Answer": "Mars\n",
    "Incorrect Answer 1": "the Moon",
    "Incorrect Answer 2": "the Sun",
    "Incorrect Answer 3": "Sirius",
}
FILES = {
    "plain": [{"id": "a", "question": "What is 1 + 1?", "answer": "2"}, {"question": "What is 2 + 3?", "answer": "5"}],
    "gsm8k": [
        {"question": "Ann has 3 pens and buys 4.", "answer": "3 + 4 = <<3+4=7>>7 pens.\n#### 7"},
        {"question": "Bo has 2 boxes of 600 pens.", "answer": "2 * 600 = 1200.\n#### 1,200"},
    ],
    "math": [
        {"problem": "Compute $1+1$.", "level": "Level 1", "type": "Algebra", "solution": "It is $\\boxed{2}$."},
        {"problem": "Halve $x$.", "level": "Level 2", "type": "Algebra", "solution": "So \\boxed{\\frac{x}{2}}."},
    ],
    "math-500": [{"prompt": f"Compute {n} + 1.\nPut it in a box.", "answer": str(n + 1)} for n in range(2)],
    "aime": [{"ID": "2099-I-1", "Problem": "Find the remainder.", "Answer": 204}],
    "humaneval": [ADD],
    "mbpp": [DOUBLE],
    "gpqa": [PLANET],
    "mmlu": [
        {"question": "What is ice?", "subject": "physics", "choices": ["water", "wood"], "answer": 0},
        {"question": "What is a log?", "subject": "physics", "choices": ["water", "wood"], "answer": 1},
    ],
    "livecodebench": [LIVE],
    "dolly": [
        {
            "instruction": "When did it open?",
            "context": "It opened in 1999.",
            "response": "In 1999.",
            "category": "closed_qa",
        }
    ],
    "mt-bench": [
        {
            "question_id": 81,
            "category": "writing",
            "turns": ["Write a poem.", "Make it shorter."],
            "reference": ["Roses"],
        }
    ],
}
"""Items by format; the first of them is described in `FIRST`."""
FIRST = {
    "plain": ("a", "What is 1 + 1?", "2", "", {}),
    "gsm8k": ("", "Ann has 3 pens and buys 4.", "7", "numeric", {"solution": "3 + 4 = <<3+4=7>>7 pens."}),
    "math": ("", "Compute $1+1$.", "2", "math", {"solution": "It is $\\boxed{2}$."}),
    "math-500": ("", "Compute 0 + 1.", "1", "math", {}),
    "aime": ("2099-I-1", "Find the remainder.", "204", "math", {}),
    "humaneval": (
        "Own/0",
        ADD["prompt"],
        ADD["prompt"] + ADD["canonical_solution"],
        "unit-tests",
        {"prompt": ADD["prompt"], "entry_point": "add", "test": ADD["test"], "setup": ""},
    ),
    "mbpp": (
        "7",
        f"{DOUBLE['text']}\n\nYour code should pass these tests:\n\nassert double(2) == 4\nassert double(0) == 0",
        DOUBLE["code"].replace("\r\n", "\n"),
        "unit-tests",
        {"prompt": "", "entry_point": "double", "tests": DOUBLE["test_list"], "setup": ""},
    ),
    "gpqa": (
        "rec1",
        "Which of these is a planet?\n\nA. Mars\nB. Sirius\nC. the Moon\nD. the Sun",
        "A",
        "choice",
        {"choices": ["Mars", "Sirius", "the Moon", "the Sun"]},
    ),
    "mmlu": ("", "What is ice?\n\nA. water\nB. wood", "A", "choice", {"choices": ["water", "wood"]}),
    "livecodebench": (
        "41",
        f"{LIVE['question_content']}\n\n{LIVE['starter_code'].rstrip()}",
        "-",
        "unit-tests",
        {
            "prompt": "from typing import *\n",
            "entry_point": "Solution",
            "tests": ["assert Solution().holds([1, 2], 3) == True"],
            "setup": "from typing import *\n",
        },
    ),
    "dolly": (
        "",
        "When did it open?\n\nIt opened in 1999.",
        "In 1999.",
        "rouge-l",
        {"category": "closed_qa"},
    ),
    "mt-bench": (
        "81",
        "Write a poem.",
        "Roses",
        "judge",
        {"category": "writing", "reference": "Roses", "turns": ["Write a poem.", "Make it shorter."]},
    ),
}
"""Id (empty: made of the question), question, answer, scorer and metadata of the first item."""
