"""Products with frozen weights in int8: close to those in full precision, and a training on them is a training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.lessons import make_sums
from tests.training.tiny import make_tiny_student

from ioa.memory.errors import UserError
from ioa.training import Student, StudentSettings, TrainingSettings, train
from ioa.training.batches import collate, encode_lessons
from ioa.training.execution import Execution
from ioa.training.fast_passes import int8_levels
from ioa.training.frozen_weights import FullWeight, Int8Weight, exact_levels, quantise_rows
from ioa.training.lora import attach_lora
from ioa.training.lora_linear import quantise_layers, watch_layers
from ioa.training.losses import FusedLoss
from ioa.training.settings.training import LoraSettings
from ioa.training.trainer import check_trainable

LEVELS = (127, 63)


@pytest.fixture(scope="module", params=[False, True], ids=["without bias", "with bias"])
def student(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Student:
    folder = make_tiny_student(tmp_path_factory.mktemp("student"), bias=request.param)
    return Student.load(StudentSettings(model=str(folder), dtype="float32"))


def off(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Relative error."""
    return float((found - expected).norm() / expected.norm())


def test_a_row_is_its_whole_numbers_times_its_scale() -> None:
    x = torch.tensor([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5], [1e-3, 2e-3, -3e-3]])
    rounded, scale = quantise_rows(x, 127)
    assert rounded.tolist() == [[0, 0, 0], [64, -127, 32], [42, 85, -127]]
    torch.testing.assert_close(rounded * scale, x, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize(("levels", "most"), [(127, 0.015), (63, 0.025)])
def test_products_in_int8_are_near_those_in_full(levels: int, most: float) -> None:
    torch.manual_seed(0)
    weight, x, grad = torch.randn(48, 64), torch.randn(20, 64), torch.randn(20, 48)
    full, rounded = FullWeight(weight), Int8Weight(weight, levels)
    assert 0 < off(rounded.forward(x), full.forward(x)) < most
    assert 0 < off(rounded.backward(grad), full.backward(grad)) < most


def test_a_channel_that_is_far_larger_than_the_others_does_not_drown_them() -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(48, 64), torch.randn(20, 64)
    weight[:, 5] *= 0.001
    x[:, 5] *= 1000
    expected = FullWeight(weight).forward(x)
    shifted = off(Int8Weight(weight, 127, x.abs().amax(0)).forward(x), expected)
    assert shifted < 0.03
    assert off(Int8Weight(weight, 127).forward(x), expected) > 3 * shifted


def test_exact_products_are_told_from_those_that_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exact_levels() in {127, 63, 0}

    def narrow(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Adds up pairs in 16 bits, as x86 did, with inputs shifted to be without a sign."""
        products = (a.double() + 128)[:, :, None] * b.double()[None]
        pairs = (products[:, ::2] + products[:, 1::2]).clamp(-(2**15), 2**15 - 1)
        return (pairs.sum(1) - 128 * b.double().sum(0)).to(torch.int32)

    monkeypatch.setattr(torch, "_int_mm", narrow)
    assert exact_levels() == 63
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: narrow(a, b) + 1)
    assert exact_levels() == 0
    monkeypatch.delattr(torch, "_int_mm")
    assert exact_levels() == 0


def gradients(student: Student, quantised: Sequence[int] = ()) -> tuple[float, Any, list[int]]:
    """Loss and gradient of a LoRA that changes something, and the sizes of the groups that layers are computed in."""
    with attach_lora(student, TrainingSettings().lora, None, 3) as lora:
        torch.manual_seed(5)
        with torch.no_grad():
            lora.master.add_(0.05 * torch.randn_like(lora.master))
        lora.push()
        lessons, _ = encode_lessons(make_sums(5), student.format, 512)
        batch = collate(lessons, student.pad_id, "cpu")
        loss = FusedLoss()
        for levels in quantised:
            watch_layers(lora.fused)
            with torch.inference_mode():
                loss.logits(lora.model, batch)
            quantise_layers(lora.fused, levels)
        found = loss(lora.model, batch)
        torch.autograd.backward(found)
        lora.pull_gradients()
        return found.item(), lora.master.grad.clone(), [len(layer.group.widths) for layer in lora.fused]


@pytest.mark.parametrize("levels", LEVELS)
def test_a_training_step_in_int8_goes_where_one_in_full_goes(student: Student, levels: int) -> None:
    loss, expected, alone = gradients(student)
    found, gradient, groups = gradients(student, [levels])
    assert found == pytest.approx(loss, rel=0.02)
    assert float(torch.nn.functional.cosine_similarity(gradient, expected, dim=0)) > 0.97
    assert set(alone) == {1}
    # Query, key and value; output; gate and up; down.
    assert groups == [3, 3, 3, 1, 2, 2, 1] * (len(groups) // 7)


def test_int8_is_refused_where_it_is_not_exact(
    student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ioa.training.fast_passes.exact_levels", lambda: 0)
    settings = TrainingSettings(frozen_weights="int8")
    with pytest.raises(UserError, match="not exact on this processor"):
        train(student, make_sums(4), start=None, out=tmp_path / "a", settings=settings, seed=0)
    with pytest.raises(UserError, match="not exact on this processor"):  # before a run has spent anything
        check_trainable(student, settings)


def test_int8_is_refused_with_a_dropout_and_not_chosen_with_one(
    student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_dropout = LoraSettings(dropout=0.1)
    with pytest.raises(UserError, match=r"frozen_weights is int8 and training\.lora\.dropout 0\.1"):
        check_trainable(student, TrainingSettings(frozen_weights="int8", lora=with_dropout))
    rounding = Execution(
        device="cpu", dtype="float32", threads=1, batch_size=1, int8_levels=63, processor="one", cores=1
    )
    monkeypatch.setattr(student, "execution", rounding)
    assert int8_levels(student, TrainingSettings()) == 63
    assert int8_levels(student, TrainingSettings(lora=with_dropout)) == 0
