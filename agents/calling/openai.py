"""ChatOpenAI with what it drops: the reasoning of models behind OpenAI-compatible servers."""

from typing import Any

import openai
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI

_FIELDS = ("reasoning_content", "reasoning")
"""DeepSeek, vLLM and llama.cpp say the first, OpenRouter and newer vLLM the second."""


class ReasoningChatOpenAI(ChatOpenAI):
    """Keeps the reasoning text of a reply in `additional_kwargs["reasoning_content"]`.

    Each has connections of its own. LangChain shares them between all models of one address, also where those
    run on different event loops, on which they cannot be used.
    """

    def __init__(self, **arguments: Any) -> None:
        """The arguments of ChatOpenAI."""
        super().__init__(**{"http_async_client": openai.DefaultAsyncHttpxClient(), **arguments})

    async def aclose(self) -> None:
        """Close the connections."""
        await self.root_async_client.close()

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        data = response if isinstance(response, dict) else response.model_dump(warnings=False)
        for generation, choice in zip(result.generations, data.get("choices") or [], strict=False):
            said = choice.get("message") or {}
            thought = next((said[name] for name in _FIELDS if isinstance(said.get(name), str) and said[name]), None)
            if thought is not None:
                generation.message.additional_kwargs["reasoning_content"] = thought
        return result
