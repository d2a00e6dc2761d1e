"""What can be checked of a lesson's steps without asking anybody: the equations that they state."""

import re
from collections.abc import Sequence

from ioa.memory.answer_equality import evaluate

_EQUATION_SIDE = re.compile(r"[\d\s.,+\-*/()×÷]*\d[\d\s.,+\-*/()×÷]*")
_BULLET = re.compile(r"^\s*[-*•]\s+")
_CONNECTOR = re.compile(r"^(?:(?:first|then|next|now|so|thus|hence|therefore|finally|and)\b[\s,]*)+", re.IGNORECASE)


def false_step(steps: Sequence[str]) -> str:
    """The first step that states an equation between numbers which does not hold; empty when there is none.

    A step may chain equations (`46-9*5=46-45=1`), name a place (`tens: 3+4=7`) or begin with a connector
    (`then 7+1=8`); only sides that are pure arithmetic are compared, since `half of 10 = 5` is true.
    """
    for step in steps:
        for clause in re.split(r"[;:,](?=\s)|[;:]", _BULLET.sub("", step)):
            sides = _CONNECTOR.sub("", clause.strip()).split("=")
            values = [evaluate(side) if _EQUATION_SIDE.fullmatch(side.strip()) else None for side in sides]
            known = [value for value in values if value is not None]
            if len(values) > 1 and len(set(known)) > 1:
                return step
    return ""
