"""What problems ask for: the same in another order or under other names, and not the same where it only looks alike."""

import warnings

import pytest

from ioa.memory.domains.families.forms import canonical_form
from ioa.memory.domains.families.python_behaviour import behaviour


def asked(problem):
    text, _, answer = problem.partition(" => ")
    form = canonical_form(text, answer)
    assert form is not None, problem
    return form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Calculate 8 * 7.", "What is 7 times 8?"),
        ("Calculate 8 * 7.", "Find the product of 7 and 8."),
        ("Calculate 8 * 7.", "Work out 7 x 8"),
        ("Calculate 8 * 7.", "$7 \\times 8 = ?$"),
        ("Calculate 34 + 17 + 23.", "Add: 23 + (34 + 17) ="),
        ("Calculate -3 - 8.", "Calculate -8 - 3."),
        ("Calculate 5 - -9.", "Calculate 9 + 5."),
        ("Calculate 12 / 4.", "What is 12 divided by 4?"),
        ("State the final answer to the following arithmetic problem: 2.3 + 3.3 =", "Calculate 3.3 + 2.30."),
        ("Find the Greatest Common Divisor (GCD) of these numbers: 18, 12. Give only the GCD as your final answer.",
         "What is the greatest common factor of 12 and 18?"),
        ("Find the Least Common Multiple (LCM) of these numbers: 6, 14", "LCM of 14 and 6?"),
        ("Simplify the fraction 10/12 to its lowest terms.", "Reduce 10/12."),
        ("Solve for t: 8*t = 32", "Find the value of z in the equation: 32 = 8z"),
        ("Solve for t: 8*t - 9 = 23", "Determine the value of q that satisfies: -9 + 8*q = 23"),
        ("Add the complex numbers: (-7.0 - 1.0i) + (-6.0 + 6.0i)", "Compute (-6 + 6i) + (-7 - 1i)"),
        ("Subtract the complex numbers: (1.0 + 2.0i) - (3.0 - 5.0i)", "Add: (-3 + 5i) + (1 + 2i)"),
        ("Now, how many legs are there in total if you have 1 butterfly, 8 crabs?",
         "How many legs do 8 crabs and 1 butterfly have?"),
        ("Ada has 3 bags with 5 beads in each. How many beads is that in all? => 15",
         "In each of Ben's 5 bags are 3 beads. How many beads are there altogether? => 15 beads"),
        ("One pen costs 4 dollars. Ravi takes 3. How much does he pay? => 12",
         "Ravi takes 3. Each pen costs 4 dollars. How much does he pay? => 12"),
        ("Susan is 8 years old. In 5 years her uncle Ray will be 4 times as old. How old is he? => 27",
         "In 5 years her uncle Tim will be 4 times as old. Kate is 8 years old. How old is he? => 27"),
    ],
)  # fmt: skip
def test_the_same_is_asked(one, other):
    assert asked(one) == asked(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Calculate 8 * 7.", "Calculate 8 + 7."),
        ("Calculate 12 / 4.", "Calculate 4 / 12."),
        ("Calculate 12 - 4.", "Calculate 4 - 12."),
        ("Calculate -4 * 7.", "Calculate 4 * 7."),
        ("Calculate 2 * (3 + 4).", "Calculate 2 * 3 + 4."),
        ("Simplify the fraction 12/4.", "Calculate 12 / 4."),
        ("GCD of 12 and 18", "LCM of 12 and 18"),
        ("Solve for x: 2*x + 3 = 7", "Solve for x: 2*x = 4"),
        ("Solve for x: 5 - 8*x = -51", "Solve for x: 8*x - 5 = -51"),
        ("Compute (1 + 2i) - (3 + 4i)", "Compute (3 + 4i) - (1 + 2i)"),
        ("How many legs do 8 crabs and 1 butterfly have?", "How many legs do 1 crab and 8 butterflies have?"),
        ("Ada has 12 beads. She loses 5 of them. How many beads are left? => 7",
         "Ada has 12 beads. She finds 5 more. How many beads are there now? => 17"),
        ("Ada has 12 beads. She loses 5 of them. How many beads are left? => 7",
         "Ada has 12 coins. She loses 5 of them. How many coins are left? => 7"),
    ],
)  # fmt: skip
def test_another_thing_is_asked(one, other):
    assert asked(one) != asked(other)


@pytest.mark.parametrize(
    "problem",
    [
        "Write a poem about autumn.",
        "Sort these numbers: 3, 1, 2 => 1, 2, 3",
        "Tom has 12 apples and gives 5 away. How many are left?",  # nobody said what comes out
        "Calculate 3 + 5. Then add 4 of the 9 numbers.",
        "Is 2 + 2 = 4 and 3 + 3 = 6?",
        "1 0 1\n0 0 1 => 3",
    ],
)
def test_what_no_family_knows_has_no_form(problem):
    text, _, answer = problem.partition(" => ")
    assert canonical_form(text, answer) is None


def function(body, name="f", parameter="numbers", shown="[1, 2]"):
    code = f"def {name}({parameter}):\n    " + body.replace("\n", "\n    ")
    return f'def {name}({parameter}):\n    """Do it.\n\n    >>> {name}({shown})\n    """', code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (function("return sum(numbers)"), function("return sum(n for n in prices)", "total", "prices"), True),
        (function("return sum(numbers)"), function("s = 0\nfor n in numbers:\n    s += n\nreturn s"), True),
        (function("return [n for n in numbers if n > 3]"), function("return [n for n in numbers if n >= 4]"), True),
        (function("return {n: 1 for n in numbers}"), function("return {n: 1 for n in reversed(numbers)}"), True),
        (function("return [n for n in numbers if n > 3]"), function("return [n for n in numbers if n > 4]"), False),
        (function("return max(numbers, default=0)"), function("return min(numbers, default=0)"), False),
        (function("return a + b", "f", "a, b", "1, 2"), function("return y + x", "g", "x, y", "3, 4"), True),
        (function("return a - b", "f", "a, b", "1, 2"), function("return y - x", "g", "x, y", "3, 4"), False),
        (function("return t.count('e')", "f", "t", "'e'"), function("return t.count('i')", "f", "t", "'e'"), False),
    ],
)  # fmt: skip
def test_functions_are_the_same_where_they_do_the_same(one, other, same):
    assert behaviour(*one) is not None
    assert (behaviour(*one) == behaviour(*other)) is same


@pytest.mark.parametrize(
    "body",
    [
        "import os\nreturn os.getcwd()",
        "return __import__('os').getcwd()",
        "return ().__class__.__bases__",
        "return open('/etc/passwd').read()",
        "while True:\n    pass",
        "return 10 ** 10 ** 10",
        "return [0] * 10 ** 9",
        "return sum(range(10 ** 9))",
        "return '%999999999d' % 1",
        "s = 'ab'\nfor n in numbers:\n    s = s + s\nreturn s",
        "for n in numbers:\n    numbers.append(n)\nreturn numbers",
        "def g(n):\n    return g(n)\nreturn g(1)",
        "return (lambda n: n)(numbers)",
        "return eval('1')",
    ],
)
def test_a_function_that_could_do_harm_or_never_end_is_not_run(body):
    assert behaviour(*function(body)) is None


def test_nothing_of_an_answer_but_the_function_is_run():
    question, code = function("return sum(numbers)")
    annotated = code.replace("(numbers)", "(numbers: print('run'))", 1)
    assert behaviour(question, f"print('run')\n{annotated}\nprint('run')") == behaviour(question, code)
    for told in (code.replace("(numbers)", "(numbers=print('run'))", 1), f"@print\n{code}", "def f(:", "no code"):
        assert behaviour(question, told) is None


def test_a_form_is_the_same_in_every_process():
    question, code = function("return list({n: n for n in numbers}.keys())")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert behaviour(question, code) == "python 1 list " + behaviour(question, code).rpartition(" ")[2]
    assert behaviour(*function("return list({n for n in numbers})")) is None  # a set's order is chance
