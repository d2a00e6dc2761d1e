"""The embedded teacher: it knows a few subjects, needs no key and no network, and really teaches.

To the rest of the program it is a LangChain chat model like any other.
"""

from typing import Any

from ioa.agents.tutor.subject import SUBJECTS
from ioa.agents.tutor.tutor_model import TutorChatModel
from ioa.memory.errors import UserError

__all__ = ["TutorChatModel", "open_tutor"]


def open_tutor(name: str, **options: Any) -> TutorChatModel:
    """Open the embedded teacher of a subject, as `tutor:NAME` asks for.

    Args:
        name: The subject.
        options: None is known; the tutor has nothing to be set.

    Raises:
        UserError: the subject or an option is unknown.
    """
    if name not in SUBJECTS:
        raise UserError(f"There is no tutor of {name!r}. Known: {', '.join(f'tutor:{s}' for s in SUBJECTS)}.")
    if options:
        raise UserError(
            f"tutor:{name} has no option {', '.join(sorted(options))}; it is deterministic and runs in this process. "
            "Leave it out."
        )
    return TutorChatModel(subject=name)
