"""What an evaluation found, in numbers and as a table."""

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ioa.agents.exchange.judging_briefs import HIGHEST, LOWEST
from ioa.evaluation.folder import Outcome, Preference, Result, Tally, right_of
from ioa.memory.plain_text import plain
from ioa.training.exams.paired import (
    Paired,
    Pairwise,
    compare_right_wrong,
    compare_scores,
    mean_interval,
    sign_test,
)

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

JUDGE = "judge"
"""The scorer whose grades go from 1 to 10."""
PACKAGES = ("ioa", "torch", "transformers", "peft", "tokenizers", "math-verify", "rouge-score", "lm-eval")


def versions() -> dict[str, str]:
    """Of Python and of the packages that the numbers may depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def right_wrong(outcomes: Sequence[Outcome]) -> bool:
    """Whether every grade is right or wrong, and nothing between."""
    return all(one.score is None or one.score == float(bool(one.correct)) for one in outcomes)


def tally(
    label: str, outcomes: Sequence[Outcome], *, graded: bool, seed: int, by_turn: Mapping[int, float] | None = None
) -> Tally:
    """Add up one examinee's lines.

    Args:
        label: Who it is.
        outcomes: Its lines, one an item.
        graded: Whether there are scores between right and wrong, so that a mean is no proportion.
        seed: For the bootstrap.
        by_turn: Mean score of each turn, where items are asked in several.
    """
    scores = [one.score for one in outcomes if one.score is not None]
    right = right_of(outcomes)
    return Tally(
        examinee=label,
        n=right.n,
        k=right.k,
        unread=right.unread,
        mean=sum(scores) / len(scores) if scores else 0.0,
        interval=mean_interval(scores, seed) if graded else right.interval,
        interval_method="percentile bootstrap over items" if graded else "Wilson",
        by_turn=by_turn or {},
        errors=len(outcomes) - len(scores),
        seconds=sum(one.seconds for one in outcomes),
        prompt_tokens=sum(one.prompt_tokens for one in outcomes),
        generated_tokens=sum(one.generated_tokens for one in outcomes),
        estimated=any(one.estimated for one in outcomes),
    )


def compare(first: Sequence[Outcome], second: Sequence[Outcome], *, graded: bool, seed: int) -> Paired:
    """The first examinee against the second, on the items that both have a grade for."""
    others = {(one.item, one.scorer): one for one in second if one.score is not None}
    pairs = [
        (one, others[one.item, one.scorer])
        for one in first
        if one.score is not None and (one.item, one.scorer) in others
    ]
    if graded:
        return compare_scores([a.score or 0.0 for a, _ in pairs], [b.score or 0.0 for _, b in pairs], seed)
    return compare_right_wrong([bool(a.correct) for a, _ in pairs], [bool(b.correct) for _, b in pairs])


def preferred(preferences: Mapping[tuple[str, int], Preference], errors: Sequence[str]) -> dict[str, object]:
    """The fields of a `Result` that side-by-side verdicts change: the counts, and the errors.

    An item of several turns counts once: it is won where more of its turns are won than lost.
    """
    points: dict[str, int] = {}
    for one in preferences.values():
        if one.outcome:
            points[one.item] = points.get(one.item, 0) + {"win": 1, "tie": 0, "loss": -1}[one.outcome]
    counts = {
        "win": sum(sum_ > 0 for sum_ in points.values()),
        "tie": sum(sum_ == 0 for sum_ in points.values()),
        "loss": sum(sum_ < 0 for sum_ in points.values()),
    }
    failed = [
        f"side by side, {one.item}{f', turn {one.turn}' if one.turn > 1 else ''}: {one.error}"
        for one in preferences.values()
        if one.error
    ]
    return {
        "pairwise": Pairwise(
            wins=counts["win"], ties=counts["tie"], losses=counts["loss"], p=sign_test(counts["win"], counts["loss"])
        ),
        "errors": (*errors, *failed),
    }


def table(result: Result) -> "Group":
    """For people."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=Text(f"{result.settings.benchmark}: {result.items} items"), title_justify="left")
    unread = any(one.unread for one in result.examinees)
    names = ("examinee", "right", *(["unread"] if unread else []), "mean", "95 %", "errors", "seconds", "in", "out")
    for name in names:
        drawn.add_column(name, justify="left" if name == "examinee" else "right", overflow="fold")
    for one in result.examinees:
        about = "~" if one.estimated else ""
        drawn.add_row(
            Text(plain(one.examinee)),
            f"{one.k} of {one.n}",
            *([_unread(one)] if unread else []),
            f"{100 * one.mean:.1f} %",
            f"{100 * one.interval[0]:.1f} – {100 * one.interval[1]:.1f}",
            Text(str(one.errors), style="red" if one.errors else ""),
            f"{one.seconds:.1f}",
            f"{about}{one.prompt_tokens:,}",
            f"{about}{one.generated_tokens:,}",
        )
    return Group(drawn, *(Text(plain(line)) for line in _sentences(result)))


def _unread(one: Tally) -> "Text":
    """`4 (13 %)`; `-` where it is not known."""
    from rich.text import Text

    share = one.right.unread_share
    if not one.unread or share is None:
        return Text("-" if one.unread is None else "0")
    return Text(f"{one.unread} ({100 * share:.0f} %)", style="red" if one.right.many_unread else "yellow")


def _sentences(result: Result) -> list[str]:
    lines = []
    if result.paired is not None:
        paired, (first, second) = result.paired, (one.examinee for one in result.examinees)
        low, high = paired.interval
        lines.append(
            f"{first} against {second}, on {paired.n}{_of_all(paired.n, result.items)} items: "
            f"{100 * paired.difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}, "
            f"{paired.interval_method}); better on {paired.first_only}, "
            f"worse on {paired.second_only}; p = {paired.p:.2g} ({paired.test})"
        )
    if result.pairwise is not None:
        seen = result.pairwise
        without = result.items - (seen.wins + seen.ties + seen.losses)
        lines.append(
            f"Judged side by side, in both orders: {seen.wins} won, {seen.ties} tied, {seen.losses} lost"
            f"{f', {without} without a verdict' if without else ''}; "
            f"p = {seen.p:.2g} (sign test)"
        )
    lines += [line for one in result.examinees if (line := _grade_words(one, result.settings.scorer))]
    lines += [f"{count} items {reason}" for reason, count in result.left_out.items()]
    lines += [_hard_to_read(one) for one in result.examinees if one.right.many_unread]
    return lines


def _of_all(compared: int, items: int) -> str:
    """` of 12`, where not all could be compared: the others have no grade of one of the two."""
    return f" of {items}" if compared < items else ""


def _hard_to_read(one: Tally) -> str:
    return (
        f"{one.unread} of {one.n} replies of {one.examinee} could not be read and count as wrong: the score says "
        'little of what it can do. Look at them: "unread": true in results.jsonl. A prompt that asks for the form of '
        "answer that is read may be what is needed, or another scorer."
    )


def _grade_words(one: Tally, scorer: str) -> str:
    """The means of the turns; a judge's as it gave them, from 1 to 10, which is what papers report."""
    judged = scorer == JUDGE

    def shown(mean: float) -> str:
        return f"{LOWEST + (HIGHEST - LOWEST) * mean:.2f}" if judged else f"{100 * mean:.1f} %"

    turns = ", ".join(f"turn {turn} {shown(mean)}" for turn, mean in one.by_turn.items())
    if judged and one.n:
        return f"{one.examinee}: mean grade {shown(one.mean)} of {HIGHEST}" + (f" ({turns})" if turns else "")
    return f"{one.examinee}: {turns}" if turns else ""
