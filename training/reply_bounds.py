"""Where an examination ends the student's replies, beside the student itself: at a length, or behind its answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ioa.training.exams.answer_markers import has_answer_line
from ioa.training.reply_decoding import decode_reply


@dataclass(frozen=True)
class ReplyBound:
    """Where the reply to one question ends, if it has not ended before."""

    tokens: int | None = None
    """Longest reply; none: as long as the student's settings allow."""
    answer_line: bool = False
    """Whether nothing more is wanted behind a line such as `Answer: 42`."""

    @property
    def name(self) -> str:
        """A text that no other bound has."""
        return f"{self.tokens or 'any'} tokens{', answer line' if self.answer_line else ''}"


UNBOUNDED = ReplyBound()


def is_answered(tokenizer: Any, bounds: Sequence[ReplyBound]) -> Callable[[int, Sequence[int]], bool]:
    """Tells of a question, by its place, and of the reply so far, after each token, whether nothing more is wanted."""

    @cache
    def ends_line(token: int) -> bool:
        return "\n" in tokenizer.decode([token])

    def answered(place: int, reply: Sequence[int]) -> bool:
        # Most tokens end no line, and the text is put together for those alone that do.
        wanted = bounds[place].answer_line and bool(reply) and ends_line(reply[-1])
        return wanted and has_answer_line(f"{decode_reply(tokenizer, reply)}\n")

    return answered
