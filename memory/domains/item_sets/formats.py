"""The table of formats: what each benchmark calls its fields, and how an item is made of them."""

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ioa.memory.domains.item_sets import fields as of
from ioa.memory.domains.item_sets import item_programs as programs
from ioa.memory.domains.item_sets.fields import NO_ANSWER, Fields, Part, lettered, mixed

_GPQA = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")

_NOTHING = of.constant({})


@dataclass(frozen=True, kw_only=True)
class Format:
    """How the items of a benchmark are written; `a|b` is a field that has either name, in any case."""

    name: str
    needs: tuple[str, ...]
    """Fields without which an item is not one of this format."""
    may: tuple[str, ...] = ()
    """Fields that are used where they are there."""
    question: Part
    answer: Part
    metadata: Part = _NOTHING
    """What the scorer needs beside the answer: see the scorers."""
    id: str = ""
    """Field with the authors' name of the item."""
    scorer: str
    marked: Callable[[Fields], bool] = lambda _: True
    """Tells it from other formats with the same fields."""
    strict: bool = False
    """Refuse fields that it does not know, so that a typing mistake is found."""
    form_line: bool = False
    """The last line that all questions of a file have in common says how to answer, and is left out."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every name that it knows."""
        return tuple(name for names in (*self.needs, *self.may) for name in names.split("|"))

    def fits(self, fields: Fields) -> bool:
        """Whether an item has what this format needs."""
        return all(names in fields for names in self.needs) and self.marked(fields)


def _has_marks(fields: Fields) -> bool:
    answer = fields.get("answer")
    return isinstance(answer, str) and "####" in answer and not ("scorer" in fields or "metadata" in fields)


def _gpqa_choices(fields: Fields) -> list[str]:
    choices = [fields.text(name).strip() for name in _GPQA]
    if len(set(choices)) < len(choices):
        raise fields.fault(_GPQA[0], "two of the four answers are the same. Expected four that differ.")
    return mixed(fields.text("question"), choices)


def _gpqa_answer(fields: Fields) -> str:
    return string.ascii_uppercase[_gpqa_choices(fields).index(fields.text(_GPQA[0]).strip())]


def _labelled(fields: Fields) -> tuple[list[str], list[str]]:
    """The choices, and what they are called."""
    value = fields.get("choices|options")
    if isinstance(value, dict) and {"text", "label"} <= value.keys():
        inner = Fields(value)
        choices, labels = inner.texts("text"), inner.texts("label")
    else:
        choices = fields.texts("choices|options")
        labels = list(string.ascii_uppercase[: len(choices)])
    if len(labels) != len(choices):
        most = len(string.ascii_uppercase)
        raise fields.fault(
            "choices|options", f"{len(choices)} choices with {len(labels)} letters. Expected one each, {most} at most."
        )
    return choices, labels


def _chosen(fields: Fields) -> str:
    """The letter of the right choice: the field has it, its number from 0, or the choice itself."""
    choices, labels = _labelled(fields)
    given = fields.text("answer|answerKey|answer_index").strip()
    numbers = [str(number) for number in range(len(choices))]
    for names in (labels, numbers, choices):
        if given in names and len(set(names)) == len(choices):
            return string.ascii_uppercase[names.index(given)]
    raise fields.fault(
        "answer|answerKey|answer_index",
        f"expected one of {', '.join(labels)} or 0 to {len(choices) - 1} (got {given!r}).",
    )


def _first_turn(fields: Fields) -> str:
    return fields.texts("turns")[0]


def _reference(fields: Fields) -> str:
    """That of the first turn; a table's cell holds the list as text."""
    given = fields.get("reference")
    listed = isinstance(given, list) or str(given).startswith("[")
    return fields.texts("reference")[0] if listed else fields.maybe("reference")


def _references(fields: Fields) -> list[str]:
    """Those of all turns, where more than the first has one."""
    given = fields.get("reference")
    listed = fields.texts("reference") if isinstance(given, list) or str(given).startswith("[") else []
    return listed if len(listed) > 1 else []


def _metadata(fields: Fields) -> Any:
    return fields.get("metadata") or {}


FORMATS: Sequence[Format] = (
    Format(
        name="livecodebench",
        needs=("question_content", "public_test_cases"),
        may=("question_id", "starter_code", "private_test_cases", "metadata", "solution|code"),
        question=programs.live_code_question,
        answer=programs.live_code_answer,
        metadata=programs.live_code_metadata,
        id="question_id",
        scorer="unit-tests",
    ),
    Format(
        name="humaneval",
        needs=("prompt", "entry_point", "test", "canonical_solution"),
        may=("task_id",),
        question=of.text("prompt"),
        answer=programs.human_eval_answer,
        metadata=programs.human_eval_metadata,
        id="task_id",
        scorer="unit-tests",
    ),
    Format(
        name="mbpp",
        needs=("text|prompt", "code", "test_list"),
        may=("task_id", "test_setup_code", "test_imports"),
        question=programs.mbpp_question,
        answer=programs.mbpp_answer,
        metadata=programs.mbpp_metadata,
        id="task_id",
        scorer="unit-tests",
    ),
    Format(
        name="gpqa",
        needs=("Question", *_GPQA),
        may=("Record ID",),
        question=lambda fields: lettered(fields.text("question"), _gpqa_choices(fields)),
        answer=_gpqa_answer,
        metadata=of.gathered(choices=_gpqa_choices),
        id="Record ID",
        scorer="choice",
    ),
    Format(
        name="mmlu",
        needs=("question", "choices|options", "answer|answerKey|answer_index"),
        may=("id|question_id",),
        question=lambda fields: lettered(fields.text("question"), _labelled(fields)[0]),
        answer=_chosen,
        metadata=of.gathered(choices=lambda fields: _labelled(fields)[0]),
        id="id|question_id",
        scorer="choice",
    ),
    Format(
        name="math",
        needs=("problem", "solution", "level|type|subject"),
        may=("answer", "unique_id|id"),
        question=of.text("problem"),
        answer=of.either("answer", of.boxed("solution")),
        metadata=of.gathered(solution=of.optional("solution")),
        id="unique_id|id",
        scorer="math",
    ),
    Format(
        name="dolly",
        needs=("instruction", "response"),
        may=("context", "category"),
        question=of.lines("instruction", "context"),
        answer=of.text("response"),
        metadata=of.gathered(category=of.optional("category")),
        scorer="rouge-l",
    ),
    Format(
        name="mt-bench",
        needs=("turns", "category"),
        may=("question_id", "reference"),
        question=_first_turn,
        answer=lambda fields: _reference(fields) or NO_ANSWER,
        metadata=of.gathered(
            category=of.optional("category"),
            reference=_reference,
            references=_references,
            turns=lambda fields: fields.texts("turns"),
        ),
        id="question_id",
        scorer="judge",
    ),
    Format(
        name="gsm8k",
        needs=("question", "answer"),
        may=("id",),
        question=of.text("question"),
        answer=of.after_marks("answer"),
        metadata=of.gathered(solution=of.before_marks("answer")),
        id="id",
        scorer="numeric",
        marked=_has_marks,
    ),
    Format(
        name="aime",
        needs=("problem", "answer"),
        may=("solution", "id|ID"),
        question=of.text("problem"),
        answer=of.text("answer"),
        metadata=of.gathered(solution=of.optional("solution")),
        id="id",
        scorer="math",
    ),
    Format(
        name="math-500",
        needs=("prompt", "answer"),
        may=("unique_id|id",),
        question=of.text("prompt"),
        answer=of.text("answer"),
        id="unique_id|id",
        scorer="math",
        form_line=True,
    ),
    Format(
        name="plain",
        needs=("question", "answer"),
        may=("id", "module", "scorer", "metadata"),
        question=of.text("question"),
        answer=of.text("answer"),
        metadata=_metadata,
        id="id",
        scorer="",
        strict=True,
    ),
)
"""In the order in which they are tried: those with the most telling fields first."""

FORMATS_BY_NAME: Mapping[str, Format] = {format_.name: format_ for format_ in FORMATS}
PLAIN = FORMATS_BY_NAME["plain"]


def recognised(items: Sequence[Fields]) -> Format | None:
    """The first format that at least half of the items have; none where there is none.

    A file whose items have a question, and nothing else that is known, is taken for a plain one with mistakes.
    """
    for format_ in FORMATS:
        if items and 2 * sum(map(format_.fits, items)) >= len(items):
            return format_
    return PLAIN if any("question" in fields for fields in items) else None


def overview() -> str:
    """The formats and their fields, for a message."""
    return "; ".join(f"{format_.name} ({', '.join(format_.needs)})" for format_ in FORMATS)
