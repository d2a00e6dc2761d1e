"""What all records have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Unit = Annotated[float, Field(ge=0, le=1)]
"""A number in [0, 1]."""


class Record(BaseModel):
    """A frozen value; an unknown field is an error, so that a typing mistake in a file is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")
