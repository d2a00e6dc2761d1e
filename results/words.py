"""Numbers as a person reads them."""

from datetime import UTC, datetime

from ioa.memory.records import Score


def percent(score: Score | None) -> str:
    """`60 %`, or `-`."""
    return "-" if score is None or not score.n else f"{100 * score.mean:.0f} %"


def with_interval(score: Score | None) -> str:
    """`72/120  60 % (51–68)`, with Wilson's 95 % interval; `-` where nothing was asked."""
    if score is None or not score.n:
        return "-"
    low, high = score.interval
    return f"{score.k}/{score.n}  {percent(score)} ({100 * low:.0f}–{100 * high:.0f})"


def duration(seconds: float | None) -> str:
    """`48 s`, `33 min`, `2 h 05 min`, or `-`."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def age(time: str, now: datetime | None = None) -> str:
    """How long ago that was: `5 min`, `3 h`, `12 days`; the time as it is where it cannot be read."""
    try:
        then = datetime.fromisoformat(time)
    except ValueError:
        return time
    seconds = max(0.0, ((now or datetime.now(UTC)) - then.replace(tzinfo=then.tzinfo or UTC)).total_seconds())
    for unit, size in (("day", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return "now"


def count(number: int) -> str:
    """`980`, `12,300`, `4.1 M`."""
    return f"{number / 1e6:.1f} M" if number >= 1_000_000 else f"{number:,}"


def money(usd: float | None) -> str:
    """`$0.0042`, `$12.30`, or `unknown`."""
    if usd is None:
        return "unknown"
    return f"${usd:.4f}" if 0 < usd < 0.1 else f"${usd:.2f}"
