"""Why items failed: wrong answers sorted into misconceptions, each checked by a second reading that is blind.

The first reading names misconceptions and the items that show each. The second is shown the misconceptions' texts
alone and places every item anew. What counts is where both agree.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ioa.agents.exchange import (
    NONE,
    AnalyseBrief,
    AnalyseReply,
    AssignBrief,
    AssignReply,
    Claimed,
    FailedItem,
    ModuleFailures,
)
from ioa.agents.quotation import without_items
from ioa.agents.settings.diagnosis import MisconceptionSettings
from ioa.agents.teacher import Call, Teacher
from ioa.memory.records import Agreement, Misconception, WrongAnswer
from ioa.memory.transcript import CallContext


@dataclass(frozen=True)
class Analysis:
    """What was found out about wrong answers."""

    confirmed: tuple[Misconception, ...]
    """By module, the commonest first."""
    refused: tuple[Misconception, ...]
    """What was named but not borne out, with the reason."""
    note: str
    """To the Planner."""

    @property
    def all(self) -> tuple[Misconception, ...]:
        """Both, as they are written down."""
        return (*self.confirmed, *self.refused)


@dataclass
class _Reading:
    """A module's wrong answers on their way through both readings."""

    failures: ModuleFailures
    named: dict[str, list[str]] = field(default_factory=dict)
    """Probes by the misconception's text, as the first reading has them."""
    examples: dict[str, str] = field(default_factory=dict)
    """The first example that was invented for a text."""
    placed: dict[str, set[str]] = field(default_factory=dict)
    """Texts by probe, as the second has them; the empty text for none."""

    @property
    def id(self) -> str:
        return self.failures.module.id

    @property
    def speakable(self) -> list[str]:
        """The texts that something is left of."""
        return [text for text in self.named if text]

    def placement(self) -> dict[str, str]:
        """Text by probe, of those that the second reading placed, and placed once."""
        return {probe: next(iter(texts)) for probe, texts in self.placed.items() if len(texts) == 1}


class Analyst:
    """Reads wrong answers twice, the second time through somebody who does not know what the first one said."""

    def __init__(self, reader: Teacher, checker: Teacher, settings: MisconceptionSettings, *, seed: int = 0) -> None:
        """The two readers.

        Args:
            reader: Names the misconceptions.
            checker: Places the items; the same teacher will do, since it is asked anew.
            settings: How much is shown and when a finding is believed.
            seed: Decides the order in which the checker is told the misconceptions.
        """
        self._reader = reader
        self._checker = checker
        self._settings = settings
        self._seed = seed

    def analyse(self, failures: Sequence[ModuleFailures], context: CallContext, label: str) -> Analysis:
        """Find the misconceptions behind all wrong answers of some modules.

        Args:
            failures: The wrong answers, module by module.
            context: Where in the run this is; task and module are filled in.
            label: The examination, and first part of the misconceptions' ids: `diagnosis`, `stage-01-round-0`.
        """
        readings = [_Reading(module) for module in failures if module.failed]
        if not readings:
            return Analysis((), (), "No item failed.")
        items = [item for reading in readings for item in reading.failures.failed]
        notes = self._read(readings, items, context)
        if notes is None:
            return Analysis((), (), "Why the items failed could not be found out.")
        self._place([reading for reading in readings if reading.speakable], context)
        found = [misconception for reading in readings for misconception in self._judge_module(reading, label)]
        confirmed = tuple(misconception for misconception in found if not misconception.refused)
        refused = tuple(misconception for misconception in found if misconception.refused)
        counted = f"Of {len(found)} misconceptions that were named, {len(confirmed)} bore a second, blind reading."
        return Analysis(confirmed, refused, " ".join([*dict.fromkeys(filter(None, notes)), counted]))

    def _read(
        self, readings: Sequence[_Reading], items: Sequence[FailedItem], context: CallContext
    ) -> list[str] | None:
        """The first reading, batch by batch, so that each knows what was named before; none where all failed."""
        notes: list[str] = []
        read = False
        for start in range(0, max(len(reading.failures.failed) for reading in readings), self._settings.batch):
            open_ = [reading for reading in readings if len(reading.failures.failed) > start]
            calls = [self._reading_call(reading, start, context) for reading in open_]
            for reading, outcome in zip(open_, self._reader.ask(calls), strict=True):
                if isinstance(outcome.reply, AnalyseReply):  # else the transcript has the reason
                    read = True
                    notes.append(without_items(outcome.reply.note, items))
                    self._note_findings(reading, outcome.reply, start, items)
        return notes if read else None

    def _reading_call(self, reading: _Reading, start: int, context: CallContext) -> Call:
        shown = reading.failures.failed[start : start + self._settings.batch]
        told = reading.failures.model_copy(update={"failed": shown, "known": tuple(reading.speakable)})
        brief = AnalyseBrief(modules=(told,), stage=context.stage, most=self._settings.most)
        return Call(brief, context.model_copy(update={"task": brief.task, "module": reading.id}))

    def _note_findings(self, reading: _Reading, reply: AnalyseReply, start: int, items: Sequence[FailedItem]) -> None:
        shown = {item.probe for item in reading.failures.failed[start : start + self._settings.batch]}
        for finding in reply.findings[: self._settings.most + len(reading.named)]:
            text = _same_words(without_items(finding.misconception, items), reading.named)
            probes = reading.named.setdefault(text, [])
            example = " ".join(finding.invented_example.split())
            if example and _bare(without_items(example, items)) == _bare(example):  # the whole of it, or nothing
                reading.examples.setdefault(text, example)
            probes += [probe for probe in dict.fromkeys(finding.probes) if probe in shown and probe not in probes]

    def _place(self, readings: Sequence[_Reading], context: CallContext) -> None:
        """The second reading: nothing of the first but the texts."""
        calls: list[tuple[_Reading, dict[str, str], Call]] = []
        for reading in readings:
            texts = sorted(reading.speakable, key=lambda text: _digest(f"{self._seed}/{text}"))
            labels = {str(number): text for number, text in enumerate(texts, start=1)}
            for start in range(0, len(reading.failures.failed), self._settings.batch):
                brief = AssignBrief(
                    module=reading.failures.module,
                    misconceptions=tuple(Claimed(label=label, text=text) for label, text in labels.items()),
                    items=reading.failures.failed[start : start + self._settings.batch],
                )
                where = context.model_copy(update={"task": brief.task, "module": reading.id})
                calls.append((reading, labels, Call(brief, where)))
        outcomes = self._checker.ask([call for _, _, call in calls])
        for (reading, labels, call), outcome in zip(calls, outcomes, strict=True):
            if not isinstance(outcome.reply, AssignReply) or not isinstance(call.brief, AssignBrief):
                continue  # what was not placed confirms nothing
            shown = {item.probe for item in call.brief.items}
            for said in outcome.reply.assignments:
                text = _read_placement(said.misconception, labels)
                if said.probe in shown and text is not None:
                    reading.placed.setdefault(said.probe, set()).add(text)

    def _judge_module(self, reading: _Reading, label: str) -> list[Misconception]:
        """The module's misconceptions, the confirmed ones first and the commonest of those first."""
        placement = reading.placement()
        agreed = measure_agreement(reading.named, placement) if placement else None
        items = {item.probe: item for item in reading.failures.failed}
        found = []
        for text, named in reading.named.items():
            both = tuple(probe for probe in named if placement.get(probe) == text and text)
            placed = sum(probe in placement for probe in named)  # what could not be read speaks for nobody
            why = (
                self._why_not(text, len(named), placed, len(both), len(items)) if placement or not text else _UNCHECKED
            )
            shown = [items[probe] for probe in (both or named)[: self._settings.examples]]
            found.append(
                Misconception(
                    module=reading.id,
                    summary=text,
                    invented_example=reading.examples.get(text, "") if text else "",
                    probes=both,
                    named=tuple(named),
                    failed=len(items),
                    examples=tuple(WrongAnswer.model_validate(item.model_dump()) for item in shown),
                    agreement=agreed,
                    refused=why,
                )
            )
        found.sort(key=lambda one: (bool(one.refused), -len(one.probes)))
        most = self._settings.most
        surplus = f"only the {most} commonest misconceptions of a module are acted upon"
        told = []
        for number, one in enumerate(found, start=1):
            why = one.refused or (surplus if number > most else "")
            told.append(one.model_copy(update={"id": f"{label}/{one.module}/{number}", "refused": why}))
        return told

    def _why_not(self, text: str, named: int, placed: int, both: int, failed: int) -> str:
        if not text:
            return "nothing is left of it without what it quotes of the examination"
        if not named:
            return "no wrong answer was named for it"
        least = min(self._settings.least_items, failed)
        if both >= least and both >= self._settings.confirm * placed:
            return ""
        return (
            f"{named} wrong answers were named for it; the second reading placed {placed} of them and bears it out in "
            f"{both}; needed are {least}, and {self._settings.confirm:.0%} of those placed"
        )


_UNCHECKED = "the second reading could not be had"


def measure_agreement(named: Mapping[str, Sequence[str]], placement: Mapping[str, str]) -> Agreement:
    """How far two readings agree on what each item shows.

    Args:
        named: The first reading, probes by misconception; an item named twice counts where it was named first. Those
            of the empty text, which could not be passed on, do not count.
        placement: The second one, misconception by probe, empty for none.
    """
    first: dict[str, str] = {}
    for text, probes in named.items():
        for probe in probes:
            first.setdefault(probe, text)
    unspeakable = set(named.get("", ()))
    pairs = [(first.get(probe, ""), text) for probe, text in placement.items() if probe not in unspeakable]
    return Agreement(items=len(pairs), same=sum(one == other for one, other in pairs), kappa=kappa(pairs))


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa, (p_o - p_e) / (1 - p_e), over the categories of pairs of judgements (Cohen 1960).

    None where there is no pair, or where chance alone would bring full agreement.
    """
    n = len(pairs)
    one, other = (Counter(judgements) for judgements in zip(*pairs, strict=True)) if pairs else (Counter(), Counter())
    # In whole numbers, so that full agreement by chance is found exactly and never divided by.
    by_chance = sum(one[category] * other[category] for category in one)  # n**2 times p_e, exactly
    if not n or by_chance == n * n:
        return None
    observed = sum(left == right for left, right in pairs)
    return (observed * n - by_chance) / (n * n - by_chance)


def _same_words(text: str, known: Mapping[str, object]) -> str:
    """The known text that says the same, if one does: letter case, spacing and the full stop are no difference."""
    return next((other for other in known if _bare(other) == _bare(text)), text)


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def _read_placement(said: str, labels: Mapping[str, str]) -> str | None:
    """The text that is meant, empty for none; nothing where it cannot be told."""
    named = re.findall(r"\d+", said)
    if len(named) == 1:
        return labels.get(named[0])
    return "" if not named and re.match(rf"\W*(?:(?:{NONE}|no|n/a|not)\b|\Z)", said, re.IGNORECASE) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
