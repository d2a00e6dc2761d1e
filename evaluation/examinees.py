"""Putting prompts to whoever is examined."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ioa.agents import Teacher, TeacherExaminee
from ioa.agents.examinee import solution_text
from ioa.agents.free_text import FreeText
from ioa.agents.lost_calls import is_lost
from ioa.evaluation.examinee_names import Named
from ioa.graph.context import RunContext
from ioa.graph.listeners import Listener
from ioa.memory.transcript import CallContext, Message
from ioa.training import FORMS, Shot, Student, StudentSettings, TaskForm, open_student

NODE = "evaluation"
NO_CONVERSATION = "it reads briefs alone and cannot be asked a question that goes on from an earlier one"
FREE_TEXT = "free text"
"""A task that a model which lists its tasks does not know: it reads briefs alone."""
Progress = Callable[[int, int], None]
Earlier = Sequence[Sequence[Shot]]
"""Turns that stand before each prompt."""


@dataclass(frozen=True)
class Spoken:
    """A reply with what it cost."""

    prompt: str
    """What was asked, word for word."""
    text: str
    prompt_tokens: int = 0
    generated_tokens: int = 0
    estimated: bool = False
    event: str = ""
    error: str = ""
    """Why it could not be asked."""
    seconds: float = 0.0
    """Its share of the time in which its piece was answered."""


class Speaker(Protocol):
    """An examinee that is open."""

    def batches(self, prompts: Sequence[str], earlier: Earlier = ()) -> list[list[int]]:
        """In which pieces the prompts are best asked, by their places: each is kept before the next is asked."""

    def speak(self, prompts: Sequence[str], on_progress: Progress, earlier: Earlier = ()) -> list[Spoken]:
        """The replies, in the order of the prompts.

        Args:
            prompts: What is asked.
            on_progress: Told how it goes.
            earlier: The conversation before each prompt, behind the worked examples; empty: none before any.
        """


class StudentSpeaker:
    """A student with or without a LoRA, decoding greedily."""

    def __init__(self, student: Student, shots: Sequence[Shot], form: TaskForm) -> None:
        self._student = student
        self._shots = shots
        self._form = form

    def batches(self, prompts: Sequence[str], earlier: Earlier = ()) -> list[list[int]]:
        """By length, so that little of a batch is padding."""
        before = earlier or [()] * len(prompts)
        lengths = [len(self._student.format.encode(*one)) for one in zip(prompts, before, strict=True)]
        order = sorted(range(len(prompts)), key=lambda place: lengths[place])
        size = self._student.batch_size
        return [order[start : start + size] for start in range(0, len(order), size)]

    def speak(self, prompts: Sequence[str], on_progress: Progress, earlier: Earlier = ()) -> list[Spoken]:
        """See `Speaker`; the token that ends a reply is not counted, and a first step's are the reply's, too."""
        form = self._student.format
        shots = [(*self._shots, *before) for before in earlier or [()] * len(prompts)]
        rendered = [form.render(*one) for one in zip(prompts, shots, strict=True)]
        lengths = [len(form.encode(*one)) for one in zip(prompts, shots, strict=True)]
        longest = self._student.longest
        fits = [longest is None or length < longest for length in lengths]
        asked = [place for place, fit in enumerate(fits) if fit]
        texts, before = [prompts[place] for place in asked], [shots[place] for place in asked]
        written = [0] * len(texts)

        def ask(step: Sequence[str]) -> list[str]:
            replies = self._student.write(step, on_progress, shots=before)
            for place, ids in enumerate(replies):
                written[place] += len(ids)
            return [self._student.text(ids) for ids in replies]

        replies = iter(zip(self._form.replies(texts, ask), written, strict=True))
        return [
            _spoken(text, length, *next(replies)) if fit else _too_long(text, length, longest)
            for text, length, fit in zip(rendered, lengths, fits, strict=True)
        ]


def _spoken(prompt: str, length: int, text: str, tokens: int) -> Spoken:
    return Spoken(prompt=prompt, text=text, prompt_tokens=length, generated_tokens=tokens)


def _too_long(prompt: str, length: int, longest: int | None) -> Spoken:
    error = f"the prompt has {length} tokens, and the student reads fewer than {longest}; fewer --shots make it shorter"
    return Spoken(prompt=prompt, text="", error=error)


class TeacherSpeaker:
    """A teacher that is asked in free text, with the worked examples as earlier turns."""

    def __init__(self, model: FreeText, shots: Sequence[Shot], piece: int) -> None:
        self._model = model
        self._shots = shots
        self._piece = piece

    def batches(self, prompts: Sequence[str], earlier: Earlier = ()) -> list[list[int]]:  # noqa: ARG002 - a Speaker
        """In their order."""
        return _pieces(len(prompts), self._piece)

    def speak(self, prompts: Sequence[str], on_progress: Progress, earlier: Earlier = ()) -> list[Spoken]:
        """See `Speaker`."""
        talks = [
            (*_messages([*self._shots, *before]), Message(role="user", content=prompt))
            for prompt, before in zip(prompts, earlier or [()] * len(prompts), strict=True)
        ]
        return [
            Spoken(
                prompt="\n\n".join(f"[{message.role}]\n{message.content}" for message in talk),
                text=said.text,
                prompt_tokens=said.tokens.input,
                generated_tokens=said.tokens.output,
                estimated=said.tokens.estimated,
                event=said.event,
                error=said.error,
            )
            for talk, said in zip(talks, self._model.say(talks, on_progress), strict=True)
        ]


def _messages(turns: Sequence[Shot]) -> list[Message]:
    return [
        Message(role=role, content=text)
        for turn in turns
        for role, text in (("user", turn.question), ("assistant", turn.reply))
    ]


class BriefSpeaker:
    """A teacher that reads briefs alone: the prompt is the problem of a `solve` brief, and there are no shots."""

    def __init__(self, teacher: Teacher, piece: int) -> None:
        self._teacher = teacher
        self._piece = piece

    def batches(self, prompts: Sequence[str], earlier: Earlier = ()) -> list[list[int]]:  # noqa: ARG002 - a Speaker
        """In their order."""
        return _pieces(len(prompts), self._piece)

    def speak(self, prompts: Sequence[str], on_progress: Progress, earlier: Earlier = ()) -> list[Spoken]:
        """See `Speaker`; a reply that could not be read is empty, and nothing can follow an earlier turn."""
        if any(earlier):
            return [Spoken(prompt=prompt, text="", error=NO_CONVERSATION) for prompt in prompts]
        outcomes = TeacherExaminee(self._teacher, NODE).outcomes(prompts, on_progress)
        return [
            Spoken(
                prompt=prompt,
                text=solution_text(outcome),
                prompt_tokens=outcome.tokens.input,
                generated_tokens=outcome.tokens.output,
                estimated=outcome.tokens.estimated,
                event=outcome.event,
                error=f"{outcome.category}: {outcome.error}" if is_lost(outcome) else "",
            )
            for prompt, outcome in zip(prompts, outcomes, strict=True)
        ]


def _pieces(count: int, size: int) -> list[list[int]]:
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


class StudentHolder:
    """Loads students; one stays in memory until another model is needed."""

    def __init__(self, listener: Listener, *, batch_size: int, max_new_tokens: int) -> None:
        """None is loaded yet.

        Args:
            listener: Told of each that is loaded.
            batch_size: Questions asked at a time.
            max_new_tokens: Longest reply.
        """
        self._listener = listener
        self._fixed = {"batch_size": batch_size, "max_new_tokens": max_new_tokens}
        self._held: tuple[StudentSettings, Student] | None = None

    def student(self, named: Named) -> Student:
        """The student with the LoRA that it is to wear.

        Raises:
            UserError: it is a teacher, or cannot be loaded, or the LoRA does not fit it.
        """
        settings = named.weights.model_copy(update=self._fixed)
        if self._held is None or self._held[0] != settings:
            self._held = None
            self._held = (settings, open_student(settings, self._listener.message))
        student = self._held[1]
        student.use(named.adapter)
        return student


@contextmanager
def open_examinee(named: Named, ctx: RunContext, holder: StudentHolder, shots: Sequence[Shot]) -> Iterator[Speaker]:
    """An examinee, as long as the block lasts.

    Args:
        named: Who it is.
        ctx: Where teachers are opened, and where calls are kept.
        holder: Where students are loaded.
        shots: The worked examples before each question.

    Raises:
        UserError: it cannot be opened.
    """
    if named.teacher is None:
        yield StudentSpeaker(holder.student(named), shots, FORMS[named.tasks])
        return
    piece = max(32, named.teacher.concurrency)
    endpoint = ctx.endpoint(named.teacher.model_copy(update={"form": "text"}))
    if not endpoint.knows(FREE_TEXT):
        yield BriefSpeaker(Teacher([endpoint], ctx.desk()), piece)
        return
    context = CallContext(node=NODE, agent="examinee", task="benchmark")
    yield TeacherSpeaker(FreeText(endpoint, ctx.desk(), context), shots, piece)


def seconds_each(started: float, count: int) -> float:
    """Each one's share of the time since then, in seconds."""
    return (time.monotonic() - started) / max(count, 1)
