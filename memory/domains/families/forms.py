"""What a problem asks for, in a form in which two problems that ask the same are equal.

By it the splits of an examination are kept apart, and what is taught from what is examined. A family's form is made
near the family; here it is only asked for, by the text alone, since a lesson's problem may be anybody's wording.
"""

from functools import lru_cache

from ioa.memory.domains.families import python_functions, stories
from ioa.memory.domains.families.calculations import READERS
from ioa.memory.similarity import normalise

_READERS = tuple(dict.fromkeys(READERS.values()))


@lru_cache(maxsize=1 << 15)
def canonical_form(question: str, answer: str = "") -> str | None:
    """The form of what is asked; none where no family has one for a text of this kind.

    Args:
        question: The problem's text.
        answer: Its right answer. A story or a function has no form without it.
    """
    form = python_functions.asked(question, answer)
    form = form or next((form for read in _READERS if (form := read(question)) is not None), None)
    return form or stories.asked(question, answer)  # last: it takes any text with numbers apart for a story


def item_key(question: str, answer: str = "") -> str:
    """The same for two items of which only one may be examined: the canonical form, or else the normalised text."""
    return canonical_form(question, answer) or normalise(question)
