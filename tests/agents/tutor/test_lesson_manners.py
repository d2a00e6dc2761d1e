"""What strategies, kinds, a misconception and a bound on words change in the tutor's lessons, which all stay right."""

import re
from functools import cache
from itertools import combinations, islice

import pytest

from ioa.agents.exchange import LessonsBrief, ModuleBrief, SourceProblem
from ioa.agents.step_checks import false_step
from ioa.agents.tutor.analysis import Slip, slips_meant
from ioa.agents.tutor.contrasts import contrast_slip
from ioa.agents.tutor.lesson_writing import write_lessons
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.solution_wording import Manner, larger_steps, write_steps
from ioa.agents.tutor.subject import Subject
from ioa.agents.tutor.vocabulary import METHODS
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import supply
from ioa.memory.records import Kind, Strategy
from ioa.training.exams.answer_markers import stated

PACKS = ("arithmetic", "algebra", "word-problems", "python", "first-steps")
MODULES = [(pack, module.id) for pack in PACKS for module in load_domain(pack).modules]
SHIPPED = (Strategy.FORMAT, Strategy.COGNITIVE_LOAD)
SUBSETS = [subset for size in range(6) for subset in combinations(Strategy, size)]
WRITTEN = (Kind.CHAIN_OF_THOUGHT, Kind.BRIDGING, Kind.REMEDIAL)
ROOM = 400
"""Words, more than any solution needs."""


@cache
def _holds(line):
    return not false_step([line])


@cache
def problems(pack, module, count=2):
    levels = load_domain(pack).module(module).levels.values()
    drawn = [item for level in levels for item in islice(supply(level, seed=50_000_000), count)]
    return [(item.question, solve_problem(item.question)) for item in drawn]


def lessons(strategies=(), *, module="addition/carrying", pack="arithmetic", level="standard", **changes):
    about = load_domain(pack).module(module)
    fields = {"kind": Kind.CHAIN_OF_THOUGHT, "count": 12, "seed": 50_000_000, "max_words": ROOM} | changes
    brief = LessonsBrief(
        module=ModuleBrief(id=module, description=about.description, generator=about.levels[level]),
        level=level, strategies=strategies, **fields,
    )  # fmt: skip
    return write_lessons(brief, Subject.open("arithmetic" if pack == "first-steps" else pack)).lessons


def steps(problem, *strategies, kind=Kind.CHAIN_OF_THOUGHT, slip=None):
    return write_steps(solve_problem(problem), Manner(strategies, kind, slip))


@pytest.mark.parametrize(("pack", "module"), MODULES)
def test_every_lesson_is_right_and_passes_the_step_check_in_every_manner(pack, module):
    for problem, worked in problems(pack, module):
        for strategies in SUBSETS:
            manners = [Manner(strategies, kind) for kind in WRITTEN]
            manners += [Manner(strategies, Kind.REMEDIAL, slip) for slip in Slip]
            for manner in manners:
                lines = write_steps(worked, manner)
                assert lines
                assert all(line.strip() and "\n" not in line and _holds(line) for line in lines), (
                    problem,
                    manner,
                    lines,
                )
                solution = "\n".join((*lines, f"Answer: {worked.answer}"))
                assert stated(solution, worked.answer.count("\n") + 1) == worked.answer, solution


@pytest.mark.parametrize(("pack", "module"), MODULES)
def test_the_lessons_that_are_shipped_are_as_short_as_ever(pack, module):
    for _, worked in problems(pack, module):
        assert write_steps(worked, Manner(SHIPPED)) == worked.steps
        for kind in (Kind.BRIDGING, Kind.REMEDIAL):
            marked = write_steps(worked, Manner(SHIPPED, kind))
            assert len(" ".join(marked)) <= len(" ".join(worked.steps)) + len("care: ")


@pytest.mark.parametrize(("pack", "module"), MODULES)
@pytest.mark.parametrize("strategy", [one for one in Strategy if one is not Strategy.COGNITIVE_LOAD])
def test_each_strategy_changes_every_solution(pack, module, strategy):
    for _, worked in problems(pack, module):
        assert write_steps(worked, Manner((strategy,))) != write_steps(worked, Manner())


def test_plain_solutions_are_whole_sentences_and_the_same_each_time():
    plain = lessons()
    assert all(re.fullmatch(r"(Ones|Tens): [\d +]+ = \d+, so far \d+\.", step) for one in plain for step in one.steps)
    assert plain == lessons()
    assert {len(one.steps) for one in plain} == {2}
    assert steps("Calculate 32 - 7.") == ("32 - 7 = 25.",)
    assert steps("Simplify the fraction 6/8 to its lowest terms.") == ("6 / 2 = 3 and 8 / 2 = 4.",)


def test_format_is_one_template_of_labels_without_sentences():
    for lesson in lessons((Strategy.FORMAT,)):
        assert re.sub(r"\d+", "#", lesson.steps[0]) == "ones:#+#=#;#"
        assert re.fullmatch(r"tens:#\+#(\+#)?=#;#", re.sub(r"\d+", "#", lesson.steps[1]))
        assert len(lesson.original) == len(lesson.steps) + 1  # the same steps, in other words
        assert lesson.original[:-1] != lesson.steps


@pytest.mark.parametrize(
    ("problem", "usual", "small"),
    [
        ("Calculate 32 - 7.", ("32-7=25",), ("32-7;1:31 2:30 3:29 4:28 5:27 6:26 7:25",)),
        ("Calculate 27 / 9.", ("27/9=3",), ("27/9;1:9 2:18 3:27",)),
        ("Calculate 4 + 5 + 6.", ("4+5+6=15",), ("4+5=9", "9+6=15")),
        ("Calculate 27 + 38 + 46.", ("ones:7+8+6=21;1", "tens:2+3+4+2=11;111"),
         ("ones:7+8=15;15+6=21;1", "tens:2+3=5;5+4=9;9+2=11;111")),
        ("Calculate 345 * 6.", ("300*6=1800", "40*6=240", "5*6=30", "1800+240+30=2070"),
         ("300*6=1800", "40*6=240", "5*6=30", "1800+240=2040", "2040+30=2070")),
    ],
)  # fmt: skip
def test_cognitive_load_makes_each_step_small_whatever_the_order_of_the_lessons(problem, usual, small):
    assert steps(problem, Strategy.FORMAT) == usual
    assert steps(problem, *SHIPPED) == small


@pytest.mark.parametrize(("pack", "module"), MODULES)
def test_cognitive_load_never_makes_a_solution_coarser(pack, module):
    for _, worked in problems(pack, module):
        larger = larger_steps(worked.steps)
        assert len(larger) <= len(worked.steps)
        assert max(map(_operands, worked.steps)) <= max(map(_operands, larger))


def _operands(step):
    """The most numbers that one equation of a line has on a side."""
    return max((len(re.findall(r"\d+", fact.split("=")[0])) for fact in step.split(";") if "=" in fact), default=0)


def test_decompose_gives_takes_apart_and_checks():
    written = steps("Calculate 7 * 8.", Strategy.FORMAT, Strategy.DECOMPOSE)
    assert written == ("given:7 and 8;find:product", "7*5=35", "7*3=21", "35+21=56", "check:56/8=7")
    fraction = steps("Simplify the fraction 6/8 to its lowest terms.", Strategy.FORMAT, Strategy.DECOMPOSE)
    assert fraction[1:-1] == ("6/2=3", "8/2=4")  # one operation a line


def test_concretize_puts_a_picture_first_and_language_connects_the_sentences():
    plain = steps("Calculate 47 + 38.")
    head = solve_problem("Calculate 47 + 38.").head
    assert steps("Calculate 47 + 38.", Strategy.CONCRETIZE) == (METHODS[head].analogy, *plain)
    first, then, end = steps("Calculate 47 + 38.", Strategy.LANGUAGE)
    assert (first.split(" ")[0], then.split(" ")[0], end) == ("First,", "Then,", "So the answer is 85.")


def test_a_bridging_lesson_marks_what_is_new_and_a_remedial_one_what_takes_care():
    usual = steps("Calculate 47 + 38 + 16.", *SHIPPED)
    for kind, mark in ((Kind.BRIDGING, "new"), (Kind.REMEDIAL, "care")):
        marked = steps("Calculate 47 + 38 + 16.", *SHIPPED, kind=kind)
        assert marked == (usual[0], f"{mark}:{usual[1]}")  # there the carry arrives


def test_a_counterfactual_changes_a_number_of_its_source():
    sources = (SourceProblem(id="s", problem="Calculate 47 + 38.", answer="85"),)
    (lesson,) = lessons(SHIPPED, kind=Kind.COUNTERFACTUAL, sources=sources, count=1)
    assert lesson.source == "s"
    assert lesson.changed == "38 becomes 39"
    assert lesson.steps == solve_problem("Calculate 47 + 39.").steps


@pytest.mark.parametrize(
    ("problem", "slip", "place", "line"),
    [
        ("Calculate 47 + 38.", Slip.CARRY, 2, "not 7:carry 1"),
        ("Calculate 52 - 27.", Slip.CARRY, 2, "not 35:borrow"),
        ("What is 5.2 - 2.7?", Slip.CARRY, 2, "not 3.5:borrow"),
        ("Calculate 27 + 38 + 46.", Slip.CARRY, 2, "not 9:carry 2"),
        ("Calculate 42 * 3.", Slip.CARRY, None, ""),  # 120 + 6: no column carries
        ("Calculate 48 * 7.", Slip.CARRY, 3, "not 236:carry 1"),
        ("Calculate 12 + 34.", Slip.CARRY, None, ""),
        ("Calculate -3 - 8.", Slip.SIGN, 1, "not 11:sign"),
        ("Solve for x: 2*x + 3 = 11", Slip.HALF_WAY, 1, "not 8:go on"),
        ("Simplify the fraction 6/8 to its lowest terms.", Slip.NOT_LOWEST, 1, "not 6/8:divide"),
        ("Simplify the fraction 3/8 to its lowest terms.", Slip.NOT_LOWEST, None, ""),
        ("Calculate 6 * 7.", Slip.ADDS, 0, "not 6+7:find product"),
        ("Calculate 16 + 7.", Slip.ADDS, None, ""),  # that is what is asked for
        ("Calculate 6 * 7.", Slip.OFF_BY_ONE, 1, "not 41:one off"),
        ("Calculate 32 - 7.", Slip.OFF_BY_ONE, 1, "not 26:one off"),
        ("Add the complex numbers: (1.0 - 3.0i) + (2.0 + 1.0i)", Slip.ONE_PART, 1, "not done:imaginary"),
        ("Calculate 6 * 7.", Slip.FALSE_STEP, 1, "check:42/7=6"),
        ('def f(n):\n    """Return 1 if n is at least 3, otherwise 2."""', Slip.CONDITION, 1, "not n > 3: at least 3"),
        ('def f(n):\n    """Return 1 if n is even, otherwise 2."""', Slip.CONDITION, 1, "not n % 2 == 1: even"),
        ('def f(n):\n    """Return 1 if n is even, otherwise 2."""', Slip.OTHER_NAME, 0, "not another name: f(n)"),
    ],
)  # fmt: skip
def test_a_remedy_contrasts_the_wrong_step_where_it_happens(problem, slip, place, line):
    usual = steps(problem, *SHIPPED)
    found = contrast_slip(slip, solve_problem(problem), usual)
    assert (found.place, found.line) == (place, line) if line else found is None
    if found:
        remedied = steps(problem, *SHIPPED, kind=Kind.REMEDIAL, slip=slip)
        assert remedied == (*usual[:place], line, *usual[place:])
        assert len(line.split()) <= 7


def test_a_misconception_decides_which_problems_are_taught_and_what_is_said_of_them():
    told = f"The student {Slip.CARRY.value}; for 'Calculate 5 + 9.' it gave 4, not 14."
    remedial = lessons(SHIPPED, kind=Kind.REMEDIAL, misconception=told)
    assert len(remedial) == 12
    assert all(any(re.fullmatch(r"not \d+:carry 1", step) for step in lesson.steps) for lesson in remedial)
    unspecific = lessons(SHIPPED, kind=Kind.REMEDIAL)
    assert not any("not " in step for lesson in unspecific for step in lesson.steps)
    assert {lesson.problem for lesson in remedial} != {lesson.problem for lesson in unspecific}
    usual = lessons(SHIPPED)
    assert [lesson.steps for lesson in unspecific] != [lesson.steps for lesson in usual]
    assert all(lesson.original == two.original for lesson, two in zip(unspecific, usual, strict=True))
    assert lessons(SHIPPED, misconception=told) == usual  # a first lesson teaches the whole module


def test_several_misconceptions_are_remedied_in_turns():
    told = (
        f"1. The student {Slip.CARRY.value} (60% of the wrong answers). 2. The student {Slip.OFF_BY_ONE.value} (40%)."
    )
    assert slips_meant(told) == [Slip.CARRY, Slip.OFF_BY_ONE]
    lines = [" ".join(lesson.steps) for lesson in lessons(SHIPPED, kind=Kind.REMEDIAL, misconception=told)]
    assert (
        0 < sum("carry" in line for line in lines) < sum("carry" in line or "one off" in line for line in lines) == 12
    )


def test_words_of_nobodys_slip_are_no_slip():
    assert slips_meant("The student is tired.") == []
    assert slips_meant("") == []


@pytest.mark.parametrize(("pack", "module"), [("arithmetic", "addition/carrying"), ("python", "lists/filter")])
def test_no_solution_is_longer_than_it_may_be_and_what_is_left_out_first_is_the_picture(pack, module):
    def words(most):
        made = lessons(tuple(Strategy), module=module, pack=pack, kind=Kind.REMEDIAL, max_words=most)
        assert all(len(f"{' '.join(one.steps)} {one.answer}".split()) <= most for one in made)
        return made

    full = words(ROOM)
    longest = max(len(f"{' '.join(one.steps)} {one.answer}".split()) for one in full)
    shorter = words(longest - 1)
    assert len(shorter) == len(full)
    pictures = [sum(one.steps[0] in {method.analogy for method in METHODS.values()} for one in made)
                for made in (full, shorter)]  # fmt: skip
    assert pictures[1] < pictures[0] == len(full)
    assert words(1) == ()
