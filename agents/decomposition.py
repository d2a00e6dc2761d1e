"""The Diagnoser's first step: from a description or an item set to modules with items (Sec. "Identifier", step 1)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ioa.agents.exchange import DecomposeBrief, DecomposeReply
from ioa.agents.item_writing import ItemWriter, Place, Work, refuse_item
from ioa.agents.journal import Journal, reply_of
from ioa.agents.outline import Embed, Outline, outline
from ioa.agents.settings.decomposition import DecompositionSettings
from ioa.agents.tagging import ManyAnswers, Tagger, leave_out_repeats
from ioa.agents.teacher import Call, Teacher
from ioa.agents.teachers import TeacherError
from ioa.memory.domains.bank import divide_items, shuffle_items
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.packs import GIVEN
from ioa.memory.errors import UserError
from ioa.memory.records import BankItem, Decomposition, Domain, Module, RefusedItem, Source, Written
from ioa.memory.transcript import CallContext

SHOWN_SHARE = 0.25
"""Largest share of an item set that the teacher sees when it names the modules: what it has seen, and may quote in a
description, is no probe."""
LEAST_SEEDS = 3
"""Items that a module must have beside those that are examined: whoever writes its lessons has to see some."""


@dataclass
class Made:
    """What became of a source."""

    domain: Domain
    items: tuple[BankItem, ...]
    """The bank: probes and seeds."""
    refused: tuple[RefusedItem, ...]
    record: Decomposition


@dataclass
class _Work:
    """A source on its way to a domain."""

    source: Source
    modules: tuple[Module, ...] = ()
    outline: Outline | None = None
    items: list[BankItem] = field(default_factory=list)
    shown: frozenset[str] = frozenset()
    """Ids of the items that the teacher saw when it named the modules."""
    refused: list[RefusedItem] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Decomposer:
    """Has the modules named, their items found or written, and the items divided into probes and seeds.

    All of its answers go through a journal: with the same answers it makes the same domain.
    """

    def __init__(
        self,
        teacher: Teacher,
        verifier: Teacher,
        settings: DecompositionSettings,
        journal: Journal,
        *,
        embed: Embed,
        many_answers: ManyAnswers,
        probes: int,
        reserve: int = 0,
        seed: int,
        say: Callable[[str], None] = lambda _: None,
        work: Work = lambda _name, _done, _total: None,
    ) -> None:
        """The decomposer.

        Args:
            teacher: Names the modules, tags the items, writes the items.
            verifier: Solves what was written.
            settings: How many of what.
            journal: Where the answers are kept.
            embed: Vectors of descriptions.
            many_answers: Whether items of a scorer have many right answers; see `leave_out_repeats`.
            probes: Items a module that its three splits want together.
            reserve: Items a module beside them for gates that are sat again, where there are so many.
            seed: The run's.
            say: Told what a person should know.
            work: Told how it goes on.
        """
        self._teacher = teacher
        self._verifier = verifier
        self._settings = settings
        self._journal = journal
        self._embed = embed
        self._many_answers = many_answers
        self._probes, self._reserve = probes, reserve
        self._seed = seed
        self._say = say
        self._work = work

    def decompose(self, source: Source) -> Made:
        """The domain of a source, with its item bank.

        Raises:
            UserError: there are too few modules, or too few items for them.
            TeacherError: the teacher does not answer, or not to the point.
        """
        at = _Work(source)
        for warning in source.warnings:
            self._warn(at, warning)
        if source.items:
            at.items, at.refused = leave_out_repeats(source.items, GIVEN, self._many_answers)
            self._enough_items(at)
        if source.modules:
            at.modules = source.modules
        else:
            self._name_modules(at)
        if source.items:
            at.items, homeless = Tagger(self._teacher, self._settings, self._journal, self._work).tag(
                source.name, at.modules, at.items
            )
            at.refused += homeless
            if homeless:
                self._warn(at, f"{len(homeless)} of {len(source.items)} items belong to none of the modules.")
        else:
            self._write_items(at)
        return self._finished(at)

    def _enough_items(self, at: _Work) -> None:
        """Before anything is paid for."""
        modules = 1 if at.source.modules else 2
        least = modules * (self._probes + LEAST_SEEDS)
        if len(at.items) < least:
            raise UserError(
                f"The item set of {at.source.name} has {len(at.items)} different items, but {modules} module"
                f"{'s' if modules > 1 else ''} with {self._probes} examined items and {LEAST_SEEDS} others each need "
                f"{least}. Give more items, or ask for fewer in `examination`."
            )

    def _name_modules(self, at: _Work) -> None:
        """Ask for the modules, once more where their number is out of bounds, and take what is nearer to them."""
        settings = self._settings
        first, error = self._proposal(at, 1, "")
        if first is None:
            raise TeacherError(f"Teacher {self._teacher.spec} could not decompose {at.source.name}: {error}")
        found = first
        if self._distance(first):
            named = f"{len(first.modules)} modules" + (
                f" (of {first.proposed}, the others were the same in other words)" if first.merged else ""
            )
            bounds = f"between {settings.least} and {settings.most}"
            remark = f"An earlier proposal came to {named}. That is not {bounds}: propose again."
            second, _ = self._proposal(at, 2, remark)
            if second is not None and self._distance(second) <= self._distance(first):
                found = second
            if self._distance(found):
                self._warn(
                    at,
                    f"The teacher named {len(found.modules)} modules, not {bounds} (decomposition.least, most), also "
                    "when it was asked again.",
                )
        if len(found.modules) < 2:
            raise UserError(
                f"Teacher {self._teacher.spec} named {len(found.modules)} modules of the domain {at.source.name}; 2 "
                "are the fewest that can be taught. Describe the domain in more detail, name `topics`, or choose "
                "another teacher."
            )
        if found.merged:
            pairs = ", ".join(f"{pair.dropped} is {pair.kept}" for pair in found.merged)
            self._warn(at, f"Modules that say the same were merged: {pairs}.")
        at.outline, at.modules = found, found.modules

    def _proposal(self, at: _Work, number: int, remark: str) -> tuple[Outline | None, str]:
        source, settings = at.source, self._settings
        samples = shuffle_items(at.items, self._seed)[: min(settings.samples, int(SHOWN_SHARE * len(at.items)))]
        at.shown = frozenset(item.id for item in samples)
        levels = (GIVEN,) if source.items else settings.levels
        brief = DecomposeBrief(
            domain=source.name,
            description=source.description,
            topics=source.topics,
            samples=tuple(item.question for item in samples),
            least=settings.least,
            most=settings.most,
            levels=levels,
            remark=remark,
        )
        context = CallContext(node="decompose", agent="diagnoser", task=brief.task)
        (answer,) = self._journal.ask(self._teacher, {f"decompose/{number}": Call(brief, context)})
        reply = reply_of(answer, DecomposeReply)
        if not isinstance(reply, DecomposeReply):
            return None, answer.error
        return outline(reply, levels, self._embed, settings.similarity), ""

    def _distance(self, found: Outline) -> int:
        """How far the number of modules is out of bounds."""
        count = len(found.modules)
        return max(self._settings.least - count, count - self._settings.most, 0)

    def _write_items(self, at: _Work) -> None:
        wanted: dict[Place, int] = {
            (module.id, level): self._settings.seeds + (self._probes if level == module.exam_level else 0)
            for module in at.modules
            for level, what in module.levels.items()
            if isinstance(what, Written)
        }
        writer = ItemWriter(
            self._teacher, self._verifier, self._settings, self._journal, seed=self._seed, work=self._work
        )
        writer.write(at.modules, wanted)
        at.items = [item for place in wanted for item in writer.accepted[place]]
        at.refused += writer.refused
        if writer.refused:
            reasons = Counter(item.reason for item in writer.refused)
            wrong, double = reasons["answer"], reasons["duplicate"]
            self._say(f"{len(at.items)} items confirmed; refused: {wrong} by their answer, {double} as duplicates")

    def _finished(self, at: _Work) -> Made:
        modules = tuple(found for module in at.modules for found in self._levels_with_items(at, module))
        known = {module.id for module in modules}
        least = 1 if at.source.modules else 2
        if len(modules) < least:
            raise UserError(
                f"Domain {at.source.name}: {len(modules)} of its {len(at.modules)} modules have enough items, and "
                f"{least} are the fewest. {' '.join(at.warnings)} Give more items, or ask for fewer in `examination`."
            )
        modules = tuple(
            module.model_copy(update={"prerequisites": tuple(p for p in module.prerequisites if p in known)})
            for module in modules
        )
        items = tuple(
            item for module in modules for level in module.levels for item in self._purposes(at, module, level)
        )
        for item in at.items:
            if item.module not in known:
                at.refused.append(refuse_item(item, "module left out", f"{item.module} has too few items"))
        record = Decomposition(
            proposed=at.outline.proposed if at.outline else len(at.modules),
            modules=len(modules),
            merged=at.outline.merged if at.outline else (),
            difficulty={id_: d for id_, d in at.outline.difficulty.items() if id_ in known} if at.outline else {},
            left_out=tuple(at.left_out),
            warnings=tuple(at.warnings),
            items=len(items),
            refused=len(at.refused),
        )
        domain = Domain(name=at.source.name, description=at.source.description, modules=modules)
        return Made(domain=domain, items=items, refused=tuple(at.refused), record=record)

    def _warn(self, at: _Work, text: str) -> None:
        at.warnings.append(text)
        self._say(text)

    def _levels_with_items(self, at: _Work, module: Module) -> Sequence[Module]:
        """The module with those of its levels that have items; none where the examined one has too few."""
        counts = Counter(item.level for item in at.items if item.module == module.id)
        own = [item for item in at.items if (item.module, item.level) == (module.id, module.exam_level)]
        have, needed = len({item_key(item.question, item.answer) for item in own}), self._probes + LEAST_SEEDS
        seen = sum(item.id in at.shown for item in at.items if item.module == module.id)
        if isinstance(module.exam, Written) and min(have, have - seen + LEAST_SEEDS) < needed:
            at.left_out.append(module.id)
            shown = f", {seen} of them shown to the teacher" if seen else ""
            self._warn(at, f"{module.id} is left out: it has {have} items{shown}, and {needed} are needed.")
            return ()
        empty = [level for level, what in module.levels.items() if isinstance(what, Written) and not counts[level]]
        if empty:
            self._warn(at, f"{module.id} has no items of level {', '.join(empty)}: it is taught without.")
        levels = {level: what for level, what in module.levels.items() if level not in empty}
        return (module.model_copy(update={"levels": levels}),)

    def _purposes(self, at: _Work, module: Module, level: str) -> Sequence[BankItem]:
        own = [item for item in at.items if (item.module, item.level) == (module.id, level)]
        if level != module.exam_level:
            return own
        return divide_items(own, self._probes, seed=self._seed, shown=at.shown, reserve=self._reserve)
