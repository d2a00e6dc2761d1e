"""The section `decomposition` of the run file: how a description or an item set becomes a domain."""

from typing import Annotated

from pydantic import Field, model_validator

from ioa.memory.records import Record, Unit


class DecompositionSettings(Record):
    """How a description or an item set becomes a domain; a pack that says it all needs none of it."""

    least: Annotated[int, Field(ge=2)] = 25
    """Fewest modules that the teacher should name; with fewer it is asked once more, and then they are taken."""
    most: Annotated[int, Field(ge=2)] = 35
    """Most modules, by the same rule."""
    similarity: Unit = 0.95
    """Cosine from which two descriptions with the same numbers are one module's. Embeddings by mean over the words,
    such as wordllama's, put "adds" and "subtracts fractions with unlike denominators" at 0.84, like and unlike
    denominators at 0.93."""
    levels: Annotated[tuple[str, ...], Field(min_length=1)] = ("introductory", "standard")
    """Levels of each module, easiest first; the last is the one that is examined. An item set has one, `given`."""
    samples: Annotated[int, Field(ge=1)] = 60
    """Items of a set that the teacher is shown when it names the modules, a quarter of them at most; they are seeds."""
    per_request: Annotated[int, Field(ge=1, le=50)] = 10
    """Items asked for in one call."""
    per_tagging: Annotated[int, Field(ge=1, le=100)] = 20
    """Items whose modules are asked for in one call."""
    seeds: Annotated[int, Field(ge=3)] = 8
    """Written items a level that no examination uses: samples for those who write lessons."""
    solutions: Annotated[int, Field(ge=1, le=15)] = 3
    """Independent solutions of each written item; more than half of them must agree with its answer."""
    passes: Annotated[int, Field(ge=1)] = 3
    """Requests in a row for missing items or tags that may bring nothing before a level goes on with fewer. Of items,
    at most twice as many requests are made as it would take if every item were right."""

    @model_validator(mode="after")
    def _in_order(self) -> "DecompositionSettings":
        if self.least > self.most:
            raise ValueError(f"least ({self.least}) is more than most ({self.most})")
        if len(set(self.levels)) < len(self.levels):
            raise ValueError("levels: each name once")
        return self
