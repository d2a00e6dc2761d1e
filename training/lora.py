"""The trainable part of the student: its LoRA, with float32 master weights in one vector."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ioa.memory.errors import UserError
from ioa.training.adapters import BareModel
from ioa.training.checkpoint import CONFIG, WEIGHTS
from ioa.training.loading import first_line, silence_libraries
from ioa.training.lora_linear import FusedLayer, fuse_lora_layers
from ioa.training.settings.training import LoraSettings
from ioa.training.student import Student

FUSED = frozenset({"falcon_h1", "falcon_mamba", "mamba", "mamba2", "nemotron_h"})
"""Architectures whose kernels read `out_proj` themselves, past any LoRA: PEFT refuses one there."""


class TrainableLora:
    """A LoRA around a student's model.

    The model computes in its own number format; what is optimised is `master`, in float32, since updates of
    a thousandth of a weight would be lost in bfloat16. One vector makes the optimiser's step one call in
    place of hundreds. Where the model computes in float32, too, its weights and gradients are parts of that vector
    and of its gradient, and nothing is copied.
    """

    def __init__(self, wrapped: Any) -> None:
        import torch

        self.wrapped = wrapped
        self.model = wrapped.base_model.model
        named = [(n, p) for n, p in wrapped.named_parameters() if p.requires_grad]
        # PEFT stores an adapter without the name it has in memory.
        self.names = [name.replace(".default.", ".") for name, _ in named]
        self.parameters = [parameter for _, parameter in named]
        self.master: Any = torch.nn.Parameter(
            torch.cat([parameter.detach().float().flatten() for parameter in self.parameters])
        )
        self._shared = all(parameter.dtype == torch.float32 for parameter in self.parameters)
        if self._shared:
            self.master.grad = torch.zeros_like(self.master)
            gradients = self._parts(self.master.grad)
            for parameter, part, gradient in zip(self.parameters, self._parts(), gradients, strict=True):
                parameter.data, parameter.grad = part, gradient
        self.fused: list[FusedLayer] = []
        """The layers that compute in one step."""
        self.mean: Any = None
        """(N,) float32, the mean of the weights noted; none: none was."""
        self.noted = 0
        """How many they are."""

    def push(self) -> None:
        """Round the master weights into the model; its gradients begin at zero."""
        import torch

        if self._shared:
            self.master.grad.zero_()
            return
        with torch.no_grad():
            for parameter, part in zip(self.parameters, self._parts(), strict=True):
                parameter.copy_(part)

    def pull_gradients(self) -> None:
        """Move the model's gradients to the master weights, in float32."""
        import torch

        if self._shared:
            return  # they are there
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in self.parameters
        ]
        self.master.grad = torch.cat([gradient.flatten() for gradient in gradients]).float()
        for parameter in self.parameters:
            parameter.grad = None

    def note(self) -> None:
        """Add the weights as they are now to the mean."""
        weights = self.master.detach()
        self.noted += 1
        self.mean = weights.clone() if self.mean is None else self.mean.lerp_(weights, 1 / self.noted)

    @contextmanager
    def showing_mean(self) -> Iterator[None]:
        """Have the model compute with the mean, where any weights were noted, and with the weights again at the end."""
        import torch

        if self.mean is None:
            yield
            return
        weights = self.master.detach().clone()
        self.take_mean()
        try:
            yield
        finally:
            with torch.no_grad():
                self.master.copy_(weights)
            self.push()

    def take_mean(self) -> None:
        """Put the mean in the weights' place, where any were noted."""
        import torch

        if self.mean is not None:
            with torch.no_grad():
                self.master.copy_(self.mean)
            self.push()

    def tensors(self) -> dict[str, Any]:
        """The master weights by PEFT's names, float32."""
        return {name: part.cpu().contiguous() for name, part in zip(self.names, self._parts(), strict=True)}

    def read(self, folder: Path, settings: LoraSettings) -> None:
        """Go on from a finished adapter.

        Raises:
            UserError: it is of another form than the settings ask for.
        """
        import torch
        from safetensors.torch import load_file

        stored = load_file(folder / WEIGHTS)
        shapes = {name: p.shape for name, p in zip(self.names, self.parameters, strict=True)}
        alpha = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("lora_alpha")
        if {name: tensor.shape for name, tensor in stored.items()} != shapes or alpha != settings.alpha:
            raise UserError(
                f"{folder}: this LoRA has another form than the training's settings (rank {settings.rank}, "
                f"alpha {settings.alpha}, layers {settings.targets}). Use the settings it was trained with."
            )
        with torch.no_grad():
            self.master.copy_(torch.cat([stored[name].float().flatten() for name in self.names]))

    def config(self, base: str) -> dict[str, Any]:
        """The content of PEFT's adapter_config.json, sets in sorted order."""
        from enum import Enum

        values = {**self.wrapped.peft_config["default"].to_dict(), "inference_mode": True}
        values["base_model_name_or_path"] = base
        plain = {key: sorted(value) if isinstance(value, set) else value for key, value in values.items()}
        return {key: value.value if isinstance(value, Enum) else value for key, value in plain.items()}

    def _parts(self, vector: Any = None) -> list[Any]:
        """Views of a vector in the shapes of the model's weights; of the master weights where none is given."""
        import torch

        whole = self.master.detach() if vector is None else vector
        flat = torch.split(whole, [parameter.numel() for parameter in self.parameters])
        return [part.view_as(parameter) for part, parameter in zip(flat, self.parameters, strict=True)]


@contextmanager
def attach_lora(student: Student, settings: LoraSettings, start: Path | None, seed: int) -> Iterator[TrainableLora]:
    """Put a trainable LoRA on the bare student and take it off at the end, whatever happens in between.

    Args:
        student: Whose model is trained; a LoRA in use is taken off first.
        settings: The LoRA's form.
        start: The adapter to go on from; none: one that changes nothing yet.
        seed: Of the random part of a fresh LoRA.

    Raises:
        UserError: `start` is of another form, or no layer has the names that the settings give.
    """
    import torch
    from peft import get_peft_model

    student.use(None)
    torch.manual_seed(seed)
    attention = student.model.config._attn_implementation
    bare = BareModel(student.model, with_values=False)
    try:
        with silence_libraries():
            config = settings.build()
            if settings.targets == "all-linear" and student.model.config.model_type in FUSED:
                config.exclude_modules = ["out_proj"]
            wrapped = get_peft_model(student.model, config, autocast_adapter_dtype=False)
        _require_untied(wrapped, settings)
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        bare.restore()
        raise UserError(f"LoRA `targets` {settings.targets!r} do not fit the student: {first_line(error)}") from error
    try:
        lora = TrainableLora(wrapped)
        if student.model.device.type == "cpu":
            # On lessons of some 50 tokens the fused kernel's backward pass costs a sixth of the speed.
            student.model.set_attn_implementation("eager")
        if start is not None:
            lora.read(start, settings)
        lora.push()
        lora.fused = fuse_lora_layers(wrapped)
        wrapped.train()
        yield lora
    finally:
        bare.restore()
        student.model.set_attn_implementation(attention)


def _require_untied(wrapped: Any, settings: LoraSettings) -> None:
    """A LoRA of a weight that another layer has, too, would change both when it is merged.

    Raises:
        ValueError: there is one.
    """
    from peft.tuners.lora import LoraLayer

    owners: dict[int, set[str]] = {}
    taught: dict[int, str] = {}
    for name, module in wrapped.base_model.model.named_modules():
        own = name.removesuffix(".base_layer")
        for parameter in module.parameters(recurse=False):
            owners.setdefault(id(parameter), set()).add(own)
        if isinstance(module, LoraLayer):
            taught |= {id(parameter): name for parameter in module.get_base_layer().parameters()}
    tied = {name: sorted(owners[weight] - {name}) for weight, name in taught.items() if len(owners[weight]) > 1}
    for name, others in tied.items():
        raise ValueError(f"{name} shares its weight with {others[0]}; leave it out of {settings.targets!r}")
