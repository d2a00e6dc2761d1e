"""What a run used of the budget that bounds its teaching, and what it left."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import ConfigDict

from ioa.memory.records import Kind, Record
from ioa.memory.transcript.teaching_tokens import TeachingTokens
from ioa.results.words import count

if TYPE_CHECKING:
    from ioa.results.facts import Facts


class Allowance(Record):
    """What there is of one thing."""

    model_config = ConfigDict(extra="ignore")

    limit: int | None = None
    """What the run file allows; none: no limit."""
    used: int = 0
    left: int | None = None
    """What was not used of it; none where there is no limit."""

    @classmethod
    def of(cls, limit: int | None, used: int) -> "Allowance":
        """Of a limit and what was used."""
        return cls(limit=limit, used=used, left=None if limit is None else max(0, limit - used))

    @property
    def words(self) -> str:
        """`150 of 400 used`, or `150` without a limit."""
        return count(self.used) if self.limit is None else f"{count(self.used)} of {count(self.limit)} used"


class BudgetUse(Record):
    """The three limits at which a run teaches no more and goes on to its final examination."""

    model_config = ConfigDict(extra="ignore")

    lessons: Allowance = Allowance()
    """Accepted lessons that a teacher wrote."""
    training_tokens: Allowance = Allowance()
    """Tokens that the student was trained on, in finished trainings, those on trial included."""
    teacher_tokens: Allowance = Allowance()
    """Tokens of the teachers for teaching, as `budget.teacher_tokens` counts them."""

    @property
    def words(self) -> str:
        """Those with a limit, in a line; empty where none has one."""
        known = ((name.replace("_", " "), value) for name, value in self if isinstance(value, Allowance))
        return "; ".join(f"{name} {one.words}" for name, one in known if one.limit is not None)


def budget_use(facts: "Facts") -> BudgetUse:
    """What the run has used by now."""
    budget = facts.config.budget if facts.config else None
    lessons = sum(lesson.kind is not Kind.PRACTICE for lesson in facts.examples)
    return BudgetUse(
        lessons=Allowance.of(budget.lessons if budget else None, lessons),
        training_tokens=Allowance.of(budget.training_tokens if budget else None, sum(facts.trained.values())),
        teacher_tokens=Allowance.of(budget.teacher_tokens if budget else None, TeachingTokens.of(facts.events).used),
    )


def used_of_allowed(allowances: Iterable[Allowance]) -> str:
    """The mean of what several runs used, with what each was allowed where that is bounded."""
    known = list(allowances)
    used = count(round(sum(one.used for one in known) / len(known)))
    limits = {one.limit for one in known}
    return used if None in limits else f"{used} of {'/'.join(count(limit) for limit in sorted(filter(None, limits)))}"
