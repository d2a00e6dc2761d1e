"""What was asked for in vain is not asked for again: another level, other strategies, then the end of the stage."""

from collections import Counter

import pytest
from tests.small import sums

from ioa.agents.exchange import RemedyProposal, TriedLessons, WeakModule
from ioa.agents.remedy_choice import choose_remedy, levels_left
from ioa.graph.tried_lessons import outcome_of
from ioa.memory.files import read_records
from ioa.memory.records import Module, RefusalReason, Remedy, Strategy
from ioa.memory.transcript import read_decisions

A = "sums/a"
USUAL = (Strategy.FORMAT, Strategy.COGNITIVE_LOAD)
LEVELS = ("easy", "middle", "standard")


def tried(level, outcome, *strategies):
    return TriedLessons(level=level, strategies=strategies or USUAL, asked=60, accepted=2, refused={}, outcome=outcome)


def weak(*of):
    return WeakModule(
        module=A, ratio=0.5, previous=None, misconception="", levels=levels_left(LEVELS, of, USUAL),
        exam_level="standard", tried=of,
    )  # fmt: skip


def proposal(level, *strategies):
    return RemedyProposal(module=A, level=level, strategies=strategies or USUAL, reason="because")


@pytest.mark.parametrize(
    ("of", "proposed", "level", "strategies"),
    [
        ([], proposal("easy"), "easy", USUAL),
        ([], None, "standard", USUAL),
        ([], proposal("no such level"), "standard", USUAL),
        ([tried("standard", "taught")], proposal("standard"), "standard", USUAL),
        ([tried("standard", "used up")], proposal("standard"), "middle", USUAL),
        ([tried("standard", "used up"), tried("middle", "used up")], None, "easy", USUAL),
        ([tried("standard", "refused")], proposal("standard"), "standard", (Strategy.CONCRETIZE,)),
        ([tried("standard", "refused")], proposal("standard", Strategy.LANGUAGE), "standard", (Strategy.LANGUAGE,)),
        ([tried("standard", "refused")], proposal("easy"), "easy", USUAL),
    ],
)
def test_the_planner_chooses_what_is_left_to_try(of, proposed, level, strategies):
    (chosen, with_), as_proposed = choose_remedy(weak(*of), proposed, USUAL)
    assert (chosen, with_) == (level, strategies)
    assert as_proposed == (proposed is not None and (proposed.level, proposed.strategies) == (level, strategies))


def test_a_level_is_left_out_when_its_problems_or_all_strategies_are_used_up():
    refused = [tried("middle", "refused", *row) for row in (USUAL, *((one,) for one in Strategy))]
    assert weak(*refused).levels == ("easy", "standard")
    assert weak(*refused[:-1]).levels == LEVELS
    assert weak(*(tried(level, "used up") for level in LEVELS)).levels == ()


def few_problems():
    """Ten times ten problems at the examined level, most of them examined, and some more at an easier one."""
    level = {**sums((2, 2)), "where": {"question": r"\b9\d \+ 9[0-3]\."}}
    easier = {**sums((2, 2)), "where": {"question": r"\b8\d \+ 8[01]\."}}
    return Module.model_validate(
        {"id": A, "description": "Adds.", "levels": {"easy": easier, "standard": level}, "exam_level": "standard"}
    )


def test_a_stage_ends_when_no_level_has_a_new_problem(teach):
    ctx, trained = teach(
        [{A: 0.4}],
        modules=[few_problems()],
        mastery={"rounds": 9, "stall_rounds": 0},
        synthesis={"portion": None, "per_module": 60, "per_remedy": 12},
    )
    asked = [read_records(path, Remedy) for _, path in sorted(ctx.run.rounds_with(ctx.run.remedies).items())]
    levels = [wishes[0].level for wishes in asked]
    assert levels[0] == "standard"
    assert "easy" in levels[1:]  # the examined level had nothing new
    assert len(asked) < 1 + 9
    assert len(trained) < len(asked)
    said = [decision.text for decision in read_decisions(ctx.run.transcript) if decision.context.node == "remediate"]
    assert f"Nothing new is left to teach of {A}." in said[-1]
    assert sum(decision.context.node == "advance" for decision in read_decisions(ctx.run.transcript)) == 1


@pytest.mark.parametrize(
    ("asked", "accepted", "refused", "outcome"),
    [
        (60, 8, {}, "taught"),
        (5, 5, {RefusalReason.DUPLICATE: 40}, "taught"),
        (60, 5, {RefusalReason.DUPLICATE: 40, RefusalReason.STEPS: 10}, "used up"),
        (60, 5, {RefusalReason.CONTAMINATED: 3, RefusalReason.STEPS: 10}, "refused"),
        (60, 5, {RefusalReason.SURPLUS: 40, RefusalReason.STEPS: 10}, "refused"),
        (60, 5, {RefusalReason.SURPLUS: 40, RefusalReason.DUPLICATE: 1}, "used up"),
        (60, 0, {}, "refused"),
    ],
)
def test_a_level_is_used_up_where_its_problems_are_known_and_not_where_lessons_are_bad(
    asked, accepted, refused, outcome
):
    assert outcome_of(asked, accepted, Counter(refused), 8) == outcome
