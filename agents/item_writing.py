"""Having the items of described levels written, and confirmed by independent solutions before they are used."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from ioa.agents.exchange import ItemsBrief, ItemsReply, SolveBrief, SolveReply
from ioa.agents.exchange.briefs import module_brief
from ioa.agents.journal import Answered, Journal, reply_of
from ioa.agents.settings.decomposition import DecompositionSettings
from ioa.agents.teacher import Call, Teacher
from ioa.memory.answer_equality import bare_answer, same_answer
from ioa.memory.domains.bank import item_id
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.procedural import lesson_seed
from ioa.memory.records import BankItem, Module, RefusedItem
from ioa.memory.transcript import CallContext

SHOWN = 30
"""Earlier items that a teacher is told to avoid; more only makes the prompt long."""
SAMPLES = 3
"""Earlier items that show it what is wanted."""

Place = tuple[str, str]
"""(module, level)."""
Work = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class ItemWriter:
    """Asks for items round by round, one request a level at a time, so that each knows the ones before."""

    def __init__(
        self,
        writer: Teacher,
        verifier: Teacher,
        settings: DecompositionSettings,
        journal: Journal,
        *,
        seed: int,
        work: Work,
    ) -> None:
        self._writer = writer
        self._verifier = verifier
        self._settings = settings
        self._journal = journal
        self._seed = seed
        self._work = work
        self.accepted: dict[Place, list[BankItem]] = {}
        """What was confirmed, in the order in which it was written."""
        self.refused: list[RefusedItem] = []
        self._seen: dict[str, str] = {}

    def write(self, modules: Sequence[Module], wanted: Mapping[Place, int]) -> None:
        """Have as many items written and confirmed as are wanted, as far as the teacher brings them.

        Args:
            modules: The domain's.
            wanted: Items by module and level.

        Raises:
            TeacherError: as `Journal.ask`.
        """
        by_id = {module.id: module for module in modules}
        self.accepted = {place: [] for place in wanted}
        total = sum(wanted.values())
        least = math.ceil(max(wanted.values(), default=0) / self._settings.per_request)
        fruitless = dict.fromkeys(wanted, 0)
        for round_ in range(2 * least + self._settings.passes):  # half of what is written may be there already
            missing = {place: wanted[place] - len(items) for place, items in self.accepted.items()}
            open_ = [
                place for place, count in missing.items() if count > 0 and fruitless[place] < self._settings.passes
            ]
            if not open_:
                return
            calls = {
                f"items/{module}/{level}/{round_:03d}": self._call(by_id[module], level, missing[module, level], round_)
                for module, level in open_
            }
            answers = self._journal.ask(self._writer, calls)
            fresh = [
                item for place, answer in zip(open_, answers, strict=True) for item in self._new_items(place, answer)
            ]
            self._confirm(fresh)
            for items, place in zip(self.accepted.values(), self.accepted, strict=True):
                del items[wanted[place] :]
            for place in open_:
                new = len(self.accepted[place]) > wanted[place] - missing[place]
                fruitless[place] = 0 if new else fruitless[place] + 1
            self._work("items written and confirmed", sum(map(len, self.accepted.values())), total)

    def _call(self, module: Module, level: str, missing: int, round_: int) -> Call:
        batch = f"decomposition/{module.id}/{level}/{round_:03d}"
        there = [item.question for item in self.accepted[module.id, level]]
        there += [item.question for item in self.refused if (item.module, item.level) == (module.id, level)]
        brief = ItemsBrief(
            module=module_brief(module, level, there[:SAMPLES]),
            level=level,
            count=min(missing, self._settings.per_request),
            avoid=tuple(there[-SHOWN:]),
            seed=lesson_seed(self._seed, batch),
        )
        return Call(brief, CallContext(node="decompose", agent="diagnoser", task=brief.task, module=module.id))

    def _new_items(self, place: Place, answer: Answered) -> list[BankItem]:
        """The new items of a reply, not yet confirmed."""
        reply = reply_of(answer, ItemsReply)
        made = []
        proposals = reply.items if isinstance(reply, ItemsReply) else ()
        for proposed in proposals[: self._settings.per_request]:
            question, stated = proposed.question.strip(), proposed.answer.strip()
            item = BankItem(
                id=item_id(question),
                module=place[0],
                level=place[1],
                question=question,
                answer=stated,
                origin="written",
                verified=False,
                purpose="seed",
            )
            if not question or not stated:
                self._refuse(item, "answer", "question or answer is empty")
            elif (key := item_key(question, stated)) in self._seen:
                self._refuse(item, "duplicate", f"it is there already, in {self._seen[key]}")
            else:
                self._seen[key] = "/".join(place)
                made.append(item)
        return made

    def _confirm(self, items: Sequence[BankItem]) -> None:
        """Have each item solved several times without sight of its answer, and keep what most solutions confirm."""
        count = self._settings.solutions
        calls = {
            f"solve/{item.id}/{number}": Call(
                SolveBrief(problem=item.question),
                CallContext(node="decompose", agent="verifier", task=SolveBrief.task, module=item.module),
                sample=number,
            )
            for item in items
            for number in range(count)
        }
        answers = self._journal.ask(
            self._verifier, calls, lambda done, all_: self._work("solving written items", done, all_)
        )
        for place, item in enumerate(items):
            solved = [reply_of(answer, SolveReply) for answer in answers[place * count : (place + 1) * count]]
            told = [reply.answer if isinstance(reply, SolveReply) else "" for reply in solved]
            agreeing = sum(same_answer(item.answer, answer) for answer in told)
            if 2 * agreeing > count:
                kept = {"verified": True, "answer": bare_answer(item.answer)}  # what an examinee is held to
                self.accepted[item.module, item.level].append(item.model_copy(update=kept))
            else:
                others = ", ".join(repr(answer) for answer in told if not same_answer(item.answer, answer))
                detail = f"{agreeing} of {count} independent solutions agree with its answer; the others: {others}"
                self._refuse(item, "answer", detail)

    def _refuse(self, item: BankItem, reason: Literal["duplicate", "answer"], detail: str) -> None:
        self.refused.append(refuse_item(item, reason, detail))


def refuse_item(
    item: BankItem, reason: Literal["duplicate", "answer", "untagged", "module left out"], detail: str
) -> RefusedItem:
    """Why that item is in no examination and no lesson."""
    fields = item.model_dump(include={"id", "module", "level", "question", "answer", "origin"})
    return RefusedItem(**fields, reason=reason, detail=detail)
