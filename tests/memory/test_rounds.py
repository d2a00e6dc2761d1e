"""From which examination a round's training started."""

from ioa.memory.records import Assessment, GateResult, Score
from ioa.memory.rounds import Rounds


def assessment(stage, round_, right):
    score, full = Score(k=right, n=20), Score(k=20, n=20)
    gate = GateResult(module="a/b", student=score, teacher=full, ratio=right / 20, mastered=right >= 18)
    return Assessment(stage=stage, round=round_, gate=(gate,))


def test_a_training_goes_on_from_the_best_round_before_it():
    rounds = [assessment(1, 0, 10), assessment(1, 1, 4), assessment(1, 2, 12), assessment(2, 0, 5), assessment(2, 1, 6)]
    assert Rounds(rounds).starts == {(1, 1): (1, 0), (1, 2): (1, 0), (2, 0): (1, 2), (2, 1): (2, 0)}
    assert Rounds([]).starts == Rounds(rounds[:1]).starts == {}
