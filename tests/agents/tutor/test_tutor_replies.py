"""The embedded teacher as a colleague: its claims, findings, plans and manners."""

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from ioa.agents.exchange import (
    AnalyseBrief,
    AnalyseReply,
    Candidate,
    DecomposeBrief,
    FailedItem,
    ItemsBrief,
    LessonsBrief,
    ModuleBrief,
    ModuleFailures,
    PlanBrief,
    PrerequisitesBrief,
    RemedyBrief,
    SolveBrief,
    SourceProblem,
    TagBrief,
    TagItem,
    WeakModule,
)
from ioa.agents.prompting import messages, parse
from ioa.agents.tutor import TutorChatModel, open_tutor
from ioa.agents.tutor.analysis import Slip, slip_of
from ioa.agents.tutor.skills import solve_problem
from ioa.memory.domains.packs import load_domain
from ioa.memory.errors import UserError
from ioa.memory.records import Generator, Strategy

PACK = load_domain("arithmetic")


def ask(brief):
    body = json.dumps({"task": brief.task, **brief.model_dump(mode="json")})
    reply = open_tutor("arithmetic").invoke([HumanMessage(f"Prose.\n```json\n{body}\n```")])
    return brief.reply.model_validate_json(reply.text)


def test_prerequisites_are_read_off_its_own_solutions_and_run_in_no_circle():
    from graphlib import TopologicalSorter

    brief = PrerequisitesBrief(
        domain="arithmetic",
        modules=tuple(
            ModuleBrief(id=module.id, description=module.description, generator=module.exam) for module in PACK.modules
        ),
    )
    claims = ask(brief).prerequisites
    pairs = {(claim.requires, claim.module) for claim in claims}
    expected = {
        ("addition/one-digit", "addition/carrying"),
        ("addition/carrying", "addition/multi-term"),
        ("addition/one-digit", "subtraction/borrowing"),
        ("multiplication/table", "multiplication/two-by-one"),
        ("addition/carrying", "multiplication/two-by-one"),
        ("multiplication/table", "division/exact"),
        ("multiplication/table", "number-theory/gcd"),
        ("subtraction/borrowing", "word-problems/everyday"),
        ("number-theory/gcd", "number-theory/lcm"),
        ("division/exact", "fractions/simplify"),
        ("division/exact", "algebra/linear-equations"),
        ("addition/carrying", "decimals/sums"),
        ("multiplication/table", "word-problems/legs"),
    }
    assert expected <= pairs
    assert not {("number-theory/lcm", "number-theory/gcd"), ("word-problems/legs", "multiplication/table")} & pairs
    assert all(0.25 <= claim.strength <= 1 and "worked solutions use" in claim.why for claim in claims)
    graph: dict[str, set[str]] = {}
    for requires, module in pairs:
        graph.setdefault(module, set()).add(requires)
    TopologicalSorter(graph).prepare()
    renamed = tuple(module.model_copy(update={"id": f"x/m{n}"}) for n, module in enumerate(brief.modules))
    assert len(ask(brief.model_copy(update={"modules": renamed})).prerequisites) == len(claims)


SUM, PRODUCT = "Calculate 64 + 39.", "Calculate 12 * 7."
GCD = "Find the Greatest Common Divisor (GCD) of these numbers: 34, 51."
FRACTION = "Simplify the fraction 27/90 to its lowest terms."


@pytest.mark.parametrize(
    ("question", "expected", "reply", "slip"),
    [
        (SUM, "103", "I do not know", Slip.NO_ANSWER),
        (SUM, "103", "ones:4+9=13\ntens:6+3=9\nAnswer: 93", Slip.CARRY),
        ("Calculate 564 - 139.", "425", "Answer: 435", Slip.CARRY),
        ("Calculate 23 - 47.", "-24", "Answer: 24", Slip.SIGN),
        (FRACTION, "3/10", "Answer: 9/30", Slip.NOT_LOWEST),
        (GCD, "17", "51-34=17\nAnswer: 34", Slip.HALF_WAY),
        (PRODUCT, "84", "Answer: 19", Slip.ADDS),
        (SUM, "103", "Answer: 25", Slip.SUBTRACTS),
        (SUM, "103", "The answer is 2496", Slip.MULTIPLIES),
        (SUM, "103", "Answer: 104", Slip.OFF_BY_ONE),
        (PRODUCT, "84", "10*7=75\nAnswer: 89", Slip.FALSE_STEP),
        (SUM, "103", "Answer: 777", Slip.OTHER),
        ("State the final answer to the following arithmetic problem: 3.7 + 4.8 =", "8.5", "Answer: 7.5", Slip.CARRY),
    ],
)
def test_planted_errors_are_recognised(question, expected, reply, slip):
    assert slip_of(FailedItem(probe="p", question=question, expected=expected, reply=reply)) is slip


def test_a_half_way_answer_is_told_from_its_neighbours():
    worked = solve_problem(GCD)
    assert worked.steps == ("51-34=17", "17*2=34")
    assert worked.passed == ("34",)


def test_analysis_names_the_commonest_slip_and_its_items():
    failed = tuple(
        FailedItem(probe=f"gate/a/b/{n:03d}", question=SUM, expected="103", reply=reply)
        for n, reply in enumerate(["Answer: 93", "Answer: 104", "Answer: 93"])
    )
    module = ModuleFailures(module=ModuleBrief(id="a/b", description="sums"), right=5, asked=8, failed=failed)
    whole = ModuleFailures(module=ModuleBrief(id="a/c", description="sums"), right=8, asked=8, failed=())
    reply = ask(AnalyseBrief(modules=(module, whole), stage=1))
    (finding,) = reply.findings
    assert finding.module == "a/b"
    assert finding.probes == ("gate/a/b/000", "gate/a/b/002")
    assert Slip.CARRY.value in finding.misconception
    assert "93" in finding.misconception
    assert "a/b" in reply.note
    assert ask(AnalyseBrief(modules=(whole,))).findings == ()


def test_a_plan_splits_large_stages_and_respects_prerequisites():
    targets = {"a/one": 0.9, "a/two": 0.3, "b/one": 0.5, "b/two": 0.4, "c/last": 0.1}
    brief = PlanBrief(
        targets=targets,
        prerequisites=(("a/one", "c/last"), ("b/one", "b/two")),
        admissible=(("a/one", "a/two", "b/one", "b/two"), ("c/last",)),
        largest_stage=3,
        tau_zpd=0.15,
    )
    stages = [stage.modules for stage in ask(brief).stages]
    assert sorted(sum(stages, ())) == sorted(targets)
    assert max(map(len, stages)) <= 3
    place = {module: number for number, stage in enumerate(stages) for module in stage}
    assert place["a/one"] < place["c/last"]
    assert place["b/one"] < place["b/two"]
    assert all(stage.title and stage.rationale for stage in ask(brief).stages)
    assert ask(PlanBrief(targets={}, prerequisites=(), admissible=(), largest_stage=3, tau_zpd=0.15)).stages == ()


def test_a_plan_teaches_easier_modules_first_and_keeps_categories_together():
    targets = {"a/x": 0.9, "a/y": 0.8, "b/x": 0.2, "b/y": 0.3}
    brief = PlanBrief(targets=targets, prerequisites=(), admissible=(tuple(targets),), largest_stage=2, tau_zpd=0.15)
    assert [stage.modules for stage in ask(brief).stages] == [("b/x", "b/y"), ("a/y", "a/x")]


def test_a_remedy_goes_back_when_the_student_is_lost_and_changes_when_it_is_stuck():
    def remedy(ratio, previous):
        weak = WeakModule(
            module="a/b",
            ratio=ratio,
            previous=previous,
            misconception="m",
            levels=("easy", "exam", "beyond"),
            exam_level="exam",
        )
        return ask(RemedyBrief(weak=(weak,), gate=0.9, round=1)).remedies[0]

    assert remedy(0.05, None).level == "easy"
    assert remedy(0.3, None).level == remedy(0.8, 0.5).level == "exam"
    assert remedy(0.3, None).strategies == remedy(0.8, 0.5).strategies
    assert Strategy.DECOMPOSE in remedy(0.8, 0.8).strategies
    assert "m" in remedy(0.2, 0.2).reason


def test_it_is_a_langchain_chat_model_that_counts_its_tokens():
    tutor = open_tutor("arithmetic")
    assert isinstance(tutor, TutorChatModel)
    prompt = [
        SystemMessage("You teach."),
        HumanMessage('```json\n{"task": "solve", "problem": "Calculate 4 + 4."}\n```'),
    ]
    reply = tutor.invoke(prompt)
    assert json.loads(reply.text) == {"steps": ["4+4=8"], "answer": "8"}
    assert reply.usage_metadata["output_tokens"] == -(-len(reply.text) // 4)
    assert reply.usage_metadata["input_tokens"] == -(-sum(len(message.text) for message in prompt) // 4)
    assert reply.response_metadata["token_count"] == "characters/4"
    assert reply.text == tutor.invoke(prompt).text


def test_it_answers_the_last_brief_also_when_asked_to_repair():
    old, new = (
        f'Example: ```json\n[1]\n```\n```json\n{{"task": "solve", "problem": "Calculate {n} + 1."}}\n```'
        for n in (1, 2)
    )
    messages = [HumanMessage(old), AIMessage("?"), HumanMessage(new), AIMessage("?"), HumanMessage("Repair it.")]
    assert json.loads(open_tutor("arithmetic").invoke(messages).text)["answer"] == "3"


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "```json\nnot json\n```",
        '```json\n{"problem": "2 + 2"}\n```',
        '```json\n{"task": "sing"}\n```',
        '```json\n{"task": ["solve"]}\n```',
        '```json\n{"task": "solve"}\n```',
    ],
)
def test_without_a_readable_brief_it_says_what_it_needs(text):
    reply = open_tutor("arithmetic").invoke([HumanMessage(text)]).text
    assert "brief" in reply or "My tasks are" in reply
    assert not reply.startswith("{")


def test_an_unknown_tutor_or_option_is_refused():
    with pytest.raises(UserError, match=r"no tutor of 'latin'.*tutor:arithmetic"):
        open_tutor("latin")
    with pytest.raises(UserError, match="no option temperature"):
        open_tutor("arithmetic", temperature=0.5)


def lesson_brief(**changes):
    module = PACK.module("addition/carrying")
    about = ModuleBrief(id=module.id, description=module.description, generator=module.exam)
    known = {"module": about, "level": "standard", "kind": "chain-of-thought", "strategies": (Strategy.DECOMPOSE,)}
    return LessonsBrief(**{**known, "count": 4, "seed": 5_000_000, "max_words": 60, **changes})


def test_the_plain_solution_stands_beside_the_adapted_one():
    adapted = ask(lesson_brief(strategies=(Strategy.LANGUAGE, Strategy.FORMAT))).lessons
    plain = ask(lesson_brief(strategies=())).lessons
    assert [lesson.problem for lesson in adapted] == [lesson.problem for lesson in plain]
    for one, other in zip(adapted, plain, strict=True):
        assert one.original == (*other.steps, f"Answer: {one.answer}")
        assert one.steps[0].startswith("First, ")
        assert other.original == ()


def test_a_counterfactual_changes_the_sources_that_are_given_and_says_what():
    sources = tuple(
        SourceProblem(id=f"s{n}", problem=f"Calculate {n}7 + 1{n}.", answer=str(10 * n + 7 + 10 + n)) for n in (4, 5, 6)
    )
    lessons = ask(lesson_brief(kind="counterfactual", sources=sources, count=3)).lessons
    assert {lesson.source for lesson in lessons} == {"s4", "s5", "s6"}
    by_id = {source.id: source for source in sources}
    for lesson in lessons:
        source = by_id[lesson.source]
        old, new = lesson.changed.split(" becomes ")
        assert source.problem.replace(old, new, 1) == lesson.problem
        assert lesson.answer != source.answer


def test_a_problem_is_placed_by_what_it_is_about():
    candidates = (
        Candidate(id="a/sums", description="x", sample="Calculate 48 + 27."),
        Candidate(id="b/table", description="x", sample="Calculate 7 * 8."),
        Candidate(id="c/poems", description="x", sample="Write a poem."),
    )
    for problem, place in (("Calculate 64 + 39.", "a/sums"), ("Calculate 6 * 9.", "b/table"), (GCD, "")):
        assert ask(SolveBrief(problem=problem, candidates=candidates)).module == place
    twice = (*candidates, Candidate(id="d/again", description="x", sample="Calculate 58 + 27."))
    assert ask(SolveBrief(problem="Calculate 64 + 39.", candidates=twice)).module == ""
    assert ask(SolveBrief(problem="Calculate 64 + 39.")).module == ""


def test_a_generator_that_cannot_be_drawn_from_stops_the_lesson():
    brief = LessonsBrief(
        module=ModuleBrief(id="a/b", description="x", generator=Generator(family="gdc")),
        level="y", kind="remedial", strategies=(Strategy.FORMAT,), count=3, seed=0, max_words=60,
    )  # fmt: skip
    with pytest.raises(UserError, match="no family 'gdc'"):
        ask(brief)


def decomposed(**fields):
    settings = {"domain": "x", "description": "y", "least": 25, "most": 35, "levels": ("easy", "standard")}
    reply = ask(DecomposeBrief(**settings | fields))
    return [module for category in reply.categories for module in category.modules]


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"description": "Arithmetic for children."}, 14),
        ({"description": "Mathematics.", "topics": ("adding with carrying",)}, 3),
        ({"description": "Mathematics.", "topics": ("greatest common divisors", "fractions")}, 2),
        ({"description": "French novels."}, 0),
        ({"description": "Mathematics.", "topics": ("topology",)}, 0),
        ({"samples": (SUM, PRODUCT, "Who wrote Faust?")}, 2),
    ],
)
def test_it_names_the_modules_of_its_subject_that_are_meant_and_no_others(fields, count):
    found = decomposed(**fields)
    assert len(found) == count
    for module in found:
        assert [level.name for level in module.levels] == ["easy", "standard"]
        assert all(level.items for level in module.levels)
        assert 0 <= module.difficulty <= 1


@pytest.mark.parametrize("place", range(14))
def test_it_writes_items_of_the_modules_and_levels_that_it_named_with_true_answers(place):
    module = decomposed(description="Arithmetic.")[place]
    written = []
    for level in module.levels:
        about = ModuleBrief(id="x/y", description=module.description, items=level.items)
        brief = ItemsBrief(module=about, level=level.name, count=8, seed=2**40 * 1_000_000)
        first = ask(brief).items
        assert first == ask(brief).items
        assert len(first) == 8
        others = ask(brief.model_copy(update={"avoid": tuple(item.question for item in first)})).items
        assert not {item.question for item in first} & {item.question for item in others}
        assert all(item.answer == solve_problem(item.question).answer for item in (*first, *others))
        written.append(first)
    assert written[0] != written[1]


def test_it_writes_no_items_of_what_it_does_not_know():
    about = ModuleBrief(id="x/y", description="Names rivers.", items="Rivers of France.")
    assert ask(ItemsBrief(module=about, level="standard", count=3, seed=0)).items == ()


def test_items_are_tagged_by_what_it_takes_to_solve_them():
    modules = (
        ModuleBrief(id="mine/plus", description="Adds whole numbers."),
        ModuleBrief(id="mine/ggt", description="Finds the GCD."),
        ModuleBrief(id="mine/rivers", description="Names rivers."),
    )
    questions = (SUM, GCD, PRODUCT, "Which river flows through Paris?")
    items = tuple(TagItem(item=str(n), question=question) for n, question in enumerate(questions))
    tags = ask(TagBrief(domain="x", modules=modules, items=items)).tags
    assert [(tag.item, tag.module) for tag in tags] == [("0", "mine/plus"), ("1", "mine/ggt"), ("2", ""), ("3", "")]


@pytest.mark.parametrize("number", range(14))
def test_lessons_of_a_level_without_a_generator_are_like_its_samples(number):
    from itertools import islice

    from ioa.memory.domains.procedural import supply

    module = PACK.modules[number]
    samples = tuple(item.question for item in islice(supply(module.exam, seed=5_000_000), 6))
    brief = LessonsBrief(
        module=ModuleBrief(id="x/y", description="z", samples=samples),
        level="given", kind="chain-of-thought", strategies=(Strategy.FORMAT,), count=5, seed=77_000_000, max_words=60,
    )  # fmt: skip
    lessons = ask(brief).lessons
    assert len(lessons) == 5
    heads = {solve_problem(sample).head for sample in samples}
    assert {solve_problem(lesson.problem).head for lesson in lessons} <= heads
    assert all(lesson.answer == solve_problem(lesson.problem).answer for lesson in lessons)


def test_lessons_are_in_the_words_of_the_samples():
    about = ModuleBrief(id="x/y", description="z", samples=("What is 64 + 39?", "What is 18 + 57?"))
    brief = LessonsBrief(
        module=about, level="given", kind="chain-of-thought", strategies=(Strategy.FORMAT,), count=5, seed=0,
        max_words=60,
    )  # fmt: skip
    lessons = ask(brief).lessons
    assert len(lessons) == 5
    assert all(lesson.problem.startswith("What is ") and lesson.problem.endswith("?") for lesson in lessons)


def test_it_finds_prerequisites_also_of_modules_that_only_samples_or_its_own_words_describe():
    brief = PrerequisitesBrief(
        domain="x",
        modules=(
            ModuleBrief(id="x/plus", description="z", samples=("Calculate 4 + 5.", "Calculate 7 + 8.")),
            ModuleBrief(id="x/columns", description=PACK.module("addition/carrying").description),
        ),
    )
    assert [(claim.requires, claim.module) for claim in ask(brief).prerequisites] == [("x/plus", "x/columns")]


def test_a_student_that_writes_control_signs_can_be_quoted():
    program = "def f(x):\n    return x"
    item = FailedItem(probe="p", question=SUM, expected=program, reply="\x07\x1b[7m def\x00 f\x0c(x)")
    failed = ModuleFailures(module=ModuleBrief(id="a/b", description="sums"), right=0, asked=1, failed=(item,))
    asked = AnalyseBrief(modules=(failed,), stage=1)
    prompt = messages("diagnoser", asked)
    tutor = open_tutor("python")
    reply = parse(tutor.invoke([HumanMessage(prompt[-1].content)]).text, AnalyseReply)
    assert isinstance(reply, AnalyseReply)
    assert "def\ufffd f\ufffd(x)" in reply.findings[0].misconception
