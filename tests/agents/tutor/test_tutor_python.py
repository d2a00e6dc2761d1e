"""The embedded teacher's Python: it reads a docstring and writes a function that does what it says."""

import ast
import json
import re

import pytest
from langchain_core.messages import HumanMessage

from ioa.agents.exchange import LessonsBrief, ModuleBrief, PrerequisitesBrief, SolveBrief
from ioa.agents.exchange.diagnosis_briefs import FailedItem
from ioa.agents.screening import split_original
from ioa.agents.step_checks import false_step
from ioa.agents.tutor import open_tutor
from ioa.agents.tutor.analysis import Slip, slip_meant, slip_of
from ioa.agents.tutor.skills import solve_problem
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import draw
from ioa.memory.records import Strategy
from ioa.memory.similarity import normalise
from ioa.training.exams.scorers.code import extract_code

PACK = load_domain("python")
LEVELS = [(module.id, level) for module in PACK.modules for level in module.levels]
PLAIN = (Strategy.FORMAT, Strategy.COGNITIVE_LOAD)
ITEM = """Complete this Python function.

def total(numbers):
    \"\"\"Return the sum of the squares of the even numbers.

    >>> total([1, 2, 4])
    20
    \"\"\""""
RIGHT = "def total(numbers):\n    return sum(n ** 2 for n in numbers if n % 2 == 0)"


def ask(brief, subject="python"):
    body = json.dumps({"task": brief.task, **brief.model_dump(mode="json")})
    reply = open_tutor(subject).invoke([HumanMessage(f"Prose.\n```json\n{body}\n```")])
    return brief.reply.model_validate_json(reply.text)


def about(module_id, level):
    module = PACK.module(module_id)
    return ModuleBrief(id=module.id, description=module.description, generator=module.levels[level])


def lessons(module_id, level, *, count=8, strategies=PLAIN, kind="chain-of-thought"):
    brief = LessonsBrief(
        module=about(module_id, level), level=level, kind=kind, strategies=strategies, count=count, seed=50_000_000,
        max_words=60,
    )  # fmt: skip
    return ask(brief).lessons


@pytest.mark.parametrize(("module_id", "level"), LEVELS)
def test_what_it_writes_passes_all_tests_of_every_problem_of_the_pack(module_id, level):
    for item in draw(PACK.module(module_id).levels[level], seed=123_000_000, count=60):
        worked = solve_problem(item.question)
        assert worked is not None, item.question
        exec("\n".join([worked.answer, *item.metadata["tests"]]), {})  # the tutor's code is made of its own parts
        assert 1 <= len(worked.steps) <= 4
        assert not false_step((*worked.steps, worked.check))


def test_a_tutor_of_another_subject_knows_it_too_and_answers_with_the_whole_function():
    for subject in ("python", "arithmetic"):
        reply = ask(SolveBrief(problem=ITEM), subject)
        assert reply.steps == ("even: n % 2 == 0", "squares: n ** 2", "sum: sum(...)")
        assert reply.answer == RIGHT
        assert extract_code("\n".join([*reply.steps, f"Answer: {reply.answer}"]), "total") == RIGHT


@pytest.mark.parametrize(
    "problem",
    [
        'def f(numbers):\n    """Return the median of the numbers.\n    """',
        'def f(numbers):\n    """Return the sum of the lucky numbers."""',
        'def f(a, b, c):\n    """Return the sum of a and b."""',
        'def f(n):\n    """Return the sum of the squares of the even numbers."""',
        "def f(numbers):\n    return the sum of the numbers",
        "Write a function that returns the sum of the numbers.",
    ],
)
def test_what_it_cannot_read_it_does_not_guess(problem):
    assert solve_problem(problem) is None


@pytest.mark.parametrize("strategies", [PLAIN, tuple(Strategy), (Strategy.LANGUAGE,)], ids="+".join)
@pytest.mark.parametrize("module_id", ["lists/first-match", "texts/words"])
def test_its_lessons_end_in_a_function_whatever_the_strategies(module_id, strategies):
    written = lessons(module_id, "standard", strategies=strategies)
    assert len({normalise(lesson.problem) for lesson in written}) == 8
    for lesson in written:
        assert ast.parse(lesson.answer).body[0].name in lesson.problem
        assert not any("\n" in step for step in lesson.steps)
        plain, answer = split_original(lesson)
        assert answer == lesson.answer
        assert plain
        assert not false_step((*plain, *lesson.steps, lesson.verification))


def test_it_changes_no_programs_since_their_examples_would_be_false():
    assert lessons("lists/filter", "standard", kind="counterfactual") == ()


def test_the_prerequisites_it_claims_are_those_of_the_pack_and_no_circle():
    modules = tuple(about(module.id, module.exam_level) for module in PACK.modules)
    claims = ask(PrerequisitesBrief(domain="python", modules=modules)).prerequisites
    pairs = {(claim.requires, claim.module) for claim in claims}
    assert ("functions/conditionals", "lists/filter") in pairs
    assert ("lists/filter", "lists/filter-map-reduce") in pairs
    assert ("functions/conditionals", "lists/first-match") in pairs
    assert not any((later, earlier) in pairs for earlier, later in pairs)


@pytest.mark.parametrize(
    ("reply", "slip"),
    [
        ("The answer is 20.", Slip.NO_FUNCTION),
        ("Answer: def total(numbers):\n    return sum(", Slip.UNREADABLE),
        ("Answer: " + RIGHT.replace("total", "summe"), Slip.OTHER_NAME),
        ("Answer: " + RIGHT.replace("== 0", "== 1"), Slip.CONDITION),
        ("```python\n" + RIGHT.replace("** 2", "* 2") + "\n```", Slip.RESULT),
    ],
)
def test_a_wrong_function_is_read_for_what_is_wrong_in_it(reply, slip):
    assert slip_of(FailedItem(probe="p", question=ITEM, expected=RIGHT, reply=reply)) is slip
    assert slip_meant(f"The student {slip.value}.") is slip


def test_an_answer_of_several_lines_is_found_in_the_plain_solution():
    (lesson, *_) = lessons("lists/first-match", "standard")
    split = lesson.model_copy(update={"original": ("a step", *f"Answer: {lesson.answer}".split("\n"))})
    assert split_original(split) == (("a step",), lesson.answer)
    unstated = lesson.model_copy(update={"original": ("a step", "    return n")})
    assert split_original(unstated) == (("a step", "    return n"), "")
    assert re.search(r"^    ", lesson.answer, re.MULTILINE)
