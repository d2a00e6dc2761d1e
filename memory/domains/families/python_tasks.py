"""What one function of the family `python_functions` is to do, and the parts that many of them share."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase
from typing import Any, NamedTuple

Arguments = tuple[Any, ...]
"""What a function is called with."""


@dataclass(frozen=True)
class Task:
    """One function: what is said of it, and how it is written."""

    sentence: str
    """What it does, as its docstring says."""
    parameters: tuple[str, ...]
    body: str
    """The lines below `def`, without their indentation."""
    inputs: tuple[Arguments, ...]
    """What it is tested with."""
    shown: tuple[Arguments, ...]
    """What its docstring may show it with; the first that tells something is taken."""
    names: tuple[str, ...]
    """What the function may be called."""


class Condition(NamedTuple):
    """What may be true of a whole number."""

    before: str
    """In front of the noun, as in "even numbers"; empty where it stands behind it."""
    behind: str
    """Behind the noun or a verb: "greater than 5"."""
    code: str
    """With n for the number."""
    edges: tuple[int, ...]
    """Numbers about which it changes."""

    @property
    def predicate(self) -> str:
        """Behind "is" or "are"."""
        return f"in the range {self.behind}" if self.behind.startswith("from") else self.behind.removeprefix("of ")

    def noun(self, plural: str) -> str:
        """Those of `plural` of which it is true."""
        return f"{self.before} {plural}" if self.before else f"{plural} {self.behind}"


class Change(NamedTuple):
    """What may be made of a whole number."""

    of_many: str
    """With {} for the numbers it is made of."""
    of_one: str
    """With {} for the number."""
    code: str
    """With n for the number."""


def substitute_names(code: str, **parts: str) -> str:
    """An expression with others in the place of its names, in brackets where they are needed."""

    class Putting(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.parse(parts[node.id], mode="eval").body if node.id in parts else node

    return ast.unparse(Putting().visit(ast.parse(code, mode="eval")))


def condition(rng: Random) -> Condition:
    """Any condition; each constant is between 2 and 20, a divisor at most 9."""
    k, divisor = rng.randint(2, 20), rng.randint(2, 9)
    high = k + rng.randint(2, 15)
    kinds = (
        Condition("even", "even", "n % 2 == 0", (0, 1)),
        Condition("odd", "odd", "n % 2 == 1", (0, 1, -1)),
        Condition("positive", "positive", "n > 0", (0, 1)),
        Condition("negative", "negative", "n < 0", (0, -1)),
        Condition("", rng.choice(("greater than {}", "above {}", "larger than {}")).format(k), f"n > {k}", (k, k + 1)),
        Condition("", rng.choice(("less than {}", "below {}", "smaller than {}")).format(k), f"n < {k}", (k, k - 1)),
        Condition("", f"of at least {k}", f"n >= {k}", (k, k - 1)),
        Condition("", f"of at most {k}", f"n <= {k}", (k, k + 1)),
        Condition("", f"divisible by {divisor}", f"n % {divisor} == 0", (0, divisor, 2 * divisor, divisor + 1)),
        Condition("", f"not divisible by {divisor}", f"n % {divisor} != 0", (0, divisor, 2 * divisor, divisor + 1)),
        Condition("", f"from {k} to {high}", f"{k} <= n <= {high}", (k - 1, k, high, high + 1)),
    )
    return rng.choice(kinds)


def change(rng: Random) -> Change:
    """Any change; each constant is between 2 and 12."""
    k = rng.randint(2, 12)
    kinds = (
        Change("the squares of {}", "the square of {}", "n ** 2"),
        Change("the cubes of {}", "the cube of {}", "n ** 3"),
        Change("the absolute values of {}", "the absolute value of {}", "abs(n)"),
        Change("the doubles of {}", "twice {}", "n * 2"),
        Change(f"{{}}, each multiplied by {k}", f"{k} times {{}}", f"n * {k}"),
        Change(f"{{}}, each increased by {k}", f"{k} more than {{}}", f"n + {k}"),
        Change(f"{{}}, each decreased by {k}", f"{k} less than {{}}", f"n - {k}"),
        Change(f"the remainders of {{}} divided by {k}", f"the remainder of {{}} divided by {k}", f"n % {k}"),
    )
    return rng.choice(kinds)


def number_lists(rng: Random, edges: Sequence[int]) -> tuple[tuple[Arguments, ...], tuple[Arguments, ...]]:
    """Lists of whole numbers to test with, and to show: none, one, equal ones, negative ones and those at the edges."""
    near = [*edges, *(edge + step for edge in edges for step in (-1, 1))]
    tried = [
        [],
        *([value] for value in dict.fromkeys((0, -1, *near))),  # alone, else a neighbour decides in its place
        [7, 7, -7],
        list(range(-6, 7)),
        sorted(near),
        list(reversed(near)),
        *([rng.randint(-30, 60) for _ in range(rng.randint(4, 7))] for _ in range(5)),
    ]
    shown = [[rng.choice((rng.choice(near), rng.randint(-9, 25))) for _ in range(rng.randint(3, 4))] for _ in range(9)]
    return tuple((one,) for one in tried), tuple((one,) for one in shown)


def whole_numbers(rng: Random, edges: Sequence[int] = ()) -> list[int]:
    """Whole numbers to test with: zero, negative ones, those at the edges, and some at random."""
    near = [edge + step for edge in edges for step in (-1, 0, 1)]
    return list(dict.fromkeys((0, 1, -1, 2, 7, -8, *near, *(rng.randint(-40, 60) for _ in range(6)))))


def letter(rng: Random) -> str:
    """A letter; the common ones more often."""
    return rng.choice("aaaeeeiioosstnrl" + ascii_lowercase)


def letters_of(rng: Random) -> tuple[str, str]:
    """Two different letters."""
    one = letter(rng)
    return one, rng.choice([other for other in ascii_lowercase if other != one])


def sentence_of(rng: Random, favoured: str, words: int) -> str:
    """So many made-up words in which the favoured letters are frequent."""
    pool = "aeioust" + "".join(char for char in favoured if char.isalpha()) * 2
    return " ".join("".join(rng.choice(pool) for _ in range(rng.randint(1, 7))) for _ in range(words))
