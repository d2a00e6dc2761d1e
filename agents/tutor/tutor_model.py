"""The tutor as a LangChain chat model: a brief goes in as a message, JSON comes out."""

import json
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ValidationError

from ioa.agents.exchange import (
    AnalyseBrief,
    AssignBrief,
    Brief,
    DecomposeBrief,
    ItemsBrief,
    LessonsBrief,
    PlanBrief,
    PrerequisitesBrief,
    RemedyBrief,
    Reply,
    SolveBrief,
    SolveReply,
    TagBrief,
    TemplateBrief,
)
from ioa.agents.tutor.analysis import analyse, assign
from ioa.agents.tutor.claimed_prerequisites import claim_prerequisites
from ioa.agents.tutor.lesson_writing import write_lessons, write_template
from ioa.agents.tutor.skills import place_problem, solve_problem
from ioa.agents.tutor.stage_planning import plan, remedy
from ioa.agents.tutor.subject import Subject
from ioa.agents.tutor.tutor_outline import decompose, tag, write_items

_FENCE = re.compile(r"^[ \t]*```json[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL | re.MULTILINE)
"""A block; within its strings, where a student's reply may have fences, no line begins."""


class TutorChatModel(BaseChatModel):
    """A teacher without a language model: it reads the fenced JSON brief of a message, not the prose.

    Its reply is the JSON text of the record that the task asks for. The same brief always gets the same
    reply. Tokens are counted as characters / 4, rounded up, and marked so in the response's metadata.
    """

    subject: str = "arithmetic"
    """What it teaches."""
    free_of_charge: ClassVar[bool] = True
    """Its answers are quicker computed than looked up."""

    @property
    def tasks(self) -> Collection[str]:
        """The tasks that it has a method for."""
        return _BRIEFS.keys()

    def can_solve(self, problem: str) -> bool:
        """Whether it has a method for a problem."""
        return solve_problem(problem) is not None

    @property
    def _llm_type(self) -> str:
        return "tutor"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"subject": self.subject}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - the base class's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        content = reply_to(messages, self.subject)
        read, written = _tokens("".join(message.text for message in messages)), _tokens(content)
        message = AIMessage(
            content=content,
            usage_metadata=UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written),
            response_metadata={
                "model_name": f"tutor:{self.subject}",
                "finish_reason": "stop",
                "token_count": "characters/4",
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def reply_to(messages: Sequence[BaseMessage], subject: str) -> str:
    """The tutor's answer to a conversation: to the last brief that a human gave in it.

    Raises:
        UserError: the brief's generator cannot be drawn from.
    """
    data = _last_brief(messages)
    if data is None:
        return (
            f"I am a tutor of {subject}, not a language model: I read a task as a JSON brief in a fenced block "
            f'(```json {{"task": ...}} ```). My tasks are: {", ".join(_BRIEFS)}.'
        )
    task = data.pop("task")
    kind = _BRIEFS.get(task) if isinstance(task, str) else None
    if kind is None:
        return f"I do not know the task {task!r}. My tasks are: {', '.join(_BRIEFS)}."
    try:
        brief = kind.model_validate(data)
    except ValidationError as error:
        return f"I cannot read this brief for the task {task!r}: {error}"
    return _ANSWERS[kind](brief, Subject.open(subject)).model_dump_json()


def _alone(answer: Callable[[Any], Reply]) -> Callable[[Any, Subject], Reply]:
    """An answer for which it does not matter which subject the tutor teaches."""
    return lambda brief, _: answer(brief)


def _solve(brief: SolveBrief) -> SolveReply:
    worked = solve_problem(brief.problem)
    if worked is None:
        return SolveReply(steps=("I have no method for a problem of this kind.",), answer="")
    return SolveReply(steps=worked.steps, answer=worked.answer, module=place_problem(worked, brief.candidates))


_ANSWERS: dict[type[Brief], Callable[[Any, Subject], Reply]] = {
    PrerequisitesBrief: claim_prerequisites,
    SolveBrief: _alone(_solve),
    AnalyseBrief: _alone(analyse),
    AssignBrief: _alone(assign),
    PlanBrief: _alone(plan),
    RemedyBrief: _alone(remedy),
    LessonsBrief: write_lessons,
    TemplateBrief: _alone(write_template),
    DecomposeBrief: decompose,
    ItemsBrief: write_items,
    TagBrief: tag,
}
_BRIEFS = {kind.task: kind for kind in _ANSWERS}


def _last_brief(messages: Sequence[BaseMessage]) -> dict[str, Any] | None:
    for message in reversed(messages):
        if not isinstance(message, HumanMessage):
            continue
        for block in reversed(_FENCE.findall(message.text)):
            data = _object(block)
            if data is not None and "task" in data:
                return data
    return None


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object in a block; none where it is something else, such as an example in the prose."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _tokens(text: str) -> int:
    return -(-len(text) // 4)
