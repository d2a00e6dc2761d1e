"""Nothing taught comes near an examined item: every built-in pack is drawn, and twins are looked for by another rule.

The rule of this file shares nothing with the program's: it reads the families' own wordings with a syntax tree, with
sympy and by running the functions on each other's tests.
"""

import ast
import re
from collections import Counter

import pytest
import sympy

from ioa.agents.exchange import LessonsBrief, ModuleBrief
from ioa.agents.tutor.lesson_writing import write_lessons
from ioa.agents.tutor.subject import Subject
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import SEED_STRIDE
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.records import Split
from ioa.memory.run_dir import RunDirectory
from ioa.memory.store import ExampleStore
from ioa.training import ExaminationSettings, build_probes, shared_modules

EMBEDDER = WordLlamaEmbedder()


def operands(text):
    """The expression with the operands of sums and products sorted; nothing is calculated."""

    def of(node):
        if not isinstance(node, ast.BinOp):
            return ast.unparse(node)
        kind, parts = type(node.op), [of(node.left), of(node.right)]
        if kind not in (ast.Add, ast.Mult):
            return kind.__name__, parts
        flat = [one for part in parts for one in (part[1] if part[0] == kind.__name__ else [part])]
        return kind.__name__, sorted(flat, key=repr)

    return repr(of(ast.parse(text, mode="eval").body))


def equation(text):
    letter = sympy.Symbol("u")
    sides = [sympy.expand(sympy.sympify(re.sub("[a-z]", "u", side))) for side in text.split("=")]
    return frozenset(str(side.as_coefficients_dict(letter)) for side in sides)


def told(text, answer):
    """A story without its names, sentences and words in any order."""
    words = re.findall("[A-Za-z]+", text)
    return answer, sorted(re.findall(r"\d+", text)), sorted(word for word in words if word.islower())


READ = {
    "basic_arithmetic": lambda text, _: operands(text.removeprefix("Calculate ").rstrip(".")),
    "decimal_chain_sum": lambda text, _: operands(text.partition(": ")[2].rstrip("= ")),
    "gcd": lambda text, _: ("gcd", sorted(re.findall(r"\d+", text))),
    "lcm": lambda text, _: ("lcm", sorted(re.findall(r"\d+", text))),
    "fraction_simplification": lambda text, _: re.search(r"\d+/\d+", text).group(),
    "simple_equations": lambda text, _: equation(text.rpartition(": ")[2]),
    "complex_arithmetic": lambda text, _: (text.split()[0], sorted(re.findall(r"\(.*?\)", text)), "-" in text.split()),
    "leg_counting": lambda text, _: sorted(re.findall(r"\d+ [a-z ]+[a-z](?=s?[,?])", text)),
    "story_problems": told,
    "gsm_symbolic": told,
}


def key(family, question, answer):
    return repr(READ[family](question, answer))


def arguments_of(tests):
    """The arguments of lines like `assert f([1], 2) == 3`."""
    return [[ast.literal_eval(one) for one in ast.parse(test).body[0].test.left.args] for test in tests]


def loaded(code):
    defined = {}
    exec(code, defined)
    return next(value for name, value in defined.items() if name != "__builtins__")


def outcomes(function, given):
    """What a function makes of the arguments of all tests of its module; of arguments of another kind, an error."""

    def of(arguments):
        try:
            return function(*arguments)
        except (AttributeError, IndexError, TypeError, ValueError):
            return "error"

    return [of(arguments) for arguments in given]


def written(pack, seed, count):
    """The tutor's lessons of all modules and levels, (module, family, problem, answer)."""
    for number, module in enumerate(load_domain(pack).modules):
        for place, (level, generator) in enumerate(module.levels.items()):
            about = ModuleBrief(id=module.id, description=module.description, generator=generator)
            brief = LessonsBrief(
                module=about, level=level, kind="chain-of-thought", strategies=(), count=count,
                seed=(10**12 + 1000 * seed + 10 * number + place) * SEED_STRIDE, max_words=60,
            )  # fmt: skip
            for lesson in write_lessons(
                brief, Subject.open(pack if pack in ("algebra", "python") else "arithmetic")
            ).lessons:
                yield module.id, generator.family, lesson.problem, lesson.answer


def taught(store, lessons):
    hits = store.find_contamination([lesson[2] for lesson in lessons], [lesson[3] for lesson in lessons])
    return [lesson for lesson, hit in zip(lessons, hits, strict=True) if hit is None]


@pytest.fixture
def store(tmp_path):
    with ExampleStore(RunDirectory.at(tmp_path, "run"), EMBEDDER) as opened:
        yield opened


@pytest.mark.parametrize(
    ("pack", "seed"),
    [("arithmetic", 7), ("algebra", 8), ("word-problems", 7), ("word-problems", 8), ("first-steps", 9)],
)
def test_no_lesson_asks_what_an_item_asks_nor_one_item_what_another_does(store, pack, seed):
    domain = load_domain(pack)
    # the spare items of one pack will do: to see whether there is room for them takes longest
    probes = build_probes(domain, ExaminationSettings(spare=float(pack == "word-problems")), seed)
    asked = {key(probe.family, probe.question, probe.answer) for probe in probes}
    assert len(asked) == len(probes)
    store.guard(probes)
    lessons = [(lesson, key(*lesson[1:])) for lesson in written(pack, seed, 50)]
    kept = set(taught(store, [lesson for lesson, _ in lessons]))
    assert not [lesson for lesson, form in lessons if lesson in kept and form in asked]
    assert any(form in asked for _, form in lessons)  # else nothing was put to the test
    different = Counter(module for module, _ in {(lesson[0], form) for lesson, form in lessons if lesson in kept})
    assert all(different[module.id] >= 15 for module in domain.modules), different


def test_no_lesson_is_a_function_that_passes_the_tests_of_an_item(store):
    probes = build_probes(load_domain("python"), ExaminationSettings(spare=0), 7)
    store.guard(probes)
    lessons = list(written("python", 7, 40))
    kept = taught(store, lessons)
    assert len(kept) < len(lessons)
    assert {one[0] for one in kept} == {probe.module for probe in probes}
    for module in {probe.module for probe in probes}:
        own = [probe for probe in probes if probe.module == module]
        given = [arguments for probe in own for arguments in arguments_of(probe.metadata["tests"])]
        examined = [outcomes(loaded(probe.answer), given) for probe in own]
        assert all(one not in examined[:place] for place, one in enumerate(examined)), module
        assert not [one[2] for one in kept if one[0] == module and outcomes(loaded(one[3]), given) in examined], module


def test_of_few_problems_half_are_left_to_teach_and_it_is_said_of_which_module():
    domain, settings = load_domain("algebra"), ExaminationSettings(spare=0)
    probes = build_probes(domain, settings, 7)
    shared = shared_modules(domain, settings, probes)
    assert set(shared) == {"integers/products", "equations/one-step"}
    for module, sizes in shared.items():
        held = Counter(probe.split.value for probe in probes if probe.module == module)
        assert held == Counter(sizes)
        assert (
            0.9 < sizes["gate"] / sizes["diagnosis"] * settings.size(Split.DIAGNOSIS) / settings.size(Split.GATE) < 1.1
        )
    assert sum(shared["equations/one-step"].values()) <= 50  # of 10 factors and 10 solutions
