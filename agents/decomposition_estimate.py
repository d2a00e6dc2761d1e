"""What the making of a domain will ask of a teacher, where no pack names its modules, before anything is asked."""

import math
from collections.abc import Iterator

from ioa.agents.exchange import Brief, DecomposeBrief, ItemsBrief, SolveBrief, TagBrief, TagItem
from ioa.agents.exchange.briefs import module_brief
from ioa.agents.settings.decomposition import DecompositionSettings
from ioa.memory.domains.packs import GIVEN
from ioa.memory.records import Domain, Module, Source, Written

SENTENCE = "Solves problems of one kind that a sentence of this length describes well enough to write them."
"""Stands for a description that a teacher still has to write."""
MODULE, ITEM, TAG = 110, 70, 15
"""Tokens of a proposed module, of an item with its answer, of a tag."""
SOLVED = 150
"""Tokens of a problem solved in JSON."""

Counted = tuple[str, Brief, float, float, float]
"""(agent, brief, tokens of a reply, fewest calls, most calls)."""


def assume_domain(source: Source, settings: DecompositionSettings) -> Domain:
    """A domain of the size that the source's may have at most."""
    levels = (GIVEN,) if source.items else settings.levels
    modules = source.modules or tuple(
        Module(
            id=f"category/module-{number:02d}",
            description=SENTENCE,
            levels={level: Written(items=SENTENCE) for level in levels},
            exam_level=levels[-1],
        )
        for number in range(settings.most)
    )
    return Domain(name=source.name, description=source.description, modules=modules)


def decomposition_calls(
    source: Source, domain: Domain, settings: DecompositionSettings, probes: int
) -> Iterator[Counted]:
    """The kinds of calls by which the domain is made.

    Args:
        source: What was named.
        domain: As `assume_domain` gives it.
        settings: How it is decomposed.
        probes: Items a module that the examinations want together.
    """
    told = tuple(module_brief(module) for module in domain.modules)
    fewest = len(source.modules) or settings.least
    if not source.modules:
        brief = DecomposeBrief(
            domain=source.name,
            description=source.description,
            topics=source.topics,
            samples=tuple(item.question for item in source.items[: settings.samples]),
            least=settings.least,
            most=settings.most,
            levels=settings.levels,
        )
        yield "diagnoser", brief, MODULE * len(told), 1, 2
    if source.items:
        open_ = [item for item in source.items if not item.module]
        batches = math.ceil(len(open_) / settings.per_tagging)
        shown = tuple(TagItem(item="1", question=item.question) for item in open_[: settings.per_tagging])
        tag = TagBrief(domain=source.name, modules=told, items=shown)
        yield "diagnoser", tag, TAG * settings.per_tagging, batches, batches * settings.passes
        return
    levels = [(module, level) for module in domain.modules for level in module.levels]
    written = [(module, level) for module, level in levels if isinstance(module.levels[level], Written)]
    needed = [settings.seeds + (probes if level == module.exam_level else 0) for module, level in written]
    share = fewest / len(told)
    requests = sum(math.ceil(count / settings.per_request) for count in needed)
    avoid = (SENTENCE,) * min(max(needed, default=0), 30)
    items = ItemsBrief(
        module=told[0], level=domain.modules[0].exam_level, count=settings.per_request, avoid=avoid, seed=0
    )
    most = 2 * requests + settings.passes * len(written)
    yield "diagnoser", items, ITEM * settings.per_request, math.floor(share * requests), most
    solve = SolveBrief(problem=SENTENCE)
    confirmed = settings.solutions * sum(needed)
    surplus = settings.solutions * settings.per_request * (most - requests)
    yield "verifier", solve, SOLVED, math.floor(share * confirmed), confirmed + surplus
