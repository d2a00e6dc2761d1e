"""Which modules build on which, read off the tutor's own worked solutions."""

from collections import Counter
from itertools import islice

from ioa.agents.exchange import ModuleBrief, Prerequisite, PrerequisitesBrief, PrerequisitesReply
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.subject import Subject
from ioa.agents.tutor.working import Operation, Worked
from ioa.memory.domains.procedural import seed_range, supply

_SAMPLES = 12
_LEAST_SHARE = 0.25
"""A method that fewer of the samples use is a chance, not a prerequisite."""


def claim_prerequisites(brief: PrerequisitesBrief, subject: Subject) -> PrerequisitesReply:
    """Claim that a module requires another where its solutions use the method that the other one teaches.

    The strength is the share of the samples whose solution uses it. Methods build on each other without
    circles, and so do the claims.

    Raises:
        UserError: a module's generator cannot be drawn from.
    """
    solved = {module.id: _solved(module, subject) for module in brief.modules}
    teaches = {module: _head(samples) for module, samples in solved.items() if samples}
    claims = []
    for module, samples in solved.items():
        used = Counter(operation for worked in samples for operation in worked.uses)
        for other, taught in teaches.items():
            share = used[taught] / len(samples) if samples else 0.0
            if other == module or taught is teaches[module] or share < _LEAST_SHARE:
                continue
            example = next(worked for worked in samples if taught in worked.uses)
            claims.append(
                Prerequisite(
                    module=module,
                    requires=other,
                    strength=round(share, 3),
                    why=f"{used[taught]} of {len(samples)} worked solutions use {taught.value}, "
                    f"for instance: {' | '.join(example.steps)}",
                )
            )
    return PrerequisitesReply(prerequisites=tuple(claims))


def _solved(module: ModuleBrief, subject: Subject) -> list[Worked]:
    problems = list(module.samples)
    generator = subject.generator_of(module)
    if generator is not None and len(problems) < _SAMPLES:
        own = seed_range(0, "samples", 9_999)
        problems += [item.question for item in islice(supply(generator, seed=own), _SAMPLES - len(problems))]
    return [worked for worked in map(solve_problem, problems) if worked is not None]


def _head(samples: list[Worked]) -> Operation:
    """What most of the samples are about; the more advanced method where two are as frequent."""
    counts = Counter(worked.head for worked in samples)
    order = list(Operation)
    return max(counts, key=lambda operation: (counts[operation], order.index(operation)))
