"""A run in a few numbers."""

from dataclasses import dataclass

from ioa.graph.settings.method import USUAL_METHOD
from ioa.memory.records import Score
from ioa.results.activities import OVERHEAD
from ioa.results.charts import Look
from ioa.results.facts import Facts
from ioa.results.summary import Summary, summarise
from ioa.results.words import NONE, count, duration, money, percent, score_words, size


@dataclass(frozen=True)
class Tile:
    """One number, and what belongs to it."""

    title: str
    value: str
    note: str
    bars: tuple[Score, ...] = ()
    """Scores that are drawn below the number: before and after teaching."""


def tiles(facts: Facts) -> list[Tile]:
    """What a person wants to know first."""
    summary = summarise(facts)
    teacher = summary.teacher
    about = "about " if teacher.tokens.estimated else ""
    method = facts.config.method.name if facts.config else USUAL_METHOD
    student = facts.config.student.model if facts.config else "no student named"
    return [
        _final(summary),
        _mastered(facts, summary),
        Tile(
            "Lessons",
            f"{summary.examples.accepted:,}",
            f"accepted; {summary.examples.rejected:,} refused"
            + ("" if method == USUAL_METHOD else f"; method {method}"),
        ),
        Tile(
            "Teacher",
            money(teacher.usd),
            f"{teacher.calls:,} calls, {teacher.ledger:,} from the ledger; {about}{count(teacher.tokens.input)} tokens "
            f"in, {count(teacher.tokens.output)} out; {teacher.spec or 'no teacher yet'}",
        ),
        Tile(
            "Time",
            duration(summary.wall_seconds),
            f"{_overhead(summary)}at most {size(summary.peak_rss_bytes)} of memory; {student}",
        ),
    ]


def _mastered(facts: Facts, summary: Summary) -> Tile:
    planned = [module for module in summary.modules if module.planned]
    mastered = sum(1 for module in planned if module.mastered)
    gate = facts.config.mastery.tau_mastery if facts.config else None
    if planned and facts.ungated:
        return Tile("Modules mastered", NONE, f"of {len(planned)} of the plan: the run had no gates")
    return Tile(
        "Modules mastered",
        f"{mastered} of {len(planned)}" if planned else NONE,
        "of the plan, at their gate" + (f": P_S / P_T ≥ {gate:g}" if gate is not None else ""),
    )


def _overhead(summary: Summary) -> str:
    found = summary.activities.get(OVERHEAD)
    return f"{percent(found.share, 1)} of it overhead; " if found else ""


def _final(summary: Summary) -> Tile:
    before, after = summary.final.before, summary.final.after
    if before is None:
        return Tile("Final examination", NONE, "not yet taken")
    if after is None:
        return Tile("Final examination", f"{percent(before)} → ?", f"before: {score_words(before)}", (before,))
    note = f"the targets before: {score_words(before)}; after: {score_words(after)}"
    for name, part in (("never taught", summary.final.untouched), ("whole domain", summary.final.all)):
        if part.before and part.after:
            note += f"; {name}: {part.before.fraction} → {part.after.fraction}"
    return Tile("Final examination", f"{percent(before)} → {percent(after)}", note, (before, after))


def bars_svg(tile: Tile, look: Look) -> str:
    """The scores of a tile on a line from 0 to 100 %: a dot each, its interval behind it; empty where it has none."""
    if not tile.bars:
        return ""
    drawn = [f'<line x1="2" x2="202" y1="8" y2="8" stroke="{look.rule}" stroke-width="2"/>']
    for score, colour in zip(tile.bars, (look.student, look.teacher), strict=False):
        low, high = score.interval
        drawn.append(
            f'<line x1="{2 + 200 * low:.1f}" x2="{2 + 200 * high:.1f}" y1="8" y2="8" stroke="{colour}" '
            'stroke-width="6" stroke-opacity="0.4" stroke-linecap="round"/>'
            f'<circle cx="{2 + 200 * score.mean:.1f}" cy="8" r="5" fill="{colour}"/>'
        )
    return f'<svg viewBox="0 0 204 16" class="score-bar" aria-hidden="true">{"".join(drawn)}</svg>'
