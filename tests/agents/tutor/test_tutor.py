"""The embedded teacher: what it says must be true, since a student learns from it."""

import ast
import json
import operator
import re
from fractions import Fraction
from itertools import pairwise

import pytest
from langchain_core.messages import HumanMessage
from reasoning_gym.factory import get_score_answer_fn

from ioa.agents.exchange import (
    LessonsBrief,
    ModuleBrief,
    SolveBrief,
)
from ioa.agents.tutor import open_tutor
from ioa.agents.tutor.skills import solve_problem
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import draw
from ioa.memory.records import Strategy
from ioa.memory.similarity import normalise

PACK = load_domain("arithmetic")
LEVELS = [(module.id, level) for module in PACK.modules for level in module.levels]
PLAIN = (Strategy.FORMAT, Strategy.COGNITIVE_LOAD)
MANNERS = [PLAIN, tuple(Strategy), *((strategy,) for strategy in Strategy)]
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def ask(brief):
    body = json.dumps({"task": brief.task, **brief.model_dump(mode="json")})
    reply = open_tutor("arithmetic").invoke([HumanMessage(f"Prose.\n```json\n{body}\n```")])
    return brief.reply.model_validate_json(reply.text)


def lessons(module_id, level, *, count=10, seed=50_000_000, strategies=PLAIN, kind="chain-of-thought"):
    module = PACK.module(module_id)
    about = ModuleBrief(id=module.id, description=module.description, generator=module.levels[level])
    brief = LessonsBrief(
        module=about, level=level, kind=kind, strategies=strategies, count=count, seed=seed, max_words=60
    )
    return ask(brief).lessons


def value(text):
    """Value of plain arithmetic, worked out here without the tutor's or the verifier's code."""

    def of(node):
        if isinstance(node, ast.Constant):
            return Fraction(str(node.value))
        if isinstance(node, ast.UnaryOp):
            return -of(node.operand)
        return OPERATORS[type(node.op)](of(node.left), of(node.right))

    return of(ast.parse(text, mode="eval").body)


def equations(line):
    """The equations between numbers in a line, sides as text; an unknown on the left is left out."""
    found = []
    for fact in re.split(r"[;:]|, | and ", re.sub(r"(?<=\d)\.$", "", line)):
        sides = [re.sub(r"\s", "", side) for side in fact.split("=")]
        plain = [side for side in sides if re.fullmatch(r"[-\d.+*/()]+", side)]
        assert len(plain) == len(sides) or re.fullmatch(r"(\d+\*)?[a-z]", sides[0]) or "=" not in fact, line
        if len(plain) > 1:
            found.append(plain)
    return found


@pytest.mark.parametrize(("module_id", "level"), LEVELS)
def test_it_solves_every_problem_of_the_pack_as_the_familys_verifier_wants(module_id, level):
    generator = PACK.module(module_id).levels[level]
    score = get_score_answer_fn(generator.family)
    for item in draw(generator, seed=123_000_000, count=60):
        reply = ask(SolveBrief(problem=item.question))
        assert reply.answer == item.answer, item.question
        entry = {"question": item.question, "answer": item.answer, "metadata": dict(item.metadata)}
        assert score(reply.answer, entry) == 1.0


@pytest.mark.parametrize(("module_id", "level"), LEVELS)
@pytest.mark.parametrize("strategies", MANNERS, ids="+".join)
def test_every_equation_of_every_lesson_is_true(module_id, level, strategies):
    written = lessons(module_id, level, count=40, strategies=strategies)
    assert len(written) == 40
    for lesson in written:
        assert lesson.steps
        stated = [sides for line in (*lesson.steps, lesson.verification) for sides in equations(line)]
        assert stated
        for sides in stated:
            assert len({value(side) for side in sides}) == 1, lesson
        assert all("\n" not in step for step in lesson.steps)


@pytest.mark.parametrize(("module_id", "level"), LEVELS)
def test_lessons_are_distinct_repeatable_and_of_the_level(module_id, level):
    first = lessons(module_id, level, count=40)
    assert len({normalise(lesson.problem) for lesson in first}) == 40
    assert first == lessons(module_id, level, count=40)
    assert {lesson.problem for lesson in first} != {
        lesson.problem for lesson in lessons(module_id, level, count=40, seed=51_000_000)
    }
    where = PACK.module(module_id).levels[level].where
    assert all(re.search(where.question or "", lesson.problem) for lesson in first)
    assert all(re.search(where.answer or "", lesson.answer) for lesson in first)


@pytest.mark.parametrize(("module_id", "level"), LEVELS)
def test_the_answer_of_a_lesson_follows_from_its_steps(module_id, level):
    """What the last column leaves written, or the value of some line, is the answer."""
    for lesson in lessons(module_id, level, count=40):
        found = solve_problem(lesson.problem)
        last = lesson.steps[-1]
        if re.match(r"(ones|tens|hundreds|thousands|tenths):", last):
            so_far = [step.rsplit(";", 1)[-1].replace(".", "") for step in lesson.steps]
            assert int(so_far[-1]) == int(lesson.answer.replace(".", ""))
            assert all(later.endswith(earlier) for earlier, later in pairwise(so_far))
        elif module_id.startswith("division") and ";1:" in last and len(lesson.steps) == 1:
            dividend, divisor, *counted = map(int, re.findall(r"\d+", last))
            times, reached = counted[::2], counted[1::2]
            assert times == list(range(1, int(lesson.answer) + 1))
            assert reached == [divisor * n for n in times]
            assert reached[-1] == dividend
        elif module_id.startswith("division"):
            quotient = "".join(re.search(r"\*(\d)=", step).group(1) for step in lesson.steps)
            assert quotient == lesson.answer
        elif module_id != "fractions/simplify":
            assert lesson.answer in re.findall(r"\d+", " ".join(lesson.steps))
        assert found.answer == lesson.answer


@pytest.mark.parametrize(
    ("module_id", "level"), [("subtraction/borrowing", level) for level in ("introductory", "standard", "advanced")]
)
def test_counting_back_goes_one_at_a_time_and_stops_where_the_next_step_begins(module_id, level):
    counted = 0
    for lesson in lessons(module_id, level, count=40):
        reached = lesson.problem.removeprefix("Calculate ").split(" ")[0]
        for step in lesson.steps:
            start, taken = map(int, re.match(r"(\d+)-(\d+)", step).groups())
            assert start == int(reached)
            pairs = [tuple(map(int, pair)) for pair in re.findall(r"(\d+):(\d+)", step)]
            unit = 10 ** (len(str(taken)) - len(str(taken).rstrip("0"))) if taken else 1
            assert pairs == [(n, start - n * unit) for n in range(1, len(pairs) + 1)]
            assert not pairs or len(pairs) * unit == taken
            counted += bool(pairs)
            reached = str(start - taken)
        assert reached == lesson.answer
    assert counted >= 20


def test_common_divisors_are_found_in_true_lists():
    for lesson in lessons("number-theory/gcd", "standard", count=40):
        (large, listed), (small, tried) = (step.split(": ") for step in lesson.steps)
        true = [n for n in range(1, int(large) + 1) if int(large) % n == 0]
        assert [int(n) for n in listed.split()] == true
        below = [n for n in range(int(small), 0, -1) if int(small) % n == 0]
        candidates = [tuple(one.split()) for one in tried.split(", ")]
        assert [int(n) for n, _ in candidates] == below[: len(candidates)]
        assert [said for _, said in candidates] == ["no"] * (len(candidates) - 1) + ["yes"]
        assert candidates[-1][0] == lesson.answer
        assert next(n for n in below if n in true) == int(lesson.answer)


def test_counterfactual_lessons_change_the_problem_and_stay_true():
    for module_id, level in (("addition/carrying", "standard"), ("number-theory/lcm", "standard")):
        usual = {lesson.problem for lesson in lessons(module_id, level, count=20)}
        changed = lessons(module_id, level, count=20, kind="counterfactual")
        assert len(changed) >= 15
        assert not usual & {lesson.problem for lesson in changed}
        assert all(ask(SolveBrief(problem=lesson.problem)).answer == lesson.answer for lesson in changed)


def test_cognitive_load_orders_lessons_from_small_numbers_up():
    def totals(strategies):
        written = lessons("addition/carrying", "standard", strategies=strategies)
        return [sum(map(int, re.findall(r"\d+", lesson.problem))) for lesson in written]

    assert totals(PLAIN) == sorted(totals(PLAIN))
    assert totals((Strategy.FORMAT,)) != sorted(totals((Strategy.FORMAT,)))


def test_strategies_show_in_the_steps():
    def steps(*strategies):
        return lessons("multiplication/table", "standard", count=6, strategies=strategies)[5].steps

    usual = steps(Strategy.FORMAT)
    assert len(usual) == 1
    decomposed = steps(Strategy.FORMAT, Strategy.DECOMPOSE)
    assert decomposed[0].startswith("given:")
    assert decomposed[-1].startswith("check:")
    assert steps(Strategy.FORMAT, Strategy.LANGUAGE)[0].startswith("First, ")
    assert steps(Strategy.FORMAT, Strategy.CONCRETIZE)[1:] == usual


def test_a_generator_that_runs_out_gives_fewer_lessons_and_none_gives_none():
    assert len(lessons("addition/one-digit", "introductory", count=500)) == 121
    brief = LessonsBrief(
        module=ModuleBrief(id="a/b", description="x"),
        level="y",
        kind="bridging",
        strategies=(),
        count=3,
        seed=0,
        max_words=60,
    )
    assert ask(brief).lessons == ()


@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        ("Calculate 503 - 47.", "456"),
        ("Calculate 1000 - 1.", "999"),
        ("Calculate 23 - 47.", "-24"),
        ("Calculate 5 + 3 - 12.", "-4"),
        ("Calculate 34 * 27.", "918"),
        ("Calculate 100 * 70.", "7000"),
        ("Calculate 12 * 3 * 4.", "144"),
        ("Calculate 0 / 7.", "0"),
        ("Calculate 1001 / 7.", "143"),
        ("Calculate 804 / 4.", "201"),
        ("What is 0.05 + 12.5?", "12.55"),
        ("What is 3.5 - 4.7?", "-1.2"),
        ("Solve for x: 3 - 2*x = -7", "5"),
        ("Solve for x: x - 9 = -4", "5"),
        ("Solve for x: 5 - x = 2", "3"),
        ("Solve for x: 4*x + 9 = 1", "-2"),
        ("Solve for x: -x + 5 = 2", "3"),
        ("Find the Greatest Common Divisor (GCD) of these numbers: 12, 18, 27.", "3"),
        ("Find the Least Common Multiple (LCM) of these numbers: 4, 6, 10", "60"),
        ("Simplify the fraction 7/7 to its lowest terms.", "1/1"),
        ("Simplify the fraction 3/8 to its lowest terms.", "3/8"),
    ],
)
def test_problems_beyond_the_pack(problem, answer):
    worked = solve_problem(problem)
    assert worked.answer == answer
    for line in (*worked.steps, worked.check):
        for sides in equations(line):
            assert len({value(side) for side in sides}) == 1, worked


@pytest.mark.parametrize(
    "problem",
    [
        "",
        "Who was Euclid?",
        "Calculate 7 / 0.",
        "Calculate 7 / 2.",
        "Calculate 2 + 3 * 4.",
        "Calculate (2 + 3) * 4.",
        "Solve for x: x**2 = 9",
        "Solve for x: 2*x = 9",
        "Solve for x: x + y = 9",
        "Solve for x: 2*x + 1 = x + 5",
        "Solve for x: 3*(x + 1) = 9",
        "Simplify the fraction 3/0 to its lowest terms.",
        "Find the Greatest Common Divisor (GCD) of these numbers: 0, 4.",
        "A 294-page essay is 2/3 written. How many pages are left?",
        "how many legs are there in total if you have 3 unicorns?",
    ],
)
def test_what_it_cannot_read_gets_an_empty_answer(problem):
    reply = ask(SolveBrief(problem=problem))
    assert reply.answer == ""
    assert "no method" in reply.steps[0]
