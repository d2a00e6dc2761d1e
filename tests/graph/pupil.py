"""A student without weights for tests of the nodes: what it can do is written down, and it answers accordingly."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

from tests.small import sums

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.method_port import configured
from ioa.memory.files import read_records, write_record
from ioa.memory.records import Domain, Example, Module, Probe, Split
from ioa.memory.run_dir import RunDirectory


class Pupil:
    """Answers a share of a module's items right, the same ones every time; `module@level` for an easier level."""

    execution = None  # it computes nothing
    format = SimpleNamespace(encode_reply=str.split)

    def __init__(self, ctx: RunContext, abilities: Mapping[str, float]) -> None:
        self._ctx = ctx
        self.abilities = dict(abilities)
        self.asked: list[str] = []
        self.passes: list[list[str]] = []
        self.adapter: Path | None = None
        self.starts: list[Path | None] = []
        """The adapter that each of its trainings went on from."""

    def use(self, adapter: Path | None) -> None:
        self.adapter = adapter

    def answer(self, questions, on_progress=None):
        probes = {probe.question: probe for probe in self._ctx.probes()}
        for drawn in self._ctx.run.rounds_with(self._ctx.run.practice).values():
            probes |= {probe.question: probe for probe in read_records(drawn, Probe)}
        probes |= {lesson.problem: _as_probe(lesson) for lesson in self._ctx.store().examples()}
        self.passes.append([probes[question].id for question in questions])
        self.asked += self.passes[-1]
        return [self._reply(probes[question]) for question in questions]

    def generate(self, questions, on_progress=None, **_):
        return self.answer(questions, on_progress)

    def _reply(self, probe: Probe) -> str:
        name = f"{probe.module}@{probe.level}" if "@" in probe.id else probe.module
        luck = int(hashlib.sha256(probe.question.encode()).hexdigest()[:8], 16) / 2**32
        return (
            f"So it is.\nAnswer: {probe.answer}"
            if luck < self.abilities.get(name, self.abilities[probe.module])
            else "Answer: none"
        )


def _as_probe(lesson: Example) -> Probe:
    """The problem of a lesson, which some methods ask the student."""
    return Probe(
        id=f"pool/{lesson.module}/{lesson.id}",
        module=lesson.module,
        split=Split.GATE,
        level=lesson.level,
        question=lesson.problem,
        answer=lesson.answer,
        family="",
    )


def module(name: str, *needs: str) -> Module:
    """Sums, from one digit up to three."""
    levels = {"easy": sums((1, 2)), "middle": sums((2, 2)), "standard": sums((2, 3))}
    return Module.model_validate(
        {
            "id": name,
            "description": f"Adds as in {name}.",
            "prerequisites": needs,
            "levels": levels,
            "exam_level": "standard",
        }
    )


def open_context(folder: Path, modules: list[Module], abilities: Mapping[str, float], **config: object) -> RunContext:
    """A run over these modules whose student is a `Pupil`."""
    run = RunDirectory.at(folder, "made")
    settings = {"diagnosis": {"top_share": 1.0}, **config}
    ctx = RunContext(run, configured(RunConfig.model_validate(settings)))
    write_record(run.domain, Domain(name="made", description="Made up.", modules=tuple(modules)))
    ctx.prepare()
    ctx.parts["student"] = Pupil(ctx, abilities)
    return ctx
