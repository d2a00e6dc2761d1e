"""The run file's keys as a document, and a run file with a comment above each key."""

import textwrap
from collections.abc import Mapping

from pydantic import BaseModel

from ioa.graph.config import RunConfig
from ioa.graph.config_keys import Key, describe_key, field_docs, keys, section_of, yaml_text

DOCUMENT = "docs/configuration.md"

SYMBOLS: Mapping[str, tuple[str, str]] = {
    "tau_gap": ("diagnosis.tau_gap", "gap above which a module is deficient (Eq. 5)"),
    "tau_high": ("diagnosis.tau_high", "mastery from which a prerequisite counts as mastered (Eq. 3)"),
    "tau_low": ("diagnosis.tau_low", "mastery below which it counts as not mastered (Eq. 3)"),
    "tau_dep": ("diagnosis.tau_dep", "dependency strength above which an edge is kept (Eq. 3)"),
    "alpha": ("diagnosis.alpha", "weight of gap against connectivity in severity (Eq. 4)"),
    "top-m": ("diagnosis.top_share", "share of the deficient modules that become targets (Eq. 6)"),
    "tau_ZPD": (
        "curriculum.tau_zpd",
        "largest rise of a module's difficulty above what is reached before its stage (Eq. 8)",
    ),
    "tau_mastery": ("mastery.tau_mastery", "P_S / P_T that every module of a stage must reach (Eq. 9)"),
    "J": ("synthesis.per_request", "synthetic examples per seed: here, lessons for one request"),
    "R_max": ("mastery.rounds", "remediation rounds per stage"),
    "m, least": ("decomposition.least", "fewest modules into which a domain is decomposed"),
    "m, most": ("decomposition.most", "most modules into which a domain is decomposed"),
}
"""The method's symbols: the key that sets each, or the end of its name, and what it means."""


_INTRODUCTION = """\
Every key of a run file, written by `ioa config --docs` from the program's own description of them. A key that is left
out keeps its default. Any of them can be set on the command line: `ioa run arithmetic --set mastery.rounds=3`.
`ioa config FILE` shows a run file with every key spelt out.

With `--set`, a text is taken as it stands, whatever is in it, and quotes around the whole of it are taken off; other
values are YAML, where `1e-3` is a number. A place in a list is `roles.judge.0.rpm` or `roles.judge[0].rpm`, counted
from 0; the next free place is opened with its first key, `roles.judge.0.model`. Options of scorers and teachers are
keys as well: `scorers.judge.threshold=6`, `teacher.options.reasoning_effort=low`. A name that has a dot is put into
quotes: `teacher.options."a.b"=1`. Two settings of which one takes back the other are refused."""


def key_of(symbol: str) -> Key | None:
    """The key that sets a symbol of the method; none while nothing does."""
    name = SYMBOLS[symbol][0]
    found = [key for key in keys(RunConfig) if key.name == name or key.name.endswith(f".{name}")]
    return found[0] if len(found) == 1 else None


def markdown() -> str:
    """The whole of `docs/configuration.md`."""
    parts = [
        "# Configuration",
        _INTRODUCTION,
        "## The method's symbols",
        _table(
            ("symbol", "key", "range", "default", "meaning"),
            [
                (f"`{symbol}`", f"`{key.name}`", key.range, f"`{key.default}`", meaning)
                for symbol, (_, meaning) in SYMBOLS.items()
                if (key := key_of(symbol))
            ],
        ),
    ]
    every = list(keys(RunConfig))
    for section in (
        "",
        *(name for name in RunConfig.model_fields if any(key.name.startswith(f"{name}.") for key in every)),
    ):
        rows = [key for key in every if (key.name.split(".")[0] if "." in key.name else "") == section]
        parts += [
            *_heading(section),
            _table(
                ("key", "value", "range", "default", "meaning"),
                [(f"`{key.name}`", key.kind, key.range, f"`{key.default}`", key.meaning) for key in rows],
            ),
        ]
    return "\n\n".join(parts) + "\n"


def commented(config: BaseModel, depth: int = 0) -> str:
    """A config as YAML, each key under a comment that says what it means and what it may be."""
    lines: list[str] = []
    pad = "  " * depth
    for name in type(config).model_fields:
        value = getattr(config, name)
        if depth == 0 and lines:
            lines.append("")
        if isinstance(value, BaseModel):
            lines += [
                *_comment(_about(type(config), name, type(value)), pad),
                f"{pad}{name}:",
                commented(value, depth + 1),
            ]
        else:
            key = describe_key(type(config), name)
            bounds = f" ({key.expected}; default {key.default})"
            plain = config.model_dump(mode="json", include={name})
            lines += [*_comment(key.meaning + bounds, pad), textwrap.indent(yaml_text(plain), pad)]
    return "\n".join(lines)


def _heading(section: str) -> list[str]:
    if not section:
        return ["## The run"]
    model = section_of(RunConfig.model_fields[section])
    return [f"## {section}", _about(RunConfig, section, model) if model else ""]


def _about(above: type[BaseModel], name: str, model: type[BaseModel]) -> str:
    """What a section is: its own description, else the first line of its class's."""
    return field_docs(above).get(name) or (model.__doc__ or "").strip().splitlines()[0]


def _comment(text: str, pad: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}# ", break_long_words=False)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
