"""Loss curves and mastery for TensorBoard and W&B, each point once, however often a run is resumed."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from ioa.graph.config import RunConfig
from ioa.graph.listeners import Listener
from ioa.memory import Assessment
from ioa.memory.run_dir import RunDirectory, round_name
from ioa.memory.training_log import TrainingLog
from ioa.results.exporters.measures import assessment_values
from ioa.results.exporters.wandb_run import WandbScalars

if TYPE_CHECKING:
    from ioa.training import TrainingProgress

FLUSH = 5.0
"""Seconds after which points are written out."""


class Scalars(Protocol):
    """Where curves are drawn."""

    def step(self, stage: int, round_: int, step: int, values: Mapping[str, float]) -> None:
        """A step of the training, counted from 1 in its round; one that is there already is left as it is."""

    def assessed(self, assessment: Assessment) -> None:
        """An assessment; one that is there already is left as it is."""

    def close(self) -> None:
        """Write everything out."""


class TensorBoardScalars:
    """Event files below `tensorboard/` in the run's folder: a folder a round, one for the mastery."""

    def __init__(self, run: RunDirectory) -> None:
        self._root = run.root / "tensorboard"
        self._open: tuple[Path, Any, dict[str, set[int]]] | None = None
        self._flushed = time.monotonic()

    def step(self, stage: int, round_: int, step: int, values: Mapping[str, float]) -> None:
        """See `Scalars`."""
        self._add(round_name(stage, round_), {f"train/{name}": value for name, value in values.items()}, step)

    def assessed(self, assessment: Assessment) -> None:
        """See `Scalars`; the step is the number of the assessment, as 100 times its stage and its round."""
        values = assessment_values(assessment)
        self._add("mastery", values, 100 * assessment.stage + assessment.round)
        self.close()

    def close(self) -> None:
        """See `Scalars`."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _add(self, folder: str, values: Mapping[str, float], step: int) -> None:
        writer, known = self._writer(self._root / folder)
        for name, value in values.items():
            if step not in known.setdefault(name, set()):
                known[name].add(step)
                writer.add_scalar(name, value, step)
        if time.monotonic() - self._flushed > FLUSH:
            writer.flush()
            self._flushed = time.monotonic()

    def _writer(self, folder: Path) -> tuple[Any, dict[str, set[int]]]:
        """The writer of a folder, and the steps that it holds already, by curve."""
        if self._open is None or self._open[0] != folder:
            self.close()
            from torch.utils.tensorboard import SummaryWriter

            known = _steps(folder) if folder.is_dir() else {}
            self._open = folder, SummaryWriter(str(folder)), known
        return self._open[1], self._open[2]


def _steps(folder: Path) -> dict[str, set[int]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {name: {event.step for event in found.Scalars(name)} for name in found.Tags()["scalars"]}


class Harmless:
    """Curves of another tool, which may fail: that is said once, and the run goes on without them."""

    def __init__(self, name: str, made: Scalars, say: Callable[[str], None]) -> None:
        """Stand before it.

        Args:
            name: As `training.report_to` has it.
            made: Where the curves are drawn.
            say: Shows a line to the person at the screen.
        """
        self._name, self._made, self._say = name, made, say
        self._failed = False

    def step(self, stage: int, round_: int, step: int, values: Mapping[str, float]) -> None:
        """See `Scalars`."""
        self._try(lambda: self._made.step(stage, round_, step, values))

    def assessed(self, assessment: Assessment) -> None:
        """See `Scalars`."""
        self._try(lambda: self._made.assessed(assessment))

    def close(self) -> None:
        """See `Scalars`."""
        self._try(self._made.close)

    def _try(self, draw: Callable[[], None]) -> None:
        if self._failed:
            return
        try:
            draw()
        except Exception as error:  # noqa: BLE001 - whatever another tool does wrong, the run goes on
            self._failed = True
            self._say(f"No more curves are drawn by {self._name}: {type(error).__name__}: {str(error)[:500]}")


class CurveListener(Listener):
    """Draws loss and mastery where `training.report_to` says; nothing is written before there is something to draw."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Nothing is drawn yet.

        Args:
            say: Shows a line to the person at the screen.
        """
        self._say = say
        self.curves: list[Scalars] = []
        """Where it is drawn; filled when a run begins."""

    @override
    def run_begun(self, run: RunDirectory, config: RunConfig) -> None:
        """See `Listener`."""
        kinds: dict[str, Any] = {"tensorboard": TensorBoardScalars, "wandb": WandbScalars}
        self.curves = [Harmless(name, kinds[name](run), self._say) for name in config.training.report_to]

    @override
    def training_step(self, stage: int, round_: int, step: "TrainingProgress") -> None:
        """Draw a step; the names are those of the Trainer of transformers."""
        values = {
            "loss": step.loss,
            "learning_rate": step.learning_rate,
            "epoch": step.epoch,
            "samples_per_second": step.examples_per_second,
        }
        for curve in self.curves:
            curve.step(stage, round_, step.step, values)

    @override
    def trained(self, stage: int, round_: int, log: TrainingLog) -> None:
        """Draw what is missing of a finished round: steps that a killed process had not written out."""
        for curve in self.curves:
            for point in log.steps:
                values = {"loss": point.loss, "learning_rate": point.learning_rate, "epoch": point.epoch}
                curve.step(stage, round_, point.step, values)

    @override
    def assessed(self, assessment: Assessment) -> None:
        """See `Listener`."""
        for curve in self.curves:
            curve.assessed(assessment)

    @override
    def run_ended(self, status: str) -> None:
        """See `Listener`."""
        for curve in self.curves:
            curve.close()
        self.curves = []
