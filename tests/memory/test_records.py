import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ioa.memory.records import Note, Score

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


def test_records_are_frozen_and_refuse_unknown_fields() -> None:
    note = Note(sender="diagnoser", receiver="planner", text="Carrying is missing.")
    with pytest.raises(ValidationError, match="frozen"):
        note.text = "other"  # type: ignore[misc]  # the assignment is what is tested
    with pytest.raises(ValidationError, match="extra"):
        Note.model_validate({**note.model_dump(), "texte": "x"})
