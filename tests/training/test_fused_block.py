"""Decoder layers in one step: the gradients of the model's own code, or its own code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.lessons import make_sums
from tests.training.tiny import make_tiny_student

from ioa.training import Student, StudentSettings, TrainingSettings, train
from ioa.training import fused_block as fused_module
from ioa.training.batches import Lesson, collate, encode_lessons
from ioa.training.fast_passes import fast_passes
from ioa.training.fused_block import FusedBlock
from ioa.training.lora import TrainableLora, attach_lora
from ioa.training.losses import AnswerLoss
from ioa.training.settings.training import LoraSettings

SETTINGS = TrainingSettings(frozen_weights="full")


@pytest.fixture(scope="module", params=[False, True], ids=["without bias", "with bias"])
def student(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Student:
    folder = make_tiny_student(tmp_path_factory.mktemp("student"), bias=request.param)
    return Student.load(StudentSettings(model=str(folder), dtype="float32"))


def lessons_of(student: Student) -> list[Lesson]:
    return encode_lessons(make_sums(12), student.format, 512)[0]


def gradient(student: Student, lora: TrainableLora, loss_of: AnswerLoss, lessons: Sequence[Lesson]) -> Any:
    torch.manual_seed(5)
    with torch.no_grad():
        lora.master.copy_(0.05 * torch.randn_like(lora.master))
    lora.push()
    torch.autograd.backward(loss_of(lora.model, collate(lessons, student.pad_id, "cpu")))
    lora.pull_gradients()
    return lora.master.grad.clone()


def fused(student: Student) -> int:
    """How many of the model's modules compute in one step now."""
    return sum(isinstance(vars(module).get("forward"), FusedBlock) for module in student.model.modules())


@pytest.mark.parametrize("weights", ["full", "int8"])
def test_the_gradients_are_those_of_the_model_s_own_code(student: Student, weights: str) -> None:
    lessons, found = lessons_of(student), {}
    for layers in (False, True):
        settings = TrainingSettings.model_validate({"frozen_weights": weights, "fused_layers": layers})
        with (
            attach_lora(student, settings.lora, None, 3) as lora,
            fast_passes(student, lora, lessons, settings) as loss_of,
        ):
            assert fused(student) == (2 if layers else 0)
            # Lessons of several lengths, so that padding is part of it.
            found[layers] = gradient(student, lora, loss_of, lessons)
        assert fused(student) == 0
    off = float((found[True] - found[False]).norm() / found[False].norm())
    # Numbers that are rounded to int8 may come to lie on the other side of a half.
    assert off < (1e-5 if weights == "full" else 0.03)


@pytest.mark.parametrize("name", ["_rotate", "_norm_back", "_norm"])
def test_layers_that_fail_the_trial_keep_their_own_code(
    student: Student, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    right = getattr(fused_module, name)

    def wrong(*given: Any) -> Any:
        found = right(*given)
        return (1.01 * found[0], found[1]) if isinstance(found, tuple) else 1.01 * found

    monkeypatch.setattr(fused_module, name, wrong)
    lessons = lessons_of(student)
    with attach_lora(student, SETTINGS.lora, None, 3) as lora:
        before = lora.master.detach().clone()
        with fast_passes(student, lora, lessons, SETTINGS):
            assert fused(student) == 0
        assert torch.equal(lora.master.detach(), before)


@pytest.mark.parametrize("change", [{"dropout": 0.1}, {"targets": ("q_proj", "v_proj")}], ids=["dropout", "few layers"])
def test_layers_of_another_make_keep_their_own_code(student: Student, change: dict[str, Any]) -> None:
    with (
        attach_lora(student, LoraSettings(**change), None, 3) as lora,
        fast_passes(student, lora, lessons_of(student), SETTINGS),
    ):
        assert fused(student) == 0


def test_an_interrupted_training_leaves_the_layers_their_own_code(student: Student, tmp_path: Path) -> None:
    seen: list[int] = []

    def stop(_: Any) -> None:
        seen.append(fused(student))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(student, make_sums(12), start=None, out=tmp_path / "a", settings=SETTINGS, seed=0, on_step=stop)
    assert (seen, fused(student)) == ([2], 0)
