"""Examining student and teacher, each once for every set of probes: the answers are kept in the run."""

from collections.abc import Collection, Sequence
from pathlib import Path

from ioa.agents import TeacherExaminee
from ioa.graph.workshop import Workshop
from ioa.memory import ItemResult, Probe, Score, Split
from ioa.memory.files import append_records, read_records, write_records
from ioa.training import examine, score_by_module

PIECE = 32
"""Questions after which a teacher's answers are written down: they may have cost money."""


def select(shop: Workshop, split: Split, modules: Collection[str] | None = None) -> list[Probe]:
    """The probes of a split, of all or of some modules."""
    return [probe for probe in shop.probes(split) if modules is None or probe.module in modules]


def examine_student(shop: Workshop, label: str, probes: Sequence[Probe], adapter: Path | None) -> list[ItemResult]:
    """The student's answers, with the LoRA in `adapter` or bare; from the file of that label where it exists."""
    path = shop.run.scores(label)
    if path.exists():
        return read_records(path, ItemResult)
    shop.student().use(adapter)
    results = examine(
        shop.student(),
        probes,
        lambda done, total: shop.reporter.work(f"student, {label}", done, total),
    )
    write_records(path, results)
    return results


def examine_teacher(shop: Workshop, label: str, probes: Sequence[Probe], node: str) -> list[ItemResult]:
    """The teacher's answers to the same probes; those in the file of that label are not asked for again."""
    path = shop.run.scores(label)
    known = {result.probe: result for result in read_records(path, ItemResult)}
    unknown = [probe for probe in probes if probe.id not in known]
    for start in range(0, len(unknown), PIECE):
        asked = unknown[start : start + PIECE]
        new = examine(TeacherExaminee(shop.teacher(), node), asked)
        known |= {result.probe: result for result in new}
        append_records(path, new)
        shop.reporter.work(f"teacher, {label}", start + len(asked), len(unknown))
    return [known[probe.id] for probe in probes]


def scores(results: Sequence[ItemResult]) -> dict[str, Score]:
    """K of n by module."""
    return score_by_module(results)
