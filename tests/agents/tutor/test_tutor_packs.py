"""The embedded teacher's other subjects: algebra and word problems."""

import ast
import json
import operator
import re
from fractions import Fraction
from graphlib import TopologicalSorter
from itertools import islice

import pytest
from langchain_core.messages import HumanMessage
from reasoning_gym.factory import get_score_answer_fn

from ioa.agents.exchange import (
    DecomposeBrief,
    FailedItem,
    ItemsBrief,
    LessonsBrief,
    ModuleBrief,
    PrerequisitesBrief,
    SolveBrief,
    TagBrief,
    TagItem,
)
from ioa.agents.step_checks import false_step
from ioa.agents.tutor import open_tutor
from ioa.agents.tutor.analysis import Slip, final_value, slip_of
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.vocabulary import METHODS
from ioa.agents.tutor.working import Operation
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import supply
from ioa.memory.records import Strategy
from ioa.memory.similarity import normalise

PACKS = {name: load_domain(name) for name in ("algebra", "word-problems")}
LEVELS = [
    (name, module.id, level) for name, pack in PACKS.items() for module in pack.modules for level in module.levels
]
SPARSE = {"equations/two-step", "equations/taken-away"}
"""Modules whose items are picked out of many, which takes time."""
PLAIN = (Strategy.FORMAT, Strategy.COGNITIVE_LOAD)
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def ask(brief, subject="arithmetic"):
    body = json.dumps({"task": brief.task, **brief.model_dump(mode="json")})
    reply = open_tutor(subject).invoke([HumanMessage(f"Prose.\n```json\n{body}\n```")])
    return brief.reply.model_validate_json(reply.text)


def value(text):
    """Value of plain arithmetic, worked out here without the tutor's or the verifier's code."""

    def of(node):
        if isinstance(node, ast.Constant):
            return Fraction(str(node.value))
        if isinstance(node, ast.UnaryOp):
            return -of(node.operand)
        return OPERATORS[type(node.op)](of(node.left), of(node.right))

    return of(ast.parse(text, mode="eval").body)


def stated(line):
    """The equations of a line, each as the text of its sides; an unknown's side is left out."""
    facts = [[side for side in fact.split("=") if not re.search("[a-z]", side)] for fact in re.split("[;:]", line)]
    return [sides for sides in facts if len(sides) > 1]


@pytest.mark.parametrize(("pack", "module_id", "level"), LEVELS)
def test_it_solves_every_problem_from_its_text_as_the_familys_verifier_wants(pack, module_id, level):
    generator = PACKS[pack].module(module_id).levels[level]
    score = get_score_answer_fn(generator.family)
    for item in islice(supply(generator, seed=123_000_000), 30 if module_id in SPARSE else 200):
        worked = solve_problem(item.question)
        assert worked is not None, item.question
        assert worked.answer == item.answer, item.question
        assert score(worked.answer, {"answer": item.answer, "metadata": dict(item.metadata)}) == 1.0
        facts = [sides for line in (*worked.steps, worked.check) for sides in stated(line)]
        assert facts
        assert all(len({value(side) for side in sides}) == 1 for sides in facts), worked
        assert not false_step([*worked.steps, worked.check])


@pytest.mark.parametrize(("pack", "module_id", "level"), LEVELS)
def test_its_lessons_are_distinct_true_and_of_the_level(pack, module_id, level):
    module = PACKS[pack].module(module_id)
    about = ModuleBrief(id=module.id, description=module.description, generator=module.levels[level])
    for strategies in (PLAIN, tuple(Strategy)):
        brief = LessonsBrief(
            module=about, level=level, kind="chain-of-thought", strategies=strategies, count=20, seed=50_000_000,
            max_words=60,
        )  # fmt: skip
        written = ask(brief, pack).lessons
        assert len({normalise(lesson.problem) for lesson in written}) == 20
        assert all(re.search(module.levels[level].where.question or "", lesson.problem) for lesson in written)
        assert all(lesson.answer == solve_problem(lesson.problem).answer for lesson in written)
        assert not any(false_step(lesson.steps) for lesson in written)


@pytest.mark.parametrize("name", PACKS)
def test_its_claims_of_prerequisites_hold_those_of_the_pack_and_run_in_no_circle(name):
    pack = PACKS[name]
    modules = tuple(ModuleBrief(id=m.id, description=m.description, generator=m.exam) for m in pack.modules)
    claims = ask(PrerequisitesBrief(domain=name, modules=modules), name).prerequisites
    claimed = {(claim.requires, claim.module) for claim in claims}
    assert {(required, module.id) for module in pack.modules for required in module.prerequisites} <= claimed
    graph: dict[str, set[str]] = {}
    for required, module in claimed:
        graph.setdefault(module, set()).add(required)
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", PACKS)
def test_it_names_the_modules_of_its_subject_and_writes_and_tags_their_items(name):
    brief = DecomposeBrief(
        domain=name, description=PACKS[name].description, least=5, most=9, levels=("introductory", "standard")
    )
    named = [module for category in ask(brief, name).categories for module in category.modules]
    assert [module.description for module in named] == [module.description for module in PACKS[name].modules]
    briefs = [ModuleBrief(id=f"mine/m{n}", description=m.description) for n, m in enumerate(named)]
    for module, about in zip(named, briefs, strict=True):
        asked = about.model_copy(update={"items": module.levels[-1].items})
        items = ask(ItemsBrief(module=asked, level="standard", count=5, seed=77_000_000), name).items
        assert len(items) == 5
        tagged = TagBrief(
            domain=name,
            modules=tuple(briefs),
            items=tuple(TagItem(item=str(n), question=item.question) for n, item in enumerate(items)),
        )
        assert {tag.module for tag in ask(tagged, name).tags} == {about.id}


def test_every_method_can_be_spoken_of():
    assert set(METHODS) == set(Operation)


@pytest.mark.parametrize(
    ("problem", "steps"),
    [
        ("Calculate -3 - 8.", ("-3-8=-(3+8)=-11",)),
        ("Calculate 5 - -9.", ("5--9=5+9=14",)),
        ("Calculate -5 + 9.", ("-5+9=9-5=4",)),
        ("Calculate -5 - -9.", ("-5--9=-5+9=9-5=4",)),
        ("Calculate -4 * 7.", ("-4*7=-(4*7)=-28",)),
        ("Solve for e: 5 - 8*e = -51", ("8*e=5+51=56", "e=56/8=7")),
        ("Solve for h: 48 - h = 39", ("h=48-39=9",)),
        ("Ann has 60 pens. 30% of them are red. How many pens are not red?",
         ("10%:60/10=6", "30%:6*3=18", "left:60-18=42")),
        ("Ann has 6 pens. Bo has 3 times as many. How many pens do they have together?",
         ("other:6*3=18", "together:6+18=24")),
    ],
)  # fmt: skip
def test_a_solution_takes_the_operands_up_beside_each_result(problem, steps):
    assert solve_problem(problem).steps == steps


@pytest.mark.parametrize(
    "problem",
    [
        "Ann has 12 pens. Bo gives her 3 more. How many pens did Bo give her?",
        "Ann has 12 pens. She wants 3 more. How many pens does Ann have now?",
        "Ann has 12 pens. Bo gives her 3 more. She loses half of them. How many pens does Ann have now?",
        "Ann has 4 bags with 6 pens in each. How many bags does Ann have altogether, and how many pens?",
        "Bo packs 15 cards into 4 bags, the same number in each. How many cards are in each bag?",
        "Multiply the complex numbers: (2.0 - 1.0i) × (3.00i)",
        "Calculate ( -9 * 8 ).",
    ],
)
def test_what_it_does_not_wholly_understand_it_does_not_answer(problem):
    assert ask(SolveBrief(problem=problem)).answer == ""


SUM = "Add the complex numbers: (-7.0 - 1.0i) + (-6.0 + 6.0i)"


@pytest.mark.parametrize(
    ("question", "expected", "reply", "slip"),
    [
        (SUM, "-13.0 + 5.0i", "Answer: 13.0 + 5.0i", Slip.SIGN),
        (SUM, "-13.0 + 5.0i", "Answer: -13.0 - 7.0i", Slip.ONE_PART),
        (SUM, "-13.0 + 5.0i", "real:-7+-6=-(7+6)=-14\nAnswer: -14.0 + 4.0i", Slip.FALSE_STEP),
        (SUM, "-13.0 + 5.0i", "I do not know", Slip.NO_ANSWER),
        ("Calculate -3 - 8.", "-11", "Answer: 11", Slip.SIGN),
        ("Ann has 6 pens. Bo has 3 times as many. How many pens do they have together?", "24", "Answer: 18",
         Slip.HALF_WAY),
        ("Ann buys 6 bags of 3 pens. How many pens are there in all?", "18", "Answer: 9", Slip.ADDS),
    ],
)  # fmt: skip
def test_planted_errors_are_recognised(question, expected, reply, slip):
    assert slip_of(FailedItem(probe="p", question=question, expected=expected, reply=reply)) is slip


def test_a_complex_number_is_read_whole():
    assert final_value("real:1+2=3\nAnswer: -13.0 + 5.0i") == "-13.0 + 5.0i"
