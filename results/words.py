"""Numbers as a person reads them, the same in the terminal, in the report and in the browser."""

import json
from datetime import UTC, datetime
from typing import Any

from ioa.memory.records import Score

NONE = "-"
"""What stands where there is no number."""

_LONGEST = 60
"""Characters of a setting that are shown."""


def percent(share: float | Score | None, digits: int = 0) -> str:
    """`60 %`; `-` for none, and for a score of no items.

    Args:
        share: In [0, 1], or a score whose mean is meant.
        digits: After the point.
    """
    if isinstance(share, Score):
        share = share.mean if share.n else None
    return NONE if share is None else f"{100 * share:.{digits}f} %"


def percent_noted(score: Score | None) -> str:
    """`60 %`, or `60 %, 4 unread`; `-` where nothing was asked."""
    return percent(score) + (score.unread_note if score else "")


def score_words(score: Score | None) -> str:
    """`81 % (73 of 90, 4 unread; 95 % interval 72 to 88 %)`, with Wilson's interval; `-` where nothing was asked."""
    if score is None or not score.n:
        return NONE
    low, high = score.interval
    return f"{percent(score)} ({score.out_of}; 95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def score_cell(score: Score | None) -> str:
    """The same for a column of a table: `72/120  60 % (51–68)`, with `, 4 unread` behind it where there are any."""
    if score is None or not score.n:
        return NONE
    low, high = score.interval
    return f"{score.k}/{score.n}  {percent(score)} ({100 * low:.0f}–{100 * high:.0f}){score.unread_note}"


def change_words(gained: int | None, lost: int | None) -> str:
    """`+14 -2`: items that teaching won and lost; `-` where nothing was asked twice."""
    return NONE if gained is None or lost is None else f"+{gained} -{lost}"


def duration(seconds: float | None) -> str:
    """`0.04 s`, `4.2 s`, `48 s`, `3 min 05 s`, `33 min`, `2 h 05 min`, or `-`."""
    if seconds is None:
        return NONE
    if seconds < 59.5:
        digits = 2 if seconds < 0.995 else 1 if seconds < 9.95 else 0
        return f"{seconds:.{digits}f} s"
    if seconds < 599.5:
        return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def age(time: str, now: datetime | None = None) -> str:
    """How long ago that was: `5 min`, `3 h`, `12 days`; the time as it is where it cannot be read."""
    try:
        then = datetime.fromisoformat(time)
    except ValueError:
        return time
    seconds = max(0.0, ((now or datetime.now(UTC)) - then.replace(tzinfo=then.tzinfo or UTC)).total_seconds())
    for unit, size_ in (("day", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size_:
            number = int(seconds // size_)
            return f"{number} {unit}{'s' if unit == 'day' and number > 1 else ''}"
    return "now"


def ago(time: str, now: datetime | None = None) -> str:
    """`now`, or `5 min ago`; empty where no time is given."""
    passed = age(time, now) if time else ""
    return passed if passed in {"", "now"} else f"{passed} ago"


def count(number: float) -> str:
    """`980`, `12,300`, `4.1 M`; fractions are rounded."""
    return f"{number / 1e6:.1f} M" if number >= 1_000_000 else f"{number:,.0f}"


def money(usd: float | None) -> str:
    """`$0.0042`, `$12.30`, `free`, or `unknown` where a price is not known."""
    if usd is None:
        return "unknown"
    if usd == 0:
        return "free"
    return f"${usd:.4f}" if usd < 0.1 else f"${usd:.2f}"


def size(count: int | None) -> str:
    """Bytes in GB (10^9) or MB (10^6)."""
    if count is None:
        return NONE
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def setting(value: Any) -> str:
    """A value of the run file, as JSON where it is not text, cut where it is long; `not set` for none."""
    text = value if isinstance(value, str) else "not set" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
