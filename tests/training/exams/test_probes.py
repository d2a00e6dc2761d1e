import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training.lessons import make_example

from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.packs import load_domain
from ioa.memory.errors import UserError
from ioa.memory.records import Split
from ioa.memory.similarity import normalise
from ioa.training import ExaminationSettings, build_probes, level_probes, mixture
from ioa.training.settings.training import TrainingSettings


def lesson(problem, module="m/new"):
    return make_example(0, problem, ("1+1=2",), "2").model_copy(update={"module": module, "id": problem})


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_no_two_probes_share_a_text_whatever_their_module_and_split(seed):
    probes = build_probes(load_domain("arithmetic"), ExaminationSettings(diagnosis=5, gate=6, final=7, spare=0), seed)
    texts = [normalise(probe.question) for probe in probes]
    assert len(set(texts)) == len(texts) == 14 * (5 + 6 + 7)
    assert len({probe.id for probe in probes}) == len(probes)


def test_the_same_seed_gives_the_same_probes_and_another_seed_others():
    def draw(seed):
        return build_probes(load_domain("arithmetic"), ExaminationSettings(diagnosis=3, gate=3, final=3, spare=0), seed)

    assert draw(1) == draw(1)
    assert not {p.question for p in draw(1) if p.module == "algebra/linear-equations"} & {
        p.question for p in draw(2) if p.module == "algebra/linear-equations"
    }


def test_a_module_with_too_few_items_is_named():
    with pytest.raises(UserError) as caught:
        build_probes(load_domain("arithmetic"), ExaminationSettings(diagnosis=100, gate=100, final=100, spare=0), 1)
    assert "Module multiplication/table" in str(caught.value)
    assert "100 are needed" in str(caught.value)


def test_every_split_has_its_size_in_every_module():
    probes = build_probes(load_domain("arithmetic"), ExaminationSettings(diagnosis=2, gate=3, final=4, spare=0), 1)
    for module in load_domain("arithmetic").modules:
        counts = {split: sum(p.module == module.id and p.split == split for p in probes) for split in Split}
        assert counts == {Split.DIAGNOSIS: 2, Split.GATE: 3, Split.FINAL: 4}


def test_the_easiest_of_many_levels_can_be_examined():
    known = load_domain("arithmetic").module("addition/multi-term")
    levels = {f"level {number}": known.exam for number in range(15)} | {"top": known.exam}
    module = known.model_copy(update={"levels": levels, "exam_level": "top"})
    sizes = ExaminationSettings(diagnosis=3, gate=4)
    taken = set[str]()
    drawn = [level_probes(module, level, sizes, 7, taken) for level in levels]
    assert [len(probes) for probes in drawn] == [7] * 16
    assert len({normalise(probe.question) for probes in drawn for probe in probes}) == len(taken) == 7 * 16
    assert drawn[9] == level_probes(
        module, "level 9", sizes, 7, {item_key(p.question, p.answer) for d in drawn[:9] for p in d}
    )


def test_earlier_lessons_are_mixed_in_evenly_by_module_and_repeatably():
    new = [lesson(f"new {i}", module="m/new") for i in range(40)]
    old = [lesson(f"{name} {i}", module=f"m/{name}") for name in ("a", "b") for i in range(30)]
    mixed = mixture(new, old, count=len(new) // 2, seed=1)
    assert mixed[:40] == new
    assert [sum(e.module == f"m/{name}" for e in mixed) for name in ("a", "b")] == [10, 10]
    assert mixed == mixture(new, old, count=len(new) // 2, seed=1)
    assert mixed != mixture(new, old, count=len(new) // 2, seed=2)
    assert len(mixture(new, old, count=10 * len(new), seed=1)) == 100


@given(st.integers(0, 120), st.integers(1, 30), st.integers(0, 99))
def test_as_many_earlier_lessons_are_mixed_in_as_asked_however_many_modules_there_are(count, modules, seed):
    old = [lesson(f"{number}/{i}", module=f"m/{number}") for number in range(modules) for i in range(count)]
    mixed = mixture([], old, count=count, seed=seed)
    shares = [sum(e.module == f"m/{number}" for e in mixed) for number in range(modules)]
    assert len(mixed) == len({e.id for e in mixed}) == count
    assert max(shares) - min(shares) <= 1
    more = mixture([], old, count=count, seed=seed, forgotten=["m/0"], weight=3)
    assert len(more) == count + (count > 0) * min(count - shares[0], max(1, round(2 * count / modules)))


def test_with_nothing_earlier_the_new_lessons_stand_alone():
    new = [lesson("one")]
    assert mixture(new, [], count=9, seed=1) == new


def test_a_remediation_round_learns_more_slowly_and_repeats_more():
    usual = TrainingSettings(learning_rate=0.002, remedial_rate=0.25, replay=0.5, remedial_replay=2)
    mending = usual.remedial()
    assert (mending.learning_rate, mending.replay) == (0.0005, 2)
    assert mending.model_copy(update={"learning_rate": 0.002, "replay": 0.5}) == usual
