"""The family `python_functions`: a signature and a docstring, to be completed by a function.

Each function is put together from parts: a condition, a change, a way to bring a list down to one value, a step on
a text. What it is tested with is computed by running the reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ioa.memory.domains.families.family import Family
from ioa.memory.domains.families.python_behaviour import behaviour
from ioa.memory.domains.families.python_numbers import (
    conditional,
    counting,
    expression,
    filtered,
    first_match,
    mapped,
    reduction,
)
from ioa.memory.domains.families.python_tasks import Arguments, Task, letter, letters_of, sentence_of, substitute_names

_TEXTS = ("text", "name", "line", "title", "message")
_FILLER = "wzxvqpk"
_COUNTED = {2: "two", 3: "three", 4: "four", 5: "five"}


def characters(rng: Random, composed: bool) -> Task:
    """What is made of a text: one step, or two of which the second works on the first's result."""
    text = rng.choice(_TEXTS)
    if not composed:
        words, code, letters = _last(rng, text, text)
        sentence = f"Return {words}."
    else:
        instruction, inner, used = _first(rng, text)
        words, code, letters = _last(rng, "it", inner)
        while code == substitute_names(inner, **{text: inner}):  # the same step twice
            words, code, letters = _last(rng, "it", inner)
        sentence, letters = f"{instruction}, then return {words}.", letters + used
    inputs, shown = _texts(rng, letters)
    return Task(sentence, (text,), f"return {code}", inputs, shown, ("convert", "edit", "change", "process", "rewrite"))


def _first(rng: Random, text: str) -> tuple[str, str, str]:
    """(instruction, code, letters that matter)."""
    k, (one, other) = rng.choice(list(_COUNTED)), letters_of(rng)
    return rng.choice(
        (
            (f"Reverse {text}", f"{text}[::-1]", ""),
            (f"Convert {text} to upper case", f"{text}.upper()", ""),
            (f"Take the first {_COUNTED[k]} characters of {text}", f"{text}[:{k}]", ""),
            (f"Take the last {_COUNTED[k]} characters of {text}", f"{text}[-{k}:]", ""),
            (f"Drop the first {_COUNTED[k]} characters of {text}", f"{text}[{k}:]", ""),
            (f"Take every second character of {text}", f"{text}[::2]", ""),
            (f"Remove every '{one}' from {text}", f"{text}.replace('{one}', '')", one),
            (f"Replace every '{one}' in {text} by '{other}'", f"{text}.replace('{one}', '{other}')", one + other),
        )
    )


def _last(rng: Random, text: str, code: str) -> tuple[str, str, str]:
    """(what is returned, code, letters that matter) of the text that some code gives."""
    k, (one, other) = rng.choice(list(_COUNTED)), letters_of(rng)
    words, made, letters = rng.choice(
        (
            ("{} reversed", "text[::-1]", ""),
            ("{} in upper case", "text.upper()", ""),
            ("{} in lower case", "text.lower()", ""),
            (f"the first {_COUNTED[k]} characters of {{}}", f"text[:{k}]", ""),
            (f"the last {_COUNTED[k]} characters of {{}}", f"text[-{k}:]", ""),
            (f"{{}} without every '{one}'", f"text.replace('{one}', '')", one),
            (f"{{}} with '{other}' for every '{one}'", f"text.replace('{one}', '{other}')", one + other),
            (f"how often '{one}' occurs in {{}}", f"text.count('{one}')", one),
            (f"whether {{}} begins with '{one}'", f"text.startswith('{one}')", one),
            (f"whether {{}} ends with '{one}'", f"text.endswith('{one}')", one),
            ("the number of vowels (aeiou) in {}", "sum(1 for c in TEXT if c in 'aeiou')", ""),
            ("the length of {}", "len(text)", ""),
        )
    )
    made = (
        made.replace("TEXT", code) if "TEXT" in made else substitute_names(made, text=code)
    )  # there it needs no brackets
    return words.format(text), made, letters


def _texts(rng: Random, letters: str) -> tuple[tuple[Arguments, ...], tuple[Arguments, ...]]:
    tried = ["", "a", "Z", "Ab cd", letters, letters.upper() + letters, "hello world", "AEIOU aeiou", "12 34 567"]
    tried += [sentence_of(rng, letters, 2) for _ in range(4)]
    tried += [one + sentence_of(rng, letters, 1) + one for one in letters]
    for one in letters or "e":  # in each place, and at the end of texts of each length: where a cut is, decides
        tried += [_FILLER[:place] + one + _FILLER[place + 1 :] for place in range(len(_FILLER))]
        tried += [_FILLER[:length] + one for length in range(len(_FILLER))]
    return tuple((one,) for one in dict.fromkeys(tried)), tuple((sentence_of(rng, letters, 2),) for _ in range(6))


def words_of(rng: Random, composed: bool) -> Task:
    """What is made of a text's words: all of them in one way, or only some, changed first."""
    text = rng.choice(("text", "sentence", "line", "title", "message"))
    test, behind, letters = _draw_word_condition(rng)
    every = f"for w in {text}.split()"
    kind = rng.choice(("count", "list", "join") if composed else ("count", "all", "changed"))
    if kind == "all":
        words, code = f"how many words there are in {text}", f"len({text}.split())"
    elif kind == "count":
        words, code = f"how many words of {text} {behind}", f"sum(1 {every} if {test})"
    elif kind == "join":
        made, change = rng.choice((("w", ""), ("w.upper()", " in upper case and"), ("w[::-1]", " reversed and")))
        mark = rng.choice("-,+/")
        words = f"the words of {text} that {behind},{change} joined by '{mark}'"
        code = f"'{mark}'.join({made} {every} if {test})"
    else:
        made, many = rng.choice(_MADE)
        chosen = f"the words of {text}" + (f" that {behind}" if kind == "list" else "")
        words, code = (
            f"a list of {many.format(chosen)}",
            f"[{made} {every}" + (f" if {test}]" if kind == "list" else "]"),
        )
    inputs, shown = _sentences(rng, letters)
    names = ("words", "pick_words", "split_up", "parse", "scan")
    return Task(f"Return {words}.", (text,), f"return {code}", inputs, shown, names)


_MADE = (
    ("w.upper()", "{} in upper case"),
    ("w[::-1]", "{} reversed"),
    ("len(w)", "the lengths of {}"),
    ("w[0]", "the first letters of {}"),
    ("w[-1]", "the last letters of {}"),
)


def _draw_word_condition(rng: Random) -> tuple[str, str, str]:
    """(code with w for the word, what stands behind "words that", letters that matter)."""
    k, one = rng.choice(list(_COUNTED)), letter(rng)
    return rng.choice(
        (
            (f"len(w) > {k}", f"have more than {_COUNTED[k]} letters", ""),
            (f"len(w) < {k}", f"have fewer than {_COUNTED[k]} letters", ""),
            (f"len(w) == {k}", f"have exactly {_COUNTED[k]} letters", ""),
            (f"w.startswith('{one}')", f"begin with '{one}'", one),
            (f"w.endswith('{one}')", f"end with '{one}'", one),
            (f"'{one}' in w", f"contain '{one}'", one),
            (f"'{one}' not in w", f"do not contain '{one}'", one),
        )
    )


def _sentences(rng: Random, letters: str) -> tuple[tuple[Arguments, ...], tuple[Arguments, ...]]:
    tried = ["", "a", "to be or not to be", "one three five  seven", "abc abcd ab abcde a abcdef"]
    tried += [f"{one}x x{one} x{one}x {one} {one.upper()}y" for one in letters]
    tried += [sentence_of(rng, letters, 6) for _ in range(5)]
    return tuple((one,) for one in tried), tuple((sentence_of(rng, letters, 3),) for _ in range(6))


TOPICS: Mapping[str, Callable[[Random, bool], Task]] = {
    "expression": expression,
    "conditional": conditional,
    "reduce": reduction,
    "filter": filtered,
    "map": mapped,
    "first": first_match,
    "characters": characters,
    "words": words_of,
    "dictionary": counting,
}
"""Kinds of function by name."""


@dataclass
class PythonFunctionsConfig:
    """Parameters of the family."""

    topic: str = "expression"
    """Kind of function, one of `TOPICS`."""
    composed: bool = True
    """Whether several parts are put together; else there is as little as the topic allows."""
    seed: int | None = None
    size: int = 500

    def validate(self) -> None:
        """See that there is such a topic.

        Raises:
            ValueError: there is none.
        """
        if self.topic not in TOPICS:
            raise ValueError(f"`topic` is {self.topic!r}, expected one of {', '.join(TOPICS)}")


def _make(rng: Random, config: PythonFunctionsConfig) -> Mapping[str, Any]:
    while True:
        task = TOPICS[config.topic](rng, config.composed)
        name = rng.choice(task.names)
        head = f"def {name}({', '.join(task.parameters)}):"
        code = "\n".join([head, *(f"    {line}" for line in task.body.split("\n"))])
        function = _function(code, name)
        if len({repr(function(*given)) for given in task.inputs}) > 1:  # else any constant would do
            break
    arguments = _find_telling_arguments(task.shown, function)
    example = f">>> {_call(name, arguments)}\n    {function(*arguments)!r}"
    prompt = f'{head}\n    """{task.sentence}\n\n    {example}\n    """\n'
    return {
        "question": f"Complete this Python function.\n\n{prompt}",
        "answer": code,
        "metadata": {
            "prompt": prompt,
            "entry_point": name,
            "tests": [f"assert {_call(name, given)} == {function(*given)!r}" for given in task.inputs],
            "setup": "",
        },
    }


def asked(question: str, answer: str) -> str | None:
    """What a function is to do, whatever it is called: see `behaviour`."""
    return behaviour(question, answer)


def _function(code: str, name: str) -> Callable[..., Any]:
    defined: dict[str, Any] = {}
    exec(code, defined)  # noqa: S102 - made of nothing but the parts in this package
    made: Callable[..., Any] = defined[name]
    return made


def _find_telling_arguments(shown: tuple[Arguments, ...], function: Callable[..., Any]) -> Arguments:
    """The first arguments for which the function gives something; the last ones where there are none."""
    return next((given for given in shown if function(*given)), shown[-1])


def _call(name: str, arguments: Arguments) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"


FAMILY = Family("python_functions", PythonFunctionsConfig, _make)
