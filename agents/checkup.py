"""Finding out what a teacher can do, with a handful of tiny requests, before it is paid for a night's work."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from ioa.agents.settings.teacher import Price
from ioa.agents.teachers import Answer, TeacherSettings
from ioa.agents.teachers.answer import BrokenReplyError, UnsaidEndingError, read_answer
from ioa.agents.teachers.dialect import Dialect, Form, first_form
from ioa.agents.teachers.endpoint import close_connections
from ioa.agents.teachers.opening import address_of, find_address, missing_version, move, remarks
from ioa.agents.teachers.provider_faults import STOPS, Fault, FaultKind, classify
from ioa.memory.errors import UserError
from ioa.memory.records import Record
from ioa.memory.redaction import redact
from ioa.memory.spoken_text import split_thought
from ioa.memory.transcript import Message

_SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green", "blue"]}, "count": {"type": "integer"}},
    "required": ["colour", "count"],
    "additionalProperties": False,
}
_TOOL = {
    "name": "report_weather",
    "description": "Report the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


_CONTEXT_WORDS = ("max_model_len", "context_length", "max_context_length", "context_window", "n_ctx", "n_ctx_train")
"""In the lists of vLLM, OpenRouter, LM Studio, Groq and llama.cpp."""


class Finding(Record):
    """One thing that was found out."""

    name: str
    good: bool | None
    """Whether it is there; none where it does not matter or could not be found out."""
    detail: str


class Checkup(Record):
    """Everything that was found out about a teacher."""

    teacher: str
    findings: tuple[Finding, ...]
    recommended: Mapping[str, Any]
    """Keys of `TeacherSettings` that are worth setting."""

    @property
    def reachable(self) -> bool:
        """Whether it answered at all."""
        return bool(self.findings[0].good)


@dataclass(frozen=True)
class _Said:
    """What came of one request."""

    answer: Answer | None
    message: AIMessage | None
    fault: Fault | None
    seconds: float

    @property
    def text(self) -> str:
        return split_thought(self.answer.text)[0] if self.answer else ""

    @property
    def why(self) -> str:
        return f"{self.fault.kind.value}: {self.fault.message[:160]}" if self.fault else ""


def check_up(model: BaseChatModel, settings: TeacherSettings, price: Price | None) -> Checkup:
    """Ask a teacher at most seven tiny questions and say what it can do.

    Args:
        model: The model.
        settings: How it is called.
        price: Of its tokens; none where it is not known.

    Raises:
        UserError: the model itself says what is wrong.
    """
    return asyncio.run(_check_up_and_close(model, settings, price))


async def _check_up_and_close(model: BaseChatModel, settings: TeacherSettings, price: Price | None) -> Checkup:
    try:
        return await _check_up(model, settings, price)
    finally:
        await close_connections(model)


async def _check_up(model: BaseChatModel, settings: TeacherSettings, price: Price | None) -> Checkup:
    plain = Dialect(form=Form.TEXT, max_tokens=settings.reply_limit)
    first, moved = await _first(model, settings, plain)
    findings = [_reachable(first, moved or address_of(model, settings)), *_remarks(settings, moved)]
    if first.answer is None:
        return Checkup(teacher=settings.model, findings=tuple(findings), recommended={})
    findings += [_speed(first), _usage(first.answer), _reasoning(first)]
    system = await _system(model, settings, plain)
    temperature = await _temperature(model, settings, plain)
    forms = [await _form(model, settings, plain, form) for form in (Form.SCHEMA, Form.JSON)]
    best = next((form for form, finding in forms if finding.good), Form.TEXT)
    findings += [system, temperature, *(finding for _, finding in forms), await _tools(model, settings)]
    findings += [await _context(model, settings), _price(price)]
    recommended: dict[str, Any] = {"form": best.value}
    at = moved or (settings.address.url if settings.address is not None else None)
    if at != settings.base_url:
        recommended = {"base_url": at, **recommended}
    if settings.temperature is not None and not temperature.good:
        recommended["temperature"] = None
    if first.answer.reasoning_tokens or first.answer.reasoning or split_thought(first.answer.text)[1]:
        # A model that reasons may think for minutes before its first word, and the usual 120 s would cut it off.
        recommended["timeout"] = max(300.0, settings.timeout)
    if price is None:
        recommended["price"] = {"input": "?", "output": "?"}
    return Checkup(teacher=settings.model, findings=tuple(findings), recommended=recommended)


async def _say(model: BaseChatModel, settings: TeacherSettings, dialect: Dialect, user: str, system: str = "") -> _Said:
    prompt = [Message(role="user", content=user)]
    if system:
        prompt.insert(0, Message(role="system", content=system))
    began = time.monotonic()
    try:
        message = await asyncio.wait_for(
            model.ainvoke(dialect.messages(prompt), **dialect.arguments(model, _SCHEMA)), settings.timeout
        )
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - that is what is to be found out
        fault = classify(error) or Fault(FaultKind.BAD_REQUEST, f"{type(error).__name__}: {redact(str(error))}")
        return _Said(None, None, fault, time.monotonic() - began)
    seconds = time.monotonic() - began
    try:
        return _Said(read_answer(message, prompt), message, None, seconds)
    except UnsaidEndingError as unsaid:
        return _Said(unsaid.answer, message, None, seconds)
    except BrokenReplyError as broken:
        return _Said(None, message, classify(broken), seconds)


async def _first(model: BaseChatModel, settings: TeacherSettings, dialect: Dialect) -> tuple[_Said, str]:
    """(what came of the first question, the address with `/v1` where it is answered there and not at the given one)."""
    question = "Write the numbers from 1 to 40, parted by spaces, and nothing else."
    said = await _say(model, settings, dialect, question)
    given = find_address(settings)
    fault = said.fault
    other = missing_version(given, fault) if fault is not None else None
    if given is None or fault is None or other is None or not move(model, other):
        return said, ""
    again = await _say(model, settings, dialect, question)
    if again.fault is not None and again.fault.kind is fault.kind:
        move(model, given.url)
        return said, ""
    return again, other


def _remarks(settings: TeacherSettings, moved: str) -> list[Finding]:
    told = remarks(settings)
    if moved:
        told.append(f"it answers at {moved}, and not at {settings.base_url}")
    return [Finding(name="as given", good=None, detail=one) for one in told]


def _reachable(said: _Said, address: str) -> Finding:
    at = f" at {address}" if address else ""
    if said.fault is None:
        return Finding(name="reachable", good=True, detail=f"first answer after {said.seconds:.2f} s{at}")
    advice = "; trying again cannot help" if said.fault.kind in STOPS else ""
    return Finding(name="reachable", good=False, detail=f"{said.why}{at}{advice}")


def _speed(said: _Said) -> Finding:
    output = said.answer.tokens.output if said.answer else 0
    return Finding(name="speed", good=None, detail=f"{output / max(said.seconds, 1e-6):.0f} tokens/s, one call alone")


def _usage(answer: Answer) -> Finding:
    if answer.tokens.estimated:
        return Finding(name="usage", good=False, detail="not reported: tokens and cost will be estimates")
    return Finding(name="usage", good=True, detail=f"{answer.tokens.input} in, {answer.tokens.output} out")


def _reasoning(said: _Said) -> Finding:
    answer = said.answer
    if answer is None:
        return Finding(name="reasoning", good=None, detail="unknown")
    if answer.reasoning:
        return Finding(name="reasoning", good=None, detail="arrives in a field of its own; kept out of lessons")
    if split_thought(answer.text)[1]:
        return Finding(name="reasoning", good=None, detail="arrives in the text, before the reply; kept out of lessons")
    if answer.reasoning_tokens:
        return Finding(name="reasoning", good=None, detail=f"hidden: {answer.reasoning_tokens} tokens paid, not shown")
    return Finding(name="reasoning", good=None, detail="none seen")


async def _system(model: BaseChatModel, settings: TeacherSettings, dialect: Dialect) -> Finding:
    said = await _say(
        model, settings, dialect, "What colour is grass?", "Whatever you are asked, answer with the one word BANANA."
    )
    if said.fault is not None:
        detail = f"refused ({said.why}); its text goes before the first message instead"
        return Finding(name="system role", good=False, detail=detail)
    obeyed = "banana" in said.text.casefold()
    return Finding(name="system role", good=True, detail="obeyed" if obeyed else "accepted, but not obeyed")


async def _temperature(model: BaseChatModel, settings: TeacherSettings, dialect: Dialect) -> Finding:
    wanted = 0.0 if settings.temperature is None else settings.temperature
    hot = Dialect(form=dialect.form, temperature=wanted, max_tokens=dialect.max_tokens)
    said = await _say(model, settings, hot, "Say yes.")
    if said.fault is None:
        return Finding(name="temperature", good=True, detail=f"{wanted:g} accepted")
    return Finding(name="temperature", good=False, detail=f"{wanted:g} refused ({said.why}); leave it out")


async def _form(model: BaseChatModel, settings: TeacherSettings, dialect: Dialect, form: Form) -> tuple[Form, Finding]:
    name = "JSON schema" if form is Form.SCHEMA else "JSON mode"
    if first_form(model) is Form.TEXT:
        return form, Finding(name=name, good=False, detail="this provider is held to the form by the prompt alone")
    strict = Dialect(form=form, max_tokens=dialect.max_tokens)
    # The question asks for prose: only a server that enforces the form answers it in JSON. JSON mode wants the word.
    question = "Tell me about the sea in one sentence." + (" (JSON)" if form is Form.JSON else "")
    said = await _say(model, settings, strict, question)
    if said.fault is not None:
        return form, Finding(name=name, good=False, detail=f"refused ({said.why})")
    if _is_json(said.text, form):
        return form, Finding(name=name, good=True, detail="enforced")
    return form, Finding(name=name, good=False, detail="accepted, but silently ignored")


def _is_json(text: str, form: Form) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    if not isinstance(value, dict):
        return False
    fits = value.get("colour") in {"red", "green", "blue"} and isinstance(value.get("count"), int)
    return form is Form.JSON or fits


async def _tools(model: BaseChatModel, settings: TeacherSettings) -> Finding:
    try:
        bound = model.bind_tools([{"type": "function", "function": _TOOL}])
        said = await asyncio.wait_for(bound.ainvoke("What is the weather in Oslo? Use the tool."), settings.timeout)
    except NotImplementedError:
        return Finding(name="tool calling", good=None, detail="not offered; ioa does not need it")
    except Exception as error:  # noqa: BLE001 - that is what is to be found out
        fault = classify(error)
        why = fault.kind.value if fault else type(error).__name__
        return Finding(name="tool calling", good=None, detail=f"fails ({why}); ioa does not need it")
    called = isinstance(said, AIMessage) and bool(said.tool_calls)
    return Finding(name="tool calling", good=None, detail="works" if called else "accepted, but no tool was called")


async def _context(model: BaseChatModel, settings: TeacherSettings) -> Finding:
    profile: Any = getattr(model, "profile", None) or {}
    limit = profile.get("max_input_tokens") or await _listed_context(model, settings)
    detail = f"{limit:,} tokens" if limit else "not told; prompts of this program have 500 to 3,000 tokens"
    return Finding(name="context limit", good=None, detail=detail)


async def _listed_context(model: BaseChatModel, settings: TeacherSettings) -> int | None:
    """What the server's list of models says of this one, in any of the words that servers have for it."""
    client: Any = getattr(model, "root_async_client", None)
    if client is None:
        return None
    try:
        listing = await asyncio.wait_for(client.get("/models", cast_to=object), settings.timeout)
    except Exception:  # noqa: BLE001 - a server need not have such a list
        return None
    models = listing.get("data") if isinstance(listing, dict) else None
    name = getattr(model, "model_name", "")
    entries = [entry for entry in models or () if isinstance(entry, dict)]
    own = next((entry for entry in entries if entry.get("id") == name), entries[0] if len(entries) == 1 else {})
    meta = own.get("meta")
    told = {**(meta if isinstance(meta, dict) else {}), **own}
    return next((told[word] for word in _CONTEXT_WORDS if isinstance(told.get(word), int)), None)


def _price(price: Price | None) -> Finding:
    if price is None:
        return Finding(name="price", good=False, detail="not in the price list: add it, or `price` beside the model")
    return Finding(name="price", good=True, detail=f"${price.input:g} in, ${price.output:g} out per million tokens")
