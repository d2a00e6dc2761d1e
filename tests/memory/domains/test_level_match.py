"""Whether a problem belongs to a level, in whatever words it is told."""

import pytest

from ioa.memory.domains.level_match import asks_for_level
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import supply
from ioa.memory.records import Generator

ARITHMETIC, ALGEBRA = load_domain("arithmetic"), load_domain("algebra")


@pytest.mark.parametrize(
    ("module", "level", "problem", "fits"),
    [
        ("addition/carrying", "standard", "Calculate 34 + 78.", True),
        ("addition/carrying", "standard", "What is 34 plus 78?", True),
        ("addition/carrying", "standard", "Find the sum of 34 and 78.", True),
        ("addition/carrying", "standard", "What is 34 plus 8?", False),
        ("addition/carrying", "introductory", "What is 34 plus 8?", True),
        ("addition/multi-term", "introductory", "Add up: 12 + 30 + 25", True),
        ("addition/multi-term", "introductory", "Add up: 12 + 40 + 25", False),
        ("multiplication/two-by-one", "standard", "What is 6 times 34?", True),
        ("multiplication/two-by-one", "standard", "34 × 6 = ?", True),
        ("multiplication/two-by-one", "standard", "What is 16 times 34?", False),
        ("division/exact", "standard", "How much is 84 divided by 12?", True),
        ("division/exact", "standard", "How much is 840 divided by 30?", False),
        ("subtraction/borrowing", "standard", "Subtract: 52 - 38", True),
        ("addition/carrying", "standard", "Tom has 34 apples and buys 78. How many has he?", None),
    ],
)
def test_a_lesson_is_judged_by_what_it_asks(module, level, problem, fits):
    generator = ARITHMETIC.module(module).levels[level]
    assert asks_for_level(generator, problem) is fits


@pytest.mark.parametrize(
    ("module", "problem", "fits"),
    [
        ("equations/one-step", "Solve for x: 32 = 8x", True),
        ("equations/two-step", "Solve 4x - 8 = 24.", True),
        ("equations/two-step", "Solve 4x = 24.", False),
        ("equations/taken-away", "Find x so that 5 - 8x = -51", True),
    ],
)
def test_equations_are_judged_whatever_their_letter(module, problem, fits):
    known = ALGEBRA.module(module)
    assert asks_for_level(known.levels[known.exam_level], problem) is fits


def test_what_the_patterns_ask_for_is_told_in_words_wherever_a_built_in_pack_has_them():
    for pack in ("arithmetic", "algebra", "first-steps", "word-problems", "python"):
        for module in load_domain(pack).modules:
            for generator in module.levels.values():
                if isinstance(generator, Generator) and (generator.where.question or generator.where.answer):
                    assert generator.where.words, (pack, module.id)
                    assert next(supply(generator, seed=1), None)
