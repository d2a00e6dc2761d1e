"""A teacher call, readable in the terminal."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ioa.graph.plain_text import plain
from ioa.memory.transcript import AttemptEvent, CallContext, Message

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

_FIRST_LINES = 4
"""Lines of a message that are shown when it is collapsed."""


def select(
    events: Iterable[AttemptEvent],
    agent: str | None = None,
    stage: int | None = None,
    module: str | None = None,
    event: str | None = None,
) -> list[AttemptEvent]:
    """The events that match every filter given, in their order."""
    return [
        call
        for call in events
        if agent in (None, call.context.agent)
        and stage in (None, call.context.stage)
        and module in (None, call.context.module)
        and event in (None, call.id)
    ]


def render(event: AttemptEvent, *, full: bool = False) -> "Group":
    """One call: header, what was asked, what was answered.

    Args:
        event: the call.
        full: show all of every message instead of its first lines.

    Text of people and models is shown as it is: rich markup in it is not interpreted, and control characters
    are removed.
    """
    from rich.console import Group
    from rich.padding import Padding

    asked = list(event.messages)
    if event.reasoning:
        asked.append(Message(role="reasoning", content=event.reasoning))
    parts: list[RenderableType] = [_message(message, full=full) for message in asked]
    parts.append(_reply(event))
    if event.error:
        parts.append(_labelled("error", event.error, "bold red", "red"))
    return Group(_header(event), *(Padding(part, (0, 0, 0, 2)) for part in parts))


def _header(event: AttemptEvent) -> "Text":
    from rich.text import Text

    context = event.context
    tokens = f"{'~' if event.tokens.estimated else ''}{event.tokens.input} → {event.tokens.output} tokens"
    cells = [
        (event.id, "bold"),
        (event.time[:19].replace("T", " "), "dim"),
        (f"{context.agent}: {context.task}", "bold cyan"),
        (_where(context), "magenta"),
        (event.teacher, "green"),
        (f"attempt {event.attempt}" if event.attempt > 1 else "", "yellow"),
        (tokens, "dim"),
        (f"{event.seconds:.2f} s", "dim"),
        ("FAILED" if event.error else "", "bold red"),
    ]
    shown = [Text(plain(text), style=style) for text, style in cells if text]
    return Text("  ").join(shown)


def _where(context: CallContext) -> str:
    stage = "" if context.stage is None else f"stage {context.stage}"
    round_ = "" if context.round is None else f"round {context.round}"
    return ", ".join(part for part in (stage, round_, context.module or "") if part)


def _message(message: Message, *, full: bool) -> "Text":
    lines = plain(message.content).strip().splitlines()
    hidden = 0 if full else max(0, len(lines) - _FIRST_LINES)
    text = _labelled(message.role, "\n".join(lines[: len(lines) - hidden]), "bold blue", "dim")
    if hidden:
        text.append(f"\n… {hidden} more line{'' if hidden == 1 else 's'}", style="italic dim")
    return text


def _reply(event: AttemptEvent) -> "RenderableType":
    if event.parsed is None:
        return _labelled("reply", event.reply or "(empty)", "bold blue", "")
    from rich.console import Group
    from rich.syntax import Syntax
    from rich.text import Text

    pretty = json.dumps(_plain(event.parsed), ensure_ascii=False, indent=2)
    return Group(
        Text("reply", style="bold blue"),
        Syntax(pretty, "json", theme="ansi_dark", background_color="default", word_wrap=True),
    )


def _plain(value: Any) -> Any:
    """The JSON value with every text in it made plain; encoding first would only spell the escapes out."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(key)): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _labelled(label: str, content: str, label_style: str, style: str) -> "Text":
    from rich.text import Text

    return Text.assemble((plain(label), label_style), "  ", (plain(content), style))
