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


def compare(reference: str, given: str) -> dict[str, Any]:
    """Whether the second expression is equivalent to the first, by `math-verify`.

    Returns:
        `{"equal": bool}`, or `{"unreadable": True}` where the reference is no expression.
    """
    from math_verify import verify

    gold = _parsed(reference)
    if not gold:
        return {"unreadable": True}
    return {"equal": bool(verify(gold, _parsed(given), timeout_seconds=None))}


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
