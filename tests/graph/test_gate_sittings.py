"""A gate that is sat again asks other items: those of a supply without end, and of one that ends, until it says so."""

import pytest
from tests.graph.pupil import module, open_context
from tests.small import sums

from ioa.graph.gate_sittings import History
from ioa.graph.nodes import diagnosis_nodes, planning_nodes, teaching_nodes
from ioa.graph.run_examinations import recorded_answers
from ioa.memory.domains.families.forms import item_key
from ioa.memory.files import read_record, read_records, write_records
from ioa.memory.records import Assessment, Misconception, Module, Probe, Split
from ioa.memory.run_dir import round_name

A, B = "sums/a", "sums/b"
SIZES = {"diagnosis": 8, "gate": 8, "final": 4, "portion": 4, "step": 4}


def asked(ctx, round_, stage=1):
    return [one.probe for one in recorded_answers(ctx, round_name(stage, round_))]


def failed_once(learnt, **sections):
    """Abilities after each training: the first leaves both modules below the gate."""
    return [{A: 0.5, B: 0.5}, *learnt], sections


def test_no_item_is_asked_in_two_sittings_and_none_is_a_twin_of_a_lesson(teach):
    learnt, sections = failed_once([{A: 1.0}, {B: 0.6}], examination={"spare": 1.0, "gate": 8}, mastery={"rounds": 2})
    ctx, trained = teach(learnt, **sections)
    rounds = ctx.rounds().of(1)
    assert len(rounds) == len(trained) > 3
    everything = [probe for one in rounds for probe in asked(ctx, one.round)]
    assert len(everything) == len(set(everything))
    results = [result for one in rounds for result in one.gate]
    assert {result.used for result in results} == {0}
    assert [one.gate[0].sitting for one in rounds] == list(range(1, len(rounds) + 1))
    assert rounds[0].gate[0].sure == 0.0
    assert all(result.teacher_same == result.student.n for result in results)  # it costs nothing, so it sits too
    probes = ctx.probes()
    keys = [item_key(probe.question, probe.answer) for probe in probes]
    assert len(keys) == len(set(keys)) > 4 * 8
    assert not set(keys) & {item_key(lesson.problem, lesson.answer) for lesson in ctx.store().examples()}
    assert not ctx.store().find_taught([probe for probe in probes if probe.split is Split.GATE])
    late = next(probe for probe in probes if probe.id == everything[-1])
    assert ctx.store().find_contamination([late.question], [late.answer])[0].other == late.id


def test_a_module_that_passed_is_confirmed_by_the_estimate_and_one_that_did_not_has_to_be_certain(teach):
    learnt, sections = failed_once([{A: 1.0}, {B: 0.6}], mastery={"rounds": 2})
    ctx, _ = teach(learnt, **sections)
    first, second, third = ctx.rounds().of(1)[:3]
    by_module = [{result.module: result.sure for result in one.gate} for one in (first, second, third)]
    assert by_module[0] == {A: 0.0, B: 0.0}
    assert by_module[1][A] > 0.4
    assert by_module[2][A] is None  # it passed the second sitting
    assert by_module[2][B] > 0.4


@pytest.fixture
def opened(tmp_path):
    contexts = []

    def open_(modules, abilities, **sections):
        ctx = open_context(tmp_path, modules, abilities, **sections)
        contexts.append(ctx)
        state = {}
        for node in (diagnosis_nodes.decompose, diagnosis_nodes.examine, diagnosis_nodes.diagnose, planning_nodes.plan):
            state |= node(ctx)(state)
        return ctx

    yield open_
    for ctx in contexts:
        ctx.close()


def sat(ctx, round_):
    return teaching_nodes.assess_stage(ctx, {"stage": 1, "round": round_, "adapter": ""})


def test_a_sitting_that_was_killed_goes_on_with_the_same_items(opened):
    ctx = opened([module(A), module(B)], {A: 0.8, B: 0.1}, examination=SIZES)
    sat(ctx, 0)
    before = ctx.run.probes.read_text()
    whole, drawn = sat(ctx, 1), ctx.run.probes.read_text()
    lines = ctx.run.scores(round_name(1, 1)).read_text().splitlines(keepends=True)
    assert drawn.startswith(before)
    assert len(drawn) > len(before)
    cuts = len(before), len(before) + 40, (len(before) + len(drawn)) // 2, len(drawn)
    for cut, done in zip(cuts, (0, 0, 0, len(lines) // 2), strict=True):  # while items are drawn, then while asked
        ctx.run.probes.write_text(drawn[:cut])
        ctx.run.scores(round_name(1, 1)).write_text("".join(lines[:done]))
        ctx.run.assessment(1, 1).unlink()
        assert sat(ctx, 1) == whole
        assert ctx.run.probes.read_text() == drawn


def finite(name):
    """A module of 66 problems: sums of two numbers up to 10, whatever their order."""
    return Module.model_validate({**module(name).model_dump(), "levels": {"standard": sums((1, 1))}})


def test_where_a_supply_ends_it_says_so_and_what_was_read_is_never_asked_again(opened, monkeypatch):
    told = []
    ctx = opened([finite(A), module(B)], {A: 0.5, B: 0.5}, examination=SIZES)
    monkeypatch.setattr(ctx, "message", told.append)
    used, read = [], set()
    for round_ in range(8):
        history = History.before(ctx, (1, round_))
        assert read == set(history.read)
        found = sat(ctx, round_)
        (own,) = (result for result in found.gate if result.module == A)
        now = {probe for probe in asked(ctx, round_) if probe.startswith(f"gate/{A}/")}
        assert not now & read
        assert own.stands or own.used == len(now & set(history.asked))
        used.append(own.used)
        if own.stands:
            assert not now
            assert not own.mastered
            break
        if not own.mastered and round_ != 1:  # a remedy is made: the Diagnoser reads what was answered
            write_records(ctx.run.misconceptions(1, round_), [])
            failed = {result.module for result in found.gate if not result.mastered}
            read |= {one.probe for one in recorded_answers(ctx, round_name(1, round_)) if one.module in failed}
    probes = [probe for probe in ctx.probes() if probe.module == A]
    assert len(probes) == 66 // 2
    assert used[0] == 0
    assert any(used)
    assert own.stands
    assert any("No fresh items are left" in line and A in line and B not in line for line in told)
    assert read_record(ctx.run.assessment(1, round_), Assessment).gate


def test_with_fewer_items_than_a_whole_sitting_has_nothing_is_mastered(opened):
    ctx = opened([finite(A)], {A: 0.1}, examination=SIZES)
    first = sat(ctx, 0)
    assert not first.gate[0].mastered
    write_records(ctx.run.misconceptions(1, 0), list[Misconception]())
    ctx.student().abilities[A] = 1.0
    rest = [probe for probe in ctx.probes() if probe.id not in asked(ctx, 0)]
    keep = [probe for probe in rest if probe.split is Split.GATE][:3]
    others = [probe for probe in ctx.probes() if probe.split is not Split.GATE or probe.id in asked(ctx, 0)]
    more = [
        Probe(id=f"final/{A}/{n:03d}", module=A, split=Split.FINAL, level="standard", question=f"q{n}", answer="1",
              family="") for n in range(900, 930)
    ]  # fmt: skip
    write_records(ctx.run.probes, [*others, *keep, *more])  # half of all problems are examined: no more are drawn
    (result,) = sat(ctx, 1).gate
    assert (result.student.k, result.student.n, result.ratio) == (3, 3, 1.0)
    assert (result.mastered, result.sure) == (False, 1.0)


def test_the_items_of_a_bridge_are_others_each_time_too(opened):
    abilities = {A: 0.6, B: 0.0, f"{B}@easy": 0.9, f"{B}@middle": 0.2}
    ctx = opened([module(A), module(B, A)], abilities, examination=SIZES)
    bridge = next(stage for stage in ctx.curriculum().stages if stage.levels)
    rounds = [
        teaching_nodes.assess_stage(ctx, {"stage": bridge.number, "round": number, "adapter": ""}) for number in (0, 1)
    ]
    first, second = (set(asked(ctx, number, bridge.number)) for number in (0, 1))
    assert [one.gate[0].level for one in rounds] == ["middle", "middle"]
    assert first
    assert not first & second
    assert {probe.level for probe in read_records(ctx.run.probes, Probe) if probe.id in second} >= {"middle"}
