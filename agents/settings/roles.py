"""The section `roles` of the run file: one teacher for all, or one of its own, or several, for each."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, model_validator

from ioa.agents.settings.teacher import TeacherSettings
from ioa.memory.records import Record

Role = Literal["diagnoser", "planner", "adapter", "verifier", "judge"]
ROLES: tuple[Role, ...] = get_args(Role)


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else value


Cast = Annotated[tuple[TeacherSettings, ...], BeforeValidator(_listed)]
"""One teacher, or several: in order, the next one where one does not answer; or by weight, if they have weights."""


class Roles(Record):
    """Teachers of single roles; a role without one is played by the run's `teacher`."""

    diagnoser: Cast = ()
    """Finds prerequisites and reads wrong answers."""
    planner: Cast = ()
    """Orders the targets into stages, and chooses remedies."""
    adapter: Cast = ()
    """Writes the lessons."""
    verifier: Cast = ()
    """Solves the lessons' problems again, without sight of them, and reads wrong answers a second time."""
    judge: Cast = ()
    """Grades replies that have no single right form, of items whose scorer is `judge`."""

    @model_validator(mode="after")
    def _all_or_none_weighted(self) -> "Roles":
        for role in ROLES:
            weighted = [teacher.weight is not None for teacher in getattr(self, role)]
            if any(weighted) and not all(weighted):
                raise ValueError(f"{role}: give every teacher of the list a weight, or none of them")
        return self

    def cast(self, role: Role, default: TeacherSettings) -> tuple[TeacherSettings, ...]:
        """The teachers of a role, the default one where it has none."""
        chosen: tuple[TeacherSettings, ...] = getattr(self, role)
        return chosen or (default,)

    def all(self, default: TeacherSettings) -> tuple[TeacherSettings, ...]:
        """Everybody who plays a part, the default first, each once."""
        everybody = [default, *(teacher for role in ROLES for teacher in getattr(self, role))]
        return tuple(one for place, one in enumerate(everybody) if one not in everybody[:place])
