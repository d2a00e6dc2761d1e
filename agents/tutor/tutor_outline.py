"""Naming the modules of a domain, writing their items, and finding the module of an item."""

from itertools import islice

from ioa.agents.exchange import (
    DecomposeBrief,
    DecomposeReply,
    ItemsBrief,
    ItemsReply,
    ModuleBrief,
    ProposedCategory,
    ProposedItem,
    ProposedLevel,
    ProposedModule,
    Tag,
    TagBrief,
    TagReply,
)
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.subject import Subject, operations_of, sentence
from ioa.agents.tutor.working import Operation, broader
from ioa.memory.domains.procedural import supply
from ioa.memory.records import Module
from ioa.memory.similarity import normalise


def decompose(brief: DecomposeBrief, subject: Subject) -> DecomposeReply:
    """The modules of its subject that the topics, or the description, or the samples are about; it knows no others."""
    if brief.samples:
        meant = subject.covered_operations(operations_of(brief.samples))
    else:
        meant = subject.operations_in(brief.topics or (brief.domain, brief.description))
    grouped: dict[str, list[ProposedModule]] = {}
    for operation, module in subject.ordered_modules():
        if operation in meant:
            proposed = _proposed(operation, module, brief, subject)
            grouped.setdefault(module.category.replace("-", " "), []).append(proposed)
    return DecomposeReply(
        categories=tuple(ProposedCategory(name=name, modules=tuple(found)) for name, found in grouped.items())
    )


def _proposed(operation: Operation, module: Module, brief: DecomposeBrief, subject: Subject) -> ProposedModule:
    order = [known for known in Operation if known in subject.modules]
    shown = next(
        (sample for sample in brief.samples if operation in subject.covered_operations(operations_of([sample]))), ""
    )
    levels = []
    for name in brief.levels:
        fallback = module.exam_level if name == brief.levels[-1] else next(iter(module.levels))
        own = name if name in module.levels and name != brief.levels[-1] else fallback
        text = f"{module.description} For instance: {shown}" if shown else sentence(module, own)
        levels.append(ProposedLevel(name=name, items=text))
    return ProposedModule(
        name=module.id.split("/", 1)[1].replace("-", " "),
        description=module.description,
        difficulty=round(order.index(operation) / max(1, len(order) - 1), 2),
        levels=tuple(levels),
    )


def write_items(brief: ItemsBrief, subject: Subject) -> ItemsReply:
    """New problems of the level with their answers; fewer where they run out, none for what it cannot do.

    Raises:
        UserError: the module's generator cannot be drawn from.
    """
    generator = subject.generator_of(brief.module)
    if generator is None:
        return ItemsReply(items=())
    avoided = {normalise(text) for text in brief.avoid}
    drawn = islice(supply(generator, seed=brief.seed, exclude=avoided), brief.count)
    solved = [(item.question, solve_problem(item.question)) for item in drawn]
    return ItemsReply(
        items=tuple(
            ProposedItem(question=question, answer=worked.answer) for question, worked in solved if worked is not None
        )
    )


def tag(brief: TagBrief, subject: Subject) -> TagReply:
    """The module whose operation an item is; of several the one that speaks of least else; empty where none does."""
    meant = {module.id: _operations_meant(module, subject) for module in brief.modules}
    tags = []
    for item in brief.items:
        worked = solve_problem(item.question)
        fitting: list[str] = []
        for head in () if worked is None else (worked.head, broader(worked.head)):
            fitting = fitting or [module for module, operations in meant.items() if head in operations]
        chosen = min(fitting, key=lambda module: len(meant[module]), default="")
        tags.append(Tag(item=item.item, module=chosen))
    return TagReply(tags=tuple(tags))


def _operations_meant(module: ModuleBrief, subject: Subject) -> set[Operation]:
    """What a module is about: by the tutor's own description, by its samples, or by its words."""
    own = {operation for operation, known in subject.modules.items() if known.description == module.description}
    return own or set(operations_of(module.samples)) or subject.operations_in((module.id, module.description))
