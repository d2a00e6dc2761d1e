"""Items that are asked in several turns: each question is put behind the earlier ones and what was said to them.

Such an item has `turns` in its metadata, a list of all questions with the item's own first, and perhaps `references`, a
right answer to each. Each turn is a line of the results, and has a grade of its own; the item's score is their mean.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import fmean

from ioa.evaluation.folder import Outcome
from ioa.memory.domains.item_sets.fields import NO_ANSWER
from ioa.memory.errors import UserError
from ioa.memory.records import Attempt, SourceItem


def turns_of(item: SourceItem) -> tuple[str, ...]:
    """The questions of an item, one as a rule.

    Raises:
        UserError: its `turns` are a list of something else.
    """
    turns = item.metadata.get("turns")
    if not isinstance(turns, list | tuple):
        return (item.question,)
    if not turns or not all(isinstance(turn, str) for turn in turns) or turns[0] != item.question:
        raise UserError(
            f"The item {item.id!r}: metadata.turns: expected a list of texts, all questions of the conversation with "
            "the item's question first."
        )
    return tuple(turns)


def attempt_of(item: SourceItem, reply: str, before: Sequence[Outcome] = ()) -> Attempt:
    """A reply to an item as scorers get it.

    Args:
        item: What was asked.
        reply: To the question behind the earlier turns.
        before: The lines of these; they are in the attempt's metadata as `earlier`.
    """
    if not before:
        return Attempt(question=item.question, answer=item.answer, reply=reply, metadata=item.metadata)
    earlier = [
        {"question": line.question, "reply": line.reply, "reference": reference_of_turn(item, line.turn)}
        for line in before
    ]
    reference = reference_of_turn(item, len(before) + 1)
    return Attempt(
        question=turns_of(item)[len(before)],
        answer=reference or NO_ANSWER,
        reply=reply,
        metadata={**item.metadata, "reference": reference, "earlier": earlier},
    )


def reference_of_turn(item: SourceItem, turn: int) -> str:
    """A right answer to one of its questions; empty where there is none."""
    references = item.metadata.get("references")
    if isinstance(references, list | tuple) and turn <= len(references):
        return str(references[turn - 1] or "")
    first = str(item.metadata.get("reference") or item.answer) if turn == 1 else ""
    return "" if first == NO_ANSWER else first


def by_item(lines: Iterable[Outcome]) -> list[Outcome]:
    """One line for each item and scorer: the one of an item of several turns has the mean of their scores.

    It is right where every turn is. Without a grade of every turn it has none.
    """
    ordered = list(lines)
    groups: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for line in ordered:
        groups[line.examinee, line.item, line.scorer].append(line)
    return [own[0] if own[0].turns == 1 else _combined(own) for own in groups.values()]


def _combined(lines: Sequence[Outcome]) -> Outcome:
    scores = [line.score for line in lines if line.score is not None]
    whole = len(scores) == lines[0].turns
    least = min(lines, key=lambda line: -1.0 if line.score is None else line.score)
    told = {
        "score": fmean(scores) if whole else None,
        "correct": all(line.correct for line in lines) if whole else None,
        "error": "" if whole else next((line.error for line in lines if line.error), "not all turns were answered"),
        "prompt_tokens": sum(line.prompt_tokens for line in lines),
        "generated_tokens": sum(line.generated_tokens for line in lines),
        "seconds": sum(line.seconds for line in lines),
        "estimated": any(line.estimated for line in lines),
    }
    return least.model_copy(update=told)


def turn_means(lines: Iterable[Outcome]) -> Mapping[int, float]:
    """The mean score of each turn, over the items of several turns that have a grade for it."""
    graded = [(line.turn, line.score) for line in lines if line.turns > 1 and line.score is not None]
    return {turn: fmean(score for _, score in own) for turn, own in groupby(sorted(graded), key=lambda pair: pair[0])}
