"""Multiple choice: which letter a reply names."""

import re
import string
from collections.abc import Sequence

from ioa.memory.answer_equality import same_answer
from ioa.memory.errors import UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt
from ioa.training.exams.answer_extraction import judge_by_reference
from ioa.training.exams.scorers.final_answers import AnswerScorer, NoOptions
from ioa.training.exams.scorers.scorer import Scorer, ScorerContext
from ioa.training.exams.scorers.stated import last_lines, stated

_MARKUP = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")
_ALONE = re.compile(r"(?:(?:option|choice)\s+)?\(?([A-Za-z])\)?\s*[.:,;]?", re.IGNORECASE)
_LEADING = re.compile(
    r"(?:(?:option|choice)\s+)?"
    r"(?:\(([A-Za-z])\)|([A-Za-z])[).:]|(?-i:([A-Z]))(?=,?\s+(?:because|since|as|is\s+(?:correct|right))\b|\s+[-–—]\s))\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_NAMED = re.compile(
    r"\(([A-Z])\)|\b(?i:option|choice|answer|choose|pick|select)\s+\(?([A-Z])\b|(?<![\w'])([A-Z])(?=\s*(?:[).:,;/&]|or\b|and\b|\Z))"
)
_DENIED = re.compile(r"(?:it(?:'s| is)\s+)?(?:definitely\s+)?not\b", re.IGNORECASE)
_FURTHER = re.compile(r"\(([A-Z])\)|(?:\bor|\band|\bnot|[/,&])\s*([A-Z])(?=\s*(?:[).:,;]|\Z))")


class ChoiceScorer(AnswerScorer):
    """Grades replies by the choice that they name."""

    def __init__(self) -> None:
        super().__init__(_judge)

    def same_answer(self, problem: str, one: str, other: str) -> bool:
        """A written problem has no list of choices, and its answer is a letter: compared as any short answer is."""
        if same_answer(one, other):
            return True
        if not one.strip() or not other.strip():
            return False
        attempt = Attempt(question=problem, answer=one.strip(), reply=f"Answer: {other.strip()}", family="")
        return judge_by_reference(attempt)[1]


def open_choice(context: ScorerContext) -> Scorer:
    """The final answer names the letter of the reference, or says the text of that choice, and no other."""
    read_options("scorers.choice", context.options, NoOptions)
    return ChoiceScorer()


def _judge(attempt: Attempt) -> tuple[str, bool]:
    choices = _choices(attempt)
    letter = attempt.answer.strip().strip("().").upper()
    if letter not in string.ascii_uppercase[: len(choices)] or len(letter) != 1:
        raise _unfit(attempt, f"answer: {attempt.answer!r} is not the letter of one of its {len(choices)} choices.")
    named = sorted(_named_in_reply(attempt.reply, choices))
    return " ".join(named), named == [letter]


def _choices(attempt: Attempt) -> list[str]:
    choices = attempt.metadata.get("choices")
    if not isinstance(choices, list | tuple) or not 2 <= len(choices) <= len(string.ascii_uppercase):
        raise _unfit(attempt, f"metadata.choices: expected a list of 2 to 26 texts, got {choices!r}.")
    return [str(choice) for choice in choices]


def _unfit(attempt: Attempt, why: str) -> UserError:
    return UserError(f"Scorer choice: item {attempt.question[:60]!r}: {why}")


def _named_in_reply(reply: str, choices: Sequence[str]) -> set[str]:
    """The letters that the reply's final answer names: of a reply without a marker, its last line or its first."""
    found = stated(reply)
    if found is not None:
        return _find_letters(found, choices)
    if whole := _by_text(reply, choices):
        return whole
    last = _find_letters(last_lines(reply), choices)
    first = next((line for line in reply.splitlines() if line.strip()), "")
    return last | _by_form(_bare(first), choices)


def _find_letters(text: str, choices: Sequence[str]) -> set[str]:
    text = _bare(text)
    if _DENIED.match(text):
        return set()
    named = _by_text(text, choices) or _by_form(text, choices)
    return named or _letters(_NAMED, text, choices)


def _by_text(text: str, choices: Sequence[str]) -> set[str]:
    """The letters of the choices that the text is; several where choices are the same."""
    plain = _plain(text)
    return {letter for letter, choice in zip(string.ascii_uppercase, choices, strict=False) if plain == _plain(choice)}


def _by_form(text: str, choices: Sequence[str]) -> set[str]:
    """The letter that stands alone, or before a text; and those that the text names beside it."""
    if alone := _ALONE.fullmatch(text):
        return _keep_known_letters([alone.group(1)], choices)
    leading = _LEADING.fullmatch(text)
    if leading is None:
        letter = _keep_known_letters([text[:1]], choices) if text[:1].isupper() and text[1:2].isspace() else set()
        return letter & _by_text(text[1:], choices)
    *letters, rest = leading.groups()
    letter = _keep_known_letters(list(filter(None, letters)), choices)
    said = _by_text(rest, choices)
    if said:
        return letter if letter <= said else letter | said
    return letter | _letters(_FURTHER, rest, choices) if letter else set()


def _letters(pattern: re.Pattern[str], text: str, choices: Sequence[str]) -> set[str]:
    return _keep_known_letters([next(filter(None, found)) for found in pattern.findall(text)], choices)


def _keep_known_letters(letters: Sequence[str], choices: Sequence[str]) -> set[str]:
    return {letter.upper() for letter in letters} & set(string.ascii_uppercase[: len(choices)])


def _bare(text: str) -> str:
    """Without LaTeX, emphasis and quotation marks."""
    text = _MARKUP.sub(r"\1", text)
    text = re.sub(r"\$|\\[()\[\]]|\*\*|__|[`\"]", "", text).strip()
    return re.sub(r"^[<\[{]([A-Za-z])[>\]}]", r"(\1)", text)


def _plain(text: str) -> str:
    return " ".join(_bare(text).casefold().split()).rstrip(".;,! ")
