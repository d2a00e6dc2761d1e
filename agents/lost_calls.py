"""Calls that nobody answered: no answer is not a wrong answer, and nothing may be decided by it."""

from collections.abc import Sequence

from ioa.agents.teacher import UNASKED, Outcome
from ioa.agents.teachers import TeacherError
from ioa.agents.teachers.provider_faults import PASSES, FaultKind

_LOST = PASSES | {FaultKind.BAD_REQUEST}
_ADVICE = {FaultKind.BAD_REQUEST.value: "Correct the teacher's settings by what its server says, or name another one. "}


def is_lost(outcome: Outcome) -> bool:
    """Whether nobody said anything to the call, so that it has to be made again.

    It ended in what passes, such as a rate limit, or the server would not take the request. A refusal, a reply that was
    cut off and a problem too long for the model are different: these tell of who was asked.
    """
    return outcome.category in _LOST


def is_unasked(outcome: Outcome) -> bool:
    """Whether the call was not made because of `budget.teacher_tokens`: whoever asked goes on without it."""
    return outcome.category == UNASKED


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
        advice = _ADVICE.get(lost[-1].category, "")
        raise TeacherError(
            f"Teacher {spec}: {len(lost)} of {len(outcomes)} {what} were not answered; the last one: "
            f"{lost[-1].error}\n{advice}Resume the run: only those are asked again."
        )
