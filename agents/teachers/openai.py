"""ChatOpenAI with what it drops, the reasoning of models behind OpenAI-compatible servers, and less to do a call."""

from typing import Any

import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
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
        super().__init__(**{"http_async_client": openai.DefaultAioHttpClient(), **arguments})

    async def aclose(self) -> None:
        """Close the connections."""
        await self.root_async_client.close()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """One chat completion, sent and read as plain JSON.

        The SDK's typed call builds a model of the request and one of the reply, which LangChain turns into JSON
        again: half of the processor time of a call.
        """
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        if self._use_responses_api(payload) or "response_format" in payload or payload.get("stream"):
            return await super()._agenerate(messages, stop, run_manager, **kwargs)
        options = {
            "headers": payload.pop("extra_headers", None),
            "params": payload.pop("extra_query", None),
            "timeout": payload.pop("timeout", openai.NOT_GIVEN),
        }
        more = payload.pop("extra_body", None) or {}
        given: Any = {name: value for name, value in options.items() if value is not None}
        body = {**payload, **more}
        reply = await self.root_async_client.post("/chat/completions", body=body, cast_to=object, options=given)
        if not isinstance(reply, dict):
            raise ValueError(f"expected a chat completion, got {str(reply)[:80]!r}")
        return self._create_chat_result(reply)

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        data = response if isinstance(response, dict) else response.model_dump(warnings=False)
        for generation, choice in zip(result.generations, data.get("choices") or [], strict=False):
            said = choice.get("message") or {}
            thought = next((said[name] for name in _FIELDS if isinstance(said.get(name), str) and said[name]), None)
            if said.get("refusal"):
                generation.message.additional_kwargs["refusal"] = said["refusal"]
            if thought is not None:
                generation.message.additional_kwargs["reasoning_content"] = thought
        return result
