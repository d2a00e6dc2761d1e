"""The family `story_problems`: short stories with numbers, in the manner of GSM8K, by what has to be calculated.

A story is put together of sentences, each chosen from several wordings, with names and things; so two stories of one
form seldom share more than their form.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ioa.memory.domains.families.family import Family
from ioa.memory.number_reading import Number, read_number
from ioa.memory.similarity import facts, numbers_apart
from ioa.memory.tokens import tokenise

_NAMES = {
    "she": "Ada Amy Beth Chloe Dana Ella Fatima Grace Hana Ines Jade Kim Lena Maya Nina Olga Priya Rosa Sofia Tara",
    "he": "Adam Ben Carl Diego Emil Felix Gus Hugo Ivan Jack Kofi Liam Max Noah Omar Paul Ravi Sam Tom Yusuf",
}
_HIM = {"she": "her", "he": "him"}
_THINGS = (
    "apple bead block book button candle card carrot coin cookie cup egg flower lemon marble muffin orange pear pen "
    "pencil plate ribbon shell stamp sticker stone ticket toy"
)
_HOLDERS = {"bag": "bags", "basket": "baskets", "box": "boxes", "crate": "crates", "jar": "jars", "tray": "trays"}
_ONE = re.compile(r"\bone\b", re.IGNORECASE)
"""It counts nothing in "one costs 3 dollars", where another wording has "each costs"."""
_COUNTED = frozenset({"dollar", "children", "child"})
"""What else is counted in some stories."""
_MARKS = ("red", "blue", "green", "old", "new", "small", "broken", "round")

_START = (
    "{n} has {a} {t}.",
    "{n} starts the day with {a} {t}.",
    "In the morning {n} has {a} {t}.",
    "There are {a} {t} in {n}'s {holder}.",
    "{n} counts {a} {t} at home.",
)
_GAIN = (
    "{he} buys {b} more.",
    "{m} gives {him} {b} more.",
    "Then {he} finds {b} more.",
    "{he} wins {b} more in a game.",
    "{he} gets another {b} from {m}.",
    "After lunch {m} brings {him} another {b}.",
)
_LOSS = (
    "{he} gives {b} of them to {m}.",
    "{he} loses {b} of them.",
    "Then {he} sells {b} at the market.",
    "{m} takes {b} of them.",
    "{he} gives away {b}.",
    "After lunch {b} of them are missing.",
)
_NOW = ("How many {t} does {n} have now?", "How many {t} are there now?", "How many {t} is that now?")
_LEFT = ("How many {t} does {n} have left?", "How many {t} are left?", *_NOW[:1])
_GROUPS = (
    "{n} has {g} {holders} with {e} {t} in each.",
    "{n} has {g} {holders}, and each holds {e} {t}.",
    "{n} fills {g} {holders} with {e} {t} each.",
    "{n} buys {g} {holders} of {e} {t}.",
)
_ALL = ("How many {t} is that in all?", "How many {t} are there in all?", "How many {t} does {n} have altogether?")
_SHARED = (
    ("{n} shares {whole} {t} equally among {g} friends.", "How many {t} does each friend get?"),
    ("{n} packs {whole} {t} into {g} {holders}, the same number in each.", "How many {t} are in each {holder}?"),
    ("{g} children share {whole} {t} equally.", "How many {t} does each child get?"),
    ("{n} puts {whole} {t} into {g} equal rows.", "How many {t} are in each row?"),
)
_BOTH = (
    "How many {t} do they have together?",
    "How many {t} do the two have in all?",
    "How many {t} do {n} and {m} have together?",
)
_COMPARED = {
    "more": ("{m} has {b} more than {n}.", "{m} has {b} more than that.", "{m} owns {b} more than {he} does."),
    "fewer": ("{m} has {b} fewer than {n}.", "{m} has {b} fewer than that.", "{m} owns {b} fewer than {he} does."),
    "times": ("{m} has {b} times as many.", "{m} has {b} times as many as {n}.", "{m} owns {b} times as many."),
}
_PRICE = ("One {one} costs {a} dollars.", "Each {one} costs {a} dollars.", "The price of one {one} is {a} dollars.")
_TOTAL = ("How much does {he} pay?", "How much does {he} pay in all?", "How many dollars does {n} pay?")
_NOTE = (
    "{n} buys {b} of them and pays with a {c} dollar note.",
    "{n} takes {b} and gives the seller a {c} dollar note.",
    "{n} wants {b} and hands over a {c} dollar note.",
)
_CHANGE = ("How much change does {he} get?", "How many dollars does {he} get back?", "What is {n}'s change?")
_SHARE_OF = (
    ("{n} has {a} {t}.", "{p}% of them are {mark}.", "How many {t} are {mark}?", "How many {t} are not {mark}?"),
    ("A shop has {a} {t}.", "It sells {p}% of them.", "How many {t} does it sell?", "How many {t} are left?"),
    ("{n} has {a} dollars.", "{he} spends {p}% of it.", "How many dollars does {he} spend?", "How much is left?"),
    ("{a} children are in a hall.", "{p}% of them sing.", "How many children sing?", "How many children do not sing?"),
    ("There are {a} {t} in a box.", "{n} takes {p}% of them.", "How many {t} does {he} take?", "How many are left?"),
)


@dataclass
class StoryProblemsConfig:
    """Parameters of the family."""

    forms: list[str] = field(default_factory=lambda: list(_FORMS))
    """What is told, one of these a story."""
    smallest: int = 2
    """Least number that a story begins with."""
    largest: int = 20
    """Largest one. Sizes of groups, prices and multiples are at most 10."""
    percents: list[int] = field(default_factory=lambda: [10, 20, 25, 30, 40, 50])
    """Shares that are spoken of; divisors of 100 or multiples of 10."""
    seed: int | None = None
    size: int = 500

    def validate(self) -> None:
        """Refuse what no story can be told with.

        Raises:
            ValueError: a parameter is out of its range.
        """
        unknown = [form for form in self.forms if form not in _FORMS]
        if unknown or not self.forms:
            raise ValueError(f"forms must be some of {', '.join(_FORMS)}; given: {', '.join(unknown) or 'none'}")
        if not 2 <= self.smallest < self.largest:
            raise ValueError(f"2 <= smallest < largest is needed; given: {self.smallest} and {self.largest}")
        if not self.percents or any(not 0 < p < 100 or (100 % p and p % 10) for p in self.percents):
            raise ValueError(f"percents must be divisors of 100 or multiples of 10, below 100; given: {self.percents}")


_Story = tuple[str, str, int]
"""What is told, the expression that has to be calculated, and its value."""


@dataclass
class _Teller:
    """Chooses the words and numbers of one story."""

    rng: Random
    config: StoryProblemsConfig

    def __post_init__(self) -> None:
        he = self.rng.choice(list(_NAMES))
        everybody = " ".join(_NAMES.values()).split()
        name = self.rng.choice(_NAMES[he].split())
        other = self.rng.choice([known for known in everybody if known != name])
        one, two = self.rng.sample(_THINGS.split(), 2)
        holder = self.rng.choice(list(_HOLDERS))
        self.words: dict[str, object] = {
            "n": name, "he": he, "him": _HIM[he], "m": other, "one": one, "t": f"{one}s", "two": two, "u": f"{two}s",
            "holder": holder, "holders": _HOLDERS[holder], "mark": self.rng.choice(_MARKS),
        }  # fmt: skip

    def draw_start(self) -> int:
        return self.rng.randint(self.config.smallest, self.config.largest)

    def draw_small(self) -> int:
        return self.rng.randint(2, min(10, self.config.largest))

    def write_sentences(self, *wordings: tuple[str, ...], **numbers: int) -> str:
        """A sentence of each kind, with the names, things and numbers filled in."""
        chosen = [self.rng.choice(kind).format(**self.words, **numbers) for kind in wordings]
        return " ".join(sentence[:1].upper() + sentence[1:] for sentence in chosen)


def _gain(teller: _Teller) -> _Story:
    a, b = teller.draw_start(), teller.draw_start()
    return teller.write_sentences(_START, _GAIN, _NOW, a=a, b=b), f"{a}+{b}", a + b


def _loss(teller: _Teller) -> _Story:
    a = max(3, teller.draw_start())
    b = teller.rng.randint(1, a - 1)
    return teller.write_sentences(_START, _LOSS, _LEFT, a=a, b=b), f"{a}-{b}", a - b


def _groups(teller: _Teller) -> _Story:
    g, e = teller.draw_small(), teller.draw_small()
    return teller.write_sentences(_GROUPS, _ALL, g=g, e=e), f"{g}*{e}", g * e


def _shared(teller: _Teller) -> _Story:
    g, e = teller.draw_small(), teller.draw_small()
    told, asked = teller.rng.choice(_SHARED)
    return teller.write_sentences((told,), (asked,), g=g, whole=g * e), f"{g * e}/{g}", e


def _groups_gain(teller: _Teller) -> _Story:
    g, e, b = teller.draw_small(), teller.draw_small(), teller.draw_start()
    return teller.write_sentences(_GROUPS, _GAIN, _NOW, g=g, e=e, b=b), f"{g}*{e}+{b}", g * e + b


def _groups_loss(teller: _Teller) -> _Story:
    g, e = teller.draw_small(), teller.draw_small()
    b = teller.rng.randint(1, min(g * e - 1, teller.config.largest))
    return teller.write_sentences(_GROUPS, _LOSS, _LEFT, g=g, e=e, b=b), f"{g}*{e}-{b}", g * e - b


def _more(teller: _Teller) -> _Story:
    a, b = teller.draw_start(), teller.draw_small()
    return teller.write_sentences(_START[:1], _COMPARED["more"], _BOTH, a=a, b=b), f"{a}+({a}+{b})", a + (a + b)


def _fewer(teller: _Teller) -> _Story:
    a = max(3, teller.draw_start())
    b = teller.rng.randint(1, min(10, a - 1))
    return teller.write_sentences(_START[:1], _COMPARED["fewer"], _BOTH, a=a, b=b), f"{a}+({a}-{b})", a + (a - b)


def _times(teller: _Teller) -> _Story:
    a, b = teller.draw_small(), teller.rng.randint(2, 5)
    return teller.write_sentences(_START[:1], _COMPARED["times"], _BOTH, a=a, b=b), f"{a}+{a}*{b}", a + a * b


def _cost(teller: _Teller) -> _Story:
    a, b = teller.draw_small(), teller.draw_small()
    return (
        teller.write_sentences(_PRICE, ("{n} buys {b} of them.", "{n} takes {b}."), _TOTAL, a=a, b=b),
        f"{b}*{a}",
        b * a,
    )


def _note(teller: _Teller) -> _Story:
    a, b = teller.draw_small(), teller.draw_small()
    c = next(note for note in (10, 20, 50, 100, 200) if note > a * b)
    return teller.write_sentences(_PRICE, _NOTE, _CHANGE, a=a, b=b, c=c), f"{c}-{b}*{a}", c - b * a


def _two_prices(teller: _Teller) -> _Story:
    a, b, c, d = (teller.draw_small() for _ in range(4))
    prices = (
        "One {one} costs {a} dollars and one {two} {b} dollars.",
        "One {one} is {a} dollars, one {two} is {b} dollars.",
    )
    bought = ("{n} buys {c} {t} and {d} {u}.", "{n} takes {c} {t} and {d} {u}.")
    return teller.write_sentences(prices, bought, _TOTAL, a=a, b=b, c=c, d=d), f"{c}*{a}+{d}*{b}", c * a + d * b


def _percent(teller: _Teller, rest: bool) -> _Story:
    p = teller.rng.choice(teller.config.percents)
    unit = 100 // p if p in {20, 25, 50} else 10
    a = unit * teller.draw_small()
    whole, part, asked, asked_rest = teller.rng.choice(_SHARE_OF)
    told = teller.write_sentences((whole,), (part,), (asked_rest if rest else asked,), a=a, p=p)
    share, value = f"{a}*{p}/100", a * p // 100
    return (told, f"{a}-{share}", a - value) if rest else (told, share, value)


_FORMS: dict[str, Callable[[_Teller], _Story]] = {
    "gain": _gain,
    "loss": _loss,
    "groups": _groups,
    "shared": _shared,
    "groups-gain": _groups_gain,
    "groups-loss": _groups_loss,
    "more": _more,
    "fewer": _fewer,
    "times": _times,
    "cost": _cost,
    "note": _note,
    "two-prices": _two_prices,
    "percent": lambda teller: _percent(teller, rest=False),
    "percent-rest": lambda teller: _percent(teller, rest=True),
}


def _make(rng: Random, config: StoryProblemsConfig) -> Mapping[str, Any]:
    form = rng.choice(config.forms)
    told, expression, value = _FORMS[form](_Teller(rng, config))
    return {"question": told, "answer": str(value), "metadata": {"form": form, "expression": expression}}


def asked(question: str, answer: str) -> str | None:
    """What a story asks for: its numbers in any order, what is counted, and what comes out.

    The result says which parts the numbers play: 12 and 5 make 17, 7 or 60. Who does it, in which words and in which
    order it is told, does not matter; another thing that is counted makes another story. Where nothing of the family is
    counted, as in stories of others, it is all of the words but the names, in any order.
    """
    found, tokens = facts(_ONE.sub("each", question)), tokenise(question)
    value = read_number(answer)
    if not isinstance(value, Number) or len(found.numbers) < 2 or not numbers_apart(tokens):
        return None
    words = sorted(token.folded for token in tokens if token.kind == "word")
    singular = {word.removesuffix("s") for word in words}
    counted = sorted(singular & set(_THINGS.split())) or sorted(singular & _COUNTED)
    told = counted or [word for word in words if word.removesuffix("'s") not in found.names]
    return f"story {' '.join(told)}: {', '.join(sorted(found.numbers))} make {value.value}"


FAMILY = Family("story_problems", StoryProblemsConfig, _make)
"""Question, answer, and as metadata the form and the expression whose value is the answer."""
