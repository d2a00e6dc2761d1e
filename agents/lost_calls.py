"""Calls that were not answered: no answer is not a wrong answer, and nothing may be decided by it."""

from collections.abc import Sequence

from ioa.agents.teacher import Outcome
from ioa.agents.teachers import TeacherError
from ioa.agents.teachers.provider_faults import PASSES


def is_lost(outcome: Outcome) -> bool:
    """Whether the call ended in what passes, such as a rate limit or a time-out, so that it has to be made again."""
    return outcome.category in PASSES


def require_answers(spec: str, outcomes: Sequence[Outcome], what: str = "calls") -> None:
    """Stop the run where calls were lost; what was answered is kept by then.

    Args:
        spec: Who was asked.
        outcomes: What came of the calls.
        what: The calls, as they are called in the message.

    Raises:
        TeacherError: some were lost.
    """
    lost = [outcome for outcome in outcomes if is_lost(outcome)]
    if lost:
        raise TeacherError(
            f"Teacher {spec}: {len(lost)} of {len(outcomes)} {what} were not answered; the last one: "
            f"{lost[-1].error}\nResume the run: only those are asked again."
        )
