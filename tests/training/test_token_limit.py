"""A training that may see so many tokens and no more."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training.lessons import make_sums
from tests.training.tiny import make_tiny_student

from ioa.training import NoTokensLeftError, Student, StudentSettings, TrainingProgress, TrainingSettings, train
from ioa.training.schedule import affordable_steps

SETTINGS = TrainingSettings(epochs=3, learning_rate=1e-2, batch_size=8, checkpoint_every=2, held_out=0)
EXAMPLES = make_sums(24)
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Student:
    folder = make_tiny_student(tmp_path_factory.mktemp("tiny"))
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", threads=1))


def teach(student: Student, out: Path, most: int | None, **more: object):
    return train(student, EXAMPLES, start=None, out=out, settings=SETTINGS, seed=1, max_tokens=most, **more)  # type: ignore[arg-type]


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=30), most=st.integers(0, 1500), size=st.integers(1, 4))
def test_the_steps_are_the_most_that_fit(lengths: list[int], most: int, size: int) -> None:
    order = [list(range(len(lengths)))[at : at + size] for at in range(0, len(lengths), size)]
    sizes = [sum(lengths[place] for place in batch) for batch in order]
    if sizes[0] > most:
        with pytest.raises(NoTokensLeftError):
            affordable_steps(lengths, order, most)
        return
    steps = affordable_steps(lengths, order, most)
    assert sum(sizes[:steps]) <= most
    assert steps == len(order) or sum(sizes[: steps + 1]) > most
    assert affordable_steps(lengths, order, None) == len(order)


def test_a_training_keeps_to_its_tokens_to_the_last_one_and_its_rate_falls_to_its_end(
    student: Student, tmp_path: Path
) -> None:
    whole = teach(student, tmp_path / "whole", None)
    assert (len(whole.steps), whole.cut) == (9, False)
    told: list[TrainingProgress] = []
    cut = teach(student, tmp_path / "cut", whole.tokens // 2, on_step=told.append)
    assert cut.tokens <= whole.tokens // 2
    assert cut.cut
    assert {progress.steps for progress in told} == {len(cut.steps)}  # known from the beginning
    assert cut.steps[-1].learning_rate < 0.5 * max(step.learning_rate for step in cut.steps)
    exact = teach(student, tmp_path / "exact", cut.tokens)
    assert (exact.tokens, len(exact.steps)) == (cut.tokens, len(cut.steps))
    assert len(teach(student, tmp_path / "less", cut.tokens - 1).steps) == len(cut.steps) - 1


def test_a_limit_that_does_not_bind_changes_no_weight(student: Student, tmp_path: Path) -> None:
    whole = teach(student, tmp_path / "free", None)
    bound = teach(student, tmp_path / "bound", whole.tokens)
    assert not bound.cut
    assert (tmp_path / "free" / WEIGHTS).read_bytes() == (tmp_path / "bound" / WEIGHTS).read_bytes()


def test_an_interrupted_one_goes_on_within_the_same_tokens(student: Student, tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def stop(progress: TrainingProgress) -> None:
        if progress.step == 3:
            raise KilledError

    most = teach(student, tmp_path / "free", None).tokens * 2 // 3
    whole = teach(student, tmp_path / "whole", most)
    with pytest.raises(KilledError):
        teach(student, tmp_path / "killed", most, on_step=stop)
    resumed: list[int] = []
    log = teach(student, tmp_path / "killed", most, on_step=lambda progress: resumed.append(progress.step))
    assert resumed[0] == 3  # from the checkpoint behind step 2, whose tokens are not forgotten
    assert (log.tokens, len(log.steps)) == (whole.tokens, len(whole.steps))
    assert log.tokens <= most
    assert (tmp_path / "whole" / WEIGHTS).read_bytes() == (tmp_path / "killed" / WEIGHTS).read_bytes()


def test_where_no_step_fits_nothing_is_trained(student: Student, tmp_path: Path) -> None:
    with pytest.raises(NoTokensLeftError):
        teach(student, tmp_path / "none", 5)
    assert not (tmp_path / "none").exists()
