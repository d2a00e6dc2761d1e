"""Benchmarks: how a kind of item is put to an examinee and who grades the reply, each in a YAML file."""

import hashlib
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from ioa.memory.errors import UserError
from ioa.memory.plugins import is_plugin_file
from ioa.memory.records import Record, SourceItem
from ioa.memory.yaml_source import validate
from ioa.training import Shot
from ioa.training.exams.scorers import PLUGIN, refuse_file

_FIELD = re.compile(r"\{([a-z_]+)\}")
QUESTION = "question"


class IdRange(Record):
    """Items by the numbers that are their ids."""

    first: int
    last: int
    """Included."""

    @model_validator(mode="after")
    def _in_order(self) -> "IdRange":
        if self.last < self.first:
            raise ValueError("`last` is below `first`")
        return self

    def has(self, item: SourceItem) -> bool:
        """Whether the item's id is such a number, perhaps behind a name, as in `11` and `Mbpp/11`."""
        found = re.fullmatch(r"(?:.*/)?(\d{1,9})", item.id)
        return found is not None and self.first <= int(found[1]) <= self.last


class Benchmark(Record):
    """How items are asked and graded."""

    title: Annotated[str, Field(min_length=1)]
    formats: tuple[str, ...] = ()
    """Formats that the data file may have, as the reader of item sets names them; empty: any."""
    prompt: Annotated[str, Field(min_length=1)]
    """What is asked; `{question}` stands for the item's question, `{name}` for that field of its metadata."""
    scorer: Annotated[str, Field(min_length=1)]
    """Name of the scorer; `item`: the one that the item names."""
    options: Mapping[str, Any] = {}
    """Settings of the scorer."""
    max_new_tokens: Annotated[int, Field(ge=1)] = 512
    """Longest reply of a student; a teacher keeps to its own limit."""
    default_shots: Annotated[int, Field(ge=0)] = 0
    """Worked examples before each question where the command names no number."""
    shots: tuple[Shot, ...] = ()
    """Worked examples: a question as it stands in an item set, and the whole reply."""
    shot_ids: tuple[str, ...] = ()
    """Ids of items of the data file that are the worked examples instead; they are not examined."""
    shot_reply: str = "{answer}"
    """The reply of such a worked example; `{answer}` stands for the item's answer."""
    examined: IdRange | None = None
    """Items that are examined; none: all. Where no item's id is in the range, all are."""
    package: str = ""
    """Python package that carries the data file."""
    package_file: str = ""
    """Its place in the package."""
    differs: Annotated[str, Field(min_length=1)]
    """Where this differs from the authors' protocol, and what is the same."""

    @field_validator("prompt")
    @classmethod
    def _has_question(cls, prompt: str) -> str:
        if "{question}" not in prompt:
            raise ValueError("expected the placeholder {question} in it")
        return prompt

    @field_validator("scorer")
    @classmethod
    def _installed(cls, scorer: str) -> str:
        if is_plugin_file(scorer):
            raise ValueError(refuse_file("the scorer", scorer))
        return scorer

    @field_validator("options")
    @classmethod
    def _no_file(cls, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if PLUGIN in options:
            raise ValueError(refuse_file("the scorer", str(options[PLUGIN])))
        return options

    @field_validator("shot_ids", mode="before")
    @classmethod
    def _numbers(cls, ids: Any) -> Any:
        return [str(one) for one in ids] if isinstance(ids, list) else ids

    @model_validator(mode="after")
    def _shots_are_there(self) -> "Benchmark":
        there = len(self.shots) + len(self.shot_ids)
        if self.default_shots > there:
            raise ValueError(f"`default_shots` is {self.default_shots}, but there are {there} shots")
        if self.shots and self.shot_ids:
            raise ValueError("give either `shots` or `shot_ids`")
        return self

    def ask(self, question: str, metadata: Mapping[str, Any] | None = None) -> str:
        """The text that is put to an examinee; what is not the name of a text or a list of texts stays as it is."""
        fields = {name: _text(value) for name, value in (metadata or {}).items()} | {QUESTION: question}
        filled = _FIELD.sub(lambda found: fields.get(found.group(1)) or _left(found, fields), self.prompt)
        return filled.strip()


def _text(value: Any) -> str | None:
    if isinstance(value, list | tuple) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None


def _left(found: "re.Match[str]", fields: Mapping[str, str | None]) -> str:
    """An empty field is nothing; what names no field is part of the text, as LaTeX's braces are."""
    return "" if fields.get(found.group(1)) == "" else found.group()


class Named(Record):
    """A benchmark with where it comes from."""

    name: str
    """`gsm8k`, or the name of the file without its ending."""
    sha256: str
    """Of its file."""
    benchmark: Benchmark


def benchmark_names() -> list[str]:
    """The built-in ones."""
    files = resources.files("ioa.configs.benchmarks").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def load_benchmark(name: str) -> Named:
    """A built-in benchmark by its name, or one's own by the path of its file.

    Raises:
        UserError: there is none, or its file is wrong: file, line, field, what was expected.
    """
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        return _read(path)
    if name in benchmark_names():
        with resources.as_file(resources.files("ioa.configs.benchmarks").joinpath(f"{name}.yaml")) as file:
            return _read(file)
    raise UserError(
        f"There is no benchmark {name!r}. Built in: {', '.join(benchmark_names())}. "
        "For one of your own give the path of its .yaml file."
    )


def _read(path: Path) -> Named:
    benchmark = validate(path, Benchmark)
    return Named(name=path.stem, sha256=sha256(path), benchmark=benchmark)


def sha256(path: Path) -> str:
    """Of a file's content, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
