import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ioa.memory.records import GateResult, Grade, ItemResult, Note, Score, sum_unread

COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
ROUNDING = 1e-12


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (Wilson without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0000),
    ],
)
def test_wilson_interval_of_known_counts(k: int, n: int, low: float, high: float) -> None:
    assert Score(k=k, n=n).interval == pytest.approx((low, high), abs=5e-5)


@given(COUNTS)
def test_the_interval_lies_in_the_unit_range_and_contains_the_mean(counts: tuple[int, int]) -> None:
    score = Score(k=counts[0], n=counts[1])
    low, high = score.interval
    assert 0 <= low <= score.mean
    assert score.mean <= high <= 1
    assert low < high


@given(COUNTS, st.integers(2, 10))
def test_the_interval_shrinks_with_more_items_at_the_same_mean(counts: tuple[int, int], times: int) -> None:
    few = Score(k=counts[0], n=counts[1]).interval
    many = Score(k=counts[0] * times, n=counts[1] * times).interval
    assert many[1] - many[0] < few[1] - few[0]


@given(COUNTS)
def test_right_and_wrong_answers_mirror_each_other(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = Score(k=k, n=n).interval
    assert Score(k=n - k, n=n).interval == pytest.approx((1 - high, 1 - low), abs=ROUNDING)


def test_nothing_asked_is_no_knowledge() -> None:
    assert Score(k=0, n=0).interval == (0.0, 1.0)
    assert Score(k=0, n=0).mean == 0.0
    assert Score(k=1, n=2) + Score(k=3, n=4) == Score(k=4, n=6)


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        ((), 0),
        ((0, 0), 0),
        ((3, 1), 4),
        ((None, None), None),
        ((None, 0), None),  # nobody has seen that there are none
        ((None, 2, 0), 2),  # at least so many
    ],
)
def test_unread_replies_add_up_and_what_is_not_known_is_not_zero(counts, total) -> None:
    assert sum_unread(counts) == total
    scores = [Score(k=0, n=4, unread=count) for count in counts]
    assert sum(scores, Score.of([])).unread == total


@given(st.lists(st.none() | st.integers(0, 3), max_size=6), st.integers(0, 6))
def test_unread_replies_add_up_the_same_in_any_order_and_in_parts(counts, cut) -> None:
    parts = (sum_unread(counts[:cut]), sum_unread(counts[cut:]))
    assert sum_unread(parts) == sum_unread(counts) == sum_unread(reversed(counts))


def item(unread: bool | None, *, correct: bool = False) -> ItemResult:
    return ItemResult(
        probe="p", module="m", question="q", expected="1", reply="r", extracted="", correct=correct, unread=unread
    )


@pytest.mark.parametrize(
    ("results", "score", "words"),
    [
        ([], Score(k=0, n=0, unread=0), "0 of 0"),
        ([item(False, correct=True), item(True), item(True)], Score(k=1, n=3, unread=2), "1 of 3, 2 unread"),
        ([item(False, correct=True), item(False)], Score(k=1, n=2, unread=0), "1 of 2"),
        ([item(None, correct=True), item(None)], Score(k=1, n=2, unread=None), "1 of 2"),
        ([item(None), item(True)], Score(k=0, n=2, unread=1), "0 of 2, 1 unread"),
        ([item(None), item(False)], Score(k=0, n=2, unread=None), "0 of 2"),
    ],
)
def test_a_score_counts_what_could_not_be_read_beside_right_and_wrong(results, score, words) -> None:
    found = Score.of(results)
    assert (found, found.out_of, found.fraction) == (score, words, words.replace(" of ", "/"))
    assert found.interval == Score(k=score.k, n=score.n).interval


def test_many_are_more_than_a_fifth() -> None:
    assert [Score(k=0, n=10, unread=count).many_unread for count in (None, 0, 2, 3)] == [False, False, False, True]
    assert not Score(k=0, n=0, unread=0).many_unread


def test_a_gate_from_before_they_were_counted_is_read() -> None:
    old = {"module": "m", "student": {"k": 1, "n": 2}, "teacher": {"k": 2, "n": 2}, "ratio": 0.5, "mastered": False}
    result = GateResult.model_validate(old)
    assert (result.student.unread, result.student.unread_share, result.student.fraction) == (None, None, "1/2")


@pytest.mark.parametrize("told", [{"correct": True, "score": 1}, {"correct": True, "score": 0}, {"score": 0.3}])
def test_a_reply_that_could_not_be_read_cannot_be_right(told) -> None:
    with pytest.raises(ValidationError, match="could not be read counts as wrong"):
        Grade.model_validate({"correct": False, "unread": True, **told})


def test_records_are_frozen_and_refuse_unknown_fields() -> None:
    note = Note(sender="diagnoser", receiver="planner", text="Carrying is missing.")
    with pytest.raises(ValidationError, match="frozen"):
        note.text = "other"  # type: ignore[misc]  # the assignment is what is tested
    with pytest.raises(ValidationError, match="extra"):
        Note.model_validate({**note.model_dump(), "texte": "x"})
