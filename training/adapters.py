"""Putting a PEFT adapter on a model so that it is really worn, and so that it comes off to the bit."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ioa.memory.errors import UserError
from ioa.training.checkpoint import CONFIG, WEIGHTS
from ioa.training.decoding_check import logits_agree, logits_of
from ioa.training.loading import first_line, silence_libraries

MERGEABLE = (
    "ADALORA", "ADAMSS", "BOFT", "C3A", "DEFT", "DELORA", "FOURIERFT", "FROD", "GLORA", "GRALORA", "HIRA", "HRA", "IA3",
    "LN_TUNING", "LOHA", "LOKR", "LORA", "MISS", "OFT", "OSF", "PEANUT", "PSOFT", "PVERA", "RANDLORA", "ROAD", "SHIRA",
    "SUPERTUNING", "TINYLORA", "UNILORA", "VBLORA", "VERA", "WAVEFT",
)  # fmt: skip
"""PEFT's methods that are known to become one with the weights; others add tokens, prompts or routers."""
LORA_FIELDS = frozenset(
    [
        "alpha_pattern",
        "auto_mapping",
        "base_model_name_or_path",
        "bias",
        "corda_config",
        "ensure_weight_tying",
        "eva_config",
        "exclude_modules",
        "fan_in_fan_out",
        "inference_mode",
        "init_lora_weights",
        "layers_pattern",
        "layers_to_transform",
        "loftq_config",
        "lora_alpha",
        "lora_bias",
        "lora_dropout",
        "megatron_core",
        "modules_to_save",
        "peft_type",
        "peft_version",
        "qalora_group_size",
        "r",
        "rank_pattern",
        "revision",
        "runtime_config",
        "target_modules",
        "target_parameters",
        "task_type",
        "trainable_token_indices",
        "use_dora",
        "use_rslora",
    ]
)
"""Keys of a LoRA's adapter_config.json that are understood; another one must be empty."""
INITS = (True, False, "gaussian", "orthogonal", "eva")
"""Beginnings of a LoRA that leave the base weights as they are; PiSSA and its kin are a LoRA for changed ones."""
ADVICE = "Merge it into a folder of its own (merge_and_unload, save_pretrained) and give that as the student."


def check_adapter(adapter: Path) -> None:
    """See from its configuration that an adapter is of a kind that can be worn and taken off again.

    Raises:
        UserError: it is not; the field and what to do are named.
    """
    missing = [name for name in (CONFIG, WEIGHTS) if not (adapter / name).is_file()]
    if missing:
        raise _refused(
            adapter, f"the folder has no {' and no '.join(missing)}", "Expected a PEFT adapter in safetensors."
        )
    try:
        config = json.loads((adapter / CONFIG).read_text(encoding="utf-8"))
    except ValueError as error:
        raise _refused(adapter, f"{CONFIG} is not whole JSON ({error})", "Copy the adapter again.") from error
    if not isinstance(config, dict):
        raise _refused(adapter, f"{CONFIG} is not a mapping", "Copy the adapter again.")
    kind, task = str(config.get("peft_type")), config.get("task_type")
    if kind not in MERGEABLE:
        known = ", ".join(MERGEABLE)
        raise _refused(adapter, f"peft_type is {kind}", f"An adapter that can be worn is one of {known}.")
    if task not in (None, "", "CAUSAL_LM"):
        raise _refused(adapter, f"task_type is {task}", "Expected an adapter of a causal LM (CAUSAL_LM).")
    if kind == "LORA":
        _check_lora(adapter, config)


def _check_lora(adapter: Path, config: dict[str, Any]) -> None:
    strange = sorted(name for name, value in config.items() if value and name not in LORA_FIELDS)
    if strange:
        told = ", ".join(f"{name}: {json.dumps(config[name])[:60]}" for name in strange)
        raise _refused(adapter, f"{CONFIG} has {told}, which is not known to come off again", ADVICE)
    begun = config.get("init_lora_weights", True)
    if begun not in INITS:
        told = "which makes it a LoRA for base weights that were changed"
        raise _refused(adapter, f"init_lora_weights is {begun!r}, {told}", ADVICE)


class BareModel:
    """All of a model as it was, while something is merged into it."""

    def __init__(self, model: Any, *, with_values: bool = True) -> None:
        """Take note of it.

        Args:
            model: What it is.
            with_values: Whether its weights may change, too, which takes a copy of them.
        """
        self._model = model
        kept = (*model.parameters(), *model.buffers()) if with_values else ()
        tensors = {id(tensor): tensor for tensor in kept}
        self._values = [(tensor, tensor.detach().clone()) for tensor in tensors.values()]
        # Submodules, tied parameters, hooks and replaced functions are all attributes.
        self._attributes = [(module, _copies(module)) for module in (*model.modules(), model.config)]

    def keep_changed(self) -> None:
        """Forget what the model still has; the rest is what it takes to be bare again."""
        import torch

        self._values = [
            (tensor, value)
            for tensor, value in self._values
            if tensor.shape != value.shape or tensor.dtype != value.dtype or not torch.equal(tensor, value)
        ]

    def restore(self) -> Any:
        """The model, as it was to the bit."""
        for module, attributes in self._attributes:
            vars(module).clear()
            vars(module).update(attributes)
        for tensor, value in self._values:
            tensor.data = value
        return self._model.requires_grad_(requires_grad=False).eval()


def _copies(module: Any) -> dict[str, Any]:
    return {
        name: copy.copy(value) if isinstance(value, (dict, set, list)) else value
        for name, value in vars(module).items()
    }


def wear(model: Any, adapter: Path, trial: Sequence[int]) -> tuple[Any, BareModel]:
    """Merge an adapter into a model's weights.

    Merged, since an unmerged LoRA adds two small products to each of the linear layers at every token, and these
    cost more than the layers themselves.

    Args:
        model: The bare model; as it was, where the adapter is refused.
        adapter: Its folder.
        trial: Token ids of a text by which it is seen that the merged model says what the adapter says.

    Returns:
        The model with the adapter, and what takes it off.

    Raises:
        UserError: it does not fit the model, or changes something that cannot be merged.
    """
    from safetensors import SafetensorError

    check_adapter(adapter)
    bare = BareModel(model)
    try:
        with silence_libraries():
            worn = _merged(model, adapter, trial)
    except (
        OSError,
        ValueError,
        RuntimeError,
        TypeError,
        KeyError,
        AttributeError,
        ImportError,
        SafetensorError,
    ) as error:
        bare.restore()
        raise _refused(adapter, f"it does not fit the student ({first_line(error)})", _FITTING) from error
    except BaseException:
        bare.restore()
        raise
    bare.keep_changed()
    return worn.requires_grad_(requires_grad=False).eval(), bare


_FITTING = "Expected an adapter of this very student, as PEFT's save_pretrained writes it."


def _merged(model: Any, adapter: Path, trial: Sequence[int]) -> Any:
    import torch
    from peft import PeftConfig, PeftModel

    config = PeftConfig.from_pretrained(str(adapter))
    config.base_model_name_or_path = None
    # float32 adapter weights, so that the sum with the base weights is rounded once.
    wrapped: Any = PeftModel.from_pretrained(model, str(adapter), config=config)
    wrapped.eval()
    _require_all_of_it(wrapped, adapter)
    with torch.no_grad():
        said = logits_of(wrapped, trial)
        # Its other way of merging changes the weights in place before it looks whether they are numbers.
        merged = wrapped.merge_and_unload(safe_merge=True).requires_grad_(requires_grad=False).eval()
        if not logits_agree(logits_of(merged, trial), said, merged):
            raise _refused(
                adapter,
                "merged into the weights it does not say what it says beside them, as where it changes an embedding "
                "that is also the output head",
                "Give an adapter that leaves out embed_tokens and lm_head.",
            )
    return merged


def _require_all_of_it(wrapped: Any, adapter: Path) -> None:
    """PEFT leaves out what has no place in the model, and keeps at random what the file does not have."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file

    stored = load_file(adapter / WEIGHTS)
    there = get_peft_model_state_dict(wrapped)
    strange, lacking = sorted(set(stored) - set(there)), sorted(set(there) - set(stored))
    if strange or lacking:
        which = f"{len(strange)} tensors have no place in it" if strange else f"{len(lacking)} are missing"
        raise _refused(adapter, f"it does not fit the student: {which}, such as {(strange or lacking)[0]}", _FITTING)
    bad = [name for name, tensor in stored.items() if not bool(torch.isfinite(tensor).all())]
    if bad:
        raise _refused(adapter, f"{bad[0]} holds NaN or Infinity", "Its training ran away; train it anew.")


def _refused(adapter: Path, reason: str, advice: str) -> UserError:
    return UserError(f"{adapter} is not an adapter that can be worn: {reason}. {advice}")
