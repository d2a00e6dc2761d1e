"""Folders that are no student: each is refused by name, before anything is paid."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.training.tiny import make_tiny_student

from ioa.memory.errors import UserError
from ioa.training import Student, StudentSettings, resolve_student


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_student(tmp_path_factory.mktemp("good"))


def told(folder: Path, **changes: Any) -> None:
    """Other values in config.json."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not ...}))


def weights(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def quantised(method: str) -> Callable[[Path], None]:
    return lambda folder: told(folder, quantization_config={"quant_method": method})


def cut(name: str, share: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: int(len(whole) * share)])

    return change


def without(*names: str) -> Callable[[Path], None]:
    return lambda folder: [(folder / name).unlink(missing_ok=True) for name in names] and None


def only(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for path in folder.iterdir():
            path.unlink()
        (folder / name).write_text("{}")

    return change


def int8(tensors: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {name: (one * 100).to(torch.int8) if "q_proj" in name else one for name, one in tensors.items()}


def pickled(folder: Path) -> None:
    import torch

    torch.save({}, folder / "pytorch_model-00001-of-00001.bin")
    (folder / "model.safetensors").unlink()


NORM, HEAD, Q = "model.norm.weight", "lm_head.weight", "model.layers.0.self_attn.q_proj.weight"
AT_ONCE: dict[str, tuple[Callable[[Path], Any], str]] = {
    **{name: (quantised(name), rf"quantised \({name}\)") for name in ("awq", "compressed-tensors", "hqq", "x9")},
    "8 bit, old form": (lambda f: told(f, quantization_config={"load_in_8bit": True}), "quantised"),
    "quantised text part": (lambda f: told(f, text_config={"quantization_config": {"quant_method": "gptq"}}), "gptq"),
    "MLX": (lambda f: told(f, quantization={"group_size": 64, "bits": 4}), "quantised"),
    "whole numbers": (lambda f: weights(f, int8), r"quantised, such as .*q_proj\.weight \(I8\)"),
    "a list": (lambda f: (f / "config.json").write_text("[1]"), "model_type"),
    "no type": (lambda f: told(f, model_type=...), "model_type"),
    "torn": (cut("config.json", 0.5), "config.json is not whole JSON"),
    "unknown": (lambda f: told(f, model_type="llamba-9"), "'llamba-9' is unknown to transformers"),
    "own code": (lambda f: told(f, model_type="own", auto_map={"AutoModel": "m.M"}), "code of its own"),
    "a shard": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00002.safetensors"}}'),
        r"model-00002\.safetensors is not there",
    ),
    "torn index": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map"'),
        "index.json is not whole",
    ),
    "end of the weights": (cut("model.safetensors", 0.7), "is not whole: it has"),
    "empty weights": (cut("model.safetensors", 0), "is not whole"),
    "a page in their place": (lambda f: (f / "model.safetensors").write_text("<html>not found" * 9), "is not whole"),
    "pickled": (pickled, r"pickled \(pytorch_model-00001"),
    "no weights": (without("model.safetensors"), r"model\.safetensors is not there"),
    "GGUF": (only("model-q4.gguf"), "GGUF"),
    "adapter": (only("adapter_config.json"), "folder of an adapter"),
    "model and adapter": (lambda f: (f / "adapter_config.json").write_text("{}"), "a model and an adapter"),
    "torn stop tokens": (
        lambda f: (f / "generation_config.json").write_text('{"eos_token_id": [2,'),
        r"generation_config\.json, which names its stop tokens, is not whole JSON",
    ),
    "pipeline": (only("model_index.json"), "diffusion pipeline"),
    "embedder": (only("modules.json"), "sentence-transformers"),
}
WHEN_LOADED: dict[str, tuple[Callable[[Path], Any], str]] = {
    # As in huggingface/transformers#17375, whose output head was random.
    "another kind": (lambda f: told(f, model_type="clip"), "clip is not a causal LM"),
    "encoder and decoder": (lambda f: told(f, model_type="mbart"), "mbart is an encoder with a decoder"),
    "other shapes": (
        lambda f: told(f, intermediate_size=100),
        r"has the shape \(64, 128\) in the file and \(64, 100\)",
    ),
    "a layer too many": (
        lambda f: told(f, num_hidden_layers=3),
        "9 of its weights are missing, such as model.layers.2",
    ),
    "a layer too few": (lambda f: told(f, num_hidden_layers=1), "9 have no place in LlamaForCausalLM"),
    "no head": (lambda f: told(f, tie_word_embeddings=False), "1 of its weights are missing, such as lm_head"),
    "a head for scores": (lambda f: weights(f, lambda t: {**t, "score.weight": t[NORM].clone()}), "score.weight"),
    "NaN": (lambda f: weights(f, lambda t: {**t, NORM: t[NORM] * float("nan")}), "model.norm.weight holds NaN"),
    "Infinity": (lambda f: weights(f, lambda t: {**t, Q: t[Q] / 0}), "holds NaN or Infinity"),
    "no tokenizer": (without("tokenizer.json", "tokenizer_config.json"), "its tokenizer cannot be read"),
    "torn tokenizer": (cut("tokenizer.json", 0.5), "its tokenizer cannot be read"),
}


@pytest.mark.parametrize("name", [*AT_ONCE, *WHEN_LOADED])
def test_it_is_refused_by_name_in_one_line(name: str, good: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(good, tmp_path / "student")
    change, words = {**AT_ONCE, **WHEN_LOADED}[name]
    change(folder)
    settings = StudentSettings(model=str(folder), dtype="float32", device="cpu")
    with pytest.raises(UserError, match=words) as raised:
        resolve_student(settings) if name in AT_ONCE else Student.load(settings)
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_tokenizer_of_another_model_is_refused(good: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    folder = shutil.copytree(good, tmp_path / "student")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<|tool|>"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(UserError, match=r"1 tokens beyond the 259 of the weights, such as '<\|tool\|>' \(259\)"):
        Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu"))


def test_a_pad_token_that_the_weights_do_not_have_is_not_used(good: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    folder = shutil.copytree(good, tmp_path / "student")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    tokenizer.save_pretrained(folder)
    student = Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=4))
    assert student.pad_id == student.format.end_id
    usual = Student.load(StudentSettings(model=str(good), dtype="float32", device="cpu", max_new_tokens=4))
    assert student.generate(["1", "a longer one"]) == usual.generate(["1", "a longer one"])


def test_masks_that_were_once_saved_with_the_weights_are_no_strange_ones(good: Path, tmp_path: Path) -> None:
    """As in deepspeedai/DeepSpeedExamples#627: `attention.bias`, `masked_bias` and `inv_freq`."""
    import torch

    folder = shutil.copytree(good, tmp_path / "student")
    attention = "model.layers.0.attention."
    more = {
        f"{attention}bias": torch.ones(1, 1, 8, 8, dtype=torch.bool),
        f"{attention}masked_bias": torch.tensor(-1e9),
        f"{attention}rotary_emb.inv_freq": torch.ones(8),
    }
    weights(folder, lambda tensors: {**tensors, **more})
    assert Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu")).remarks == ()
