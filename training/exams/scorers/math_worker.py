"""The process that compares mathematical expressions: one JSON line in, one JSON line out.

It is started by `ioa.training.exams.scorers.worker_processes`, which ends it where a comparison takes too long.
"""

import json
import logging
import os
import resource
import sys
from typing import Any

READY = "ready"
_ROUNDING = 1e-4
"""Share of a number by which another one may differ in its last decimals."""
_DIGITS = 30


def compare(reference: str, given: str) -> dict[str, Any]:
    """Whether the second expression is equivalent to the first, by `math-verify`.

    Returns:
        `{"equal": bool, "strange": bool}`, strange where what was given is no expression; or `{"unreadable": True}`
        where the reference is none.
    """
    from math_verify import verify

    gold = _parsed(reference)
    if not gold:
        return {"unreadable": True}
    found = _parsed(given)
    equal = bool(verify(gold, found, timeout_seconds=None)) and not _far_apart(gold, found)
    return {"equal": equal, "strange": all(isinstance(one, str) for one in found)}


def _far_apart(gold: Any, found: Any) -> bool:
    """Whether two numbers differ by more than rounding and percent: `math-verify` takes 1/2004! for 1/2006!."""
    one, other = ([*parsed, None][0] for parsed in (gold, found))
    if not all(getattr(number, "is_number", False) and number.is_finite for number in (one, other)):
        return False
    sizes = sorted(abs(number.evalf(_DIGITS)) for number in (one, other))
    difference = abs((one - other).evalf(_DIGITS))
    as_percent = abs(sizes[1] - 100 * sizes[0]) <= _ROUNDING * sizes[1]
    return bool(difference > _ROUNDING * sizes[1]) and not as_percent


def _parsed(expression: str) -> Any:
    """Without a time-out of its own: it would be a signal, which the parent's limit makes needless."""
    from math_verify import LatexExtractionConfig, parse

    boxed = LatexExtractionConfig(boxed_match_priority=0)
    return parse(f"\\boxed{{{expression}}}", [boxed], parsing_timeout=None)


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    memory, seconds = int(sys.argv[1]) * 2**20, float(sys.argv[2])
    logging.disable(logging.CRITICAL)
    compare("1", "1")  # imports what it needs
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers.write(f"{json.dumps(READY)}\n")
    answers.flush()
    for line in sys.stdin:
        _limit_time(seconds)
        answers.write(f"{json.dumps(compare(**json.loads(line)))}\n")
        answers.flush()
        # ru_maxrss is in kibibytes. From half of the limit on a new process goes on.
        if 2 * 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > memory:
            return  # what is kept of it would be missed by the next comparison


def _limit_time(seconds: float) -> None:
    """End with this request at the latest, should there be no parent any more to see to it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Twice the limit and two seconds: the parent ends it at the limit itself, and says so better.
    last = int(used.ru_utime + used.ru_stime + 2 * seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (last, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
