"""An event of a transcript, readable in the terminal and harmless whatever a model wrote."""

import json
from typing import TYPE_CHECKING, Any

from ioa.memory.plain_text import plain, plain_json
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, Message, TranscriptEvent
from ioa.results.words import duration, money

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

_PROMPT = (4, 800)
"""Lines and characters of a message that are shown when it is collapsed."""
_REPLY = (40, 4000)
"""The same of a reply, or of a decision's text."""
_COLOURED = 50_000
"""Characters of JSON that are still given colours, which takes time."""


def render(event: TranscriptEvent, *, full: bool = False) -> "Group":
    """One event: where it happened, what was asked and answered, or what was decided.

    Args:
        event: The event.
        full: Show all of every text instead of its beginning.

    Text of people and models is shown as it is: rich markup in it is not interpreted, and control characters
    are removed.
    """
    from rich.console import Group
    from rich.padding import Padding

    parts = _attempt(event, full=full) if isinstance(event, AttemptEvent) else _decision(event, full=full)
    if event.error and not (isinstance(event, DecisionEvent) and event.subject):
        sort = f" ({event.category})" if event.category else ""
        parts.append(_labelled(f"error{sort}", event.error, "bold red", "red", None if full else _REPLY))
    return Group(_header(event), *(Padding(part, (0, 0, 0, 2), expand=False) for part in parts))


def _header(event: TranscriptEvent) -> "Text":
    from rich.text import Text

    cells = [
        (event.id, "bold"),
        (event.time[:19].replace("T", " "), "dim"),
        *(_asked(event) if isinstance(event, AttemptEvent) else _decided(event)),
        (duration(event.seconds) if event.seconds or isinstance(event, AttemptEvent) else "", "dim"),
        ("FAILED" if event.error and isinstance(event, AttemptEvent) else "", "bold red"),
    ]
    shown = [Text(plain(text), style=style) for text, style in cells if text]
    return Text("  ").join(shown)


def _asked(event: AttemptEvent) -> list[tuple[str, str]]:
    context = event.context
    tokens = f"{'~' if event.tokens.estimated else ''}{event.tokens.input} → {event.tokens.output} tokens"
    return [
        (f"{context.agent}: {context.task}", "bold cyan"),
        (_where(context), "magenta"),
        (event.teacher, "green"),
        (f"attempt {event.attempt}" if event.attempt > 1 else "", "yellow"),
        ("from the ledger" if event.ledger else "", "yellow"),
        (tokens, "dim"),
        (money(event.cost) if event.cost else "", "dim"),
    ]


def _decided(event: DecisionEvent) -> list[tuple[str, str]]:
    context = event.context
    if event.subject:
        verdict = ("refused", "bold red") if event.error else ("accepted", "bold green")
        who = f"{context.agent} at {context.node}:"
        return [(who, "bold yellow"), (f"lesson {event.subject}", ""), verdict, (_where(context), "magenta")]
    return [(f"{context.agent} decides at {context.node}", "bold yellow"), (_where(context), "magenta")]


def _where(context: CallContext) -> str:
    stage = "" if context.stage is None else f"stage {context.stage}"
    round_ = "" if context.round is None else f"round {context.round}"
    return ", ".join(part for part in (stage, round_, context.module or "") if part)


def _attempt(event: AttemptEvent, *, full: bool) -> list["RenderableType"]:
    asked = list(event.messages)
    if event.reasoning:
        asked.append(Message(role="reasoning", content=event.reasoning))
    limits = None if full else _PROMPT
    return [
        *(_labelled(message.role, message.content.strip(), "bold blue", "dim", limits) for message in asked),
        _reply(event, None if full else _REPLY),
    ]


def _reply(event: AttemptEvent, limits: tuple[int, int] | None) -> "RenderableType":
    if event.parsed is None:
        nothing = "(empty)" if event.answered else "(none came)"
        return _labelled("reply", event.reply or nothing, "bold blue", "", limits)
    from rich.console import Group
    from rich.syntax import Syntax
    from rich.text import Text

    pretty = json.dumps(plain_json(event.parsed), ensure_ascii=False, indent=2)
    shown, hidden = _beginning(pretty, limits)
    label = Text("reply", style="bold blue")
    if len(shown) > _COLOURED:
        return Group(label, Text(shown))
    coloured = Syntax(shown, "json", theme="ansi_dark", background_color="default", word_wrap=True)
    return Group(label, coloured, *([Text(hidden, style="italic dim")] if hidden else []))


def _decision(event: DecisionEvent, *, full: bool) -> list["RenderableType"]:
    limits = None if full else _REPLY
    parts: list[RenderableType] = []
    if event.subject:
        if event.error:
            parts.append(_labelled(f"refused ({event.category})", event.error, "bold red", "red", limits))
        written = f"in call {event.parent}" if event.parent else ""
        request = f"for request {event.context.batch}" if event.context.batch else ""
        origin = ", ".join(part for part in (written, request) if part)
        return [*parts, *([_labelled("written", origin, "bold blue", "dim", limits)] if origin else [])]
    if event.own_words:
        parts.append(_labelled("decided", "\n".join(event.own_words), "bold blue", "", limits))
    parts += [
        _labelled(f"{note.sender} → {note.receiver}", note.text, "bold green", "", limits) for note in event.notes
    ]
    if event.read or event.wrote:
        parts.append(_labelled("state", f"{_state(event.read)} → {_state(event.wrote)}", "bold blue", "dim", limits))
    return parts


def _state(values: dict[str, Any]) -> str:
    shown = (f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return ", ".join(shown) or "no change"


def _labelled(label: str, content: str, label_style: str, style: str, limits: tuple[int, int] | None = None) -> "Text":
    from rich.text import Text

    shown, hidden = _beginning(plain(content), limits)
    text = Text.assemble((plain(label), label_style), "  ", (shown, style))
    if hidden:
        text.append(f"\n{hidden}", style="italic dim")
    return text


def _beginning(text: str, limits: tuple[int, int] | None) -> tuple[str, str]:
    """The first lines and characters of a text, and a line that says how much there is besides."""
    if limits is None:
        return text, ""
    lines, characters = limits
    shown = "\n".join(text.split("\n", lines)[:lines])
    if len(shown) > characters:
        return shown[:characters], f"… {len(text) - characters:,} more characters"
    rest = text[len(shown) :].strip("\n")
    more = rest.count("\n") + 1 if rest else 0
    return shown, f"… {more} more line{'' if more == 1 else 's'}" if more else ""
