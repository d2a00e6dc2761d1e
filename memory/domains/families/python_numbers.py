"""Functions of whole numbers and of lists of them."""

from random import Random

from ioa.memory.domains.families.python_tasks import (
    Arguments,
    Condition,
    Task,
    change,
    condition,
    number_lists,
    substitute_names,
    whole_numbers,
)

_PAIRS = (("a", "b"), ("x", "y"), ("m", "n"), ("p", "q"), ("first", "second"), ("left", "right"))
_LISTS = ("numbers", "values", "scores", "prices", "ages", "levels")
_EITHER = ("pick", "choose", "adjust", "convert", "classify", "rate")
_NUMBERS = ("compute", "combine", "result", "value_of", "measure", "work_out")

_OF_TWO = (
    ("the sum of {a} and {b}", "a + b"),
    ("the product of {a} and {b}", "a * b"),
    ("the difference of {a} and {b}", "a - b"),
    ("the larger of {a} and {b}", "max(a, b)"),
    ("the smaller of {a} and {b}", "min(a, b)"),
)


def expression(rng: Random, composed: bool) -> Task:
    """An expression of two arguments: one operation, or two of which one works on the other's result."""
    one, other = rng.choice(_PAIRS)
    words, code = rng.choice(_OF_TWO)
    if composed and rng.random() < 0.5:
        inner = change(rng)
        words, right = words.format(a=one, b=inner.of_one.format(other)), substitute_names(inner.code, n=other)
        code = substitute_names(code, a=one, b=right)
    else:
        words, code = words.format(a=one, b=other), substitute_names(code, a=one, b=other)
        if composed:
            outer = change(rng)
            words, code = outer.of_one.format(words), substitute_names(outer.code, n=code)
    values = whole_numbers(rng)
    inputs = tuple((left, right) for left, right in zip(values, rng.sample(values, len(values)), strict=True))
    shown = tuple((rng.randint(1, 20), rng.randint(1, 20)) for _ in range(5))
    corners: tuple[Arguments, ...] = ((0, 0), (0, 5), (5, 0), (-3, 4), (4, -3), (6, 6))
    return Task(f"Return {words}.", (one, other), f"return {code}", (*corners, *inputs), shown, _NUMBERS)


def conditional(rng: Random, composed: bool) -> Task:
    """One of two values, by a condition: two words, or two expressions of the argument."""
    name = rng.choice(("n", "number", "value", "x", "score", "age"))
    when = condition(rng)
    if composed:
        (yes, value), (no, other) = _value(rng, name), _value(rng, name)
        while value == other:
            no, other = _value(rng, name)
    else:
        labels = rng.sample(("low", "high", "yes", "no", "small", "big", "left", "right", "in", "out"), 2)
        yes, no = value, other = [f"'{label}'" for label in labels]
    test = substitute_names(when.code, n=name)
    sentence = f"Return {yes} if {name} is {when.predicate}, otherwise {no}."
    if rng.random() < 0.3:
        sentence = f"If {name} is {when.predicate}, return {yes}, else return {no}."
    inputs = tuple((value,) for value in whole_numbers(rng, when.edges))
    shown = tuple((rng.randint(-5, 30),) for _ in range(5))
    return Task(sentence, (name,), f"return {value} if {test} else {other}", inputs, shown, _EITHER)


def _value(rng: Random, name: str) -> tuple[str, str]:
    if rng.random() < 0.2:
        constant = rng.choice((0, 1, 10, 100))
        return str(constant), str(constant)
    made = change(rng)
    return made.of_one.format(name), substitute_names(made.code, n=name)


_REDUCTIONS = {
    "sum": ("the sum of {}", "the total of {}"),
    "max": ("the largest of {}, or 0 if there are none", "the maximum of {}, or 0 if there are none"),
    "min": ("the smallest of {}, or 0 if there are none", "the minimum of {}, or 0 if there are none"),
    "list": ("a list of {}", "a list with {}"),
}
_NAMES = {
    "sum": ("total", "sum_up", "add_up", "sum_of", "get_sum"),
    "max": ("largest", "maximum", "top", "highest", "get_max"),
    "min": ("smallest", "minimum", "lowest", "bottom", "get_min"),
    "list": ("select", "collect", "transform", "make_list", "listed"),
    "count": ("count", "how_many", "count_them", "tally", "number_of"),
    "any": ("has_one", "any_of", "contains", "check"),
    "all": ("all_of", "every", "check_all", "only"),
}


def reduction(rng: Random, composed: bool) -> Task:
    """A list brought down to one value, or changed throughout."""
    kind = rng.choice(("sum", "max", "min", "list") if composed else ("sum", "max", "min", "count"))
    many = rng.choice(_LISTS)
    if not composed:
        if kind == "count":
            return _of_list(rng, kind, f"Return how many {many} there are.", many, f"return len({many})", ())
        code = f"sum({many})" if kind == "sum" else f"{kind}({many}, default=0)"
        words = rng.choice(_REDUCTIONS[kind]).format(f"the {many}")
        return _of_list(rng, kind, f"Return {words}.", many, f"return {code}", ())
    made = change(rng)
    words = rng.choice(_REDUCTIONS[kind]).format(made.of_many.format(f"the {many}"))
    return _of_list(rng, kind, f"Return {words}.", many, _reduced(kind, made.code, f"for n in {many}"), ())


def filtered(rng: Random, composed: bool) -> Task:
    """A list of which only some count."""
    kind = rng.choice(("sum", "max", "min", "list", "count", "any", "all") if composed else ("list", "count"))
    many, when = rng.choice(_LISTS), condition(rng)
    chosen, loop = f"the {when.noun(many)}", f"for n in {many} if {when.code}"
    if kind == "count":
        words = rng.choice((f"how many {when.noun(many)} there are", f"the number of {when.noun(many)}"))
    elif kind in {"any", "all"}:
        words = f"whether {kind} of the {many} are {when.predicate}"
        loop = f"for n in {many}"
    else:
        words = rng.choice(_REDUCTIONS[kind]).format(chosen)
    made = {"count": "1", "any": when.code, "all": when.code}.get(kind, "n")
    return _of_list(rng, kind, f"Return {words}.", many, _reduced(kind, made, loop), when.edges)


def mapped(rng: Random, composed: bool) -> Task:
    """A list of which only some count, and they are changed first."""
    kind = rng.choice(("sum", "max", "min", "list") if composed else ("list",))
    many, when, made = rng.choice(_LISTS), condition(rng), change(rng)
    words = rng.choice(_REDUCTIONS[kind]).format(made.of_many.format(f"the {when.noun(many)}"))
    body = _reduced(kind, made.code, f"for n in {many} if {when.code}")
    return _of_list(rng, kind, f"Return {words}.", many, body, when.edges)


def first_match(rng: Random, composed: bool) -> Task:
    """A loop that is left early: the first or the last of a list that fits, its place, or what is made of it."""
    many, when = rng.choice(_LISTS), condition(rng)
    kind = rng.choice(("value", "place", "last", "changed") if composed else ("value",))
    end = "last" if kind == "last" else "first"
    chosen = f"the {end} of the {when.noun(many)}"
    loop, result, none = f"for n in {many}:", "n", "None"
    words = chosen
    if kind == "place":
        loop, result, none = f"for i, n in enumerate({many}):", "i", "-1"
        words = f"the position of {chosen}"
    elif kind == "last":
        loop = f"for n in reversed({many}):"
    elif kind == "changed":
        made = change(rng)
        words, result = made.of_one.format(chosen), made.code
    sentence = f"Return {words}, or {none} if there is none."
    body = f"{loop}\n    if {when.code}:\n        return {result}\nreturn {none}"
    inputs, shown = number_lists(rng, when.edges)
    return Task(sentence, (many,), body, inputs, shown, ("find", "search", "look_up", "locate", f"find_{end}"))


def counting(rng: Random, composed: bool) -> Task:
    """A dictionary over a list: how often each number comes, or what is made of it."""
    many = rng.choice(_LISTS)
    when: Condition | None = condition(rng) if composed else None
    chosen = when.noun(many) if when else many
    loop = f"for n in {many}" + (f" if {when.code}" if when else "")
    if rng.random() < 0.5:
        words, value = "how often it occurs", f"{many}.count(n)"
    else:
        made = change(rng)
        words, value = made.of_one.format("it"), made.code
    sentence = f"Return a dictionary that maps each of the {chosen} to {words}."
    inputs, shown = number_lists(rng, when.edges if when else (1,))
    names = ("build", "table", "mapping", "frequencies", "make_dict")
    return Task(sentence, (many,), f"return {{n: {value} {loop}}}", inputs, shown, names)


def _reduced(kind: str, made: str, loop: str) -> str:
    if kind == "list":
        return f"return [{made} {loop}]"
    if kind in {"max", "min"}:
        return f"return {kind}(({made} {loop}), default=0)"
    return f"return {'sum' if kind == 'count' else kind}({made} {loop})"


def _of_list(rng: Random, kind: str, sentence: str, many: str, body: str, edges: tuple[int, ...]) -> Task:
    inputs, shown = number_lists(rng, edges or (1,))
    return Task(sentence, (many,), body, inputs, shown, _NAMES[kind])
