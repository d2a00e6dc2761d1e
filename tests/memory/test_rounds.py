"""From which examination a round's training started, and which round of a stage is kept."""

import pytest

from ioa.memory.records import Assessment, GateResult, Score
from ioa.memory.rounds import Rounds


def found(module, right, n=20, sitting=None):
    score, full = Score(k=right, n=n), Score(k=n, n=n)
    return GateResult(
        module=module, student=score, teacher=full, ratio=right / n, mastered=right / n >= 0.9, sitting=sitting
    )


def assessment(stage, round_, right):
    return Assessment(stage=stage, round=round_, gate=(found("a/b", right),))


def test_a_training_goes_on_from_the_best_round_before_it():
    rounds = [assessment(1, 0, 10), assessment(1, 1, 4), assessment(1, 2, 12), assessment(2, 0, 5), assessment(2, 1, 6)]
    assert Rounds(rounds).starts == {(1, 1): (1, 0), (1, 2): (1, 0), (2, 0): (1, 2), (2, 1): (2, 0)}
    assert Rounds([]).starts == Rounds(rounds[:1]).starts == {}


def sat(*rounds):
    """Rounds that were each examined on items of their own; by round the right answers of two modules, of 20."""
    return Rounds(
        Assessment(
            stage=1,
            round=number,
            gate=(found("a/b", own, sitting=number + 1), found("a/c", other, sitting=number + 1)),
            earlier=(found("a/before", before, sitting=0),),
        )
        for number, (own, other, before) in enumerate(rounds)
    )


@pytest.mark.parametrize(
    ("rounds", "best"),
    [
        ([(18, 10, 20), (17, 17, 20)], 0),  # what is mastered counts first
        ([(10, 10, 20), (18, 4, 20)], 1),
        ([(12, 12, 20), (11, 12, 20)], 1),  # chance alone explains that: the later one has seen more
        ([(12, 12, 20), (6, 8, 20)], 0),  # and not that
        ([(12, 12, 20), (12, 12, 10)], 0),  # as little as so much forgotten
        ([(12, 12, 16), (12, 12, 15)], 1),
        ([(12, 12, 20), (5, 6, 20), (11, 12, 20)], 2),
        ([(0, 0, 0), (0, 0, 0)], 1),
    ],
)
def test_of_rounds_with_items_of_their_own_the_later_is_kept_unless_it_is_worse_than_chance_explains(rounds, best):
    assert sat(*rounds).best(1).round == best
    assert Rounds([]).best(1) is None


@pytest.mark.parametrize(
    ("rounds", "stalled"),
    [
        ([(10, 10, 20), (10, 10, 20), (10, 10, 20)], True),
        ([(10, 10, 20), (14, 14, 20), (7, 6, 20)], True),  # together they are no better: the 14 were luck
        ([(10, 10, 20), (14, 14, 20), (13, 12, 20)], False),
        ([(10, 10, 20), (18, 2, 20), (2, 2, 20)], False),  # one more is mastered
    ],
)
def test_the_rounds_that_brought_nothing_are_taken_together(rounds, stalled):
    assert sat(*rounds).stalled(1, since=1, gain=0.02) is stalled
