"""What one round of training recorded about itself, beside the adapter that it left."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records import Record

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


class TrainingLog(Record):
    """A round of training, step by step."""

    steps: tuple[LossPoint, ...]
    """In the order in which they were taken."""
    examples: Annotated[int, Field(ge=0)]
    """Distinct examples trained on, replayed ones included."""
    tokens: Annotated[int, Field(ge=0)]
    """Tokens that passed through the student, prompts included and padding left out, over all epochs."""
    seconds: Annotated[float, Field(ge=0)]
    """Time in which the round trained."""
