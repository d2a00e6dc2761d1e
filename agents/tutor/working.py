"""What a worked solution is made of, and the vocabulary in which the tutor speaks about its own methods.

A step is one short line. Facts within a line are parted by a semicolon and nothing is padded with blanks:
in the tokenizers of small students a digit is a token and each blank is another.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    """What a module can be about; in the order in which the methods build on each other."""

    DIGIT_SUM = "one-digit sums"
    TABLE = "the multiplication table"
    CARRYING = "sums in columns with carrying"
    SUBTRACTION = "differences by place with borrowing"
    MANY_TERMS = "sums of many terms"
    DECIMALS = "columns with a decimal point"
    LONG_PRODUCT = "products split by place"
    DIVISION = "exact division"
    COMMON_DIVISOR = "greatest common divisors"
    COMMON_MULTIPLE = "least common multiples"
    FRACTION = "fractions in lowest terms"
    SIGNED_SUM = "sums and differences of signed numbers"
    SIGNED_PRODUCT = "products of signed numbers"
    FACTOR = "equations with a factor alone"
    EQUATION = "equations with one unknown"
    TAKEN_AWAY = "equations whose unknown is taken away"
    COMPLEX_SUM = "sums and differences of complex numbers"
    COMPLEX_PRODUCT = "products of complex numbers"
    LEGS = "counting in groups"
    STORY = "problems told in words"
    CHANGE = "stories of getting and giving away"
    GROUPS = "stories of equal groups"
    CHANGED_GROUPS = "stories of equal groups and a change"
    COMPARISON = "stories that compare two people"
    PRICES = "stories of buying"
    PERCENTAGE = "stories of percentages"
    EXPRESSION = "functions that return an expression"
    CONDITIONAL = "functions that return one of two values"
    REDUCE = "functions that bring a list down to one value"
    FILTER = "functions of some numbers of a list"
    MAP = "functions of some numbers of a list, changed first"
    FIRST = "functions that look for the first that fits"
    CHARACTERS = "functions of a text's characters"
    WORDS = "functions of a text's words"
    DICTIONARY = "functions that build a dictionary"


_KINDS = {
    Operation.EQUATION: (Operation.FACTOR, Operation.TAKEN_AWAY),
    Operation.STORY: (
        Operation.CHANGE,
        Operation.GROUPS,
        Operation.CHANGED_GROUPS,
        Operation.COMPARISON,
        Operation.PRICES,
        Operation.PERCENTAGE,
    ),
}


def broader(operation: Operation) -> Operation:
    """What an operation is a kind of, where one module may be about all kinds of it; or else the operation itself."""
    return next((whole for whole, kinds in _KINDS.items() if operation in kinds), operation)


@dataclass(frozen=True)
class Worked:
    """A problem solved: everything else that the tutor says of it is drawn from this."""

    head: Operation
    """What the problem is about."""
    numbers: tuple[str, ...]
    """The numbers that are given, in the order of the text."""
    steps: tuple[str, ...]
    answer: str
    check: str
    """The inverse calculation, which must come out at what was given."""
    uses: frozenset[Operation] = frozenset()
    """The other methods that the steps rely on."""

    @property
    def size(self) -> tuple[float, int]:
        """How much a student must hold in mind: the sum of the given numbers, then the number of steps."""
        return (sum(abs(float(number)) for number in self.numbers), len(self.steps))

    @property
    def passed(self) -> tuple[str, ...]:
        """The values that the steps reach on the way to the answer, in order."""
        found = re.findall(r"=(-?\d+(?:\.\d+)?)(?![\d.+*/-])", "\n".join(self.steps))
        return tuple(value for value in found if value != self.answer)


def sum_uses(*terms: int) -> set[Operation]:
    """What it takes to add these in one's head or in columns."""
    return {Operation.DIGIT_SUM if max(terms) <= 10 else Operation.CARRYING}


def difference_uses(minuend: int, subtrahend: int) -> set[Operation]:
    """What it takes to subtract: up to twenty it is a one-digit sum read backwards."""
    easy = minuend <= 20 and subtrahend <= 10
    return {Operation.DIGIT_SUM if easy else Operation.SUBTRACTION}


def product_uses(*factors: int) -> set[Operation]:
    """What it takes to multiply."""
    return {Operation.TABLE if max(factors) <= 12 else Operation.LONG_PRODUCT}


def without(head: Operation, uses: Iterable[Operation]) -> frozenset[Operation]:
    """The uses beside the head itself."""
    return frozenset(uses) - {head}
