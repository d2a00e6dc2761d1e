"""The student: a small causal LM that can be examined, with or without what it has been taught."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ioa.memory.clock import Meter, Unmetered
from ioa.memory.errors import UserError
from ioa.training.adapters import BareModel, wear
from ioa.training.chat_format import PromptFormat, Shot
from ioa.training.continuous_batching import common_beginning
from ioa.training.decoding_check import CONTINUOUS_SHARED, Way, allowed_ways, choose_decoding
from ioa.training.execution import Execution, choose_batch, choose_execution
from ioa.training.forward_cost import forward_cost
from ioa.training.generation import Ending, Sampling, chooser
from ioa.training.loading import load_weights, silence_libraries, trial_ids
from ioa.training.packed_weights import packed_weights
from ioa.training.reply_bounds import UNBOUNDED, ReplyBound, is_answered
from ioa.training.reply_decoding import decode_reply
from ioa.training.settings.student import DEFAULT_BATCH, StudentSettings
from ioa.training.task_forms import FORMS, TaskForm

WORTH_PACKING = 4
"""Prompts from which on packing the weights takes less time than it saves."""

Progress = Callable[[int, int], None]
"""Told whenever a reply has ended: questions done, questions in all."""


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
        self.format = PromptFormat(tokenizer, settings.system_prompt, settings.chat_template_kwargs)
        self.execution: Execution | None = None
        """How it is computed; none where nobody has chosen."""
        self.meter: Meter = Unmetered()
        """Told how long it writes and is trained, and how much that is."""
        self.cost = forward_cost(model)
        """Operations of a pass through the model; none where they cannot be counted."""
        self._adapter: Path | None = None
        self._bare: BareModel | None = None
        rows = model.get_input_embeddings().weight.shape[0]
        pad = tokenizer.pad_token_id
        self.pad_id = int(pad if pad is not None and pad < rows else self.format.end_id)
        """What batches are filled up with; never attended to and never taught."""
        self.trial = trial_ids(tokenizer)
        """Token ids of an ordinary text, by which the model is tried."""
        ways = allowed_ways(continuous=settings.continuous_batching, shared=settings.shared_beginning)
        self._decoding = choose_decoding(model, self.trial, self.pad_id, self.format.end_id, ways)

    @classmethod
    def load(cls, settings: StudentSettings) -> "Student":
        """Read the weights that the settings name.

        Raises:
            UserError: there is no such model, it cannot be reached, it is not a causal LM in safetensors, or its
                replies would not be its own.
        """
        model, tokenizer = load_weights(settings)
        try:
            with silence_libraries():
                return cls(model, tokenizer, settings)
        except UserError as error:
            raise UserError(f"Student {settings.model!r} cannot be examined: {error}") from error

    @property
    def adapter(self) -> Path | None:
        """The folder of the LoRA in use; none: the bare student."""
        return self._adapter

    @property
    def knows_padding(self) -> bool:
        """Whether several prompts of different lengths may be put to the model at once."""
        return self._decoding.way.batched

    @property
    def leaves_batches(self) -> bool:
        """Whether it is decoded in the fast way, by batches that a reply leaves when it has ended."""
        return not self._decoding.remark

    @property
    def batch_size(self) -> int:
        """Questions answered at a time."""
        size = self.settings.batch_size
        return DEFAULT_BATCH if size == "auto" else size

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know about how this student is asked."""
        told = (self.format.remark, self._decoding.remark)
        return tuple(f"Student {self.settings.model}: {one}" for one in told if one)

    def use(self, adapter: Path | None) -> None:
        """Put on that LoRA in place of the one in use; none: the bare student.

        Raises:
            UserError: the folder holds no LoRA that fits this student.
        """
        if adapter is not None and adapter == self._adapter:
            return
        self._take_off()
        if adapter is not None:
            self.model, self._bare = wear(self.model, adapter, self.trial)
            self._adapter = adapter

    def generate(
        self,
        prompts: Sequence[str],
        on_progress: Progress | None = None,
        *,
        sampling: Sampling | None = None,
        shots: Sequence[Sequence[Shot]] = (),
        bounds: Sequence[ReplyBound] = (),
        begun: Sequence[str] = (),
    ) -> list[str]:
        """Answer each question, questions of like length beside one another.

        Args:
            prompts: The questions, as they stand in the domain: the prompt's form is added here.
            on_progress: Told how many questions are done.
            sampling: How tokens are drawn; none: greedily.
            shots: The worked examples before each question, in the order of the questions; empty: none anywhere.
            bounds: Where the reply to each question ends at the latest; empty: where the settings say.
            begun: What each reply begins with, as if the student had written it; empty: nothing anywhere.

        Returns:
            The replies in the order of the questions, without special tokens; what they began with is part of them.
        """
        written = self.write(prompts, on_progress, sampling=sampling, shots=shots, bounds=bounds, begun=begun)
        beginnings = begun or [""] * len(prompts)
        return [beginning + self.text(ids) for beginning, ids in zip(beginnings, written, strict=True)]

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
        bounds: Sequence[ReplyBound] = (),
        begun: Sequence[str] = (),
    ) -> list[list[int]]:
        """The replies of `generate` as token ids, what they began with and the token that ends a reply left out."""
        with self.meter.during("generation"):
            return self._write(prompts, on_progress, sampling, shots, bounds, begun)

    def _write(
        self,
        prompts: Sequence[str],
        on_progress: Progress | None,
        sampling: Sampling | None,
        shots: Sequence[Sequence[Shot]],
        bounds: Sequence[ReplyBound],
        begun: Sequence[str],
    ) -> list[list[int]]:
        before, beginnings = shots or [()] * len(prompts), begun or [""] * len(prompts)
        encoded = [
            [*self.format.encode(prompt, own), *self.format.encode_beginning(beginning)]
            for prompt, own, beginning in zip(prompts, before, beginnings, strict=True)
        ]
        ends = bounds or [UNBOUNDED] * len(prompts)
        limits = [self._limit(len(ids), end) for ids, end in zip(encoded, ends, strict=True)]
        # Sampled, a batch must not depend on the order of the questions; the sort is stable, so greedily it may.
        by_length = sorted(range(len(prompts)), key=lambda i: (len(encoded[i]), encoded[i] if sampling else []))
        ways = [self._decoding.way_for(len(ids) + limit) for ids, limit in zip(encoded, limits, strict=True)]
        replies: list[list[int]] = [[] for _ in prompts]
        done = 0

        def count(_: int) -> None:
            nonlocal done
            done += 1
            if on_progress is not None:
                on_progress(done, len(prompts))

        def decode(way: Way, places: Sequence[int]) -> list[list[int]]:
            own = [encoded[i] for i in places]
            ending = Ending(
                self._stop_ids,
                limits=[limits[i] for i in places],
                is_complete=is_answered(self.tokenizer, [ends[i] for i in places]),
                on_end=count,
            )
            choose, size = chooser(own, sampling), self.batch_size
            written = way.decoder(self.model, own, choose, pad_id=self.pad_id, ending=ending, size=size)
            self._count(way, own, written)
            return written

        self.model.eval()
        with self._fast_weights(len(prompts)):
            for way in dict.fromkeys(ways):
                places = [i for i in by_length if ways[i] is way]
                for i, ids in zip(places, decode(way, places), strict=True):
                    replies[i] = ids
        return replies

    def _fast_weights(self, prompts: int) -> AbstractContextManager[object]:
        """What packs the weights, where that many prompts are worth it and the settings allow it."""
        worth = self.settings.packed_weights and prompts >= WORTH_PACKING
        return packed_weights(self.model) if worth else nullcontext()

    def _count(self, way: Way, prompts: Sequence[Sequence[int]], written: Sequence[Sequence[int]]) -> None:
        """Tell the meter of replies that were written, and of what had to be read for them."""
        tokens, read = sum(map(len, written)), sum(map(len, prompts))
        if way is CONTINUOUS_SHARED:  # where it was read for each after all, the rate is told too low, never too high
            read -= (len(prompts) - 1) * len(common_beginning(prompts))
        flops = self.cost.generation(read, tokens) if self.cost else 0.0
        self.meter.count("generation", items=len(written), tokens=tokens, flops=flops)

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The same as `generate`: a student is an `Examinee`."""
        return self.generate(questions, on_progress)

    @property
    def longest(self) -> int | None:
        """Most tokens that the model reads, prompt and reply together; none: it does not say."""
        config = self.model.config.get_text_config(decoder=True)
        names = ("max_position_embeddings", "max_seq_len", "n_positions")
        return next((size for name in names if isinstance(size := getattr(config, name, None), int)), None)

    def _limit(self, length: int, end: ReplyBound) -> int:
        """Longest reply to a prompt of that many tokens."""
        most = min(self.settings.max_new_tokens, end.tokens or self.settings.max_new_tokens)
        room = most if self.longest is None else self.longest - length
        if room < 1:
            raise UserError(f"A prompt has {length} tokens, and student {self.settings.model} reads {self.longest}.")
        return min(room, most)

    @property
    def _stop_ids(self) -> frozenset[int]:
        configured = self.model.generation_config.eos_token_id
        more = configured if isinstance(configured, list) else [configured]
        return frozenset({self.format.end_id, *(i for i in more if i is not None)})

    def _take_off(self) -> None:
        if self._bare is not None:
            self.model = self._bare.restore()
        self._bare, self._adapter = None, None


def open_student(settings: StudentSettings, message: Callable[[str], None], kept: Execution | None = None) -> Student:
    """Load a student, and tell a person so, with what there is to know about it and how it is computed.

    Args:
        settings: Which student; what is `auto` is chosen here.
        message: Told.
        kept: How the run that goes on has computed it so far; none: it is chosen.

    Raises:
        UserError: see `Student.load`.
    """
    message(f"Loading the student {settings.model}")
    execution = choose_execution(settings, kept)
    execution.apply()
    student = Student.load(execution.settle(settings))
    if kept is None and settings.batch_size == "auto" and student.leaves_batches:
        execution = choose_batch(execution, settings, student.model, student.trial)
        student.settings = execution.settle(settings)
    student.execution = execution
    for remark in student.remarks:
        message(remark)
    message(execution.told)
    return student


@dataclass(frozen=True)
class StudentVariant:
    """An `Examinee`: the student with the LoRA it has on, sampled from, or with worked examples before the question."""

    student: Student
    sampling: Sampling | None = None
    shots: Mapping[str, Sequence[Shot]] = field(default_factory=dict)
    """Worked examples by question."""
    bounds: Mapping[str, ReplyBound] = field(default_factory=dict)
    """By question, where its reply ends at the latest."""
    form: TaskForm = FORMS["solution"]
    """In which tasks it was taught, and so is asked."""
    begun: Mapping[str, str] = field(default_factory=dict)
    """By question, what its reply begins with; of a student that is asked in one step."""

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The replies, in the order of the questions."""
        shots = [self.shots.get(question, ()) for question in questions] if self.shots else ()
        bounds = [self.bounds.get(question, UNBOUNDED) for question in questions]

        begun = [self.begun.get(question, "") for question in questions] if self.begun else ()

        def ask(prompts: Sequence[str]) -> list[str]:
            return self.student.generate(
                prompts, on_progress, sampling=self.sampling, shots=shots, bounds=bounds, begun=begun
            )

        return self.form.replies(questions, ask)
