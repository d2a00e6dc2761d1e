"""What a refused lesson was too close to: the text behind the name that the refusal gives."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ioa.memory.errors import UserError
from ioa.memory.files import read_lines, read_records
from ioa.memory.records import Example, Probe, Refusal, Split
from ioa.memory.run_dir import RunDirectory

_DETAIL = re.compile(
    r"too close to (?P<other>.+?)(?: of run (?P<run>[A-Za-z0-9._-]+))? "
    r"\((?P<method>[A-Za-z]+), similarity (?P<similarity>\d\.\d+)\)"
)
_SIBLING = re.compile(r"item (\d+) of this request")
_PASS = re.compile(r"stage-(\d+)/round-(\d+)/pass-(\d+)/")
WITHHELD = (
    "It is an item of the final examination, which is held once, at the end: "
    "its text is shown when the run is finished."
)


@dataclass(frozen=True)
class Collision:
    """What the detail of a refusal says."""

    other: str
    """As in `ioa.memory.store.Collision`."""
    run: str
    """Whose lesson it is; empty for this run's."""
    method: str
    similarity: float


@dataclass(frozen=True)
class Neighbour:
    """The text that a lesson was too close to."""

    title: str
    problem: str = ""
    """Empty where it cannot be shown."""
    answer: str = ""
    remark: str = ""
    """Why its text is not here, or what a person should know of it."""
    example: str = ""
    """Id of the accepted lesson of this run that it is."""
    probe: str = ""
    """Id of the examination item that it is."""


def collision(detail: str) -> Collision | None:
    """What a refusal's detail says of the other text; none where it speaks of no other."""
    found = _DETAIL.fullmatch(detail)
    if found is None:
        return None
    return Collision(found["other"], found["run"] or "", found["method"], float(found["similarity"]))


class Neighbourhood:
    """Finds the texts by the names that refusals give; files are read when first needed."""

    def __init__(
        self, run: RunDirectory, examples: Mapping[str, Example], probes: Mapping[str, Probe], finished: bool
    ) -> None:
        """Look among these.

        Args:
            run: Whose refusals they are.
            examples: Its accepted lessons by id.
            probes: Its examination items by id.
            finished: Whether the final examination is over, and may be shown.
        """
        self._run = run
        self._examples = examples
        self._probes = probes
        self._finished = finished

    def of(self, refusal: Refusal) -> Neighbour | None:
        """What the lesson was too close to; none where it was refused for something else."""
        named = collision(refusal.detail)
        if named is None:
            return None
        sibling = _SIBLING.fullmatch(named.other)
        if named.run:
            return self._foreign(named)
        if sibling:
            return self._sibling(refusal, int(sibling[1]))
        if named.other in self._probes:
            return self._probe(self._probes[named.other])
        if named.other in self._examples:
            return _lesson(self._examples[named.other], "Accepted lesson")
        return Neighbour(named.other, remark="Its text is not among the run's files, as that of a benchmark's item.")

    def _probe(self, probe: Probe) -> Neighbour:
        title = f"Examination item {probe.id}"
        if probe.split == Split.FINAL and not self._finished:
            return Neighbour(title, remark=WITHHELD, probe=probe.id)
        remark = "It is an examination item: no lesson may come near it."
        return Neighbour(title, probe.question, probe.answer, remark, probe=probe.id)

    def _foreign(self, named: Collision) -> Neighbour:
        title = f"Lesson {named.other} of run {named.run}"
        try:
            beside = RunDirectory.at(self._run.root.parent, named.run)
            for path in sorted(beside.examples(1).parent.glob("stage-*.jsonl")):
                for _, line in read_lines(path):
                    if f'"{named.other}"' in line and (found := Example.model_validate_json(line)).id == named.other:
                        return Neighbour(title, found.problem, found.solution)
        except (UserError, ValueError, OSError):
            return Neighbour(title, remark="The lessons of that run cannot be read.")
        return Neighbour(title, remark="The run is not in this folder, or does not have the lesson any more.")

    def _sibling(self, refusal: Refusal, number: int) -> Neighbour:
        title = f"Lesson {number} of the same pass"
        place = _PASS.match(refusal.batch)
        if place:
            stage, round_, pass_ = map(int, place.groups())
            candidates = self._candidates(stage, round_, pass_)
            if 0 < number <= len(candidates):
                return _lesson(candidates[number - 1], title, self._examples)
        return Neighbour(title, remark="The drafts of that pass are not among the run's files.")

    def _candidates(self, stage: int, round_: int, pass_: int) -> list[Example]:
        path = self._run.drafts(stage, round_, pass_) / "clean.jsonl"
        try:
            return read_records(path, Example)
        except (UserError, OSError):
            return []


def _lesson(example: Example, title: str, accepted: Mapping[str, Example] | None = None) -> Neighbour:
    linked = example.id if accepted is None or example.id in accepted else ""
    return Neighbour(f"{title} ({example.id})", example.problem, example.solution, example=linked)
