"""Examining by need, bridges and revisions: the nodes of the graph with a student whose abilities are written down."""

from collections import Counter

import pytest
import yaml
from tests.graph.pupil import module, open_context
from tests.small import sums

from ioa.graph.bridges import bridge_probes
from ioa.graph.nodes import diagnosis_nodes, planning_nodes, revision_nodes, teaching_nodes
from ioa.graph.round_requests import make_requests
from ioa.graph.run_examinations import examine_by_need, recorded_answers, select_probes
from ioa.memory.files import read_record, write_record
from ioa.memory.records import (
    Assessment,
    Curriculum,
    Diagnosis,
    Kind,
    Module,
    Prerequisites,
    Score,
    Split,
    Verdict,
)
from ioa.memory.similarity import normalise
from ioa.training import gate, score_by_module, verdict

A, B, C = "sums/a", "sums/b", "sums/c"


@pytest.fixture
def opened(tmp_path):
    shops = []

    def open_(abilities, *modules, **config):
        shops.append(open_context(tmp_path, list(modules), abilities, **config))
        return shops[-1]

    yield open_
    for ctx in shops:
        ctx.close()


def planned(ctx):
    """Run the nodes up to the plan."""
    state = {}
    for node in (diagnosis_nodes.decompose, diagnosis_nodes.examine, diagnosis_nodes.diagnose, planning_nodes.plan):
        state |= node(ctx)(state)
    return state


def read_plan(ctx):
    return Curriculum.model_validate(yaml.safe_load(ctx.run.curriculum.read_text()))


def passed(ctx, stage, adapter="adapters/x", earlier=(), *, mastered=True):
    """Leave the assessment of a stage."""

    def result(name, right):
        return gate({name: Score(k=right, n=10)}, {name: Score(k=10, n=10)}, [name], 0.9)[0]

    own = tuple(result(name, 10 if mastered else 2) for name in stage.modules)
    again = tuple(result(name, right) for name, right in earlier)
    found = Assessment(stage=stage.number, round=0, gate=own, earlier=again, adapter=adapter)
    write_record(ctx.run.assessment(stage.number, 0), found)


@pytest.mark.parametrize(("portion", "sure"), [(0, {A: 24, C: 24}), (8, {A: 16, C: 8}), (12, {A: 12, C: 12})])
def test_as_many_items_are_asked_as_the_decision_needs(opened, portion, sure):
    ctx = opened({A: 1.0, B: 0.66, C: 0.0}, module(A), module(B), module(C), examination={"portion": portion})
    planned(ctx)
    asked = {name: score.n for name, score in score_by_module(recorded_answers(ctx, "diagnosis-student")).items()}
    assert {name: asked[name] for name in sure} == sure
    assert 24 < asked[B] <= 48
    teacher = score_by_module(recorded_answers(ctx, "diagnosis-teacher"))
    assert {name: score.n for name, score in teacher.items()} == asked
    found = read_record(ctx.run.diagnosis, Diagnosis)
    assert {gap.module: gap.student.n for gap in found.gaps} == asked
    gap = next(gap for gap in found.gaps if gap.module == B)
    clear = verdict(gap.student, gap.teacher, 0.7, 0.8) is not Verdict.NEEDS_ITEMS
    assert clear or asked[B] == 48
    assert A not in found.targets
    assert C in found.targets


def test_a_module_fails_the_gate_on_few_items_and_passes_it_on_all(opened):
    ctx = opened({A: 1.0, B: 0.0, C: 0.0}, module(A), module(B), module(C, B), curriculum={"largest_stage": 1})
    planned(ctx)
    found = teaching_nodes.assess_stage(ctx, {"stage": 1, "round": 0, "adapter": ""})
    asked = {result.module: (result.student.n, result.teacher.n, result.mastered) for result in found.earlier}
    assert asked == {A: (24, 24, True)}
    assert [(result.module, result.student.n, result.verdict) for result in found.gate] == [
        (B, 8, Verdict.NOT_MASTERED)
    ]
    assert found.extra == 0


def test_no_more_items_are_asked_than_the_budget_allows_and_none_twice(opened):
    wanted = {"diagnosis": 8, "gate": 4, "final": 4, "step": 4, "budget": 6}
    ctx = opened({A: 0.66, B: 0.66}, module(A), module(B), examination=wanted, curriculum={"bridges": False})
    planned(ctx)
    pupil = ctx.student()
    assert len(pupil.asked) == len(set(pupil.asked))
    assert 16 < len(pupil.asked) <= 22
    before = list(pupil.asked)
    diagnosis_nodes.examine(ctx)({})
    assert pupil.asked == before


def test_spare_items_are_probes_like_the_others_and_none_is_in_two_splits(opened):
    ctx = opened({A: 0.5}, module(A))
    diagnosis_nodes.decompose(ctx)({})
    texts = [normalise(probe.question) for probe in ctx.probes()]
    assert len(texts) == len(set(texts)) == 24 * 4 + 30
    assert len(select_probes(ctx, Split.GATE)) == 24
    assert len(select_probes(ctx, Split.GATE, counts={A: 29})) == 29


def test_a_step_that_is_too_high_gets_a_bridge_at_a_level_that_was_measured(opened):
    abilities = {A: 0.5, B: 0.0, f"{B}@easy": 0.9, f"{B}@middle": 0.2}
    ctx = opened(abilities, module(A), module(B, A))
    assert planned(ctx)["stages"] == 3
    first, bridge, last = read_plan(ctx).stages
    assert (first.modules, bridge.modules, last.modules) == ((A,), (B,), (B,))
    assert dict(bridge.levels) == {B: "middle"}
    assert first.difficulty < bridge.difficulty < last.difficulty
    assert bridge.lessons == 80
    probes = bridge_probes(ctx, B, "middle", Split.GATE)
    assert len(probes) == 24
    others = {normalise(p.question) for p in ctx.probes() if p.split is not Split.GATE or "@" not in p.id}
    assert not others & {normalise(probe.question) for probe in probes}
    assert ctx.store().check([probes[0].question])[0] is not None


def test_without_bridges_the_step_is_reported(opened):
    ctx = opened({A: 0.5, B: 0.0}, module(A), module(B, A), curriculum={"bridges": False})
    planned(ctx)
    curriculum = read_plan(ctx)
    assert len(curriculum.stages) == 2
    assert any("Stage 2" in warning for warning in curriculum.warnings)


FEW, MANY = sums((1, 1)), sums((1, 2))


@pytest.mark.parametrize(
    ("levels", "curriculum", "bridges"),
    [
        ({"easy": MANY}, {}, [{A: "easy"}]),
        ({"easy": FEW}, {}, []),  # there are 45 sums of two digits, fewer than its examinations and lessons need
        ({"easy": MANY}, {"most_bridges": 0}, []),
        ({"easy": MANY}, {"bridges": False}, []),
        ({"easy": MANY}, {"stages": "one"}, None),
    ],
)
def test_the_first_stage_is_bridged_where_its_level_has_enough_problems(opened, levels, curriculum, bridges):
    own = module(A).model_dump(mode="json")
    own = {**own, "levels": {**levels, "standard": own["levels"]["standard"]}}
    ctx = opened({A: 0.0, f"{A}@easy": 0.5}, Module.model_validate(own), curriculum=curriculum)
    planned(ctx)
    found = read_plan(ctx)
    assert [dict(stage.levels) for stage in found.stages if stage.levels] == (bridges or [])
    steep = [warning.partition(" by more")[0] for warning in found.warnings]
    if bridges is None:  # all at once, whatever it needs
        assert steep == []
    elif not bridges:
        assert steep == ["Stage 1 is harder than what is reached before it (0.00)"]
    else:
        assert len(steep) == 2  # neither half of the step is within the bound, and it is said so
    if levels["easy"] is FEW:
        assert not [probe for probe in ctx.probes() if "@" in probe.id]  # and none of its problems was used up


def test_what_was_not_mastered_is_not_reached(opened):
    ctx = opened({A: 0.1, B: 0.1}, module(A), module(B, A), curriculum={"largest_stage": 1, "bridges": False})
    state = planned(ctx)
    ctx.student().abilities |= {B: 0.4}
    passed(ctx, read_plan(ctx).stages[0], mastered=False)
    advanced(ctx, state, 1)
    assert "Stage 2 is harder than what is reached before it (0.00)" in " ".join(read_plan(ctx).warnings)


def test_what_was_mastered_is_reached_as_hard_as_it_was_when_it_was_planned(opened):
    ctx = opened({A: 0.1, B: 0.1}, module(A), module(B, A), curriculum={"largest_stage": 1, "bridges": False})
    state = planned(ctx)
    ctx.student().abilities |= {B: 0.4}
    passed(ctx, read_plan(ctx).stages[0])
    advanced(ctx, state, 1)
    assert read_plan(ctx).revisions[0].anew
    assert [warning[:8] for warning in read_plan(ctx).warnings] == ["Stage 1 "]


@pytest.mark.parametrize(("scope", "examined"), [("domain", {A, B}), ("targets", {B})])
def test_the_final_examination_asks_what_was_never_taught_unless_it_is_to_keep_to_the_targets(opened, scope, examined):
    ctx = opened({A: 1.0, B: 0.0}, module(A), module(B), examination={"final_scope": scope})
    planned(ctx)
    assert read_plan(ctx).planned == (B,)
    teaching_nodes.finish(ctx)({"adapter": ""})
    for label in ("final-before", "final-after", "final-teacher"):
        assert Counter(one.module for one in recorded_answers(ctx, label)) == dict.fromkeys(examined, 30)


def advanced(ctx, state, after):
    return revision_nodes.revise(ctx)({**state, "stage": after + 1, "round": 0, "adapter": ""})


def test_the_rest_of_the_plan_follows_what_is_measured_on_the_way_and_the_transcript_says_why(opened):
    plain = {"largest_stage": 1, "bridges": False}
    ctx = opened({A: 0.2, B: 0.1, C: 0.1}, module(A), module(B, A), module(C, A), curriculum=plain)
    state = planned(ctx)
    before = [stage.modules for stage in read_plan(ctx).stages]
    assert before[0] == (A,)
    passed(ctx, read_plan(ctx).stages[0])
    easier, harder = before[1][0], before[2][0]
    ctx.student().abilities |= {harder: 0.6}
    state |= advanced(ctx, state, 1)
    revised = read_plan(ctx)
    assert [stage.modules for stage in revised.stages if not stage.levels] == [(A,), (harder,), (easier,)]
    assert {(need.earlier, need.later) for need in revised.prerequisites} == {(A, B), (A, C)}
    (logged,) = revised.revisions
    assert (logged.after, logged.anew, logged.dropped) == (1, True, ())
    assert harder in logged.reason
    assert logged.changes
    asked = [e for e in ctx.transcript().attempts() if e.context.node == "revise"]
    assert [event.parsed["note"] for event in asked]
    assert logged.reason in asked[-1].messages[-1].content
    assert state["stages"] == len(revised.stages)
    again = advanced(ctx, state, 1)  # as after a kill
    assert read_plan(ctx) == revised
    assert again["stages"] == state["stages"]


MEASURED = {
    "top_share": 1.0,
    "estimators": ["pack", "population"],
    "tau_dep": 0.6,
    "population": {"variants": 8, "shots": [], "least_variants": 1},
}


def test_what_the_stages_left_counts_among_the_measured_students_when_the_plan_is_revised(opened):
    abilities = {A: 0.1, B: 0.1, C: 0.6}
    ctx = opened(abilities, module(A), module(B), module(C, A), diagnosis=MEASURED, curriculum={"largest_stage": 1})
    state = planned(ctx)
    assert [(e.source, e.target) for e in read_record(ctx.run.diagnosis, Diagnosis).edges] == [(A, C)]
    first = next(stage for stage in read_plan(ctx).stages if A in stage.modules)
    for stage in read_plan(ctx).stages[: first.number - 1]:
        passed(ctx, stage, adapter="")
    passed(ctx, first)
    before = len(ctx.student().asked)
    advanced(ctx, state, first.number)
    asked = ctx.student().asked[before:]
    revision = {result.probe for result in recorded_answers(ctx, f"revision-{first.number:02d}")}
    assert asked
    assert {probe for probe in asked if "@" not in probe} <= revision  # nothing is asked for the estimate
    found = read_record(ctx.run.prerequisites_after(first.number), Prerequisites)
    assert found.edges == ()
    (gone,) = found.left_out
    assert (gone.source, gone.target) == (A, C)
    assert "1 variants that can do sums/a" in gone.evidence  # able to do A is the taught student alone
    assert any(f"{C} does not need {A}" in change for change in read_plan(ctx).revisions[-1].changes)
    plan = read_plan(ctx)
    advanced(ctx, state, first.number)  # as after a kill
    assert read_plan(ctx) == plan


def test_a_plan_that_still_fits_is_kept_and_nobody_is_asked(opened):
    ctx = opened({A: 0.2, B: 0.1}, module(A), module(B, A))
    state = planned(ctx)
    plan = read_plan(ctx)
    passed(ctx, plan.stages[0])
    advanced(ctx, state, 1)
    assert read_plan(ctx).stages == plan.stages
    assert not [event for event in ctx.transcript().attempts() if event.context.node == "revise"]


def test_what_is_mastered_without_being_taught_is_left_out(opened):
    ctx = opened({A: 0.2, B: 0.1}, module(A), module(B, A), curriculum={"bridges": False})
    state = planned(ctx)
    passed(ctx, read_plan(ctx).stages[0])
    ctx.student().abilities |= {B: 1.0}
    state |= advanced(ctx, state, 1)
    assert [stage.modules for stage in read_plan(ctx).stages] == [(A,)]
    assert state["stages"] == 1
    assert B in read_plan(ctx).revisions[0].changes[0]


def test_what_was_forgotten_untaught_is_taught(opened):
    ctx = opened({A: 1.0, B: 0.2, C: 0.1}, module(A), module(B), module(C, B))
    state = planned(ctx)
    assert [stage.modules for stage in read_plan(ctx).stages if not stage.levels] == [(B,), (C,)]
    passed(ctx, read_plan(ctx).stages[0], earlier=[(A, 3)])
    ctx.student().abilities |= {A: 0.3}
    advanced(ctx, state, 1)
    assert A in {module for stage in read_plan(ctx).stages for module in stage.modules}


@pytest.mark.parametrize("revise", [True, False])
def test_what_needs_an_unmastered_module_can_be_left_out(opened, revise):
    settings = {"mastery": {"on_failure": "skip"}, "curriculum": {"revise": revise, "bridges": False}}
    ctx = opened({A: 0.2, B: 0.1, C: 0.1}, module(A), module(B, A), module(C), **settings)
    state = planned(ctx)
    stages = read_plan(ctx).stages
    number = next(stage.number for stage in stages if A in stage.modules)
    passed(ctx, stages[number - 1], mastered=False)
    for stage in stages[: number - 1]:
        passed(ctx, stage)
    advanced(ctx, state, number)
    left = {module for stage in read_plan(ctx).stages for module in stage.modules}
    assert B not in left
    assert A in left


def test_an_examination_goes_on_where_a_killed_one_stopped(opened):
    ctx = opened({A: 0.66, B: 0.0}, module(A), module(B))
    diagnosis_nodes.decompose(ctx)({})

    def examined():
        return examine_by_need(ctx, Split.GATE, [A, B], labels=("s", "t"), adapter=None, share=0.7, node="assess")

    whole = examined()
    passes = ctx.student().passes
    assert [len(asked) for asked in passes[:3]] == [16, 8, 8]  # B is decided after its first portion
    lines = ctx.run.scores("s").read_text().splitlines(keepends=True)
    for done in range(len(passes)):
        ctx.run.scores("s").write_text("".join(lines[: sum(map(len, passes[:done]))]))
        ctx.student().passes = []
        assert examined() == whole
        assert ctx.student().passes == passes[done:]


def test_all_targets_can_be_taught_side_by_side_whatever_they_need(opened):
    ctx = opened({A: 0.2, B: 0.1, C: 0.1}, module(A), module(B, A), module(C, B), curriculum={"stages": "one"})
    state = planned(ctx)
    (stage,) = read_plan(ctx).stages
    assert (sorted(stage.modules), stage.levels, state["stages"]) == ([A, B, C], {}, 1)
    assert not [event for event in ctx.transcript().attempts() if event.context.node == "plan"]


def test_a_bridging_request_names_what_the_student_could_do_when_the_stage_began(opened):
    abilities = {A: 0.5, B: 0.0, C: 1.0, f"{B}@easy": 0.9, f"{B}@middle": 0.2}
    ctx = opened(abilities, module(A), module(B, A), module(C), synthesis={"per_module": 4, "per_request": 4})
    planned(ctx)
    first, bridge, _ = read_plan(ctx).stages
    passed(ctx, first)

    def named(pass_):
        bridging = [one for one in make_requests(ctx, bridge.number, 0, pass_) if one.kind is Kind.BRIDGING]
        assert all(one.mastered == bridging[0].mastered for one in bridging)
        return bridging[0].mastered

    assert named(0) == (f"{C}: Adds as in {C}.",)  # may be written while the first stage is taught
    assert named(1) == (f"{A}: Adds as in {A}.", f"{C}: Adds as in {C}.")
    assert {one.mastered for one in make_requests(ctx, first.number, 0, 0)} == {()}
