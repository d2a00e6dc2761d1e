"""Writing a Python function from its signature and its docstring, read part by part."""

import re
from collections.abc import Callable
from typing import NamedTuple

from ioa.agents.tutor.python_phrases import (
    Phrase,
    change_of_many,
    change_of_one,
    change_of_words,
    condition,
    instruction,
    of_text,
    of_word,
    read_selection,
    substitute_name,
)
from ioa.agents.tutor.working import Operation, Worked, without

_PROBLEM = re.compile(r'def (\w+)\(([\w, ]*)\):\s+"""(.+?)\s*(?:>>>(.*?))?"""', re.DOTALL)


class _Written(NamedTuple):
    """A function read: what it is about, how it is told, its body, and what it rests on."""

    head: Operation
    steps: tuple[str, ...]
    body: str
    uses: frozenset[Operation] = frozenset()


def read_function(problem: str) -> Worked | None:
    """The function that a docstring describes; none where its sentence is of no known form, or there is none."""
    found = _PROBLEM.search(problem)
    if found is None:
        return None
    name, listed, sentence, shown = found.groups()
    parameters = [parameter.strip() for parameter in listed.split(",")]
    written = _written(" ".join(sentence.split()).removesuffix("."), parameters)
    if written is None:
        return None
    code = "\n".join([f"def {name}({', '.join(parameters)}):", *(f"    {line}" for line in written.body.split("\n"))])
    call, _, result = (shown or "").strip().partition("\n")
    return Worked(
        head=written.head,
        numbers=(),
        steps=written.steps,
        answer=code,
        check=f"{call} gives {result.strip()}" if result.strip() else f"{name} does what its docstring says",
        uses=without(written.head, written.uses),
    )


def _written(sentence: str, parameters: list[str]) -> _Written | None:
    if len(parameters) == 2:
        return _expression(sentence.removeprefix("Return "), *parameters)
    if len(parameters) != 1 or not parameters[0]:
        return None
    for read in _READERS:
        written = read(sentence, parameters[0])
        if written is not None:
            return written
    return None


_OF_TWO = (
    ("sum", r"the sum of (.+) and (.+)", "a + b"),
    ("product", r"the product of (.+) and (.+)", "a * b"),
    ("difference", r"the difference of (.+) and (.+)", "a - b"),
    ("larger", r"the larger of (.+) and (.+)", "max(a, b)"),
    ("smaller", r"the smaller of (.+) and (.+)", "min(a, b)"),
)


def _expression(words: str, one: str, other: str) -> _Written | None:
    outer = change_of_one(words)
    inner = outer[1] if outer else words
    for label, pattern, code in _OF_TWO:
        found = re.fullmatch(pattern, inner)
        if found is None or found.group(1) != one:
            continue
        second = change_of_one(found.group(2)) if found.group(2) != other else (Phrase("", "n"), other)
        if second is None or second[1] != other:
            return None
        right = substitute_name(second[0].code, "n", other)
        made = substitute_name(substitute_name(code, "a", one), "b", right)
        steps = [f"{second[0].step.partition(':')[0]}: {right}"] if right != other else []
        steps.append(f"{label}: {made}")
        if outer:
            made = substitute_name(outer[0].code, "n", made)
            steps.append(f"{outer[0].step.partition(':')[0]}: {made}")
        return _Written(Operation.EXPRESSION, tuple(steps), f"return {made}")
    return None


def _conditional(sentence: str, name: str) -> _Written | None:
    found = re.fullmatch(rf"Return (?P<yes>.+) if {name} is (?P<when>.+), otherwise (?P<no>.+)", sentence)
    found = found or re.fullmatch(rf"If {name} is (?P<when>.+), return (?P<yes>.+), else return (?P<no>.+)", sentence)
    if found is None:
        return None
    when, yes, no = condition(found["when"]), _value(found["yes"], name), _value(found["no"], name)
    if when is None or yes is None or no is None:
        return None
    test = substitute_name(when.code, "n", name)
    steps = (f"{found['when']}: {test}", f"then: {yes}", f"else: {no}")
    uses = {Operation.EXPRESSION} if name in f"{yes} {no}" else set()
    return _Written(Operation.CONDITIONAL, steps, f"return {yes} if {test} else {no}", frozenset(uses))


def _value(words: str, name: str) -> str | None:
    """The code of a word in quotes, a number, or what is made of the argument."""
    if re.fullmatch(r"'\w+'|-?\d+", words):
        return words
    made = change_of_one(words)
    return substitute_name(made[0].code, "n", name) if made and made[1] == name else None


_REDUCTIONS = (
    ("sum", r"the (?:sum|total) of (.+)", "sum({made} {loop})"),
    ("largest", r"the (?:largest|maximum) of (.+), or 0 if there are none", "max(({made} {loop}), default=0)"),
    ("smallest", r"the (?:smallest|minimum) of (.+), or 0 if there are none", "min(({made} {loop}), default=0)"),
    ("list", r"a list (?:of|with) (.+)", "[{made} {loop}]"),
    ("count", r"how many (.+) there are|the number of (.+)", "sum(1 {loop})"),
)
_SHOWN = {
    "sum": "sum(...)",
    "largest": "max((...), default=0)",
    "smallest": "min((...), default=0)",
    "list": "[...]",
    "count": "sum(1 ...)",
}
_WHOLE = {"sum": "sum({})", "largest": "max({}, default=0)", "smallest": "min({}, default=0)", "count": "len({})"}


def _reduction(sentence: str, many: str) -> _Written | None:
    words = sentence.removeprefix("Return ")
    asked = re.fullmatch(rf"whether (any|all) of the {many} are (.+)", words)
    if asked:
        when = condition(asked.group(2))
        body = f"return {asked.group(1)}({when.code} for n in {many})" if when else ""
        steps = (when.step, f"{asked.group(1)}: {asked.group(1)}(...)") if when else ()
        return _Written(Operation.FILTER, steps, body, frozenset({Operation.CONDITIONAL})) if when else None
    for label, pattern, code in _REDUCTIONS:
        found = re.fullmatch(pattern, words)
        written = _reduced(label, code, next(filter(None, found.groups())), many) if found else None
        if written is not None:
            return written
    return None


def _reduced(label: str, code: str, words: str, many: str) -> _Written | None:
    made = change_of_many(words)
    known, when = read_selection(made[1] if made else words, many)
    if not known:
        return None
    if made is None and when is None:
        whole = _WHOLE.get(label, "list({})").format(many)
        return _Written(Operation.REDUCE, (f"{label}: {whole}",), f"return {whole}")
    loop = f"for n in {many}" + (f" if {when.code}" if when else "")
    body = f"return {code.format(made=made[0].code if made else 'n', loop=loop)}"
    steps = [part.step for part in (when, made[0] if made else None) if part is not None]
    head = Operation.REDUCE if when is None else Operation.FILTER if made is None else Operation.MAP
    uses = {Operation.REDUCE} | ({Operation.CONDITIONAL} if when else set())
    uses |= ({Operation.EXPRESSION} if made else set()) | ({Operation.FILTER} if made and when else set())
    return _Written(head, (*steps, f"{label}: {_SHOWN[label]}"), body, frozenset(uses))


def _first(sentence: str, many: str) -> _Written | None:
    found = re.fullmatch(r"Return (.+), or (None|-1) if there is none", sentence)
    if found is None:
        return None
    words, none = found.groups()
    place = re.fullmatch(r"the position of (.+)", words)
    made = None if place else change_of_one(words)
    inner = place.group(1) if place else made[1] if made else words
    end = re.fullmatch(r"the (first|last) of (.+)", inner)
    known, when = read_selection(end.group(2), many) if end else (False, None)
    if end is None or not known or when is None:
        return None
    numbers = many if end.group(1) == "first" else f"reversed({many})"
    loop = f"for i, n in enumerate({numbers}):" if place else f"for n in {numbers}:"
    result = "i" if place else made[0].code if made else "n"
    steps = (when.step, f"{end.group(1)}: {loop.removesuffix(':')}", f"return {result}, else {none}")
    uses = {Operation.CONDITIONAL} | ({Operation.EXPRESSION} if made else set())
    body = f"{loop}\n    if {when.code}:\n        return {result}\nreturn {none}"
    return _Written(Operation.FIRST, steps, body, frozenset(uses))


def _dictionary(sentence: str, many: str) -> _Written | None:
    found = re.fullmatch(r"Return a dictionary that maps each of (the .+?) to (.+)", sentence)
    found = found if found and read_selection(found.group(1), many)[0] else None
    if found is None:  # a condition may hold a "to" itself
        found = re.fullmatch(r"Return a dictionary that maps each of (the .+ to \d+) to (.+)", sentence)
    if found is None:
        return None
    known, when = read_selection(found.group(1), many)
    often = found.group(2) == "how often it occurs"
    made = None if often else change_of_one(found.group(2))
    if not known or (made is None and not often) or (made and made[1] != "it"):
        return None
    value = made[0].code if made else f"{many}.count(n)"
    loop = f"for n in {many}" + (f" if {when.code}" if when else "")
    steps = [when.step] if when else []
    steps += [made[0].step if made else f"how often: {value}", "dictionary: {n: ...}"]
    uses = ({Operation.FILTER} if when else set()) | ({Operation.EXPRESSION} if made else set())
    return _Written(Operation.DICTIONARY, tuple(steps), f"return {{n: {value} {loop}}}", frozenset(uses))


def _characters(sentence: str, text: str) -> _Written | None:
    first, then, rest = sentence.partition(", then return ")
    if not then:
        whole = of_text(sentence.removeprefix("Return "), text)
        code = _within(whole, text) if whole else ""
        return _Written(Operation.CHARACTERS, (whole.step,), f"return {code}") if whole else None
    one, other = instruction(first, text), of_text(rest, "it")
    if one is None or other is None:
        return None
    code = _within(other, substitute_name(one.code, "t", text))
    return _Written(Operation.CHARACTERS, (one.step, other.step), f"return {code}")


def _within(phrase: Phrase, text: str) -> str:
    if " for " in phrase.code:  # needs no brackets there
        return phrase.code.replace(" in t ", f" in {text} ")
    return substitute_name(phrase.code, "t", text)


def _words(sentence: str, text: str) -> _Written | None:
    asked = sentence.removeprefix("Return ")
    every = f"for w in {text}.split()"
    if asked == f"how many words there are in {text}":
        return _Written(Operation.WORDS, ("words: split()", "count: len(...)"), f"return len({text}.split())")
    counted = re.fullmatch(rf"how many words of {text} (.+)", asked)
    if counted:
        return _of_words("count", f"sum(1 {every}{{when}})", counted.group(1), None)
    joined = re.fullmatch(rf"the words of {text} that (.+?),( in upper case and| reversed and)? joined by '(.)'", asked)
    if joined:
        change = change_of_words(f"them{joined.group(2).removesuffix(' and')}") if joined.group(2) else None
        made = change[0] if change else None
        code = f"'{joined.group(3)}'.join({made.code if made else 'w'} {every}{{when}})"
        return _of_words("join", code, joined.group(1), made)
    listed = change_of_words(asked.removeprefix("a list of "))
    if listed is None or not asked.startswith("a list of "):
        return None
    found = re.fullmatch(rf"the words of {text}(?: that (.+))?", listed[1])
    return _of_words("list", f"[{listed[0].code} {every}{{when}}]", found.group(1), listed[0]) if found else None


def _of_words(label: str, code: str, which: str | None, made: Phrase | None) -> _Written | None:
    when = of_word(which) if which else None
    if which and when is None:
        return None
    steps = [part.step for part in (when, made) if part is not None]
    whole = code.replace("{when}", f" if {when.code}" if when else "")
    shown = {"count": "sum(...)", "join": "join(...)", "list": "[...]"}[label]
    uses = frozenset({Operation.FILTER, Operation.CHARACTERS} if when else {Operation.CHARACTERS})
    return _Written(Operation.WORDS, ("words: split()", *steps, f"{label}: {shown}"), f"return {whole}", uses)


_READERS: tuple[Callable[[str, str], _Written | None], ...] = (
    _conditional,
    _first,
    _dictionary,
    _words,
    _reduction,
    _characters,
)
