r"""Which part of a reply is its author's own: what stands before the next turn, or the next question.

A reply ends where the model goes on to somebody else's turn: at a chat template's mark of the end, or, behind a marked
answer, at the next `Question:`, as where lm-evaluation-harness stops generating for GSM8K.
"""

import re

from ioa.memory.spoken_text import own_turn
from ioa.training.exams.answer_markers import first_marker, last_lines, said_later, stated

__all__ = ["last_lines", "own_answer", "own_turn", "said_later", "stated"]

_QUESTION = re.compile(r"^[ \t*#]*question\b[ \t\d*]*:", re.IGNORECASE | re.MULTILINE)


def own_answer(reply: str) -> str:
    """The reply up to where its turn is over, or the next question begins behind a marked answer."""
    reply = own_turn(reply)
    marked = first_marker(reply)
    following = _QUESTION.search(reply, marked) if marked is not None else None
    return reply[: following.start()] if following else reply
