r"""Mathematical equivalence, by `math-verify` in worker processes.

A comparison that does not finish within its limit of processor time is graded wrong, and the grade says so: the answer
was not shown to be the reference, and since a busy machine does not shorten that time, it would end so again. Where
comparing the reference with itself does not finish either, the item is at fault and the grading stops.
"""

import re
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from os import cpu_count
from typing import Annotated

from pydantic import Field

from ioa.memory.answer_equality import Equality, compare_numbers
from ioa.memory.errors import ScoringError, UserError
from ioa.memory.number_reading import Doubt, Number, Reading, Unread, last_number, read_statement
from ioa.memory.number_words import BEFORE, BEHIND
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Grade, Record
from ioa.training.exams.answer_extraction import NO_ANSWER, Judgement, reference_number
from ioa.training.exams.scorers.final_answers import grade_of, judge_whole
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext
from ioa.training.exams.scorers.stated import last_lines, stated
from ioa.training.exams.scorers.worker_processes import EndedError, Pool, UnfinishedError, Worker

MOST_CHARACTERS = 2000
"""A longer answer is compared as text only."""
_WORKER = "ioa.training.exams.scorers.math_worker"
_TEXT = re.compile(r"\\(?:text|textbf|textit|mbox|mathrm|mathbf)\s*\{([^{}]*)\}")
_WORDS = re.compile(r"\(?[^\W\d_](?:[^\W\d_]|['\s.,-])*\)?")
_PROSE = re.compile(r"(?<!\\)\b(?:[^\W\d_]{3,}|or|to|no|is|it|ou|o|y|et|не|不是|或)\b")
_OF_FORMULAS = re.compile(r"[a-zA-Z\\^*/()+]")
"""What makes a formula of something that is no number: it is read as such."""
_LONG_WORD = re.compile(r"[^\W\d_]{4}")
_RATIO = re.compile(r"\d\s*:\s*\d")
_PERCENT = re.compile(r"%|percent")
_BASE = re.compile(r"[0-9A-Za-z]_\{?(\d+)\}?\s*\Z")
_PAIR = re.compile(r"(?:\\left)?\s*[(\[].*[)\]]", re.DOTALL)
_SET = re.compile(r"(?:\\left)?\s*\\\{.*\\\}", re.DOTALL)
_FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$((?:\\.|[^$\\])+)\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_SENTENCE = re.compile(r"(?:the\s+)?(?:final\s+)?answer\s+is\b(.*)", re.IGNORECASE | re.DOTALL)
_BESIDE = 30
"""Characters beside a formula that may say something of it."""
_REMARK = re.compile(r"\.\s+i\s+hope\s+(?:it|this)\b[^.]*\.?\Z", re.IGNORECASE)
_DECIMAL = re.compile(r"[-+]?(?:\d{1,1000}(?:\.\d*)?|\.\d+)")
_SIGNS = {
    "\u2212": "-",
    "÷": "/",
    "°": r"^\circ ",
    "×": r"\times ",
    "·": r"\cdot ",
    "⋅": r"\cdot ",
    "±": r"\pm ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "\u222a": r"\cup ",
    "∩": r"\cap ",
    "∅": r"\emptyset ",
    "\u2208": r"\in ",
    "π": r"\pi ",
    "θ": r"\theta ",
    "\u03b1": r"\alpha ",
    "β": r"\beta ",
    "∞": r"\infty ",
}
_AS_LATEX = str.maketrans(_SIGNS)
_REWRITTEN = [
    (re.compile(r"(?<=\d)[eE]([-+]?\d+)\b"), r"\\times 10^{\1}"),
    (re.compile(r"(?<![\\a-zA-Z])pi\b"), r"\\pi"),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"√\s*(?:\(([^()]*)\)|(\d+|[a-zA-Z]))"), r"\\sqrt{\1\2}"),
]


class MathOptions(Record):
    """How the comparing is done."""

    seconds: Annotated[float, Field(gt=0)] = 5.0
    """Processor time that one comparison may take."""
    memory: Annotated[int, Field(ge=256)] = 2048
    """Mebibytes of address space of a worker."""
    workers: Annotated[int | None, Field(ge=1)] = None
    """Processes; none for one a processor, at most four."""


class MathScorer:
    """Grades by equivalence; the processes start when an answer is not the reference's very text."""

    answer_line = True

    def __init__(self, options: MathOptions) -> None:
        """No process is started yet."""
        count = options.workers or min(4, cpu_count() or 1)
        arguments = [str(options.memory), str(options.seconds)]
        self._pool = Pool([Worker(_WORKER, arguments, options.seconds) for _ in range(count)])
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="math")

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """See `Scorer`."""
        grades = []
        for grade in self._threads.map(self._grade, attempts):
            grades.append(grade)
            if on_progress is not None:
                on_progress(len(grades), len(attempts))
        return grades

    def close(self) -> None:
        """End the processes."""
        self._threads.shutdown(cancel_futures=True)
        self._pool.close()

    def _grade(self, attempt: Attempt) -> Grade:
        return grade_of(judge_whole(self._judge, attempt))

    def _judge(self, attempt: Attempt) -> Judgement:
        found = stated(attempt.answer)
        expected = _plain(attempt.answer if found is None else found)
        if not expected:
            raise UserError(f"Scorer math: item {attempt.question[:60]!r}: answer: expected an expression, got none.")
        found = stated(attempt.reply)
        extracted = _unmarked(attempt.reply) if found is None else _in_sentence(found)
        shown, given = extracted[:MOST_CHARACTERS], _plain(extracted)
        if not given:
            return Judgement("", False, NO_ANSWER)
        if found is None and (said := _said_of(attempt.reply, extracted)):
            return Judgement(shown, False, said)
        if _squeezed(given) == _squeezed(expected):
            return Judgement(shown, True)
        number = None if _is_listed(expected) or _is_listed(given) else reference_number(expected)
        read = read_statement(given)
        in_prose = number is not None and found is None and not _FORMULA.search(attempt.reply)
        if in_prose:
            read = last_number(attempt.reply)
        equality = compare_numbers(read, number) if number is not None and isinstance(read, Number) else Equality(False)
        if equality.same or (equality.doubt and not _PERCENT.search(given + expected)):
            return Judgement.of(shown, equality)
        several = isinstance(read, Unread) and in_prose and read.doubt is Doubt.SEVERAL
        if number is not None and isinstance(read, Unread) and (several or _RATIO.search(given)):
            return Judgement(shown, False, read.why)
        equal = _equal_as_text(given, expected)
        compared = self._compared(attempt, expected, given) if equal is None else Equality(equal)
        doubt = compared.doubt or _doubt_of(read, number, extracted, marked=found is not None)
        return Judgement(shown, compared.same, "" if compared.same else doubt)

    def _compared(self, attempt: Attempt, expected: str, given: str) -> Equality:
        try:
            return self._ask(attempt, expected, given)
        except UnfinishedError as error:
            why = str(error)
        try:
            self._ask(attempt, expected, expected)
        except UnfinishedError as error:
            raise ScoringError(
                f"Scorer math: item {attempt.question[:60]!r}: comparing its reference {expected[:60]!r} with itself: "
                f"{error}. Correct the item, or raise scorers.math.seconds or .memory."
            ) from error
        return Equality(False, f"comparison with the reference: {why}")

    def _ask(self, attempt: Attempt, expected: str, given: str) -> Equality:
        request = {"reference": expected, "given": given}
        with self._pool.worker() as worker:
            try:
                answer = worker.ask(request)
            except EndedError:  # perhaps for want of memory, by what came before
                answer = worker.ask(request)
        if "unreadable" in answer:
            raise UserError(
                f"Scorer math: item {attempt.question[:60]!r}: answer: {expected[:60]!r} is no mathematical "
                "expression. Correct it, or choose another scorer for it."
            )
        return Equality(bool(answer["equal"]), "it is no expression" if answer["strange"] else "")


def open_math(context: ScorerContext) -> Scorer:
    """The final answer is mathematically equivalent to the reference."""
    return MathScorer(read_options("scorers.math", context.options, MathOptions))


def _doubt_of(read: Reading, number: Number | None, extracted: str, *, marked: bool) -> str:
    """Why an answer that was not found equal may not have been read rightly."""
    if number is not None and isinstance(read, Number):
        return ""
    if number is not None and isinstance(read, Unread) and read.doubt is not Doubt.EXPRESSION:
        left = _PROSE.sub(" ", re.sub(r"\\[()\[\]]", " ", _TEXT.sub(r" \1 ", extracted)))
        return "" if _OF_FORMULAS.search(left) else read.why
    if not marked and len(_LONG_WORD.findall(_TEXT.sub("", extracted))) > 1:
        return "a sentence without a mark"
    return ""


def _unmarked(reply: str) -> str:
    """The answer of a reply without a marker: its last formula, or its last line where it has none there."""
    formulas = _FORMULA.findall(reply[-MOST_CHARACTERS:])
    return next(filter(None, formulas[-1])) if formulas else last_lines(reply)


def _said_of(reply: str, formula: str) -> str:
    """What stands beside an unmarked formula and denies it, or compares with it; empty where nothing does."""
    before, _, behind = reply.rpartition(formula)
    before = re.split(r"[\n;:!?=]|[.,](?=\s)|\bthat\b", before)[-1][-_BESIDE:]
    behind = re.split(r"[\n;?]|[.,:](?=\s|\Z)", behind)[0].lstrip(r"$\)]")[:_BESIDE]
    said = f"{before}{formula}{behind}".strip()
    return f"{Doubt.STATEMENT.value}: {said[:60]!r}" if BEFORE.search(before) or BEHIND.search(behind) else ""


def _in_sentence(stated_: str) -> str:
    """What is stated: of a sentence about one formula, as in Minerva's prompt for MATH, that formula."""
    said = _SENTENCE.fullmatch(stated_)
    formulas = _FORMULA.findall(said.group(1) if said else stated_)
    whole = said or (_FORMULA.match(stated_) and _REMARK.search(stated_))
    return next(filter(None, formulas[0])) if whole and len(formulas) == 1 else stated_


def _plain(text: str) -> str:
    """Without what encloses a formula; `1e5`, `pi` and `x**2` as LaTeX has them."""
    text = unicode_as_latex(text.strip())
    text = re.sub(r"^(?:\\\[|\\\(|\${1,2}|\*\*)+|(?:\\\]|\\\)|(?<!\\)\${1,2}|\*\*|[.;,])+$", "", text).strip()
    for pattern, latex in _REWRITTEN:
        text = pattern.sub(latex, text)
    return text


def unicode_as_latex(text: str) -> str:
    r"""With mathematical signs as LaTeX has them: `x² ≤ ½` as `x^{2} \le \frac{1}{2}`."""
    text = re.sub("[⁺⁻]?[⁰¹²³⁴-⁹]+", lambda found: f"^{{{unicodedata.normalize('NFKC', found.group())}}}", text)
    text = re.sub("[¼-¾⅐-⅞]", lambda found: _fraction(unicodedata.normalize("NFKC", found.group())), text)
    return unicodedata.normalize("NFKC", text).translate(_AS_LATEX)


def _fraction(written: str) -> str:
    top, _, bottom = written.partition("\u2044")
    return rf"\frac{{{top}}}{{{bottom}}}"


def _equal_as_text(given: str, expected: str) -> bool | None:
    """Whether they are the same, where their texts alone say so; none where they have to be compared as mathematics."""
    if len(given) > MOST_CHARACTERS or _is_words(expected) or _is_words(given):
        return _words(given) == _words(expected)
    if _DECIMAL.fullmatch(given) and _DECIMAL.fullmatch(expected):  # math-verify rounds
        return Fraction(given) == Fraction(expected)
    return False if _differ_in_kind(given, expected) else None


def _differ_in_kind(given: str, expected: str) -> bool:
    """What math-verify does not see: two different bases of a number, and a set in the place of an ordered pair."""
    base, wanted = [found.group(1) if found else "" for found in map(_BASE.search, (given, expected))]
    if base not in {"", wanted} and (base, wanted) != ("10", ""):
        return True
    return _PAIR.fullmatch(expected) is not None and _SET.fullmatch(given) is not None


def _squeezed(text: str) -> str:
    return re.sub(r"\s+(?!\d)|(?<!\d)\s+", "", text)


def _is_listed(text: str) -> bool:
    """Whether it is a pair, an interval or a set: `(1,234)` is no number."""
    return "," in text and (_PAIR.fullmatch(text) or _SET.fullmatch(text)) is not None


def _is_words(text: str) -> bool:
    """Whether it is a word or several, such as `east`, which math-verify would take for a product of letters."""
    bare = _TEXT.sub(r"\1", text).strip()
    return _WORDS.fullmatch(bare) is not None and (_LONG_WORD.search(bare) is not None or "\\text" in text)


def _words(text: str) -> str:
    return " ".join(_TEXT.sub(r"\1", text).casefold().split()).strip(" ().,;")
