"""Finding out to which modules the items of a set belong."""

from collections.abc import Callable, Sequence

from ioa.agents.exchange import TagBrief, TagItem, TagReply
from ioa.agents.exchange.briefs import module_brief
from ioa.agents.item_writing import Work, refuse_item
from ioa.agents.journal import Answered, Journal, reply_of
from ioa.agents.settings.decomposition import DecompositionSettings
from ioa.agents.teacher import Call, Teacher
from ioa.memory.domains.bank import item_id
from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.near_verbatim import NearVerbatim
from ioa.memory.records import BankItem, Module, RefusedItem, SourceItem
from ioa.memory.similarity import features
from ioa.memory.transcript import CallContext

ManyAnswers = Callable[[str], bool]
"""Whether items of the scorer of that name have many right answers: that two references differ says nothing then."""


def leave_out_repeats(
    items: Sequence[SourceItem], level: str, many_answers: ManyAnswers
) -> tuple[list[BankItem], list[RefusedItem]]:
    """The items of a set, each text once, and those that are there already.

    One that states the same facts as an earlier item in nearly the same words, and has the same answer or one of many
    right ones, counts as that item: one of them could be examined and the other be taught from.

    Args:
        items: The set.
        level: The level of difficulty that they are of.
        many_answers: Asked about an item that is nearly another one, with another answer.
    """
    near, by_id = NearVerbatim(Bounds().jaccard), dict[str, BankItem]()
    kept: dict[str, BankItem] = {}
    double = []
    names: set[str] = set()
    for item in items:
        text = item_id(item.question)
        # The author's id where there is one, so that people find the item again; made unique below.
        name = item.id or text
        made = BankItem(
            id=f"{name}-{text}" if name in names else name,
            module=item.module,
            level=level,
            question=item.question.strip(),
            answer=item.answer.strip(),
            origin="given",
            verified=False,
            purpose="seed",
            scorer=item.scorer,
            metadata=item.metadata,
        )
        if text in kept:
            double.append(refuse_item(made, "duplicate", f"the same text as {kept[text].id}"))
            continue
        view = features(made.question)
        found = near.find(view)
        if found and (by_id[found[0]].answer == made.answer or many_answers(made.scorer)):
            double.append(refuse_item(made, "duplicate", f"nearly the same text as {found[0]}"))
            continue
        near.add(made.id, view)
        names.add(made.id)
        kept[text] = by_id[made.id] = made
    return list(kept.values()), double


class Tagger:
    """Asks a teacher for the modules of items, in batches; what it leaves out it is asked again."""

    def __init__(self, teacher: Teacher, settings: DecompositionSettings, journal: Journal, work: Work) -> None:
        self._teacher = teacher
        self._settings = settings
        self._journal = journal
        self._work = work

    def tag(
        self, domain: str, modules: Sequence[Module], items: Sequence[BankItem]
    ) -> tuple[list[BankItem], list[RefusedItem]]:
        """The items with their modules, and those that belong to none; an item that names its module keeps it.

        Raises:
            TeacherError: as `Journal.ask`.
        """
        open_ = [item for item in items if not item.module]
        found: dict[str, str] = {}
        for pass_ in range(self._settings.passes):
            asked = [item for item in open_ if item.id not in found]
            if not asked:
                break
            found |= self._pass(domain, modules, asked, pass_)
        known = {module.id for module in modules}
        tagged, homeless = [], []
        for item in items:
            module = item.module or found.get(item.id)
            if module in known:
                tagged.append(item.model_copy(update={"module": module}))
            else:
                said = "the teacher says that it belongs to none of the modules" if module == "" else "it got no module"
                homeless.append(refuse_item(item, "untagged", said))
        return tagged, homeless

    def _pass(self, domain: str, modules: Sequence[Module], items: Sequence[BankItem], pass_: int) -> dict[str, str]:
        """Module by item id; empty where the teacher says that none fits, not there where it says nothing usable."""
        size = self._settings.per_tagging
        batches = [items[start : start + size] for start in range(0, len(items), size)]
        briefs = tuple(module_brief(module) for module in modules)
        calls = {}
        for number, batch in enumerate(batches):
            numbered = tuple(TagItem(item=str(n), question=item.question) for n, item in enumerate(batch, start=1))
            brief = TagBrief(domain=domain, modules=briefs, items=numbered)
            context = CallContext(node="decompose", agent="diagnoser", task=brief.task)
            calls[f"tag/{pass_}/{number:04d}"] = Call(brief, context)
        answers = self._journal.ask(
            self._teacher, calls, lambda done, all_: self._work("finding the items' modules, requests", done, all_)
        )
        allowed = {module.id for module in modules} | {""}
        return {
            item.id: module
            for batch, answer in zip(batches, answers, strict=True)
            for item, module in _tags(batch, answer)
            if module in allowed
        }


def _tags(batch: Sequence[BankItem], answer: Answered) -> list[tuple[BankItem, str]]:
    reply = reply_of(answer, TagReply)
    told = {tag.item.strip(): tag.module.strip() for tag in reply.tags} if isinstance(reply, TagReply) else {}
    return [(item, told[str(number)]) for number, item in enumerate(batch, start=1) if str(number) in told]
