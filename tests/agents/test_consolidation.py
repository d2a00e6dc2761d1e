"""The last stage of a plan: there where several stages were taught, and made anew when they change."""

import pytest

from ioa.agents import further_lessons, with_consolidation
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.memory.records import Curriculum, Domain, Generator, Module, Stage

FIRST = Stage(modules=("a/x",), difficulty=0.4)
BRIDGE = Stage(modules=("a/y",), levels={"a/y": "easy"}, difficulty=0.5)
SECOND = Stage(modules=("a/y", "a/z"), difficulty=1.0)


@pytest.mark.parametrize(
    ("stages", "wanted", "modules"),
    [
        ((FIRST, SECOND), True, ("a/x", "a/y", "a/z")),
        ((FIRST, BRIDGE, SECOND), True, ("a/x", "a/y", "a/z")),
        ((FIRST, SECOND), False, None),
        ((SECOND,), True, None),
        ((), True, None),
    ],
)
def test_what_several_stages_taught_is_consolidated(stages, wanted, modules):
    found = with_consolidation(Curriculum(stages=stages), wanted=wanted)
    assert found.stages[: len(stages)] == stages
    assert found.consolidated == (modules is not None)
    if modules:
        last = found.stages[-1]
        assert (last.modules, last.number, len(found.stages)) == (modules, len(stages) + 1, len(stages) + 1)
        assert last.difficulty == pytest.approx((0.4 + 1.0 + 1.0) / 3)


def test_there_is_one_consolidation_of_the_stages_as_they_are_now():
    planned = with_consolidation(Curriculum(stages=(FIRST, SECOND)), wanted=True)
    longer = planned.model_copy(update={"stages": (*planned.stages, Stage(modules=("b/q",)))})
    again = with_consolidation(longer, wanted=True)
    assert [stage.consolidation for stage in again.stages] == [False, False, False, True]
    assert again.stages[-1].modules == ("a/x", "a/y", "a/z", "b/q")
    assert with_consolidation(again, wanted=True) == again


def test_what_missed_its_gate_gets_further_lessons_at_the_examined_level():
    levels = {name: Generator(family="chain_sum") for name in ("easy", "standard")}
    module = Module(id="a/x", description="d", levels=levels, exam_level="standard")
    domain = Domain(name="d", description="d", modules=(module,))
    (wish,) = further_lessons(domain, ["a/x"], SynthesisSettings(per_consolidation=12))
    assert (wish.module, wish.level, wish.lessons, wish.portions) == ("a/x", "standard", 12, 1)
    assert further_lessons(domain, ["a/x"], SynthesisSettings(per_consolidation=0)) == ()
