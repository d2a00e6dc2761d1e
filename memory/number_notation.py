r"""How numbers are written: Unicode, LaTeX and Markdown rewritten as plain text, and digits with their separators.

`1{,}234`, `1 234`, `1'234` and full-width digits have one reading. `1,5` and `1.234,5` mean different numbers in
different countries: such digits have none here, and it is for the caller to say so.
"""

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_SUPERSCRIPTS = str.maketrans(_RAISED, "0123456789+-")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\ufe0e\ufe0f\u20e3\u00ad]")
_SUPERSCRIPT = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_VULGAR = re.compile("[¼-¾⅐-⅞]")
_OTHER_DIGIT = re.compile(r"[^\W\D]")
_MASCULINE = str.maketrans(
    {"º": "°", "˚": "°", "\u066b": ".", "٬": ",", "\u00b4": "'", "`": " ", "〜": "~", "\u2796": "-", "\u2795": "+"}
)
_LATEX = [
    (re.compile(r"(?<!\\)\$+((?:\\.|[^$\\])+)(?<!\\)\$+"), r" \1 "),
    (re.compile(r"\\!|\{(?=,\})|(?<=\{,)\}"), ""),
    (re.compile(r"\{,"), ","),
    (re.compile(r"\\[,;: ]|\\q?quad(?![a-zA-Z])|(?<!~)~(?=[a-zA-Z\\])"), " "),
    (re.compile(r"\\(?:left|right|displaystyle|rm|bf|it|[bB]igg?[lr]?)(?![a-zA-Z])"), ""),
    (re.compile(r"\\(?:SI|qty)\{([^{}]*)\}\{([^{}]*)\}"), r"\1 \2"),
    (
        re.compile(
            r"\\(?:text(?:bf|it|rm|sf|tt)?|math(?:rm|bf|it|sf|tt)|mbox|operatorname|unit|bm|boldsymbol|num)\s*\{([^{}]*)\}"
        ),
        r" \1 ",
    ),
    (re.compile(r"\\f?box(?:ed)?\s*\{([^{}]*)\}"), r" \1 "),
    (
        re.compile(r"(\d)?\s*\\[dtc]?frac\s*(?:\{\s*(-?)(\d+)\s*\}|\s?(\d))\s*(?:\{\s*(\d+)\s*\}|(\d))"),
        r"\1 \2\3\4/\5\6",
    ),
    (re.compile(r"\\[dtc]?frac\s*\{\s*([^\W\d][^{}]*?)\s*\}\s*\{\s*([^\W\d][^{}]*?)\s*\}"), r" \1/\2"),
    (re.compile(r"\^\s*\{?\s*\\(?:circ|degree)\s*\}?|\\degree(?![a-zA-Z])"), "°"),
    (re.compile(r"\\times(?![a-zA-Z])"), "×"),
    (re.compile(r"\\cdot(?![a-zA-Z])"), "·"),
    (re.compile(r"\\(?:pounds|euro|yen)(?![a-zA-Z])"), " "),
    (re.compile(r"\\(?:approx|sim(?:eq)?)(?![a-zA-Z])"), "~"),
    (re.compile(r"\\(?:[Rr]ightarrow|to|implies|checkmark)(?![a-zA-Z])"), "→"),
    (re.compile(r"(?:=|-{1,2})>"), "→"),
    (re.compile(r"\\(?=[%#&])"), ""),
    (re.compile(r"\\\$"), "$"),
    (re.compile(r"\\[()\[\]]"), " "),
]
"""In this order: what encloses a number goes before what stands within it."""
_MARKUP = [
    (re.compile(r"~~(?=\S)[^~\n]*~~"), " "),  # struck out
    (re.compile(r"</?[a-zA-Z][^<>]*>"), " "),
    (re.compile(r"(?<=\d)\*\*(?=-?[\d(])(?!-?\d+\*\*)"), "^"),
    (re.compile(r"\*\*|__"), " "),
    (re.compile(r"(?<![\w*)])\*(?=[^\s*])([^*\n]+)\*(?![\w*(])"), r"\1"),
]
_CODE = r"(?:USD|EUR|GBP|JPY|CNY|RMB|INR|CHF|AUD|CAD|NZD|SGD|HKD|KRW|BRL|MXN|RUB|SEK|NOK|DKK|PLN|Rs|Rp|kr|Fr)"
_PLAIN = [
    (re.compile(rf"\b({_CODE})\.?(?=\s*-?\d)"), r"\1 "),
    (re.compile(r"\b(US|CA|AU|NZ|HK|SG|NT|[ACRS])(?=\$)"), " "),
    (re.compile(r"[\u2010-\u2013\u2212](?=\s?[$€£¥₹₩₽]?\s?\.?\d)"), "-"),
    (re.compile(r"(?<![\w)])-\s?([$€£¥₹₩₽])\s*(?=\.?\d)"), r"\1-"),
    (re.compile(r"\b(?:minus|negative|negativ|moins|menos|meno|минус)\s+(?=[$€£¥₹₩₽]?\.?\d)", re.IGNORECASE), "-"),
    (re.compile(r"(?:负|負|マイナス|마이너스)\s*(?=\.?\d)"), "-"),
    (re.compile(r"(?<![\w)])-\s+(?=\d+\s*/\s*\d)"), "-"),
]


class Digits(NamedTuple):
    """What digits with separators are."""

    value: Fraction | None
    """None: they are read in different ways in different countries."""
    plain: str = ""
    """With a decimal point and no other separator."""
    other: Fraction | None = None
    """What they are where point and comma have each other's meaning, or a space separates two numbers."""


def plain_notation(text: str) -> str:
    r"""The text in plain notation: `\frac12` as `1/2`, `½` as `1/2`, `m²` as `m^2`, and no markup."""
    text = _INVISIBLE.sub("", text).translate(_MASCULINE)
    text = _SUPERSCRIPT.sub(lambda found: f"^{found.group().translate(_SUPERSCRIPTS)}", text)
    text = _VULGAR.sub(lambda found: f" {unicodedata.normalize('NFKC', found.group())}", text)
    text = unicodedata.normalize("NFKC", text).replace("\u2044", "/").replace("\u2215", "/").replace("÷", "/")
    text = _OTHER_DIGIT.sub(lambda found: str(unicodedata.digit(found.group())), text)
    for pattern, plain in (*_LATEX, *_MARKUP):
        text = pattern.sub(plain, text)
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    return text


def raised(power: str) -> str:
    """A power as it is printed: `-2` as `⁻²`."""
    return power.translate(str.maketrans("0123456789+-", _RAISED))


_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([,' \u2019_])\d{3})(?:\1\d{3})*(?P<rest>\.\d+)?")
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")


def read_digits(written: str) -> Digits:
    """The value of digits with separators.

    A comma, an apostrophe, an underscore or a space between groups of three separates thousands, and a point
    decimals, as in English. Digits that are no number by that rule have no value.
    """
    if re.fullmatch(r"\d+\.?", written):
        return Digits(Fraction(written.rstrip(".")), written.rstrip("."))
    if re.fullmatch(r"\d*\.\d+", written):
        other = Fraction(written.replace(".", "")) if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", written) else None
        return Digits(Fraction(written), written, other)
    grouped = _GROUPED.fullmatch(written)
    if grouped is None and not _INDIAN.fullmatch(written):
        return Digits(None)
    plain = re.sub(r"[^\d.]", "", written)
    other = None
    if grouped and grouped.group(1) in ", " and re.fullmatch(r"\d{1,3}.\d{3}", written):
        other = Fraction(written.replace(",", ".")) if "," in written else Fraction(written[-3:])
    return Digits(Fraction(plain), plain, other)
