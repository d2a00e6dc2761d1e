"""What teaching has taken of the teachers: the tokens that `budget.teacher_tokens` bounds, each answer counted once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ioa.memory.transcript.events import AttemptEvent


@dataclass
class NodeTokens:
    """The calls of one node."""

    calls: int = 0
    tokens: int = 0

    @property
    def mean(self) -> float | None:
        """Tokens of a call; none before the first."""
        return self.tokens / self.calls if self.calls else None


@dataclass
class TeachingTokens:
    """A running count.

    An answer has its tokens whether it was paid for in this run or lay in the ledger: a method costs what it asks for.
    Asked for once more by the same run, after a kill or otherwise, it is the same answer and does not count again.
    """

    used: int = 0
    by_node: dict[str, NodeTokens] = field(default_factory=dict)
    """By node of the graph in which the calls were made: `draft`, `verify` and others."""
    _answers: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, events: Iterable[AttemptEvent]) -> "TeachingTokens":
        """The count over these attempts; those of examinations and of the making of a domain are left out."""
        count = cls()
        for event in events:
            if event.context.teaches:
                count.add(event.context.node, event.tokens.input + event.tokens.output, event.answer)
        return count

    def has(self, answer: str) -> bool:
        """Whether that answer was counted; one without a name never was."""
        return answer in self._answers

    def add(self, node: str, tokens: int, answer: str = "") -> None:
        """Count an answer, or, without a name, an attempt that brought none and may be billed."""
        if answer in self._answers or not (answer or tokens):  # an attempt that failed before it could be billed
            return
        if answer:
            self._answers.add(answer)
        own = self.by_node.setdefault(node, NodeTokens())
        own.calls += 1
        own.tokens += tokens
        self.used += tokens
