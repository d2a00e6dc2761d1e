"""What is said of the teacher's score: on which items it was measured, and against whose answers."""

from types import SimpleNamespace

import pytest

from ioa.graph.config import RunConfig
from ioa.memory.records import Assessment, GateResult, Score
from ioa.results.teacher_score import teacher_notes


def facts(same, written=(), **config):
    score = Score(k=20, n=24)
    result = GateResult(module="a/b", student=score, teacher=score, ratio=1.0, mastered=True, teacher_same=same)
    return SimpleNamespace(
        diagnosis=None,
        assessments=(Assessment(stage=1, round=0, gate=(result,)),),
        written=written,
        config=RunConfig.model_validate(config),
    )


@pytest.mark.parametrize(("same", "said"), [(24, False), (23, True), (0, True), (None, False)])
def test_answers_to_other_items_are_said_so(same, said):
    notes = list(teacher_notes(facts(same)))
    assert bool(notes) is said
    assert all("in 1 modules partly or wholly on other items" in note for note in notes)


@pytest.mark.parametrize(
    ("written", "roles", "said"),
    [
        ((), {}, False),
        (("a/b",), {}, True),
        (("a/b",), {"verifier": {"model": "openai:another"}}, False),
    ],
)
def test_agreement_with_itself_is_said_so_unless_another_model_verifies(written, roles, said):
    notes = list(teacher_notes(facts(24, written, roles=roles)))
    assert [("agreement with itself" in note) for note in notes] == [True] * said
