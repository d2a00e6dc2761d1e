"""What each round of a run taught: a portion of first lessons or a remedy, and what came of what was asked for."""

from collections import Counter

from ioa.memory.records import Record, Teaching
from ioa.memory.run_dir import Round
from ioa.results.facts import Facts


class RoundTaught(Record):
    """A round in numbers."""

    stage: int
    round: int
    teaching: Teaching
    modules: tuple[str, ...]
    """Those that new lessons were asked for."""
    asked: int
    """New lessons asked for."""
    accepted: int
    """How many of them passed the checks."""
    trained: int | None
    """Lessons that it trained on, replayed ones included; none where it trained nothing, or not yet."""


def rounds_taught(facts: Facts) -> list[RoundTaught]:
    """The rounds for which lessons were asked, in their order."""
    accepted = Counter((example.stage, example.round) for example in facts.examples)
    return [
        RoundTaught(
            stage=at[0],
            round=at[1],
            teaching=facts.teaching(*at),
            modules=tuple(modules),
            asked=modules.total(),
            accepted=accepted[at],
            trained=facts.training[at].examples if at in facts.training else None,
        )
        for at, modules in sorted(_asked(facts).items())
    ]


def _asked(facts: Facts) -> dict[Round, Counter[str]]:
    """Lessons asked for by module; by the first requests where a round's wishes are not recorded."""
    asked: dict[Round, Counter[str]] = {}
    for request in facts.requests.values():
        at = request.stage, request.round
        if at not in facts.remedies and request.batch.split("/")[2:3] == ["pass-0"]:
            asked.setdefault(at, Counter())[request.module] += request.count
    for at, wishes in facts.remedies.items():
        for wish in wishes:
            asked.setdefault(at, Counter())[wish.module] += wish.lessons
    return asked
