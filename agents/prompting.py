"""Turning a brief into the messages of a call, and a reply's text into the record that was asked for."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from string import Template
from typing import Any

import json_repair
from pydantic import ValidationError

from ioa.agents.exchange import Brief, CompareBrief, GradeBrief, LessonsBrief, Reply, SolveBrief, TemplateBrief
from ioa.agents.exchange.briefs import without_controls
from ioa.agents.latex_in_json import escape_latex, restore_latex
from ioa.memory.errors import UserError
from ioa.memory.records import Kind, Strategy
from ioa.memory.spoken_text import begins_with_thought, split_thought
from ioa.memory.transcript import Message

_FENCE = re.compile(r"^\s*```(?:json)?\s*(?=\{)", re.MULTILINE)
_JSON = json.JSONDecoder(strict=False)
"""Line breaks inside a text are read, since models write them."""


class UnreadableReplyError(ValueError):
    """The reply is not what was asked for; the message says why, in words a teacher can act on."""


@cache
def prompt_text(name: str) -> str:
    """The prompt file of that name.

    Raises:
        FileNotFoundError: there is none.
    """
    return resources.files("ioa.agents.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")


def fill(name: str, fields: Mapping[str, object]) -> str:
    """The prompt file of that name with its `$fields` filled in.

    Raises:
        UserError: the file asks for a field that the task does not have.
    """
    try:
        return Template(prompt_text(name)).substitute(fields).strip()
    except KeyError as error:
        raise UserError(f"Prompt {name}.md asks for ${error.args[0]}, which its task does not have.") from error


def messages(agent: str, brief: Brief) -> tuple[Message, ...]:
    """The prompt for a task: the agent's role, the task in prose, the form of the reply, and the brief."""
    schema = json.dumps(brief.reply_schema(), ensure_ascii=False)
    told = {"task": brief.task, **without_controls(brief.model_dump(mode="json"))}
    body = json.dumps(told, ensure_ascii=False, indent=1)
    user = (
        f"{fill(brief.task, _fields(brief))}\n\n"
        f"Reply with one JSON object and nothing else. It obeys this JSON Schema:\n{schema}\n\n"
        f"The brief:\n```json\n{body}\n```"
    )
    return (Message(role="system", content=prompt_text(agent).strip()), Message(role="user", content=user))


def repair_message(error: UnreadableReplyError) -> Message:
    """What is said to a teacher whose reply could not be read."""
    return Message(role="user", content=fill("repair", {"error": str(error)}))


def parse(text: str, kind: type[Reply]) -> Reply:
    """Read a reply: JSON, perhaps fenced, perhaps slightly broken, its LaTeX perhaps with single backslashes.

    Raises:
        UnreadableReplyError: it is empty, not a JSON object, or not of that form.
    """
    if not text.strip():
        raise UnreadableReplyError("it was empty")
    text = escape_latex(text)
    value = next(_objects(text), None)
    if value is None:
        value = _repaired(text, kind)
    try:
        return kind.model_validate(_without_thoughts(restore_latex(value)))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the object'}: {fault['msg']}" for fault in error.errors()[:3]
        )
        raise UnreadableReplyError(faults) from error


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that the reply may be, the likeliest first.

    The fences come last: those in a lesson's texts, such as around its code, do not end the reply.
    """
    starts = [(text.strip(), 0), (text[: text.rfind("}") + 1], max(0, text.find("{")))]
    for whole, start in starts:
        try:
            value = _JSON.decode(whole[start:])
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value
    for fence in _FENCE.finditer(text):
        try:
            yield _JSON.raw_decode(text, fence.end())[0]
        except (json.JSONDecodeError, RecursionError):
            continue


def _repaired(text: str, kind: type[Reply]) -> dict[str, Any]:
    """The object in slightly broken JSON.

    Raises:
        UnreadableReplyError: there is none, or the repair would drop a part of what was written.
    """
    value = json_repair.loads(text[max(0, text.find("{")) :])
    if not isinstance(value, dict):
        raise UnreadableReplyError(f"it held no JSON object but {type(value).__name__}")
    asked_for = {key: inner for key, inner in value.items() if key in kind.model_fields}
    for key, count in Counter(_keys(asked_for)).items():
        written = len(re.findall(rf'(?<!\\)"{re.escape(key)}"\s*:', text))
        if written > count:
            raise UnreadableReplyError(f"it is broken JSON: of {written} times {key!r} only {count} could be read")
    return value


def _without_thoughts(value: Any) -> Any:
    """The object without thoughts in its texts, where a server that enforces a form makes a model think."""
    if isinstance(value, dict):
        return {key: _without_thoughts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_thoughts(inner) for inner in value]
    return split_thought(value)[0] if isinstance(value, str) and begins_with_thought(value) else value


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(inner)


def _fields(brief: Brief) -> dict[str, object]:
    fields = dict(brief.model_dump(mode="json"))
    if isinstance(brief, LessonsBrief):
        fields |= _lesson_fields(brief)
    if isinstance(brief, TemplateBrief):
        fields["strategy_texts"] = _strategy_texts(brief.strategies, made=False)
    if isinstance(brief, GradeBrief | CompareBrief):
        fields["earlier_line"] = f"\n{prompt_text(f'{brief.task}-further').strip()}" if brief.earlier else ""
    if isinstance(brief, SolveBrief):
        fields["placing_line"] = prompt_text("placing").strip() if brief.candidates else ""
    return fields


def _mastered_line(brief: LessonsBrief) -> list[str]:
    return ["`mastered` in the brief names what it can do already."] if brief.mastered else []


def _lesson_fields(brief: LessonsBrief) -> dict[str, object]:
    grows = Strategy.COGNITIVE_LOAD in brief.strategies or brief.kind in (Kind.REMEDIAL, Kind.BRIDGING)
    return {
        "size_line": "and no larger" if grows else "and of their size",
        "variety_line": ""
        if brief.kind is Kind.COUNTERFACTUAL
        else "Vary the numbers and, where there are words, the situations.",
        "kind_text": " ".join([prompt_text(f"kind-{brief.kind.value}").strip(), *_mastered_line(brief)]),
        "seed_line": "Start from `seed_problem` and vary it: each lesson is a neighbour of it, none is a copy."
        if brief.seed_problem
        else "",
        "misconception_line": f"They are to put this right: {brief.misconception}" if brief.misconception else "",
        "strategy_texts": _strategy_texts(brief.strategies, made=bool(brief.template))
        if brief.strategies
        else "Tell the solution plainly, as you would to anybody.",
    }


_MADE = (
    "It stands in `template`: write each solution line by line in that form, also where a step is trivial; only what "
    "is in angle brackets there changes."
)
_TO_BE_MADE = (
    "Choose the labels, their order and the way a line is written once, and use them in every lesson of the reply, "
    "also where a step is trivial; only the numbers change."
)


def _strategy_texts(strategies: Sequence[Strategy], *, made: bool) -> str:
    """What each strategy is, the one of a fixed form with where that form stands."""
    told = {"template_line": _MADE if made else _TO_BE_MADE}
    return "\n\n".join([prompt_text("strategies").strip(), *(fill(f"strategy-{s.value}", told) for s in strategies)])
