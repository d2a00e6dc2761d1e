"""Two answers compared as the domain's own verifier does."""

import pytest

from ioa.graph.judging import agree
from ioa.memory.domain import load_domain
from ioa.training import Scorers

PACK = load_domain("arithmetic")


@pytest.mark.parametrize(
    ("module", "one", "other", "same"),
    [
        ("addition/carrying", "132", "132", True),
        ("addition/carrying", "132", "The sum is 132", True),  # the family's verifier reads numbers out of texts
        ("addition/carrying", "132", "132 or 133", False),
        ("addition/carrying", "132", "-132", False),
        ("addition/carrying", "", "132", False),
        ("decimals/sums", "12.5", "12.50", True),
        ("fractions/simplify", "1/2", "2/4", False),
        ("fractions/simplify", "1/2", "1/2", True),
        ("number-theory/gcd", "6", "12", False),
    ],
)
def test_answers_agree_as_they_do_in_an_examination(module, one, other, same):
    made = PACK.module(module)
    assert agree(Scorers(), made, made.exam_level, "a problem that was written", one, other) is same
