"""The student: a small causal LM that can be examined, with or without what it has been taught."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioa.memory.errors import UserError
from ioa.training.chat_format import PromptFormat, Shot
from ioa.training.generation import Sampling, decode
from ioa.training.loading import load_weights, silence_libraries
from ioa.training.reply_decoding import decode_reply
from ioa.training.settings.student import StudentSettings

if TYPE_CHECKING:
    import torch
from collections.abc import Mapping
from dataclasses import dataclass, field

Progress = Callable[[int, int], None]
"""Told after every batch: questions done, questions in all."""


class Student:
    """A model in memory with at most one LoRA merged into its weights.

    Merged, since an unmerged LoRA adds two small products to each of the linear layers at every token, and
    these cost more than the layers themselves. The layers' own weights are kept aside, so that taking a LoRA
    off restores them to the bit.
    """

    def __init__(self, model: Any, tokenizer: Any, settings: StudentSettings) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.settings = settings
        self.format = PromptFormat(tokenizer, settings.system_prompt)
        self._adapter: Path | None = None
        self._bare: dict[str, torch.Tensor] = {}

    @classmethod
    def load(cls, settings: StudentSettings) -> "Student":
        """Read the weights that the settings name.

        Raises:
            UserError: there is no such model, it cannot be reached, or it is not a causal LM in safetensors.
        """
        return cls(*load_weights(settings), settings)

    @property
    def adapter(self) -> Path | None:
        """The folder of the LoRA in use; none: the bare student."""
        return self._adapter

    @property
    def pad_id(self) -> int:
        """What batches are filled up with; never attended to and never taught."""
        pad = self.tokenizer.pad_token_id
        return int(self.format.end_id if pad is None else pad)

    def use(self, adapter: Path | None) -> None:
        """Put on that LoRA in place of the one in use; none: the bare student.

        Raises:
            UserError: the folder holds no LoRA that fits this student.
        """
        if adapter is not None and adapter == self._adapter:
            return
        self._take_off()
        if adapter is not None:
            self._put_on(adapter)
            self._adapter = adapter

    def generate(
        self,
        prompts: Sequence[str],
        on_progress: Progress | None = None,
        *,
        sampling: Sampling | None = None,
        shots: Sequence[Sequence[Shot]] = (),
    ) -> list[str]:
        """Answer each question, in batches of questions of like length.

        Args:
            prompts: The questions, as they stand in the domain: the prompt's form is added here.
            on_progress: Told after every batch how many questions are done.
            sampling: How tokens are drawn; none: greedily.
            shots: The worked examples before each question, in the order of the questions; empty: none anywhere.

        Returns:
            The replies in the order of the questions, without special tokens.
        """
        written = self.write(prompts, on_progress, sampling=sampling, shots=shots)
        return [self.text(ids) for ids in written]

    def text(self, ids: Sequence[int]) -> str:
        """What these tokens of a reply say, without special tokens; a thought before it and its marks are kept."""
        return decode_reply(self.tokenizer, ids)

    def write(
        self,
        prompts: Sequence[str],
        on_progress: Progress | None = None,
        *,
        sampling: Sampling | None = None,
        shots: Sequence[Sequence[Shot]] = (),
    ) -> list[list[int]]:
        """The replies of `generate` as token ids, the one that ends a reply left out."""
        before = shots or [()] * len(prompts)
        encoded = [self.format.encode(prompt, own) for prompt, own in zip(prompts, before, strict=True)]
        # Sampled, a batch must not depend on the order of the questions; the sort is stable, so greedily it may.
        by_length = sorted(range(len(prompts)), key=lambda i: (len(encoded[i]), encoded[i] if sampling else []))
        replies: list[list[int]] = [[] for _ in prompts]
        size = self.settings.batch_size
        self.model.eval()
        for start in range(0, len(prompts), size):
            batch = by_length[start : start + size]
            written = decode(
                self.model,
                [encoded[i] for i in batch],
                pad_id=self.pad_id,
                stop_ids=self._stop_ids,
                max_new_tokens=self.settings.max_new_tokens,
                sampling=sampling,
            )
            for i, ids in zip(batch, written, strict=True):
                replies[i] = ids
            if on_progress is not None:
                on_progress(start + len(batch), len(prompts))
        return replies

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The same as `generate`: a student is an `Examinee`."""
        return self.generate(questions, on_progress)

    @property
    def _stop_ids(self) -> frozenset[int]:
        configured = self.model.generation_config.eos_token_id
        more = configured if isinstance(configured, list) else [configured]
        return frozenset({self.format.end_id, *(i for i in more if i is not None)})

    def _take_off(self) -> None:
        import torch

        with torch.no_grad():
            for name, weight in self._bare.items():
                self.model.get_parameter(name).copy_(weight)
        self._bare, self._adapter = {}, None

    def _put_on(self, adapter: Path) -> None:
        from peft import PeftConfig, PeftModel
        from safetensors import SafetensorError

        try:
            with silence_libraries():
                config = PeftConfig.from_pretrained(str(adapter))
                config.base_model_name_or_path = None
                # float32 adapter weights, so that the sum with the base weights is rounded once.
                wrapped: Any = PeftModel.from_pretrained(self.model, str(adapter), config=config)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise UserError(
                f"{adapter}: not a LoRA for student {self.settings.model!r} ({error}).\n"
                "Expected adapter_config.json and adapter_model.safetensors of a training of this very student."
            ) from error
        self._bare = bare_weights(wrapped.base_model)
        self.model = wrapped.merge_and_unload().requires_grad_(requires_grad=False).eval()


def bare_weights(lora_model: Any) -> "dict[str, torch.Tensor]":
    """Copies of the weights of all layers that carry a LoRA, by the parameter's name in the bare model."""
    from peft.tuners.lora import LoraLayer

    # PEFT's LoraModel holds the bare model as its attribute `model`.
    layers: dict[str, Any] = {
        name.removeprefix("model."): module
        for name, module in lora_model.named_modules()
        if isinstance(module, LoraLayer)
    }
    return {f"{name}.weight": layer.get_base_layer().weight.detach().clone() for name, layer in layers.items()}


@dataclass(frozen=True)
class StudentVariant:
    """An `Examinee`: the student with the LoRA it has on, sampled from, or with worked examples before the question."""

    student: Student
    sampling: Sampling | None = None
    shots: Mapping[str, Sequence[Shot]] = field(default_factory=dict)
    """Worked examples by question."""

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The replies, in the order of the questions."""
        shots = [self.shots.get(question, ()) for question in questions] if self.shots else ()
        return self.student.generate(questions, on_progress, sampling=self.sampling, shots=shots)
