"""The lessons of a run, those that may be taught and those that may not, with what became of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from ioa.agents import LessonRequest
from ioa.memory.records import Example, Kind, Misconception, ObservedDifficulty, Refusal, Strategy
from ioa.memory.run_dir import Round
from ioa.results.facts import Facts

ACCEPTED = "accepted"
REFUSED = "refused"


@dataclass(frozen=True)
class Lesson:
    """One lesson."""

    record: Example | Refusal
    request: LessonRequest | None
    """What it was asked for with; none where that is not there."""
    taught: tuple[tuple[Round, Kind], ...] = ()
    """The rounds that it was trained on in, and as what."""
    observed: tuple[ObservedDifficulty, ...] = ()
    """How hard it was for the student before each of them."""
    misconception: Misconception | None = None
    """The finding that it is to put right."""

    @property
    def id(self) -> str:
        """Of the lesson, or of the refusal."""
        return self.record.id

    @property
    def kind(self) -> Kind | None:
        """What it was written as; of a refused one, what was asked for."""
        if isinstance(self.record, Example):
            return self.record.kind
        return self.request.kind if self.request else None

    @property
    def level(self) -> str:
        """Of the module; empty where it is not known."""
        if isinstance(self.record, Example):
            return self.record.level
        return self.request.level if self.request else ""

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """Those that were asked for."""
        if isinstance(self.record, Example):
            return self.record.strategies
        return self.request.strategies if self.request else ()

    @property
    def states(self) -> tuple[str, ...]:
        """Accepted, or refused and by which check."""
        if isinstance(self.record, Example):
            return (ACCEPTED,)
        return (REFUSED, self.record.reason.value)

    @cached_property
    def values(self) -> Mapping[str, Collection[str]]:
        """What it is filtered by."""
        return {
            "state": self.states,
            "module": (self.record.module,),
            "stage": (str(self.record.stage),),
            "round": (str(self.record.round),),
            "strategy": tuple(strategy.value for strategy in self.strategies),
            "kind": (self.kind.value,) if self.kind else (),
        }

    @cached_property
    def text(self) -> str:
        """All text of it in lower case."""
        record = self.record
        parts = [record.id, record.problem, record.answer, record.batch, record.event]
        if isinstance(record, Example):
            parts += [*record.steps, *record.original, record.verification, record.changed]
        else:
            parts.append(record.detail)
        if self.misconception:
            parts.append(self.misconception.summary)
        return "\n".join(parts).lower()


def lessons(facts: Facts) -> list[Lesson]:
    """All lessons, by stage and round; the accepted ones first."""
    taught: dict[str, list[tuple[Round, Kind]]] = {}
    for at, rows in facts.datasets.items():
        for row in rows:
            taught.setdefault(row.example, []).append((at, row.kind))
    observed: dict[str, list[ObservedDifficulty]] = {}
    for one in facts.observed:
        observed.setdefault(one.example, []).append(one)
    found = misconceptions(facts)
    made = [
        Lesson(
            record=example,
            request=facts.requests.get(example.batch),
            taught=tuple(taught.get(example.id, ())),
            observed=tuple(observed.get(example.id, ())),
            misconception=found.get(example.misconception),
        )
        for example in facts.examples
    ]
    refused = {refusal.id: refusal for refusal in facts.refusals}  # two may be alike
    for refusal in refused.values():
        request = facts.requests.get(refusal.batch)
        answers = found.get(request.misconception_id) if request else None
        made.append(Lesson(record=refusal, request=request, misconception=answers))
    return sorted(made, key=lambda one: (one.record.stage, one.record.round, one.states[0]))


def misconceptions(facts: Facts) -> dict[str, Misconception]:
    """What the diagnosis and the examinations at the gate found, by id."""
    later = (one for found in facts.misconceptions.values() for one in found)
    return {one.id: one for one in (*facts.diagnosed, *later) if one.id}
