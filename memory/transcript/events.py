"""The lines of a transcript: an attempt at a call of a teacher, or a decision."""

from typing import Any, Literal

from pydantic import Field

from ioa.memory.records import Note, Record

SCHEMA_VERSION = 2
"""1 knew attempts only, and neither `run` nor `parent`; such transcripts can still be read."""


TEACHING_AGENTS = frozenset({"diagnoser", "planner", "adapter", "verifier"})
"""Whose calls `budget.teacher_tokens` bounds. Examinees and judges do not teach, at a gate neither."""


class Message(Record):
    """One message of a prompt."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


class Tokens(Record):
    """Tokens of a call, as the provider reports them."""

    input: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    estimated: bool = False
    """True where the provider reported nothing and four characters were taken for a token."""


class CallContext(Record):
    """Where in the run something was said or decided: the fields by which a transcript is filtered."""

    node: str
    """Node of the graph; `score` for the judge, whose verdicts the examinations of all nodes ask for."""
    agent: str
    """`diagnoser`, `planner`, `adapter`, `verifier`, `examinee` or `judge`; of decisions also `examiner`, `trainer`
    and `person`."""
    task: str
    """Of an attempt: what was asked of the teacher; the prompt file's name. Of a decision: `lesson` where it is
    about one lesson, otherwise the node."""
    stage: int | None = None
    round: int | None = None
    module: str | None = None
    strategies: tuple[str, ...] = ()
    batch: str | None = None
    """The request of the Adapter that this call serves."""

    @property
    def teaches(self) -> bool:
        """Whether a call belongs to the teaching, and not to an examination or the making of a domain."""
        return self.agent in TEACHING_AGENTS and self.node != "decompose"


class Event(Record):
    """What all lines have."""

    schema_version: int = SCHEMA_VERSION
    run: str = ""
    """Id of the run; empty in transcripts of schema 1."""
    id: str
    """Of an attempt: hash of what was asked and where, with `.2`, `.3` for the same asked again. Of a decision: hash
    of what was decided about. Two runs of one config give their events the same ids, although calls in flight
    together are answered in any order."""
    parent: str = ""
    """Id of the event that this one belongs to. Of an attempt: the decision in which its node's visit ends, or the
    attempt that it repairs. Of a decision about a lesson: the attempt in which that was written. Empty at the root.
    A visit's own line comes last, when it is over."""
    time: str
    """When the answer came or the decision was made, ISO 8601, UTC."""
    context: CallContext
    error: str = ""
    """Why the reply or the lesson could not be used; empty where it could."""
    category: str = ""
    """The same in a word or two, for counting."""
    seconds: float = Field(default=0.0, ge=0)
    """Of an attempt: from sending the request to having the whole reply. Of a node's decision: how long the visit
    took."""

    @property
    def rejected(self) -> bool:
        """Whether what it brought could not be used."""
        return bool(self.error)


def is_paid(*, ledger: bool, answered: bool, sent: int) -> bool:
    """Whether an attempt cost something: an answer that was not in the ledger, or an attempt that may be billed.

    Args:
        ledger: Its reply was paid for before.
        answered: A reply came.
        sent: Tokens of the prompt, known where the provider may have read it.
    """
    return not ledger and (answered or sent > 0)


class AttemptEvent(Event):
    """One attempt at one call."""

    kind: Literal["attempt"] = "attempt"
    teacher: str
    """Spec of the teacher, `provider:model`."""
    attempt: int = Field(default=1, ge=1)
    """1, or 2 where the teacher was asked to repair an answer that could not be read."""
    messages: tuple[Message, ...]
    reply: str
    reasoning: str = ""
    """What a reasoning model thought before it answered; never taught."""
    parsed: Any = None
    """The reply as structured data; none where it could not be read."""
    answer: str = ""
    """Name of the answer: the same wherever the same is asked of the same model. Empty where none came, and in older
    transcripts."""
    answered: bool = True
    """False where no reply came: the attempt failed on the way."""
    ledger: bool = False
    """Whether the reply was paid for before, or by another call in flight."""
    tokens: Tokens = Tokens()
    cost: float | None = Field(default=0.0, ge=0)
    """US dollars by the price list; 0 where it came from the ledger, none where the price is not known."""

    @property
    def paid(self) -> bool:
        """Whether it cost something: an answer that was not in the ledger, or an attempt that may be billed."""
        return is_paid(ledger=self.ledger, answered=self.answered, sent=self.tokens.input)


class DecisionEvent(Event):
    """One decision: what came of a visit to a node, or whether a lesson may be taught."""

    kind: Literal["decision"] = "decision"
    subject: str = ""
    """Id of the lesson (`Example` or `Refusal`) that is decided about; empty of a node's visit."""
    read: dict[str, Any] = Field(default_factory=dict)
    """Of a visit: the graph's state as the node found it, without the notes."""
    wrote: dict[str, Any] = Field(default_factory=dict)
    """Of a visit: the part of the state that the node changed, without the notes."""
    notes: tuple[Note, ...] = ()
    """What the node's agents told the next ones."""
    text: str = ""
    """What was decided, in words, a line each."""

    @property
    def own_words(self) -> list[str]:
        """The lines of `text` that are not the notes over again, which were on the screen too."""
        text = f"\n{self.text}\n"
        for note in self.notes:
            for said in (f"{note.sender.capitalize()} to {note.receiver.capitalize()}: {note.text}", note.text):
                text = text.replace(f"\n{said}\n", "\n")
        return [line for line in text.splitlines() if line.strip()]


TranscriptEvent = AttemptEvent | DecisionEvent
