"""What the teacher's score stands for in a run: on which items it was measured, and against whose answers."""

from collections.abc import Iterator

from ioa.memory.records import Gap, GateResult
from ioa.results.facts import Facts

NOT_TEACHABLE = "the teacher itself scores too low"
"""Why a module has no gap."""


def teacher_notes(facts: Facts) -> Iterator[str]:
    """Sentences for a reader of P_T; none where it was measured on the student's items and against answers of others.

    They stand among the run's remarks and under each chart that shows the score.
    """
    compared: list[Gap | GateResult] = [*(facts.diagnosis.gaps if facts.diagnosis else ()), *_at_the_gate(facts)]
    others = [one for one in compared if on_other_items(one)]
    if others:
        modules = dict.fromkeys(one.module for one in others)
        yield (
            f"P_T at diagnosis and gate is the teacher's score in the module, in {len(modules)} modules partly or "
            "wholly on other items than the student's: a teacher that is paid for is asked once "
            "(`examination.cached_teacher`). In the final examination all answer the same items."
        )
    if facts.written:
        verifiers = facts.config.roles.cast("verifier", facts.config.teacher) if facts.config else ()
        own = facts.config.teacher.model if facts.config else ""
        if all(one.model == own for one in verifiers):
            yield (
                f"In {len(facts.written)} modules the teacher wrote the items and their answers itself, and no other "
                "model verified them: there P_T measures its agreement with itself, and P_S the agreement with it."
            )


def on_other_items(compared: Gap | GateResult) -> bool:
    """Whether some of the teacher's answers are to other items than the student's, as far as is recorded."""
    return compared.teacher_same is not None and compared.teacher_same < compared.teacher.n


def _at_the_gate(facts: Facts) -> Iterator[GateResult]:
    for one in facts.assessments:
        yield from (*one.gate, *one.earlier)
