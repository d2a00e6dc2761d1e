"""Adapters of every kind: worn as PEFT means them, taken off to the bit, or refused by name."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.training.tiny import make_tiny_student

from ioa.memory.errors import UserError
from ioa.training import Student, StudentSettings
from ioa.training.loading import silence_libraries

QUESTIONS = ["1+1=?", "What is 12+30, said slowly?"]
ATTENTION = ["q_proj", "v_proj"]
WORN: dict[str, tuple[str, dict[str, Any]]] = {
    "DoRA": ("LoraConfig", {"target_modules": ATTENTION, "use_dora": True}),
    "rank-stabilised, with patterns": (
        "LoraConfig",
        {
            "target_modules": ATTENTION,
            "use_rslora": True,
            "rank_pattern": {"v_proj": 3},
            "alpha_pattern": {"q_proj": 5},
        },
    ),
    "biases": ("LoraConfig", {"target_modules": ATTENTION, "bias": "all"}),
    "some layers": ("LoraConfig", {"target_modules": ATTENTION, "layers_to_transform": [1]}),
    "norms saved": ("LoraConfig", {"target_modules": ["up_proj"], "modules_to_save": ["input_layernorm", "norm"]}),
    "a layer saved": ("LoraConfig", {"target_modules": ["up_proj"], "modules_to_save": ["q_proj"]}),
    # As in unslothai/unsloth#918, where they were saved and not worn.
    "head": ("LoraConfig", {"target_modules": ["q_proj", "lm_head"]}),
    "embedding": ("LoraConfig", {"target_modules": ["embed_tokens", "up_proj"]}),
    "head saved": ("LoraConfig", {"target_modules": ["q_proj"], "modules_to_save": ["lm_head", "embed_tokens"]}),
    "tokens": ("LoraConfig", {"target_modules": ["q_proj"], "trainable_token_indices": [5, 40]}),
    "IA3": ("IA3Config", {"target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"]}),
    "LoHa": ("LoHaConfig", {"target_modules": ATTENTION, "r": 4}),
    "LoKr": ("LoKrConfig", {"target_modules": ATTENTION, "r": 4}),
    "AdaLoRA": ("AdaLoraConfig", {"target_modules": ATTENTION, "total_step": 10, "init_r": 4}),
    "OFT": ("OFTConfig", {"target_modules": ATTENTION, "oft_block_size": 16}),
    "VeRA": ("VeraConfig", {"target_modules": ["q_proj", "o_proj"], "r": 8}),
    "FourierFT": ("FourierFTConfig", {"target_modules": ATTENTION, "n_frequency": 50}),
    "HRA": ("HRAConfig", {"target_modules": ATTENTION, "r": 4}),
    "BOFT": ("BOFTConfig", {"target_modules": ATTENTION, "boft_block_size": 4}),
    "MiSS": ("MissConfig", {"target_modules": ATTENTION, "r": 4}),
    "RandLoRA": ("RandLoraConfig", {"target_modules": ATTENTION, "r": 4}),
    "SHiRA": ("ShiraConfig", {"target_modules": ATTENTION, "r": 4}),
    "C3A": ("C3AConfig", {"target_modules": ATTENTION, "block_size": 8}),
    "RoAd": ("RoadConfig", {"target_modules": ATTENTION, "group_size": 8}),
    "DeLoRA": ("DeloraConfig", {"target_modules": ATTENTION, "r": 4}),
    "HiRA": ("HiraConfig", {"target_modules": ATTENTION, "r": 4}),
    "GraLoRA": ("GraloraConfig", {"target_modules": ATTENTION, "r": 8}),
    "VB-LoRA": ("VBLoRAConfig", {"target_modules": ATTENTION, "num_vectors": 16, "vector_length": 8}),
    "WaveFT": ("WaveFTConfig", {"target_modules": ATTENTION, "n_frequency": 40}),
    "layer norms": ("LNTuningConfig", {"target_modules": ["input_layernorm"]}),
}
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "prompt tuning": ("PromptTuningConfig", {"num_virtual_tokens": 4}, "peft_type is PROMPT_TUNING"),
    "prefix tuning": ("PrefixTuningConfig", {"num_virtual_tokens": 4}, "peft_type is PREFIX_TUNING"),
    "p-tuning": ("PromptEncoderConfig", {"num_virtual_tokens": 4}, "peft_type is P_TUNING"),
    "PiSSA": ("LoraConfig", {"target_modules": ATTENTION, "init_lora_weights": "pissa"}, "init_lora_weights"),
    "repeated layers": (
        "LoraConfig",
        {"target_modules": ATTENTION, "layer_replication": [[0, 2], [1, 2]]},
        "layer_replication",
    ),
}


def make_tied_or_not(folder: Path, *, tied: bool) -> Path:
    """The tiny student, with biases, and with an output head of its own where it is not tied."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    make_tiny_student(folder)
    config = AutoConfig.from_pretrained(folder, attention_bias=True, tie_word_embeddings=tied)
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def make_adapter(student: Path, folder: Path, kind: str, options: dict[str, Any]) -> Path:
    import peft
    import torch
    from transformers import AutoModelForCausalLM

    with silence_libraries():
        base = AutoModelForCausalLM.from_pretrained(student, dtype=torch.float32)
        wrapped = peft.get_peft_model(base, getattr(peft, kind)(task_type="CAUSAL_LM", **options))
        torch.manual_seed(3)
        with torch.no_grad():
            for weight in wrapped.parameters():
                if weight.requires_grad:
                    weight.add_(torch.randn_like(weight) * 0.3)
        wrapped.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def untied(tmp_path_factory: pytest.TempPathFactory) -> Student:
    folder = make_tied_or_not(tmp_path_factory.mktemp("untied"), tied=False)
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=8))


@pytest.fixture(scope="module")
def plain(untied: Student, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plain")
    return make_adapter(Path(untied.settings.model), out, "LoraConfig", {"target_modules": ATTENTION})


def of_all(student: Student) -> dict[str, Any]:
    """Every number of the model, by name, and how its modules are called."""
    model = student.model
    tensors = {**dict(model.named_parameters(remove_duplicate=False)), **dict(model.named_buffers())}
    return {name: tensor.detach().clone() for name, tensor in tensors.items()} | {
        "modules": [(name, type(module).__name__) for name, module in model.named_modules()],
        "config": model.config.to_dict(),
    }


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    import torch

    assert list(found) == list(expected)
    for name, value in expected.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(found[name], value), name
        else:
            assert found[name] == value


@pytest.mark.parametrize("name", WORN)
def test_an_adapter_is_worn_as_peft_means_it_and_comes_off_to_the_bit(
    name: str, untied: Student, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = make_adapter(Path(untied.settings.model), tmp_path, *WORN[name])
    untied.use(None)
    before, bare = of_all(untied), untied.generate(QUESTIONS)
    untied.use(adapter)
    ids = torch.tensor([untied.format.encode(QUESTIONS[1])])
    with silence_libraries(), torch.no_grad():
        base = AutoModelForCausalLM.from_pretrained(untied.settings.model, dtype=torch.float32)
        expected = PeftModel.from_pretrained(base, str(adapter)).eval()(ids).logits
        torch.testing.assert_close(untied.model(ids).logits, expected, rtol=1e-3, atol=1e-3)
    untied.use(None)
    assert_same(of_all(untied), before)
    assert untied.generate(QUESTIONS) == bare


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_merged_is_refused_by_the_field_that_says_so(name: str, untied: Student, tmp_path: Path) -> None:
    kind, options, words = REFUSED[name]
    adapter = make_adapter(Path(untied.settings.model), tmp_path, kind, options)
    before = of_all(untied)
    with pytest.raises(UserError, match=words) as raised:
        untied.use(adapter)
    assert str(adapter) in str(raised.value)
    assert_same(of_all(untied), before)
    assert untied.adapter is None


@pytest.mark.parametrize("targets", [["embed_tokens", "q_proj"], ["lm_head"]])
def test_a_lora_of_an_embedding_that_is_also_the_output_head_is_refused(targets: list[str], tmp_path: Path) -> None:
    """Merged, it would change both; beside the weights it changes one."""
    folder = make_tied_or_not(tmp_path / "student", tied=True)
    adapter = make_adapter(folder, tmp_path / "adapter", "LoraConfig", {"target_modules": targets})
    student = Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=8))
    before = of_all(student)
    with pytest.raises(UserError, match="also the output head"):
        student.use(adapter)
    assert_same(of_all(student), before)


def changed(adapter: Path, out: Path, change: Any) -> Path:
    """A copy of an adapter with other tensors."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(adapter, out)
    tensors = load_file(out / "adapter_model.safetensors")
    save_file(change(tensors), out / "adapter_model.safetensors", metadata={"format": "pt"})
    return out


def _nan(tensors: dict[str, Any]) -> dict[str, Any]:
    first = next(iter(tensors))
    return {**tensors, first: tensors[first] * float("nan")}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: {name.replace("self_attn", "attention"): one for name, one in t.items()}, "have no place in it"),
        (lambda t: dict(list(t.items())[2:]), "are missing"),
        (lambda t: {**t, "base_model.model.score.weight": next(iter(t.values())).clone()}, "have no place in it"),
        (lambda t: {name: one.repeat(2, 2) for name, one in t.items()}, "does not fit the student"),
        (_nan, "NaN"),
    ],
    ids=["of other layers", "half of it", "more than it", "of another size", "not a number"],
)
def test_an_adapter_that_would_be_worn_in_part_or_not_at_all_is_refused(
    change: Any, words: str, untied: Student, plain: Path, tmp_path: Path
) -> None:
    adapter = changed(plain, tmp_path / "changed", change)
    before = of_all(untied)
    with pytest.raises(UserError, match=words):
        untied.use(adapter)
    assert_same(of_all(untied), before)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"peft_type": "LORA", "task_type": "SEQ_CLS"}, "task_type is SEQ_CLS"),
        ({"peft_type": "XLORA"}, "peft_type is XLORA"),
        ({"peft_type": "LORA", "a_new_trick": True}, "a_new_trick: true"),
        ({"peft_type": "LORA", "alora_invocation_tokens": [3]}, "alora_invocation_tokens"),
        ({"r": 8}, "peft_type is None"),
        ([], "not a mapping"),
    ],
)
def test_a_configuration_is_judged_by_what_is_known_to_be_right(config: Any, words: str, tmp_path: Path) -> None:
    from ioa.training.adapters import check_adapter

    (tmp_path / "adapter_model.safetensors").touch()
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=words):
        check_adapter(tmp_path)
