from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.records import Assessment, ItemResult, Probe, Score, Split, Verdict
from ioa.memory.rounds import Rounds
from ioa.training.exams.examining import Progress, examine
from ioa.training.exams.mastery_gate import contrast, gate, verdict
from ioa.training.exams.score_sums import score_by_module

scores = st.integers(1, 60).flatmap(lambda n: st.integers(0, n).map(lambda k: Score(k=k, n=n)))
taus = st.floats(0.05, 1.0)


@given(student=scores, teacher=scores, tau=taus)
def test_more_right_answers_never_lose_mastery(student: Score, teacher: Score, tau: float) -> None:
    better = Score(k=min(student.k + 1, student.n), n=student.n)
    before, after = (gate({"a": s}, {"a": teacher}, ["a"], tau)[0] for s in (student, better))
    assert after.ratio >= before.ratio
    assert after.mastered or not before.mastered


@given(student=scores, teacher=scores, tau=taus)
def test_a_lower_bar_never_loses_mastery(student: Score, teacher: Score, tau: float) -> None:
    high, low = (gate({"a": student}, {"a": teacher}, ["a"], t)[0] for t in (tau, tau / 2))
    assert low.mastered or not high.mastered


@given(student=scores, n=st.integers(0, 60), tau=taus)
def test_nothing_is_mastered_under_a_teacher_who_cannot(student: Score, n: int, tau: float) -> None:
    (result,) = gate({"a": student}, {"a": Score(k=0, n=n)}, ["a"], tau)
    assert (result.ratio, result.mastered) == (0.0, False)


@pytest.mark.parametrize(("right", "mastered"), [(1, False), (11, False), (12, True), (24, True)])
def test_nothing_is_mastered_under_a_teacher_below_the_floor(right: int, mastered: bool) -> None:
    student = {"a": Score(k=24, n=24)}
    (result,) = gate(student, {"a": Score(k=right, n=24)}, ["a"], 0.9, least=0.5)
    assert (result.mastered, result.ratio > 0) == (mastered, mastered)
    assert (result.verdict is Verdict.NOT_MASTERED) is not mastered


@pytest.mark.parametrize("n", [10, 20, 30, 70, 90, 110])
def test_the_bound_itself_is_mastered(n: int) -> None:
    (result,) = gate({"a": Score(k=n * 9 // 10, n=n)}, {"a": Score(k=n, n=n)}, ["a"], 0.9)
    assert result.mastered


def test_the_ratio_is_exact_where_floats_are_not() -> None:
    assert (15 / 20) / (20 / 24) < 0.9
    (result,) = gate({"a": Score(k=15, n=20)}, {"a": Score(k=20, n=24)}, ["a"], 0.9)
    assert result.mastered


def test_a_module_that_was_not_examined_is_an_error() -> None:
    with pytest.raises(KeyError):
        gate({}, {"a": Score(k=1, n=1)}, ["a"], 0.9)


class Parrot:
    """Answers every question with the same words."""

    def __init__(self, replies: Sequence[str]) -> None:
        self.replies = list(replies)

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        if on_progress is not None:
            on_progress(len(questions), len(questions))
        return self.replies


def probes(*modules: str) -> list[Probe]:
    return [
        Probe(
            id=f"gate/{module}/{i}",
            module=module,
            split=Split.GATE,
            level="easy",
            question=f"{i}?",
            answer=str(i),
            family="products",
        )
        for i, module in enumerate(modules)
    ]


def test_results_stand_beside_their_probes_and_add_up_by_module() -> None:
    items = probes("a/x", "b/y", "a/x")
    told: list[tuple[int, int]] = []
    results = examine(Parrot(["Answer: 0", "Answer: 7", "Answer: 3"]), items, lambda *t: told.append(t))
    assert [r.correct for r in results] == [True, False, False]
    assert results[1] == ItemResult(
        probe="gate/b/y/1", module="b/y", question="1?", expected="1", reply="Answer: 7", extracted="7", correct=False,
        unread=False,
    )  # fmt: skip
    assert score_by_module(results) == {"a/x": Score(k=1, n=2, unread=0), "b/y": Score(k=0, n=1, unread=0)}
    assert told == [(3, 3)]


def test_a_missing_reply_is_an_error_and_not_a_wrong_answer() -> None:
    with pytest.raises(ValueError, match="shorter"):
        examine(Parrot(["Answer: 0"]), probes("a/x", "a/x"))


def assessed(round_, *right):
    scores = {f"m/{i}": Score(k=k, n=10) for i, k in enumerate(right)}
    results = gate(scores, dict.fromkeys(scores, Score(k=10, n=10)), scores, 0.9)
    return Assessment(stage=1, round=round_, gate=results, adapter=f"round-{round_}")


@pytest.mark.parametrize(
    ("rounds", "best"),
    [
        ([(9, 2), (8, 8)], 0),  # what is mastered counts first
        ([(5, 5), (6, 7), (6, 6)], 1),  # then the mean
        ([(5, 5), (5, 5)], 1),  # of equals the later
    ],
)
def test_the_best_round_is_kept(rounds, best):
    assessments = [assessed(number, *right) for number, right in enumerate(rounds)]
    assert Rounds(assessments).best(1).round == best


@pytest.mark.parametrize(("first", "second", "best"), [((9, 8), (9, 6), 0), ((9, 6), (9, 8), 1), ((7, 8), (8, 7), 1)])
def test_of_rounds_as_good_as_each_other_the_one_that_forgot_less_is_kept(first, second, best):
    known = [assessed(0, *first).gate, assessed(0, *second).gate]
    rounds = [assessed(number, 9, 10).model_copy(update={"earlier": known[number]}) for number in (0, 1)]
    assert Rounds(rounds).best(1).round == best


ORDER = [Verdict.NOT_MASTERED, Verdict.NEEDS_ITEMS, Verdict.MASTERED]
confidences = st.floats(0.5, 0.99)


@given(student=scores, teacher=scores, tau=taus, confidence=confidences)
def test_the_verdict_never_falls_with_more_right_answers_or_a_lower_bar(student, teacher, tau, confidence):
    better = Score(k=min(student.k + 1, student.n), n=student.n)
    said = ORDER.index(verdict(student, teacher, tau, confidence))
    assert ORDER.index(verdict(better, teacher, tau, confidence)) >= said
    assert ORDER.index(verdict(student, teacher, tau / 2, confidence)) >= said


@given(student=scores, teacher=scores, tau=taus, confidence=confidences)
def test_a_clear_verdict_agrees_with_the_gate_and_a_higher_confidence_is_never_clearer(
    student, teacher, tau, confidence
):
    said = verdict(student, teacher, tau, confidence)
    (result,) = gate({"a": student}, {"a": teacher}, ["a"], tau, confidence)
    if said is not Verdict.NEEDS_ITEMS and teacher.k:
        assert result.mastered == (said is Verdict.MASTERED)
    surer = verdict(student, teacher, tau, (1 + confidence) / 2)
    assert surer in {said, Verdict.NEEDS_ITEMS}


@given(student=scores, teacher=scores, share=taus, confidence=confidences)
def test_the_interval_of_a_contrast_holds_its_estimate(student, teacher, share, confidence):
    low, high = contrast(student, teacher, share, confidence)
    assert low - 1e-9 <= student.mean - share * teacher.mean <= high + 1e-9


@pytest.mark.parametrize(
    ("k", "n", "said"),
    [
        (24, 24, Verdict.MASTERED),
        (22, 24, Verdict.NEEDS_ITEMS),
        (17, 24, Verdict.NOT_MASTERED),
        (46, 48, Verdict.MASTERED),
    ],
)
def test_at_the_usual_confidence_a_few_wrong_answers_ask_for_more_items(k, n, said):
    assert verdict(Score(k=k, n=n), Score(k=n, n=n), 0.9, 0.8) is said


@pytest.mark.parametrize(
    ("rounds", "stuck"),
    [
        ([(5, 5)], False),
        ([(5, 5), (5, 5)], False),  # one round without gain is not two
        ([(5, 5), (5, 5), (5, 5)], True),
        ([(5, 5), (5, 6), (5, 5)], False),  # the first of the two brought something
        ([(8, 8), (9, 2), (8, 8)], False),  # a module more is a gain, whatever the mean
        ([(7, 7), (5, 5), (7, 7)], True),  # back where it was
    ],
)
def test_a_stage_is_stuck_when_its_last_rounds_brought_neither_a_module_nor_a_better_mean(rounds, stuck):
    assessments = [assessed(number, *right) for number, right in enumerate(rounds)]
    assert Rounds(assessments).stalled(1, since=len(rounds) - 2, gain=0.02) is stuck
