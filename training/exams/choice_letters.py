"""Which of the choices a text names, by its letter or by its wording."""

import re
import string
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ioa.training.exams.answer_markers import last_lines, stated

LETTERS = string.ascii_uppercase
_MARKUP = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt)?|math(?:rm|bf|it|sf|tt|bb|cal)|mbox|boxed|bm|boldsymbol)\s*\{([^{}]*)\}"
)
_SPACE = re.compile(r"\\[,;: ]|\\q?quad(?![a-zA-Z])|~")
_CALLED = (
    r"(?:(?:the\s+)?(?:(?:correct|right|best|final)\s+)?"
    r"(?:option|choice|answer|letter|alternative|statement|opción|opcion|opção|opção|opzione|antwort|auswahl|réponse"
    r"|reponse|respuesta|resposta|risposta|choix|вариант|ответ|odpowiedź|opcja|选项|選項|选择|選擇|选|選|答案|선택지)"
    r"\s*(?:is|ist|est|es|é|è|是|为|為)?\s*[:\uff1a]?\s*)"
)
_ALONE = re.compile(
    rf"{_CALLED}?[(\[<{{]?([A-Za-z])[)\]>}}]?\s*(?:选项|選項|项|입니다|です)?\s*[.:,;!。]?", re.IGNORECASE
)
_REASON = r"because|since|as|for|weil|da|car|porque|perché|is\s+(?:the\s+)?(?:most\s+)?(?:correct|right|best|true)"
_LEADING = re.compile(
    rf"{_CALLED}?"
    r"(?:[(\[]([A-Za-z])[)\]]|([A-Za-z])[).:]"
    rf"|(?-i:([A-Z]))(?=,?\s+(?:{_REASON})\b|\s*[-–—=→]\s|\s*、|\s*[,\uff0c。]\s*(?:因为|because|since|as)|\s*\())"
    r"[).:]?\s*(?:[、→=]|[-–—](?=\s))?\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_WORD = (
    r"(?i:option|choice|answer|choose|pick|select|go\s+with|opción|opção|opzione|antwort|réponse|respuesta|resposta"
    r"|risposta|вариант|wähle|choisis|elijo|escolho|scelgo|wybieram)"
)
_VERB = r"(?:is|seems|remains|fits|must\s+be|would\s+be|ist|est|es|é|è)"
_PRAISE = (
    r"(?:the\s+|die\s+|la\s+|a\s+)?(?:most\s+|only\s+)?(?:correct|right|best|true|answer|likely|appropriate|one|richtig\w*"
    r"|correcta?|bonne|correta|corretta)"
)
_BEFORE = r"(?<![\w'\u2019])"
_CJK_WORD = r"(?:选项?|選項?|选择|選擇|答案|答え|正解|回答|正答|정답|답)"
_CLAIMED = re.compile(
    rf"\b{_WORD}\s+(?:is\s+)?(?:the\s+)?\(?([A-Z])\b"
    rf"|{_CJK_WORD}\s*(?:是|为|為|は|은|는|应是)?\s*[:\uff1a]?\s*\(?([A-Z])(?![A-Za-z])"
    rf"|{_BEFORE}\(?([A-Z])\)?(?=\s+{_VERB}\s+{_PRAISE}\b)"
    r"|(?<![A-Za-z])([A-Z])(?=\s*(?:选项|選項|项)?\s*(?:是|为|が|は|이|가)?\s*(?:正确|正確|对的|對的|正しい|正解(?!では|じゃ|でな)))"
)
"""A letter with words that choose it, or call it right."""
_NAMED = re.compile(rf"\(([A-Z])\)|{_BEFORE}([A-HJ-Z]|I(?=\s*[).:;/&]|\Z))(?=\s*(?:[).:,;/&?!。]|or\b|and\b|\Z))")
"""A letter that stands there; `I` alone is a word, wherever another one may follow it."""
_BEFORE_A_LETTER = """
    is be was are it so thus hence therefore then now the say says leaves leave with to as only likely choose chooses
    pick picks select selects choosing answer option choice letter mark get gives and or not but because maybe perhaps
    also both either neither between of that s one be's ist bleibt nur wähle und oder sondern aber buchstabe est donc
    la le les et ou mais lettre es sea opción y o por tanto pero sino letra é a e mas logo è quindi ma lettera то
    это и или но выбираю вариант ответ буква jest to czyli i lub är er is dus là option alternativ
"""
_INTRODUCED = frozenset(_BEFORE_A_LETTER.split())
"""Words that a choice's letter may stand behind. Behind others it may be a part of a name, as in `hepatitis B`."""
_WORD_BEFORE = re.compile(r"(?<![^\W\d_])(?!\w+ly\s)([^\W\d_]+)\s+\Z")
_NOT = r"(?:not|isn['\u2019]t|nicht|pas|non|niet|не|不是|不选)"
_DENIED = re.compile(
    rf"(?:it(?:'s|\s+is)\s+)?(?:definitely\s+|certainly\s+)?(?:{_NOT}(?![^\W_])|不|neither\b|none\b|no\s*\Z)",
    re.IGNORECASE,
)
_INSTEAD = r"over|rather\s+than|instead\s+of|unlike|as\s+opposed\s+to|statt|plutôt\s+que|en\s+lugar\s+de|>"
_PASSED_OVER = re.compile(
    rf"[,;(]?\s*(?:\b(?:and|but|und|aber)\s+)?(?<![^\W_])(?:{_INSTEAD}|{_NOT})"
    rf"\s+(?:(?i:option|choice|answer)\s+)?\(?[A-Z]\)?(?![\w'\u2019])"
)
_WRONG = r"wrong|incorrect|false|not|excluded|eliminated|ruled\s+out|out|falsch|faux|incorrecta?|errada|sbagliata"
_SEVERAL = r"(?:[A-Z]\s*,\s*)*[A-Z]\s*,?\s+(?:and|or|und|et|y|e)\s+[A-Z]"
_EXCLUDED = re.compile(
    rf"{_BEFORE}\(?[A-Z]\)?\s+(?:(?:is|are|was|can\s+be|must\s+be|seems|ist|est|es|é|è)\s+(?:\w+\s+)?(?:{_WRONG})\b"
    r"|(?:isn|cannot|can['\u2019]t|doesn|does\s+not)\b)"
    rf"|{_BEFORE}{_SEVERAL}\s+(?:are|sind|sont|son)\s+(?:all\s+)?(?:{_WRONG})\b"
    r"|^\W*[A-Z][).:][^\n]*\w\s*(?::|\s[-–—])\s*(?:incorrect|wrong|false|falsch|faux|incorrect[ao])\W*\Z"
    rf"|{_BEFORE}\(?[A-Z]\)?\s+(?:seems|looks|appears|may|might|could)\b[^.;\n]*?\bbut\b"
    r"|(?<![A-Za-z])[A-Z]\s*(?:选项|選項|项)?\s*是?\s*(?:不正确|不正確|错|錯|不对|不對)"
)
_RULED_OUT = (
    r"(?i:\b(?:can(?:not|\s+not|['\u2019]t)|could(?:\s+not|n['\u2019]t))\s+be|\banything\s+(?:but|except)"
    r"|\b(?:eliminat|exclud|discard|reject|dismiss|rul)(?:e|es|ed|ing|s)?(?:\s+out)?)"
)
"""Words before the letters that they exclude."""
_SAID_TO_BE = re.compile(
    r"(?:(?:so|thus|hence|therefore),?\s+|i\s+(?:think|believe|guess)\s+(?:that\s+)?)?(?:it\s+is|it['\u2019]s|that\s+is|that['\u2019]s|this\s+is)\s+",
    re.IGNORECASE,
)
_BECAUSE = re.compile(r",?\s+(?:because|since)\s", re.IGNORECASE)
_FURTHER = re.compile(r"\(([A-Z])\)|(?:\bor|\band|\boder|\bou|\bnot|[/,&?])\s*([A-Z])(?=\s*(?:[).:,;?]|\Z))")
_AND = r"(?:and|or|und|oder|et|ou|y|o|e|en|of|и|или|lub|i|和|与|或|及|と|및)"
_VERB = r"(?:are|is|were|was|both|seem|together|sind|sont|son|são)"
_COORDINATED = re.compile(
    r"(?<![\w'\u2019])\(?([A-Z])\)?(?:\s*(?:[,/&、+]|;(?!\s*\(?[A-Z]\)?\s+(?:is|was|ist|est|es|è|é)\b))\s*(?:"
    + _AND
    + r"\s+)?|\s+"
    + _AND
    + r"\s+(?:(?:also|maybe|perhaps)\s+)?|(?:和|与|或|及|と))"
    rf"(?=\(?([A-Z])\)?(?![\w'\u2019])(?!(?<=[AI])\s+(?!{_VERB}\b)[a-z]))"
)
"""Two letters in a row, the second of which may be the first of the next two; `and A plant` has an article."""
_AMONG = re.compile(rf"\b(?:between|among|(?:out\s+)?of|from|zwischen|unter|von|entre|de)\s+{_SEVERAL}", re.IGNORECASE)
"""A row of letters to choose from."""
_EXCLUDED_ROW = re.compile(rf"{_RULED_OUT}\s+(?i:option|choice|answer)?s?\s*(?:{_SEVERAL}|\(?[A-Z]\)?)(?![\w'\u2019])")
_ROW = re.compile(r"(?:both\s+)?\(?[A-Z]\)?(?:[\s,;/&、+]+\(?[A-Z]\)?)+[.!]?", re.IGNORECASE)
_IN_QUESTION = re.compile(r"(?:^|(?<=[\s(\[]))([A-Z])[).:\]]\s*(?=\S)")


def choices_of(question: str, metadata: Mapping[str, Any]) -> list[str] | None:
    """The choices of an item: those of its metadata, else those that its question lists with their letters.

    Returns:
        Their texts, A first; none where the question lists none.
    """
    given = metadata.get("choices")
    if isinstance(given, list | tuple) and 2 <= len(given) <= len(LETTERS):
        return [str(choice) for choice in given]
    places: list[re.Match[str]] = []
    for found in _IN_QUESTION.finditer(question):
        if found.group(1) == LETTERS[len(places) :][:1]:
            places.append(found)
        elif found.group(1) == "A":
            places = [found]
    if len(places) < 2:
        return None
    ends = [*(place.start() for place in places[1:]), len(question)]
    return [question[place.end() : end].strip(" \t\n;,([") for place, end in zip(places, ends, strict=True)]


def letters_named(reply: str, choices: Sequence[str] | None) -> set[str]:
    """The letters of the choices that the reply's final answer names: one where it is clear.

    Without a marker the answer is the reply's last line or its first. A letter that is none of the choices is named
    where it stands alone.

    Args:
        reply: The whole reply.
        choices: Their texts; none where they are not known, and any letter may be one.
    """
    found = stated(reply)
    if found is not None:
        return _find(found, choices)
    if whole := _by_text(reply, choices):
        return whole
    last = _find(last_lines(reply), choices)
    first = next((line for line in reply.splitlines() if line.strip()), "")
    return last | _by_form(_without_denied(_bare(first)), choices)


def _find(text: str, choices: Sequence[str] | None) -> set[str]:
    text = _bare(text)
    if by_text := _by_text(text, choices):
        return by_text
    text = _without_denied(text)
    if _DENIED.match(text):
        return set()
    if _ROW.fullmatch(text):
        row = re.findall(r"\b[A-Za-z]\b", text)
        return _keep_known([one for one in row if one.isupper()] or row, choices)
    named = _by_form(text, choices) or _claimed(text, choices) or _standing(text, choices)
    named |= _beside(named, text, choices)
    return named or ({alone.group(1).upper()} if (alone := _ALONE.fullmatch(text)) else set())


def _claimed(text: str, choices: Sequence[str] | None) -> set[str]:
    """The letters that a text chooses or calls right, and those that it names beside the last of them."""
    claims = list(_CLAIMED.finditer(text))
    letters = [next(filter(None, claim.groups())) for claim in claims]
    if not letters:
        return set()
    return _keep_known(letters, choices) | _letters(_FURTHER, text[claims[-1].end() :], choices)


def _without_denied(text: str) -> str:
    """Without the choices that a text names to exclude them."""
    return _EXCLUDED.sub(" ", _PASSED_OVER.sub(" ", _EXCLUDED_ROW.sub(" ", text))).strip()


def _by_text(text: str, choices: Sequence[str] | None) -> set[str]:
    """The letters of the choices that the text is, or says it is; several where choices are the same."""
    forms = {_plain(text), _plain(_SAID_TO_BE.sub("", _bare(text)))}
    forms |= {_plain(_BECAUSE.split(form, maxsplit=1)[0]) for form in forms}
    return {letter for letter, choice in zip(LETTERS, choices or (), strict=False) if _plain(choice) in forms - {""}}


def _by_form(text: str, choices: Sequence[str] | None) -> set[str]:
    """The letter that stands alone, or before a text; and those that the text names beside it."""
    if alone := _ALONE.fullmatch(text):
        return _keep_known([alone.group(1)], choices)
    leading = _LEADING.fullmatch(text)
    if leading is None:
        letter = _keep_known([text[:1]], choices) if text[:1].isupper() and text[1:2].isspace() else set()
        return letter & _by_text(text[1:], choices)
    *letters, rest = leading.groups()
    letter = _keep_known(list(filter(None, letters)), choices)
    if letter and (other := _ALONE.fullmatch(rest)):
        return letter | _keep_known([other.group(1)], choices)
    said = _by_text(rest.strip("() ."), choices) or _by_text(rest, choices)
    if said:
        return letter if letter <= said else letter | said
    return letter | _letters(_FURTHER, rest, choices) if letter else set()


def _letters(pattern: re.Pattern[str], text: str, choices: Sequence[str] | None) -> set[str]:
    return _keep_known([next(filter(None, found)) for found in pattern.findall(text)], choices)


def _standing(text: str, choices: Sequence[str] | None) -> set[str]:
    """The letters that stand there by themselves, in brackets or behind a word that may lead to a choice."""
    found = []
    for one in _NAMED.finditer(text):
        before = _WORD_BEFORE.search(text[: one.start()])
        if choices is None or one.group(1) or before is None or before.group(1).casefold() in _INTRODUCED:
            found.append(one.group(1) or one.group(2))
    return _keep_known(found, choices)


def _beside(named: set[str], text: str, choices: Sequence[str] | None) -> set[str]:
    """The letters that stand in one row with those, as in `A and B`."""
    pairs = [_keep_known(pair, choices) for pair in _COORDINATED.findall(_AMONG.sub(" ", text))]
    found = set(named)
    for _ in pairs:  # a row of n letters is n - 1 pairs
        found |= {letter for pair in pairs if pair & found for letter in pair}
    return found


def _keep_known(letters: Sequence[str], choices: Sequence[str] | None) -> set[str]:
    known = LETTERS if choices is None else LETTERS[: len(choices)]
    return {letter.upper() for letter in letters} & set(known)


def _bare(text: str) -> str:
    """Without LaTeX, emphasis and quotation marks."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"</?[a-zA-Z]{2,}[^<>]*>", " ", _SPACE.sub(" ", text))
    for _ in range(3):
        text = _MARKUP.sub(r" \1 ", text)
    text = re.sub(r"\$|\\[()\[\]]|\*+|__|[`\"“”„«»「」]", "", text).strip()
    text = re.sub(r"\(\s*([A-Za-z])\s*\)", r"(\1)", text)
    text = re.sub(r"\[\[\s*([A-Za-z])\s*\]\]", r"(\1)", text)
    text = re.sub(r"(?<!\w)['\u2018]([A-Za-z])['\u2019](?!\w)", r"\1", text)
    return re.sub(r"^[<\[{]\s*([A-Za-z])\s*[>\]}]", r"(\1)", text)


def _plain(text: str) -> str:
    return " ".join(_bare(text).casefold().split()).rstrip(".;,! ")
