"""Further cycles: when all stages are over, the domain is diagnosed again, and the next targets are taught."""

import pytest
from tests.graph.pupil import module
from tests.small import sums

from ioa.graph.nodes.revision_nodes import extend
from ioa.memory.files import read_record
from ioa.memory.records import Diagnosis, Module
from ioa.memory.transcript import read_decisions
from ioa.results.facts import read_facts
from ioa.results.item_history import title, when

A, B, C = "sums/a", "sums/b", "sums/c"
ONE_BY_ONE = {
    "diagnosis": {"top_share": 0.3},
    "synthesis": {"portion": None, "per_module": 6},
    "mastery": {"rounds": 0},
}


def stages(ctx):
    return [stage.modules for stage in ctx.curriculum().stages]


def visited(ctx, node):
    return [decision for decision in read_decisions(ctx.run.transcript) if decision.context.node == node]


def test_what_is_still_deficient_is_taught_next_and_what_was_learnt_is_not_again(teach):
    modules = [module(A), module(B), module(C)]
    ctx, trained = teach([{A: 1.0}, {B: 1.0}, {C: 1.0}], modules=modules, **ONE_BY_ONE, curriculum={"cycles": 5})
    assert stages(ctx) == [(A,), (B,), (C,)]
    assert [cycle.after for cycle in ctx.curriculum().cycles] == [1, 2, 3]
    assert [cycle.targets for cycle in ctx.curriculum().cycles] == [(B,), (C,), ()]  # then nothing is deficient
    assert [set(lessons) for lessons, _ in trained] == [{A}, {A, B}, {A, B, C}]  # with replays of what came before
    again = read_record(ctx.run.diagnosis_after(1), Diagnosis)
    assert [gap.deficient for gap in again.gaps] == [False, True, True]
    assert "diagnosed again, and the next targets are sums/b" in str(visited(ctx, "extend")[0].text)
    facts = read_facts(ctx.run, "finished")
    assert facts.targets == (A, B, C)
    assert facts.diagnosis_of(1) == facts.diagnosis
    assert facts.diagnosis_of(2) == again


def test_the_number_of_cycles_is_a_bound(teach):
    ctx, _ = teach([{A: 1.0}, {B: 1.0}], modules=[module(A), module(B)], **ONE_BY_ONE, curriculum={"cycles": 1})
    assert stages(ctx) == [(A,)]
    assert not visited(ctx, "rediagnose")


@pytest.mark.parametrize(("lessons", "taught"), [(None, [(A,)]), (6, [(A,)]), (9, [(A,), (B,)])])
def test_without_a_number_cycles_go_on_while_the_budget_of_lessons_lasts(teach, lessons, taught):
    modules = [module(A), module(B), module(C)]
    learnt = [{A: 1.0}, {B: 1.0}, {C: 1.0}]
    ctx, _ = teach(learnt, modules=modules, **ONE_BY_ONE, budget={"lessons": lessons}, training={"least_new": 2})
    assert stages(ctx) == taught
    assert len(ctx.store().examples()) == 6 if lessons is None else lessons


def test_a_module_without_new_problems_is_no_target_again(teach):
    few = module(A).model_dump(mode="json")
    few["levels"] = {"standard": {**sums((2, 2)), "where": {"question": r"\b9\d \+ 9[0-3]\."}}}
    modules = [Module.model_validate(few), module(B)]
    sizes = {**ONE_BY_ONE, "synthesis": {"portion": None, "per_module": 60}}
    ctx, _ = teach([{A: 0.0, B: 1.0}], modules=modules, **sizes, curriculum={"cycles": 9})
    first, *others = stages(ctx)
    assert sum(A in stage for stage in (first, *others)) == 2  # the second time nothing new came
    assert ctx.curriculum().cycles[-1].targets == ()
    assert f"Nothing new is left to teach of {A}." in visited(ctx, "rediagnose")[-1].text


def test_a_cycle_that_was_added_before_a_kill_is_not_added_again(teach):
    ctx, _ = teach([{A: 1.0}, {B: 1.0}], modules=[module(A), module(B)], **ONE_BY_ONE, curriculum={"cycles": 2})
    before = ctx.run.curriculum.read_text()
    assert extend(ctx)({"stage": 2, "stages": 1, "adapter": ""}) == {"stages": 2}
    assert ctx.run.curriculum.read_text() == before


def test_its_examination_stands_after_the_stage_that_was_over():
    assert title("diagnosis-after-02") == "at the diagnosis after stage 2"
    assert when("stage-02-round-3") < when("diagnosis-after-02") < when("stage-03-round-0")
