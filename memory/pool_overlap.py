"""Self-Instruct's filter: a problem that shares too much of its wording with one of the pool is dropped (ROUGE-L)."""

from collections.abc import Sequence

from ioa.memory.duplicates import Method
from ioa.memory.records import Example, RefusalReason
from ioa.memory.store import Collision


def find_overlaps(pool: Sequence[Example], lessons: Sequence[Example], bound: float) -> list[Collision | None]:
    """What each lesson's problem is too like: one of the pool, or an earlier one of these.

    Args:
        pool: What was accepted before.
        lessons: What is new.
        bound: ROUGE-L (F1 of the longest common subsequence of words, Lin 2004) above which two are too like.
    """
    from rouge_score.rouge_scorer import RougeScorer

    rouge = RougeScorer(["rougeL"], use_stemmer=False)
    known, found = list(pool), list[Collision | None]()
    for lesson in lessons:
        likes = [(rouge.score(other.problem, lesson.problem)["rougeL"].fmeasure, other.id) for other in known]
        nearest = max(likes, default=(0.0, ""))
        if nearest[0] > bound:
            reason = RefusalReason.DUPLICATE
            found.append(Collision(reason=reason, other=nearest[1], method=Method.ROUGE_L, similarity=nearest[0]))
        else:
            found.append(None)
            known.append(lesson)
    return found
