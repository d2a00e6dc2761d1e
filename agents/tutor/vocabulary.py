"""How the tutor speaks of each of its methods: what is sought, a familiar picture, and the words for it."""

from typing import NamedTuple

from ioa.agents.tutor.working import Operation


class Method(NamedTuple):
    """What can be said of a method beside how it is done."""

    goal: str
    """What a problem asks for, as `find:` names it."""
    analogy: str
    """A familiar picture of it."""
    words: tuple[str, ...]
    """How words begin that speak of it."""


_SUMS = ("add", "sum", "plus")
_PRODUCTS = ("multiplic", "multiply", "multiplies", "product", "times")
_TALES = ("story", "stories", "word")
_EQUATIONS = ("equation", "algebra", "unknown")

METHODS: dict[Operation, Method] = {
    Operation.DIGIT_SUM: Method("sum", "Two piles pushed together make one.", _SUMS),
    Operation.TABLE: Method("product", "Rows of chairs: how many in all?", (*_PRODUCTS, "table")),
    Operation.CARRYING: Method("sum", "Ten coins of one make a ten.", (*_SUMS, "carry")),
    Operation.SUBTRACTION: Method(
        "difference", "A ten is changed into ten ones to pay.", ("subtract", "difference", "minus", "borrow")
    ),
    Operation.MANY_TERMS: Method("sum", "Ten coins of one make a ten.", _SUMS),
    Operation.DECIMALS: Method("result", "Ten dimes make a dollar.", ("decimal",)),
    Operation.LONG_PRODUCT: Method("product", "Tens and ones are counted apart, then together.", _PRODUCTS),
    Operation.DIVISION: Method(
        "quotient", "Sweets are dealt out to children in turn.", ("division", "divide", "dividing", "quotient")
    ),
    Operation.COMMON_DIVISOR: Method(
        "divisor of both", "The largest tile that fits both walls.", ("divisor", "gcd", "factor")
    ),
    Operation.COMMON_MULTIPLE: Method(
        "multiple of both", "Two blinking lights: when do they meet?", ("multiple", "lcm")
    ),
    Operation.FRACTION: Method(
        "lowest terms", "The same cake in fewer, larger pieces.", ("fraction", "simplif", "lowest")
    ),
    Operation.SIGNED_SUM: Method(
        "result", "Floors above and below the ground.", (*_SUMS, "subtract", "negative", "sign")
    ),
    Operation.SIGNED_PRODUCT: Method("product", "Paying a debt many times.", (*_PRODUCTS, "negative", "sign")),
    Operation.FACTOR: Method("unknown", "Equal bags: what is in one?", _EQUATIONS),
    Operation.EQUATION: Method("unknown", "A balance: take the same from both sides.", _EQUATIONS),
    Operation.TAKEN_AWAY: Method("unknown", "What is left tells what was taken.", (*_EQUATIONS, "negative")),
    Operation.COMPLEX_SUM: Method("result", "Steps east and steps north, each counted apart.", (*_SUMS, "complex")),
    Operation.COMPLEX_PRODUCT: Method("product", "Each side of a room times each other.", (*_PRODUCTS, "complex")),
    Operation.LEGS: Method("legs", "Each group stands in rows of legs.", (*_TALES, "leg", "animal")),
    Operation.STORY: Method("answer", "Tell it again with the numbers only.", (*_TALES, "everyday", "price", "age")),
    Operation.CHANGE: Method(
        "what is there in the end", "A purse: coins come in, coins go out.", (*_TALES, "one-step")
    ),
    Operation.GROUPS: Method("number", "Rows of chairs: so many rows, so many in each.", (*_TALES, "group", "share")),
    Operation.CHANGED_GROUPS: Method(
        "what is there in the end", "Count the boxes first, then what comes or goes.", (*_TALES, "group", "two")
    ),
    Operation.COMPARISON: Method(
        "both together", "First the other one's heap, then push them together.", (*_TALES, "compar", "together")
    ),
    Operation.PRICES: Method("dollars", "The till adds one price after the other.", (*_TALES, "price", "buy", "cost")),
    Operation.PERCENTAGE: Method("part or rest", "A cake cut into equal pieces.", (*_TALES, "percent", "share")),
    Operation.EXPRESSION: Method("the value to return", "A recipe in one line.", ("expression", "formula")),
    Operation.CONDITIONAL: Method("which value to return", "A fork in the road.", ("condition", "choose", "either")),
    Operation.REDUCE: Method("one value of the list", "A till adds up all prices.", ("total", "reduce", "list")),
    Operation.FILTER: Method("the numbers that fit", "A sieve lets some through.", ("filter", "keep", "list")),
    Operation.MAP: Method(
        "the changed numbers", "Each one on the belt gets the same stamp.", ("map", "change", "list")
    ),
    Operation.FIRST: Method("the first that fits", "Look along the row and stop.", ("first", "search", "find")),
    Operation.CHARACTERS: Method("what the characters give", "Beads on a string.", ("character", "letter", "string")),
    Operation.WORDS: Method("what the words give", "Cards with a word each.", ("word", "sentence", "text")),
    Operation.DICTIONARY: Method("the dictionary", "Labelled drawers.", ("dictionar", "dict")),
}
