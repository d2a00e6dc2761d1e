"""The family of Python functions: its tests must tell a right function from a wrong one."""

import ast
import random
from functools import cache

import pytest

from ioa.memory.domains.families.python_functions import TOPICS
from ioa.memory.domains.procedural import GeneratorError, draw
from ioa.memory.records import Generator

LEVELS = [(topic, composed) for topic in TOPICS for composed in (False, True)]
FLIPPED = {
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Pow: ast.Mult,
}  # fmt: skip


def generator(topic, composed=True):
    return Generator(family="python_functions", params={"topic": topic, "composed": composed}, scorer="unit-tests")


@cache
def items(topic, composed=True, count=40):
    return draw(generator(topic, composed), seed=31_000_000, count=count)


def function(code):
    defined = {}
    exec(code, defined)
    return defined[ast.parse(code).body[-1].name]


def passes(code, item):
    """Whether code passes an item's tests under the name that they call; made of our own parts, so it runs here."""
    defined = {item.metadata["entry_point"]: function(code)}
    try:
        for test in item.metadata["tests"]:
            exec(test, defined)
    except (AssertionError, TypeError, ValueError, IndexError, AttributeError):
        return False
    return True


@cache
def battery(kind):
    """Many arguments of a kind, chosen without a look at any function."""
    rng = random.Random(1)
    numbers = [[n] for n in range(-60, 61)] + [[rng.randint(-60, 60) for _ in range(6)] for _ in range(150)]
    if kind == "pair":
        return [(a, b) for a in range(-9, 10) for b in range(-9, 10)]
    if kind == "number":
        return [(n,) for n in range(-100, 101)]
    if kind == "list":
        return [([],), *((one,) for one in numbers)]
    alphabet = "abcdefghijklmnopqrstuvwxyzAEIOUST   "
    return [("".join(rng.choice(alphabet) for _ in range(rng.randint(0, 14))),) for _ in range(600)]


def kind_of(item):
    first = ast.parse(item.metadata["tests"][0]).body[0].test.left.args
    value = ast.literal_eval(first[0])
    return "pair" if len(first) == 2 else {int: "number", list: "list", str: "text"}[type(value)]


def behaviour(code, kind):
    made, results = function(code), []
    for arguments in battery(kind):
        try:
            results.append(repr(made(*arguments)))
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            results.append(type(error).__name__)
    return results


def mutants(code):
    """The code with one operator exchanged or one number one larger, each in turn."""
    places = [type(node).__name__ for node in ast.walk(ast.parse(code))]
    for place in range(len(places)):
        tree = ast.parse(code)
        node = list(ast.walk(tree))[place]
        if isinstance(node, ast.Compare) and type(node.ops[0]) in FLIPPED:
            node.ops[0] = FLIPPED[type(node.ops[0])]()
        elif isinstance(node, ast.BinOp) and type(node.op) in FLIPPED:
            node.op = FLIPPED[type(node.op)]()
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            node.value += 1
        else:
            continue
        yield ast.unparse(tree)


@pytest.mark.parametrize(("topic", "composed"), LEVELS)
def test_a_reference_passes_its_tests_and_what_behaves_otherwise_fails_them(topic, composed):
    wrong = 0
    for item in items(topic, composed)[:12]:
        assert passes(item.answer, item), item
        right = behaviour(item.answer, kind_of(item))
        for mutant in mutants(item.answer):
            if behaviour(mutant, kind_of(item)) != right:
                wrong += 1
                assert not passes(mutant, item), f"{item.answer}\n{mutant}"
    assert wrong or not composed


@pytest.mark.parametrize("topic", TOPICS)
def test_the_tests_of_two_functions_with_different_meanings_tell_them_apart(topic):
    drawn = items(topic)[:20]
    behaviours = [behaviour(item.answer, kind_of(item)) for item in drawn]
    assert len({tuple(one) for one in behaviours}) > 15
    for item, own in zip(drawn, behaviours, strict=True):
        for other, its in zip(drawn, behaviours, strict=True):
            assert passes(other.answer, item) is (own == its), f"{item.answer}\n{other.answer}"


@pytest.mark.parametrize(("topic", "composed"), LEVELS)
def test_items_are_repeatable_and_show_what_the_function_gives(topic, composed):
    assert draw(generator(topic, composed), seed=31_000_000, count=5) == items(topic, composed)[:5]
    for item in items(topic, composed):
        name = item.metadata["entry_point"]
        assert item.question.endswith(item.metadata["prompt"].rstrip())
        assert item.answer.startswith(f"def {name}(")
        shown = item.question.split(">>> ")[1].split("\n")
        assert repr(eval(shown[0], {name: function(item.answer)})) == shown[1].strip()
        assert item.scorer == "unit-tests"


@pytest.mark.parametrize("topic", TOPICS)
def test_there_are_many_different_functions_and_the_edges_are_tested(topic):
    drawn = items(topic, count=200)
    assert len({item.answer.split(":\n", 1)[1] for item in drawn}) > 120
    for item in drawn[:10]:
        called = " ".join(item.metadata["tests"])
        edges = {"list": ("([])", "([0])", "([-1])"), "text": ("('')",), "number": ("(0)", "(-1)"), "pair": ("(0, 0)",)}
        assert all(edge in called for edge in edges[kind_of(item)])


def test_an_unknown_topic_is_answered_with_the_known_ones():
    with pytest.raises(GeneratorError, match=r"'sorting'.*expected one of expression, conditional, reduce"):
        draw(generator("sorting"), seed=0, count=1)
