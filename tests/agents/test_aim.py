"""Lessons shared out over misconceptions, and requests that are counted and named apart."""

from ioa.agents.adapter import PedagogicalAdapter
from ioa.agents.requests import SynthesisSettings
from ioa.memory.records import Kind, Remedy, Strategy

MODULE = "addition/carrying"


def remedy(misconception="", lessons=8):
    return Remedy(
        module=MODULE,
        diagnosis="It drops the carry.",
        misconception=misconception,
        kind=Kind.REMEDIAL,
        level="standard",
        strategies=(Strategy.FORMAT,),
        lessons=lessons,
    )


def requests(remedies, accepted):
    adapter = PedagogicalAdapter(None, None, SynthesisSettings(per_request=4), seed=1, max_words=60)
    return adapter.requests(remedies, accepted, 1, 2, 0)


def test_two_remedies_of_one_module_and_level_are_counted_and_named_apart():
    one, two = (remedy(f"stage-01-round-1/{MODULE}/{number}") for number in (1, 2))
    made = requests([one, two, remedy()], {one.aim: 6, remedy().aim: 8})
    found = [(r.misconception_id, r.count) for r in made]
    assert found == [(one.misconception, 2), (two.misconception, 4), (two.misconception, 4)]
    assert len({r.batch for r in requests([one, two, remedy()], {})}) == 6
    assert len({r.seed for r in requests([one, two, remedy()], {})}) == 6


def test_a_remedy_without_a_misconception_keeps_the_plain_name():
    assert [r.batch for r in requests([remedy(lessons=3)], {})] == [f"stage-01/round-2/pass-0/{MODULE}/standard/000"]
