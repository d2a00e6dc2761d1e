"""When two problems are the same problem.

Likeness alone cannot tell: "2x+3=7" and "2x+3=9", or "5 more" and "5 fewer", lie close together although
their answers differ. So two texts are the same when they are the same but for case, spacing and punctuation; or
when they are alike *and* state the same facts: numbers, operators, names and comparisons.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ioa.memory import tokens as tokens_module
from ioa.memory.tokens import Token, tokenise


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_UNITS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety hundred")
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_UNITS)} | {
    word: str(10 * value) for value, word in enumerate(_TENS, start=2)
}
_DIGITS = frozenset(_UNITS[1:10])
_SIGNS = {"plus": "+", "minus": "-", "times": "*"}
_OPENING, _CLOSING = ("(", "["), (")", "]")
_QUANTITIES = frozenset(_words("half third quarter twice double thrice triple dozen thousand million"))
_COMPARISONS = frozenset(
    _words(
        "more most fewer fewest less least greater greatest smaller smallest larger largest higher highest "
        "lower lowest longer longest shorter shortest older oldest younger youngest before after increase "
        "decrease not no none never"
    )
)
_ARTICLES = frozenset(_words("a i"))
# Words that stand at the beginning of a sentence for other reasons than being a name.
_OPENERS = frozenset(
    _words(
        "a add after all an and answer apply are as at before both but by calculate can complete compute "
        "consider convert could determine did divide do does during each evaluate every explain express "
        "factor find first for from give given he her here his how i if in is it its let list look make "
        "multiply my next no now of on one our perform please question reduce round same she show simplify "
        "solve some state subtract suppose take tell that the their then there these they this those to "
        "using was we were what when where which while who why with work write yes you your "
        "arrange choose classify compare create define describe design discuss draft estimate generate identify "
        "imagine implement name outline predict prove provide remove return rewrite sort summarize translate "
        "use verify"
    )
)


class Facts(NamedTuple):
    """What a problem states that must agree for two problems to be one; hashable."""

    numbers: tuple[str, ...]
    """In order, thousands separators taken out; number words below a hundred are numbers too."""
    operators: tuple[str, ...]
    """In order, spoken ones between two numbers as well; without "=" at the very end, as in "3 + 5 =" and "= ?"."""
    names: tuple[str, ...]
    """Capitalised words and single letters in the order in which they first come, casefolded."""
    comparisons: tuple[str, ...]
    """Words like "more" and "fewer", sorted, each once."""


class Features(NamedTuple):
    """A text as the duplicate check sees it; hashable."""

    text: str
    """`normalise` of it."""
    facts: Facts
    opening: frozenset[int] = frozenset()
    """Places of the tokens that begin a sentence."""


def normalise(text: str) -> str:
    """The text's words, numbers and operators, casefolded, with one space between each."""
    return _joined(tokenise(text))


def numbers(text: str) -> tuple[str, ...]:
    """The text's numbers in order: "1,000" as "1000", and number words up to a hundred as digits."""
    return facts(text).numbers


def facts(text: str) -> Facts:
    """What the text states; see `Facts`."""
    return _facts(tokenise(text))


def features(text: str) -> Features:
    """Both views of the text at once."""
    tokens = tokenise(text)
    opening = frozenset(place for place, token in enumerate(tokens) if token.opens)
    return Features(_joined(tokens), _facts(tokens), opening)


def numbers_apart(tokens: Sequence[Token]) -> bool:
    """Whether words, or the end of a sentence, stand between all numbers of a text.

    Where none do, as in a list or a formula, a number's place is the part that it plays.
    """
    for one, other in pairwise(tokens):
        if other.kind == "number" and one.kind != "word" and not other.opens:
            return False
    return True


def facts_digest(view: Features) -> bytes:
    """16 bytes that stand for the facts of a text."""
    return hashlib.blake2b(repr(tuple(view.facts)).encode(), digest_size=16).digest()


def text_digest(view: Features) -> bytes:
    """16 bytes that stand for the normalised text."""
    return hashlib.blake2b(view.text.encode(), digest_size=16).digest()


@cache
def rules_digest() -> str:
    """Another one for other rules: digests that an earlier version of them has made are not taken for today's.

    It is of the source itself, so that nobody has to remember to count a number up. An edit that changes no rule
    costs the building of an index.
    """
    sources = (Path(tokens_module.__file__), Path(__file__))
    return hashlib.sha256(b"\n".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _joined(tokens: Sequence[Token]) -> str:
    return " ".join([token.folded for token in tokens])


def _facts(tokens: Sequence[Token]) -> Facts:
    found: list[str] = []
    operators: list[str] = []
    names: dict[str, None] = {}
    comparisons: set[str] = set()
    ten = ""
    for place, (kind, token, folded, opens) in enumerate(tokens):
        word = folded.removesuffix("'s")
        tens, ten = ten, ""
        if kind == "operator":
            operators.append(token)
        elif sign := spoken_operator(tokens, place):
            operators.append(sign)
        elif tens and word in _DIGITS:
            found[-1] = str(int(tens) + int(_NUMBER_WORDS[word]))
        elif kind == "number" or word in _NUMBER_WORDS or word in _QUANTITIES:
            found.append(_NUMBER_WORDS.get(word, word))
            ten = found[-1] if word in _TENS[:-1] else ""
        elif word in _COMPARISONS:
            comparisons.add(word)
        elif _is_name(token, word, opens):
            names[word] = None
    # "3 + 5 =" and "3 + 5" ask for the same.
    if tokens and tokens[-1].text == "=":
        operators.pop()
    return Facts(tuple(found), tuple(operators), tuple(names), tuple(sorted(comparisons)))


def spoken_operator(tokens: Sequence[Token], place: int) -> str:
    """The operator that a word between two numbers stands for, as in "7 times 8"; empty of another word."""
    sign = _SIGNS.get(tokens[place].folded, "")
    if tokens[place].folded == "by" and place and tokens[place - 1].folded == "divided":
        place, sign, far = place - 1, "/", place + 1
    else:
        far = place + 1
    if not sign or not 0 < place <= far - 1 < len(tokens) - 1:
        return ""
    before, after = tokens[place - 1], tokens[far]
    left = before.kind == "number" or before.folded in _NUMBER_WORDS or before.text in _CLOSING
    right = after.kind == "number" or after.folded in _NUMBER_WORDS or after.text in _OPENING
    return sign if left and right else ""


def _is_name(token: str, word: str, opens: bool) -> bool:
    """A capitalised word, or a letter that stands for something: the x of an equation, a letter to be counted."""
    if len(word) == 1:
        return word not in _ARTICLES or (token.isupper() and word == "a" and not opens)
    return token[0].isupper() and not (opens and word in _OPENERS)
