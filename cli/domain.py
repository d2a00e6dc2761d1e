"""The commands about domains: looking at one, and making one of files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ioa.cli.output import echo
from ioa.memory.errors import UserError
from ioa.memory.plain_text import plain

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from ioa.cli.domain_files import Found
    from ioa.memory.records import Domain, Source
    from ioa.results.console import Console

LONGEST = 300
"""Characters of a problem and its answer that are shown."""

domain_app = typer.Typer(help="Look at what is to be learnt, or make a domain of your files.", no_args_is_help=True)


@domain_app.command()
def add(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="JSON lines, JSON, CSV or Parquet.")],
    name: Annotated[str | None, typer.Option(help="Of the domain; the first file's name where none is given.")] = None,
    description: Annotated[str | None, typer.Option(help="What is to be learnt, in a sentence.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder that is made; domains/NAME where none is given.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out what cannot be read, and count it.")] = False,
    format_: Annotated[
        str | None, typer.Option("--format", help="Of the files; recognised by the fields where none is given.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="What the files call a field: --field question=Frage"),
    ] = None,
    scorer: Annotated[str | None, typer.Option(help="Who judges the replies; the format's if none.")] = None,
    module_from: Annotated[str | None, typer.Option(help="Field whose values become modules.")] = None,
) -> None:
    """Check files of problems, say what they hold, and write a domain of them; a bad file writes nothing."""
    from ioa.cli.domain_files import read_files, target_folder, write_pack
    from ioa.memory.slugs import slug
    from ioa.results.console import Console

    name = name or Path(files[0]).name.split(".")[0]
    if "/" in name or "\\" in name or not name.isprintable():
        raise UserError(
            f"--name {name!r}: expected a name without slashes and control characters. Choose it with --out."
        )
    folder = target_folder(out or Path("domains") / (slug(name) or "items"))
    entry = {
        "format": format_ or "",
        "fields": _fields(field or []),
        "scorer": scorer or "",
        "module_from": module_from or "",
        "skip_bad": skip_bad,
    }
    found = read_files(files, name, entry)
    console = Console()
    _say(console, found)
    path = write_pack(folder, found, description or f"The problems of {name}.")
    echo(f"Written: {path}")
    echo(f"Use it with: ioa run CONFIG --domain {path}")


@domain_app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="Name of a domain, path of its YAML file, FILE.py:NAME, or reasoning-gym:FAMILY.")
    ],
    examples: Annotated[int, typer.Option(min=0, help="Problems shown of each module.")] = 1,
) -> None:
    """What a domain holds: its modules and some of its problems."""
    from ioa.memory.domains.packs import load_source
    from ioa.memory.records import Domain
    from ioa.results.console import Console

    console = Console()
    found = load_source(name)
    console.print(plain(f"{found.name}: {found.description}"))
    if isinstance(found, Domain):
        _show_domain(console, found, examples)
    else:
        _show_source(console, found, examples)


def _fields(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if not all(part.strip() for part in pair.partition("=")):
            raise UserError(f"--field {pair}: expected NAME=FIELD, such as --field question=Frage.")
    return {name.strip(): own.strip() for name, _, own in (pair.partition("=") for pair in pairs)}


def _say(console: "Console", found: "Found") -> None:
    """What was found, file by file and module by module."""
    from ioa.cli.domain_files import PROBES, shares
    from ioa.memory.domains.item_sets import describe_faults
    from ioa.training.exams.scorers import default_scorer

    for read in found.sets:
        scorers = ", ".join(sorted({item.scorer or default_scorer("") for item in read.items}))
        console.print(
            f"{read.name}: format {read.format}, {len(read.items)} items, scorer {scorers}, "
            f"{len(read.skipped)} bad items left out",
            soft_wrap=True,
        )
        if read.skipped:
            console.print(plain(describe_faults(read.skipped)), style="yellow", soft_wrap=True)
    console.print(f"{len(found.different)} different items, {len(found.double)} that say the same as another one")
    table = _table("module", "items", "seeds", "probes", "")
    for share in shares(found):
        remark = "" if share.enough else f"fewer than {share.needed}"
        table.add_row(
            share.module or "(named by the teacher)", *map(str, (share.items, share.seeds, share.probes)), remark
        )
    console.print(table)
    console.print(_division(PROBES), soft_wrap=True)


def _division(probes: int) -> str:
    from ioa.agents.decomposition import LEAST_SEEDS
    from ioa.cli.domain_files import ORDINARY
    from ioa.memory.records import Split

    sizes = ", ".join(f"{ORDINARY.size(split)} {split.value}" for split in Split)
    return (
        f"Of each module's probes the examination takes {sizes}, and spare ones where there are more; a module needs "
        f"{probes + LEAST_SEEDS} items. `examination` in the run file asks for fewer."
    )


def _table(*columns: str) -> "Table":
    from rich.table import Table

    table = Table()
    for column in columns:
        count = column in {"items", "seeds", "probes"}
        table.add_column(column, overflow="fold", justify="right" if count else "left", no_wrap=column == "module")
    return table


def _show_domain(console: "Console", domain: "Domain", examples: int) -> None:
    from rich.text import Text

    from ioa.memory.domains.procedural import draw
    from ioa.memory.records import Generator

    table = _table("module", "levels", "what it is", *(["problems"] if examples else []))
    for module in domain.modules:
        drawn = draw(module.exam, seed=0, count=examples) if isinstance(module.exam, Generator) and examples else []
        levels = ", ".join(f"{name} (examined)" if name == module.exam_level else name for name in module.levels)
        problems = [_shown((item.question, item.answer) for item in drawn)] if examples else []
        table.add_row(Text(module.id), plain(levels), Text(plain(module.description)), *problems)
    console.print(table)


def _shown(problems: "Iterable[tuple[str, str]]") -> "Text":
    from rich.text import Text

    return Text("\n".join(_cut(plain(f"{question} -> {answer}")) for question, answer in problems))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _show_source(console: "Console", source: "Source", examples: int) -> None:
    from rich.text import Text

    for warning in source.warnings:
        console.print(plain(warning), style="yellow", soft_wrap=True)
    table = _table("module", "items", "what it is", *(["problems"] if examples else []))
    modules = {module.id: module.description for module in source.modules}
    for id_ in (*modules, ""):
        own = [item for item in source.items if item.module == id_]
        if not own and not id_ and modules:
            continue
        shown = _shown((item.question, item.answer) for item in own[:examples])
        what = modules.get(id_) or ("A teacher tags these items." if modules else "A teacher names the modules.")
        table.add_row(Text(id_ or "-"), str(len(own)), Text(plain(what)), *([shown] if examples else []))
    console.print(table)
