"""A chat model that says what it was told to say: for tests, here and in packages that plug into this one."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr


class ScriptedModel(BaseChatModel):
    """Replies from a script, in order, and remembers what it was asked."""

    _script: list[str | AIMessage | Exception | Callable[[Sequence[BaseMessage]], str]] = PrivateAttr()
    _calls: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    def __init__(self, *script: str | AIMessage | Exception | Callable[[Sequence[BaseMessage]], str]) -> None:
        """The last line of the script is said again for every further call."""
        super().__init__()
        self._script = list(script)

    @property
    def calls(self) -> list[list[BaseMessage]]:
        """The prompts so far."""
        return self._calls

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        line = self._script[min(len(self._calls), len(self._script) - 1)]
        self._calls.append(messages)
        if isinstance(line, Exception):
            raise line
        if callable(line):
            line = line(messages)
        message = line if isinstance(line, AIMessage) else AIMessage(line)
        return ChatResult(generations=[ChatGeneration(message=message)])
