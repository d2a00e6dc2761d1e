"""The one port through which the engine says what happens; who prints, draws, exports or counts listens here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ioa.graph.config import RunConfig
from ioa.memory import Assessment, RunDirectory, TrainingLog
from ioa.memory.records import Teaching

if TYPE_CHECKING:
    from ioa.training import TrainingProgress


@dataclass(frozen=True)
class NodeVisit:
    """A visit to a node of the graph."""

    node: str
    """As a person sees it: the nodes of the synthesis subgraph are all `synthesize`."""
    stage: int | None = None
    """From 1; none before the first stage is reached and after the last."""
    stages: int | None = None
    """How many the plan has now."""
    round: int | None = None
    """0 for the first lessons of the stage, then one for each further portion and each remedy."""
    teaching: Teaching | None = None
    """What the round teaches; none outside a stage."""


class Listener:
    """Somebody who follows a run; each method does nothing here, and is overridden where something is to be done.

    The methods are called in the process of the run, which waits for them: `spent`, and `message` about a teacher, in
    the thread that its calls are made from, all others in the thread of the run. What they raise ends the run as any
    error does, resumably; who must not stop a run guards itself, as those in `ioa.results` do.
    """

    def prepare(self, config: RunConfig) -> None:
        """A run with that config is wanted; called before anything is written or paid for.

        Raises:
            UserError: something that the config asks this listener to do cannot be done here.
        """

    def run_begun(self, run: RunDirectory, config: RunConfig) -> None:
        """A process begins or goes on with the run; it holds the run until `run_ended`."""

    def visit_begun(self, visit: NodeVisit) -> None:
        """A node begins its work."""

    def visit_ended(self, visit: NodeVisit) -> None:
        """A node has done its work; not called where that failed."""

    def message(self, text: str) -> None:
        """Something that a person at the screen should read."""

    def progress(self, name: str, done: int, total: int, facts: str = "") -> None:
        """A piece of work has come so far; `facts` is a short text beside it, such as the loss."""

    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """So much was asked of the teachers by now, earlier sittings included; `usd` in dollars."""

    def training_step(self, stage: int, round_: int, step: "TrainingProgress") -> None:
        """A step of training is done."""

    def trained(self, stage: int, round_: int, log: TrainingLog) -> None:
        """A round of training is done, perhaps in an earlier sitting."""

    def assessed(self, assessment: Assessment) -> None:
        """A stage was examined at the gate; the assessment is in the run's folder. Said again after a resume."""

    def run_ended(self, status: str) -> None:
        """The process leaves the run: `finished`, `interrupted`, `failed`, `out of budget` or `paused`."""


class Listeners(Listener):
    """Several listeners as one; they are told in their order."""

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners = tuple(listeners)

    def _tell(self, call: Callable[[Listener], None]) -> None:
        for listener in self._listeners:
            call(listener)

    def prepare(self, config: RunConfig) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.prepare(config))

    def run_begun(self, run: RunDirectory, config: RunConfig) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.run_begun(run, config))

    def visit_begun(self, visit: NodeVisit) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.visit_begun(visit))

    def visit_ended(self, visit: NodeVisit) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.visit_ended(visit))

    def message(self, text: str) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.message(text))

    def progress(self, name: str, done: int, total: int, facts: str = "") -> None:
        """See `Listener`."""
        self._tell(lambda one: one.progress(name, done, total, facts))

    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.spent(calls, tokens, usd))

    def training_step(self, stage: int, round_: int, step: "TrainingProgress") -> None:
        """See `Listener`."""
        self._tell(lambda one: one.training_step(stage, round_, step))

    def trained(self, stage: int, round_: int, log: TrainingLog) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.trained(stage, round_, log))

    def assessed(self, assessment: Assessment) -> None:
        """See `Listener`."""
        self._tell(lambda one: one.assessed(assessment))

    def run_ended(self, status: str) -> None:
        """Tell all of them, also where one fails; the first failure is then raised."""
        failures: list[BaseException] = []
        for listener in self._listeners:
            try:
                listener.run_ended(status)
            except BaseException as error:  # noqa: BLE001 - also a second Ctrl-C: the others have something to close
                failures.append(error)
        if failures:
            raise failures[0]


class MessageLog(Listener):
    """Keeps the messages, for the transcript."""

    def __init__(self, lines: list[str]) -> None:
        """Append them to that list."""
        self._lines = lines

    def message(self, text: str) -> None:
        """See `Listener`."""
        self._lines.append(text)
