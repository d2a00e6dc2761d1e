"""The section `training` of the run file: how a stage is trained, and the form of the LoRA."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from ioa.memory.records import Record

if TYPE_CHECKING:
    from peft import LoraConfig

Positive = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


SETTLED = 0.3
"""Share of a stage's steps whose mean is its result, where its rate does not fall."""


class LoraSettings(Record):
    """The low-rank adapter that is trained (Hu et al. 2021); the base weights stay as they are."""

    rank: Positive = 16
    """Rank r of the update B A."""
    alpha: Positive = 32
    """The update is scaled by alpha / rank."""
    dropout: Fraction = 0.0
    """Share of the adapter's inputs that is dropped in training, in [0, 1)."""
    targets: str | tuple[str, ...] = "all-linear"
    """Names of the layers that get one; `all-linear`: every linear layer but the output head."""

    def build(self) -> "LoraConfig":
        """The same as a PEFT configuration."""
        from peft import LoraConfig

        return LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self.targets if isinstance(self.targets, str) else list(self.targets),
            task_type="CAUSAL_LM",
        )


class TrainingSettings(Record):
    """How a stage is trained: AdamW; the rate rises, stays while the held-out lessons improve, and falls."""

    epochs: Positive = 3
    """Most passes over the examples."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    """Peak learning rate; the default is for a student of some 135 million weights, and larger ones take less."""
    batch_size: Positive = 2
    """Examples per step."""
    betas: tuple[Fraction, Fraction] = (0.9, 0.95)
    """AdamW's decay rates of the two moments, each in [0, 1)."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """AdamW's decoupled weight decay, per unit of learning rate."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest L2 norm of the gradient; a longer one is scaled down to it."""
    warmup: Fraction = 0.03
    """Share of the steps over which the rate rises from zero, in [0, 1)."""
    ending: Literal["decay", "average", "both"] = "both"
    """How the last steps settle the weights: the rate falls linearly to zero (`decay`), or it stays and the result is
    the mean of their weights (`average`), or it falls and the result is the mean (`both`)."""
    ending_share: Fraction = 0.8
    """Share of the steps that belong to this ending, in [0, 1); before it, the rate stays at its peak."""
    held_out: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    """Share of the lessons that a training does not see, by which it notices that nothing more is learnt; 0: none, and
    it goes through all its epochs. Fewer than four lessons are not held out."""
    patience: Positive = 2
    """Measurements of the held-out lessons in a row without gain after which the rate begins to fall."""
    least_gain: Fraction = 0.02
    """Relative fall of their loss that counts as a gain."""
    looks: Positive = 2
    """Measurements of them in each epoch."""
    tasks: Literal["solution", "step-by-step", "cascade"] = "solution"
    """In which tasks a lesson is taught: its whole solution; answer and rationale, each by a prefix of its own
    (Distilling Step-by-Step); or question to rationale, and with that to the answer (CasCoD)."""
    rationale_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of the rationale's loss where there are two tasks; the answer's has the rest."""
    max_length: Positive = 512
    """Longest example, prompt and solution together, in tokens; a longer one is left out and counted."""
    consolidation: Annotated[int, Field(ge=0)] = 0
    """Passes over all that was taught, in one last training where the plan has several stages: each of them displaces
    some of what the one before it taught. The stages before it keep their rate, and only in the last training it falls.
    0: none, and each stage's rate falls by itself."""
    replay: Annotated[float, Field(ge=0)] = 0.6
    """Earlier lessons mixed in against forgetting, per lesson asked for, when a stage is first taught."""
    remedial_replay: Annotated[float, Field(ge=0)] = 1.0
    """The same in a remediation round: its few lessons would else displace what the stage just taught. Per lesson
    asked for, not per lesson that came: where a domain has no new problems left, the old ones are taught again."""
    remedial_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Peak learning rate of a remediation round, relative to `learning_rate`: it mends, and must not overwrite."""
    forgotten_replay: Annotated[float, Field(ge=1)] = 2.0
    """Share of the replay that goes to a mastered module which fell below the gate, relative to the others'."""
    least_new: Annotated[int, Field(ge=0)] = 8
    """Fewest new lessons of a round that is trained: one with fewer would train on earlier lessons alone. A round
    without any new lesson is never trained."""
    frozen_weights: Literal["auto", "full", "int8"] = "auto"
    """How the products with the student's own weights are computed while the LoRA is trained: as they are (`full`), or
    rounded to int8, which newer processors do several times as fast; `auto` takes what was measured to be faster here,
    and `full` where both `student.dtype` and `student.threads` are set. With a `lora.dropout` they stay as they are.
    Replies are always written with the weights as they are."""
    fused_layers: bool = True
    """Whether a decoder layer is computed in one step where it is of a known make and a trial shows the same gradients;
    without it each operation is a step of its own."""
    checkpoint_every: Positive = 50
    """Steps between two checkpoints: at most this much is computed again after a crash."""
    observe: Annotated[int, Field(ge=0)] = 64
    """Lessons a module whose difficulty for the student is measured before a round; 0 for none."""
    report_to: tuple[Literal["tensorboard", "wandb"], ...] = ()
    """Tools that draw the curves of the training and of the mastery; see docs/exporters.md."""
    lora: LoraSettings = LoraSettings()
    """The adapter's form; the same for all stages, since each goes on from the last."""

    @field_validator("report_to", mode="before")
    @classmethod
    def _as_transformers_takes_it(cls, value: Any) -> Any:
        """One name alone, and `none` for none."""
        return [name for name in [value] if name != "none"] if isinstance(value, str) else value

    def staged(self) -> "TrainingSettings":
        """The same for a stage that a consolidation follows: its rate stays, and its result is the mean at its end."""
        return self.model_copy(update={"ending": "average", "ending_share": SETTLED})

    def consolidating(self) -> "TrainingSettings":
        """The same for the training on all that was taught, after the stages."""
        return self.model_copy(update={"epochs": self.consolidation})

    def remedial(self) -> "TrainingSettings":
        """The same for a remediation round: at its own learning rate, with its own share of earlier lessons."""
        rate = self.learning_rate * self.remedial_rate
        return self.model_copy(update={"learning_rate": rate, "replay": self.remedial_replay})
