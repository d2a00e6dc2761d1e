import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training.lessons import make_example, make_sums
from tests.training.tiny import make_tiny_student

from ioa.memory.errors import UserError
from ioa.training import LoraSettings, Student, StudentSettings, TrainingProgress, TrainingSettings, is_complete, train
from ioa.training.batches import batch_order, collate, encode_lessons
from ioa.training.held_out import hold_out
from ioa.training.lora import attach_lora
from ioa.training.lora_linear import fuse_lora_layers
from ioa.training.losses import AnswerLoss, FusedLoss, PickedLoss, SingleLoss

ROOT = Path(__file__).parents[2]
SETTINGS = TrainingSettings(epochs=6, learning_rate=1e-2, batch_size=8, checkpoint_every=5)
DROPOUT = SETTINGS.model_copy(update={"lora": LoraSettings(dropout=0.1)})
WEIGHTS = "adapter_model.safetensors"


EXAMPLES = make_sums(30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_student(tmp_path_factory.mktemp("tiny"))


def load(folder: Path) -> Student:
    import torch

    # A model this small gains nothing from threads, and loses 50-fold to them on a busy machine.
    torch.set_num_threads(1)
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu"))


@pytest.fixture(scope="module")
def student(folder: Path) -> Student:
    return load(folder)


@pytest.fixture(scope="module")
def finished(student: Student, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    train(student, EXAMPLES, start=None, out=out, settings=DROPOUT, seed=1)
    return out


def test_the_loss_falls_and_the_log_says_so(student: Student, tmp_path: Path) -> None:
    told: list[TrainingProgress] = []
    log = train(student, EXAMPLES, start=None, out=tmp_path, settings=SETTINGS, seed=1, on_step=told.append)
    assert log.steps[-1].loss < 0.5 * log.steps[0].loss
    assert [point.step for point in log.steps] == list(range(1, 25))
    assert log.steps[-1].epoch == 6
    assert log.examples == 30
    lessons, _ = encode_lessons(EXAMPLES, student.format, 512)
    assert log.tokens == 6 * sum(len(lesson.ids) for lesson in lessons)
    assert (told[-1].step, told[-1].steps, told[-1].seconds_left, told[-1].too_long) == (24, 24, 0, 0)
    assert told[3].examples_per_second > 0


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(folder: Path, finished: Path, tmp_path: Path) -> None:
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.training import test_trainer as t
def kill(progress):
    if progress.step == 13:
        os.kill(os.getpid(), signal.SIGKILL)
t.train(t.load(Path({str(folder)!r})), t.EXAMPLES, start=None, out=Path({str(tmp_path)!r}), settings=t.DROPOUT,
        seed=1, on_step=kill)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=os.environ)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not is_complete(tmp_path)
    assert [path.name for path in (tmp_path / ".partial").iterdir()] == ["step-000010"]
    told: list[int] = []
    log = train(
        load(folder),
        EXAMPLES,
        start=None,
        out=tmp_path,
        settings=DROPOUT,
        seed=1,
        on_step=lambda p: told.append(p.step),
    )
    assert told == list(range(11, 25))
    assert (tmp_path / WEIGHTS).read_bytes() == (finished / WEIGHTS).read_bytes()
    assert (tmp_path / "adapter_config.json").read_bytes() == (finished / "adapter_config.json").read_bytes()
    whole = train(load(folder), EXAMPLES, start=None, out=finished, settings=DROPOUT, seed=1)
    assert (log.steps, log.tokens) == (whole.steps, whole.tokens)
    assert not (tmp_path / ".partial").exists()


def interrupt(student: Student, out: Path, settings: TrainingSettings = SETTINGS, step: int = 7) -> None:
    def stop(progress: TrainingProgress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(student, EXAMPLES, start=None, out=out, settings=settings, seed=1, on_step=stop)


def test_an_interruption_leaves_the_student_bare_and_usable(student: Student, tmp_path: Path) -> None:
    names = list(student.model.state_dict())
    before = student.generate(["1+1=?"])
    interrupt(student, tmp_path)
    assert list(student.model.state_dict()) == names
    assert student.generate(["1+1=?"]) == before
    assert not any(parameter.requires_grad for parameter in student.model.parameters())


def test_a_checkpoint_of_other_work_is_not_gone_on_from(student: Student, tmp_path: Path) -> None:
    interrupt(student, tmp_path)
    told: list[int] = []
    other = SETTINGS.model_copy(update={"learning_rate": 1e-4})
    train(student, EXAMPLES, start=None, out=tmp_path, settings=other, seed=1, on_step=lambda p: told.append(p.step))
    assert told[0] == 1


def test_a_half_written_checkpoint_is_ignored(student: Student, tmp_path: Path) -> None:
    interrupt(student, tmp_path)
    half = tmp_path / ".partial" / ".writing"
    half.mkdir()
    (half / "progress.json").write_text("{")
    told: list[int] = []
    train(student, EXAMPLES, start=None, out=tmp_path, settings=SETTINGS, seed=1, on_step=lambda p: told.append(p.step))
    assert told[0] == 6


@pytest.mark.parametrize("weights", ["full", "int8"])
def test_an_early_end_with_averaged_weights_is_the_same_after_an_interruption(
    student: Student, tmp_path: Path, weights: str
) -> None:
    early = {"held_out": 0.2, "ending": "both", "epochs": 30, "learning_rate": 2e-3}
    settings = SETTINGS.model_copy(update=early | {"frozen_weights": weights})
    whole = train(student, EXAMPLES, start=None, out=tmp_path / "whole", settings=settings, seed=1)
    assert whole.learnt
    assert whole.examples == 24
    assert len(whole.steps) < 30 * 3
    assert [point.of for point in whole.held_out] == [6] * len(whole.held_out)
    assert whole.held_out[-1].loss < 0.7 * whole.held_out[0].loss
    # In the ending, so that the mean is under way.
    interrupt(student, tmp_path / "cut", settings, step=len(whole.steps) - 3)
    told: list[int] = []
    log = train(
        student,
        EXAMPLES,
        start=None,
        out=tmp_path / "cut",
        settings=settings,
        seed=1,
        on_step=lambda p: told.append(p.step),
    )
    assert 1 < told[0] < len(whole.steps)
    assert (log.steps, log.held_out, log.learnt) == (whole.steps, whole.held_out, whole.learnt)
    assert (tmp_path / "cut" / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()


def test_lessons_that_were_taught_before_are_not_held_out(student: Student, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"held_out": 0.2, "epochs": 1})
    seen = {example.id for example in EXAMPLES[:10]}
    log = train(student, EXAMPLES, start=None, out=tmp_path, settings=settings, seed=1, seen=seen)
    assert (log.examples, log.held_out[-1].of) == (26, 4)
    lessons, _ = encode_lessons(EXAMPLES, student.format, 512)
    assert min(hold_out(lessons, 0.2, 1, seen)) >= 10
    assert hold_out(lessons, 0.05, 1) == []


def test_a_complete_training_is_not_done_again(student: Student, finished: Path) -> None:
    def never(progress: TrainingProgress) -> None:
        pytest.fail("trained again")

    content = (finished / WEIGHTS).read_bytes()
    log = train(student, EXAMPLES, start=None, out=finished, settings=SETTINGS, seed=9, on_step=never)
    assert log.examples == 30
    assert (finished / WEIGHTS).read_bytes() == content


def test_without_the_marker_it_is_not_complete(student: Student, tmp_path: Path) -> None:
    train(student, EXAMPLES[:8], start=None, out=tmp_path, settings=SETTINGS, seed=1)
    assert is_complete(tmp_path)
    (tmp_path / "COMPLETE").unlink()
    assert not is_complete(tmp_path)
    told: list[int] = []
    train(
        student,
        EXAMPLES[:8],
        start=None,
        out=tmp_path,
        settings=SETTINGS,
        seed=1,
        on_step=lambda p: told.append(p.step),
    )
    assert told[0] == 1


def test_a_stage_goes_on_from_the_last_adapter(student: Student, finished: Path, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 1, "learning_rate": 1e-9, "warmup": 0.0})
    log = train(student, EXAMPLES, start=finished, out=tmp_path, settings=settings, seed=2)
    fresh = train(student, EXAMPLES, start=None, out=tmp_path / "fresh", settings=settings, seed=2)
    assert log.steps[0].loss < 0.7 * fresh.steps[0].loss
    from safetensors.torch import load_file

    before, after = load_file(finished / WEIGHTS), load_file(tmp_path / WEIGHTS)
    assert before.keys() == after.keys()
    assert all(float((before[name] - after[name]).abs().max()) < 1e-6 for name in before)


def test_an_adapter_of_another_rank_is_refused(student: Student, finished: Path, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"lora": LoraSettings(rank=4)})
    with pytest.raises(UserError, match="rank 4"):
        train(student, EXAMPLES, start=finished, out=tmp_path, settings=settings, seed=1)
    assert student.generate(["1"]) == load(Path(student.settings.model)).generate(["1"])


def test_layers_that_are_not_there_are_refused(student: Student, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"lora": LoraSettings(targets=("nonsense",))})
    with pytest.raises(UserError, match="nonsense"):
        train(student, EXAMPLES, start=None, out=tmp_path, settings=settings, seed=1)


def test_too_long_examples_are_counted_and_not_cut(student: Student, tmp_path: Path) -> None:
    long = make_example(99, "1" * 600, ("x",), "1")
    told: list[TrainingProgress] = []
    log = train(
        student, [long, *EXAMPLES[:7]], start=None, out=tmp_path, settings=SETTINGS, seed=1, on_step=told.append
    )
    assert (log.examples, told[0].too_long) == (7, 1)
    assert encode_lessons([long], student.format, 512) == ([], ["example-99"])
    with pytest.raises(UserError, match="max_length"):
        train(student, [long], start=None, out=tmp_path / "none", settings=SETTINGS, seed=1)


def test_the_loss_looks_at_the_solution_alone(student: Student) -> None:
    lessons, _ = encode_lessons(EXAMPLES[:4], student.format, 512)
    batch = collate(lessons, student.pad_id, "cpu")
    taught = student.tokenizer.decode(batch.targets[: len(lessons[0].ids) - lessons[0].prompt_length])
    assert taught == f"{EXAMPLES[0].solution}<|im_end|>"
    assert int(batch.taught.sum()) == sum(len(lesson.ids) - lesson.prompt_length for lesson in lessons)
    assert student.format.encode(EXAMPLES[0].problem) == list(lessons[0].ids[: lessons[0].prompt_length])


def test_the_loss_is_the_mean_over_taught_tokens_whatever_stands_beside(student: Student) -> None:
    import torch

    lessons, _ = encode_lessons([EXAMPLES[0], EXAMPLES[29]], student.format, 512)
    long = encode_lessons([make_example(9, "9" * 50, ("y" * 90,), "1")], student.format, 512)[0]
    total, count = 0.0, 0
    with torch.no_grad():
        for lesson in [*lessons, *long]:
            ids = torch.tensor([lesson.ids])
            labels = ids.clone()
            labels[:, : lesson.prompt_length] = -100
            taught = len(lesson.ids) - lesson.prompt_length
            total += float(student.model(input_ids=ids, labels=labels).loss) * taught
            count += taught
        batch = collate([*lessons, *long], student.pad_id, "cpu")
        for loss in (AnswerLoss(), PickedLoss(), FusedLoss(), SingleLoss()):
            assert float(loss(student.model, batch)) == pytest.approx(total / count, rel=1e-3)
            losses, _ = loss.measure(student.model, batch)
            assert float(losses.mean()) == pytest.approx(total / count, rel=1e-3)


@given(
    lengths=st.lists(st.integers(1, 90), min_size=1, max_size=200),
    size=st.integers(1, 20),
    epochs=st.integers(1, 3),
    seed=st.integers(0, 5),
)
def test_every_lesson_comes_once_an_epoch(lengths: list[int], size: int, epochs: int, seed: int) -> None:
    order = batch_order(lengths, size, epochs, seed)
    per_epoch = -(-len(lengths) // size)
    assert len(order) == epochs * per_epoch
    for epoch in range(epochs):
        batches = order[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
        assert all(1 <= len(batch) <= size for batch in batches)
    assert order == batch_order(lengths, size, epochs, seed)


def test_batches_hold_lessons_of_like_length_and_the_order_changes() -> None:
    lengths = [10 + (37 * i) % 91 for i in range(400)]
    order = batch_order(lengths, 8, 2, 0)
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in order)
    assert padded < 1.15 * 2 * sum(lengths)
    assert order[:50] != order[50:]
    assert order != batch_order(lengths, 8, 2, 1)


def gradients(student: Student, loss: AnswerLoss, *, fused: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[float, Any]:
    """Loss and gradient of a LoRA that is not zero any more."""
    import torch

    with monkeypatch.context() as patched:
        if not fused:
            patched.setattr("ioa.training.lora.fuse_lora_layers", lambda _: [])
        with attach_lora(student, LoraSettings(), None, 3) as lora:
            torch.manual_seed(5)
            with torch.no_grad():
                lora.master.add_(0.05 * torch.randn_like(lora.master))
            lora.push()
            lessons, _ = encode_lessons(EXAMPLES[:5], student.format, 512)
            found = loss(lora.model, collate(lessons, student.pad_id, "cpu"))
            torch.autograd.backward(found)
            lora.pull_gradients()
            assert lora.master.grad is not None
            return found.item(), lora.master.grad.clone()


def test_the_fused_passes_have_the_gradients_of_autograd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    student = Student.load(StudentSettings(model=str(folder), dtype="float32"))
    loss, expected = gradients(student, AnswerLoss(), fused=False, monkeypatch=monkeypatch)
    found, gradient = gradients(student, FusedLoss(), fused=True, monkeypatch=monkeypatch)
    assert found == pytest.approx(loss, rel=1e-5)
    assert float(expected.norm()) > 0
    torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("change", "layers"), [({}, True), ({"dropout": 0.1}, False)], ids=["plain", "with dropout"])
def test_only_plain_layers_are_fused(student: Student, change: dict[str, Any], *, layers: bool) -> None:
    with attach_lora(student, LoraSettings(**change), None, 0) as lora:
        assert bool(fuse_lora_layers(lora.wrapped)) == layers
