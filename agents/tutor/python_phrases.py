"""Reading the parts of a docstring's sentence: what is true of a number, what is made of it, which are meant."""

import ast
import re
from typing import NamedTuple


class Phrase(NamedTuple):
    """A part of a sentence, read."""

    step: str
    """How the tutor tells it: the words, and the code."""
    code: str
    """With n for the number, w for the word, t for the text."""


def substitute_name(code: str, name: str, other: str) -> str:
    """An expression with another in the place of a name, in brackets where they are needed."""

    class Putting(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.parse(other, mode="eval").body if node.id == name else node

    return ast.unparse(Putting().visit(ast.parse(code, mode="eval")))


_CONDITIONS: tuple[tuple[str, str], ...] = (
    (r"even", "n % 2 == 0"),
    (r"odd", "n % 2 == 1"),
    (r"positive", "n > 0"),
    (r"negative", "n < 0"),
    (r"(?:greater|larger|more) than (\d+)|above (\d+)", "n > {0}"),
    (r"(?:less|smaller) than (\d+)|below (\d+)", "n < {0}"),
    (r"(?:of )?at least (\d+)", "n >= {0}"),
    (r"(?:of )?at most (\d+)", "n <= {0}"),
    (r"(?:in the range )?from (\d+) to (\d+)", "{0} <= n <= {1}"),
    (r"divisible by (\d+)", "n % {0} == 0"),
    (r"not divisible by (\d+)", "n % {0} != 0"),
)


def condition(words: str) -> Phrase | None:
    """What is said of a number: "even", "greater than 5"."""
    return _read(words, _CONDITIONS)


_OF_ONE: tuple[tuple[str, str, str], ...] = (
    ("square", r"the square of (.+)", "n ** 2"),
    ("cube", r"the cube of (.+)", "n ** 3"),
    ("absolute value", r"the absolute value of (.+)", "abs(n)"),
    ("twice", r"twice (.+)", "n * 2"),
    ("{1} times", r"(?P<k>\d+) times (?P<rest>.+)", "n * {1}"),
    ("{1} more", r"(?P<k>\d+) more than (?P<rest>.+)", "n + {1}"),
    ("{1} less", r"(?P<k>\d+) less than (?P<rest>.+)", "n - {1}"),
    ("remainder", r"the remainder of (?P<rest>.+) divided by (?P<k>\d+)", "n % {1}"),
)
_OF_MANY: tuple[tuple[str, str, str], ...] = (
    ("squares", r"the squares of (.+)", "n ** 2"),
    ("cubes", r"the cubes of (.+)", "n ** 3"),
    ("absolute values", r"the absolute values of (.+)", "abs(n)"),
    ("doubles", r"the doubles of (.+)", "n * 2"),
    ("multiplied by {1}", r"(?P<rest>.+), each multiplied by (?P<k>\d+)", "n * {1}"),
    ("increased by {1}", r"(?P<rest>.+), each increased by (?P<k>\d+)", "n + {1}"),
    ("decreased by {1}", r"(?P<rest>.+), each decreased by (?P<k>\d+)", "n - {1}"),
    ("remainders", r"the remainders of (?P<rest>.+) divided by (?P<k>\d+)", "n % {1}"),
)


def change_of_one(words: str) -> tuple[Phrase, str] | None:
    """What is made of one number, and the words for that number."""
    return _change(words, _OF_ONE)


def change_of_many(words: str) -> tuple[Phrase, str] | None:
    """What is made of each number of a list, and the words for the list."""
    return _change(words, _OF_MANY)


def _change(words: str, known: tuple[tuple[str, str, str], ...]) -> tuple[Phrase, str] | None:
    for said, pattern, code in known:
        found = re.fullmatch(pattern, words)
        if found:
            groups = found.groupdict()
            rest, k = groups.get("rest") or found.group(1), groups.get("k", "")
            made = code.format("", k)
            return Phrase(f"{said.format('', k)}: {made}", made), rest
    return None


def read_selection(words: str, many: str) -> tuple[bool, Phrase | None]:
    """Whether words name the numbers of a list, and what is said of those that are meant; none where all are."""
    noun = words.removeprefix("the ")
    if noun == many:
        return True, None
    said = noun.removesuffix(f" {many}") if noun.endswith(f" {many}") else noun.removeprefix(f"{many} ")
    when = condition(said) if said != noun else None
    return when is not None, when


_OF_TEXT: tuple[tuple[str, str, str], ...] = (
    ("reversed", r"T reversed", "t[::-1]"),
    ("upper case", r"T in upper case", "t.upper()"),
    ("lower case", r"T in lower case", "t.lower()"),
    ("first {0}", r"the first (\w+) characters of T", "t[:{0}]"),
    ("last {0}", r"the last (\w+) characters of T", "t[-{0}:]"),
    ("without '{0}'", r"T without every '(.)'", "t.replace('{0}', '')"),
    ("'{0}' for '{1}'", r"T with '(.)' for every '(.)'", "t.replace('{1}', '{0}')"),
    ("how often", r"how often '(.)' occurs in T", "t.count('{0}')"),
    ("begins", r"whether T begins with '(.)'", "t.startswith('{0}')"),
    ("ends", r"whether T ends with '(.)'", "t.endswith('{0}')"),
    ("vowels", r"the number of vowels \(aeiou\) in T", "sum(1 for c in t if c in 'aeiou')"),
    ("length", r"the length of T", "len(t)"),
)
_INSTRUCTIONS: tuple[tuple[str, str, str], ...] = (
    ("reversed", r"Reverse T", "t[::-1]"),
    ("upper case", r"Convert T to upper case", "t.upper()"),
    ("first {0}", r"Take the first (\w+) characters of T", "t[:{0}]"),
    ("last {0}", r"Take the last (\w+) characters of T", "t[-{0}:]"),
    ("after {0}", r"Drop the first (\w+) characters of T", "t[{0}:]"),
    ("every second", r"Take every second character of T", "t[::2]"),
    ("without '{0}'", r"Remove every '(.)' from T", "t.replace('{0}', '')"),
    ("'{1}' for '{0}'", r"Replace every '(.)' in T by '(.)'", "t.replace('{0}', '{1}')"),
)
_OF_WORD: tuple[tuple[str, str], ...] = (
    (r"have more than (\w+) letters", "len(w) > {0}"),
    (r"have fewer than (\w+) letters", "len(w) < {0}"),
    (r"have exactly (\w+) letters", "len(w) == {0}"),
    (r"begin with '(.)'", "w.startswith('{0}')"),
    (r"end with '(.)'", "w.endswith('{0}')"),
    (r"contain '(.)'", "'{0}' in w"),
    (r"do not contain '(.)'", "'{0}' not in w"),
)
_OF_WORDS: tuple[tuple[str, str, str], ...] = (
    ("upper case", r"(.+) in upper case", "w.upper()"),
    ("reversed", r"(.+) reversed", "w[::-1]"),
    ("lengths", r"the lengths of (.+)", "len(w)"),
    ("first letters", r"the first letters of (.+)", "w[0]"),
    ("last letters", r"the last letters of (.+)", "w[-1]"),
)
_NUMERALS = {"two": "2", "three": "3", "four": "4", "five": "5"}


def of_text(words: str, noun: str) -> Phrase | None:
    """What is made of a text that the sentence calls `noun`."""
    return _of_noun(words, noun, _OF_TEXT)


def instruction(words: str, noun: str) -> Phrase | None:
    """What is to be done to the text first."""
    return _of_noun(words, noun, _INSTRUCTIONS)


def of_word(words: str) -> Phrase | None:
    """What is said of words: "begin with 'a'"."""
    return _read(words, _OF_WORD)


def change_of_words(words: str) -> tuple[Phrase, str] | None:
    """What is made of each word, and the words for those that are meant."""
    return _change(words, _OF_WORDS)


def _of_noun(words: str, noun: str, known: tuple[tuple[str, str, str], ...]) -> Phrase | None:
    for said, pattern, code in known:
        found = re.fullmatch(re.sub(r"\bT\b", noun, pattern), words)
        if found:
            parts = [_NUMERALS.get(part, part) for part in found.groups()]
            made = code.format(*parts)
            return Phrase(f"{said.format(*parts)}: {made.removeprefix('t')}", made)
    return None


def _read(words: str, known: tuple[tuple[str, str], ...]) -> Phrase | None:
    for pattern, code in known:
        found = re.fullmatch(pattern, words)
        if found:
            parts = [_NUMERALS.get(part, part) for part in found.groups() if part is not None]
            made = code.format(*parts)
            return Phrase(f"{words}: {made}", made)
    return None
