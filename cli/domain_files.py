"""What files of problems hold, what a run would make of it, and the pack that is written of them."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pydantic import ValidationError

from ioa.agents.decomposition import LEAST_SEEDS
from ioa.agents.tagging import leave_out_repeats
from ioa.memory.domains.bank import divide_items
from ioa.memory.domains.item_sets import ItemSet, ItemSetSource, read_item_set
from ioa.memory.domains.packs import GIVEN, load_source, module_of_value
from ioa.memory.errors import UserError
from ioa.memory.files import write_records, write_text
from ioa.memory.plugins import is_plugin_file
from ioa.memory.records import BankItem, RefusedItem, SourceItem, Split
from ioa.memory.slugs import slug
from ioa.memory.yaml_values import dump
from ioa.training import ExaminationSettings, Scorers
from ioa.training.exams.scorers import refuse_file, scorer_names

ITEMS = "items.jsonl"
"""The items of a written pack, in the plain form."""
ORDINARY = ExaminationSettings()
"""How a module is examined unless the run file says otherwise."""
PROBES = sum(ORDINARY.size(split) for split in Split)


@dataclass(frozen=True)
class Found:
    """What some files hold together."""

    name: str
    sets: Sequence[ItemSet]
    items: Sequence[SourceItem]
    """Of all files, each with an id of its own."""
    modules: Mapping[str, str]
    """Descriptions by id; none where a teacher has to name them."""
    different: Sequence[BankItem] = field(default_factory=tuple)
    """What a run would use: each text once."""
    double: Sequence[RefusedItem] = field(default_factory=tuple)
    """What it would leave out."""


@dataclass(frozen=True)
class Share:
    """What would become of a module's items."""

    module: str
    """Empty: of all items together, whose modules have yet to be named."""
    items: int
    seeds: int
    probes: int

    @property
    def needed(self) -> int:
        """Items that a run needs of the module; where the modules have yet to be named, of two."""
        return (PROBES + LEAST_SEEDS) * (1 if self.module else 2)

    @property
    def enough(self) -> bool:
        """Whether a run would use them."""
        return self.items >= self.needed


def read_files(files: Sequence[str], name: str, options: Mapping[str, Any]) -> Found:
    """Read the files.

    Args:
        files: Their paths.
        name: Of the domain.
        options: What `ItemSetSource` takes beside the file, for all of them.

    Raises:
        UserError: files cannot be read, or have faults that are not to be skipped; those of all files.
    """
    _check_scorer(options.get("scorer", ""))
    sets, faults = [], []
    for file in files:
        try:
            entry = ItemSetSource(file=file, **options)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise UserError(f"{wrong}.") from error
        try:
            sets.append(read_item_set(entry, category=slug(name) or "items"))
        except UserError as error:
            faults.append(str(error))
    if faults:
        raise UserError(
            "\n".join(faults) + "\nNothing was written. Correct the files, or leave such items: --skip-bad."
        )
    items = tuple(_own_ids(item for found in sets for item in found.items))
    with closing(Scorers(judge=lambda: None)) as scorers:
        different, double = leave_out_repeats(items, GIVEN, scorers.has_many_answers)
    modules = _modules(sets, options.get("module_from", ""))
    return Found(name=name, sets=sets, items=items, modules=modules, different=different, double=double)


def _check_scorer(name: str) -> None:
    """A pack may name installed scorers only; one that has none of them leaves it to the format."""
    if is_plugin_file(name):
        raise UserError(refuse_file(f"--scorer {name}", name))
    if name and name not in scorer_names():
        raise UserError(f"There is no scorer {name!r}. Expected one of {', '.join(scorer_names())}.")


def _own_ids(items: Iterator[SourceItem]) -> Iterator[SourceItem]:
    """Two files may call two items the same."""
    seen: Counter[str] = Counter()
    for item in items:
        seen[item.id] += 1
        yield item if seen[item.id] == 1 else item.model_copy(update={"id": f"{item.id}-{seen[item.id]}"})


def _modules(sets: Sequence[ItemSet], module_from: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for read in sets:
        for item in read.items:
            if not item.module or item.module in found:
                continue
            label = read.modules.get(item.module, "")
            try:
                module = module_of_value(item.module, label, module_from)
            except ValidationError as error:
                raise UserError(
                    f"{read.name}: module: {item.module!r} of the item {item.id!r} is not `category/name` in lower "
                    "case. Correct it, or make modules of such values: --module-from module."
                ) from error
            found[item.module] = module.description
    return found


def shares(found: Found) -> list[Share]:
    """What would become of the items of each module, as a run with the ordinary examination divides them."""
    made = []
    for module in found.modules or [""]:
        own = [item for item in found.different if item.module == module or not module]
        purposes = Counter(item.purpose for item in divide_items(own, PROBES, seed=0, reserve=ORDINARY.kept))
        made.append(Share(module=module, items=len(own), seeds=purposes["seed"], probes=purposes["probe"]))
    return made


def target_folder(folder: Path) -> Path:
    """The folder that a pack may be written to.

    Raises:
        UserError: there is something already.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise UserError(f"{folder} exists already and is not an empty folder. Choose another folder: --out.")
    if not folder.name:
        raise UserError(f"{folder} is the folder you are in. Choose another folder: --out.")
    return folder


def write_pack(folder: Path, found: Found, description: str) -> Path:
    """Write the items and a pack of them, both or neither.

    Returns:
        The path of the pack.

    Raises:
        UserError: the folder cannot be made.
    """
    pack: dict[str, Any] = {"name": found.name, "description": description, "items": ITEMS}
    if found.modules:
        pack["modules"] = [{"id": id_, "description": text} for id_, text in found.modules.items()]
    file = f"{slug(found.name) or 'domain'}.yaml"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _cannot_be_made(folder, error) from error
    try:
        write_records(part / ITEMS, found.items)
        write_text(part / file, dump(pack, width=120))
        load_source(str(part / file))  # what is written can be read
        part.chmod(0o777 & ~_umask())
        part.replace(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise _cannot_be_made(folder, error) from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder / file


def _cannot_be_made(folder: Path, error: OSError) -> UserError:
    return UserError(f"{folder} cannot be made: {error.strerror}. Choose another folder: --out.")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
