"""What one round of training recorded about itself, beside the adapter that it left."""

from typing import Annotated

from pydantic import Field

from ioa.memory.files import read_record, read_records
from ioa.memory.records import Record
from ioa.memory.run_dir import RunDirectory

TRAINING_LOG = "training.json"
"""Name of the log in the adapter's folder."""


class LossPoint(Record):
    """The loss after one optimiser step."""

    step: Annotated[int, Field(ge=0)]
    """Optimiser steps taken in this round, this one included."""
    epoch: Annotated[float, Field(ge=0)]
    """Passes over the round's examples, as a fraction."""
    loss: float
    """Mean cross-entropy over the step's answer tokens, in nats per token."""
    learning_rate: Annotated[float, Field(ge=0)]
    """The rate with which the step was taken."""


class HeldOutPoint(Record):
    """What the lessons that are held out of a training said at some step."""

    step: Annotated[int, Field(ge=0)]
    """Steps taken in this round before they were asked."""
    loss: float
    """Mean cross-entropy over their answer tokens, in nats per token."""
    right: Annotated[int, Field(ge=0)]
    """How many of them the student would write word for word."""
    of: Annotated[int, Field(ge=1)]
    """How many there are."""


class TrainingLog(Record):
    """A round of training, step by step."""

    steps: tuple[LossPoint, ...]
    """In the order in which they were taken."""
    examples: Annotated[int, Field(ge=0)]
    """Distinct examples trained on, replayed ones included, those held out left out."""
    tokens: Annotated[int, Field(ge=0)]
    """Tokens that passed through the student, prompts included and padding left out, over all epochs."""
    seconds: Annotated[float, Field(ge=0)]
    """Time in which the round trained."""
    held_out: tuple[HeldOutPoint, ...] = ()
    """What the lessons said that were held out, oldest first; empty: there were too few for that."""
    learnt: bool = False
    """Whether it ended since the held-out lessons stopped improving; else its epochs were over."""
    cut: bool = False
    """Whether it was planned with fewer steps than its epochs have, and took them, because of
    `budget.training_tokens`."""


class TrainedTokens(Record):
    """One training of a run as `budget.training_tokens` counts it."""

    training: str
    """Name of the folder of its adapter, or of the module that was taught on trial."""
    tokens: Annotated[int, Field(ge=0)]
    """As in `TrainingLog`; 0 where nothing was left to train with."""
    limit: int | None
    """`budget.training_tokens` at that time."""
    cut: bool = False
    """Whether there were fewer tokens left than it would have taken."""


def trained_tokens(run: RunDirectory) -> dict[str, int]:
    """Tokens that the student of a run was trained on, by training; those on trial are among them."""
    counted = {one.training: one.tokens for one in read_records(run.trained_tokens, TrainedTokens)}
    logs = {path.name: path / TRAINING_LOG for path in run.rounds_with(run.adapter).values()}
    return counted | {name: read_record(path, TrainingLog).tokens for name, path in logs.items() if path.is_file()}
