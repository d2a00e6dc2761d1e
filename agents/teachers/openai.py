"""OpenAI's chat models with what LangChain drops of a reply, and with less to do a call."""

from collections.abc import Mapping
from typing import Any

import openai
import orjson
from langchain_core.callbacks import AsyncCallbackManager, AsyncCallbackManagerForLLMRun
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI

from ioa.agents.teachers.answer import BrokenReplyError
from ioa.agents.teachers.http_client import LeanClient
from ioa.memory.transcript import Tokens

_FIELDS = ("reasoning_content", "reasoning")
"""DeepSeek, vLLM and llama.cpp say the first, OpenRouter and newer vLLM the second."""


class WholeReplies(BaseChatOpenAI):
    """Keeps what tells a whole reply from one that was broken off; for any chat model of OpenAI's family.

    An error in the body of a success, at the top, in the choice or in its message, is raised. A router's
    `native_finish_reason` and a refusal stay with the message, and so does the reasoning, in
    `additional_kwargs["reasoning_content"]`.
    """

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        if not isinstance(response, dict | openai.BaseModel):  # a web page
            raise ValueError(f"expected a chat completion, got {str(response)[:80]!r}")
        data = response if isinstance(response, dict) else response.model_dump(warnings=False)
        raise_error(data)
        result = super()._create_chat_result(response, generation_info)
        for generation, choice in zip(result.generations, data.get("choices") or [], strict=False):
            said = choice.get("message") or {}
            thought = next((said[name] for name in _FIELDS if isinstance(said.get(name), str) and said[name]), None)
            if said.get("refusal"):
                generation.message.additional_kwargs["refusal"] = said["refusal"]
            if thought is not None:
                generation.message.additional_kwargs["reasoning_content"] = thought
            if choice.get("native_finish_reason"):
                generation.message.response_metadata["native_finish_reason"] = choice["native_finish_reason"]
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        raise_error(chunk)
        return super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)


class ReasoningChatOpenAI(WholeReplies, ChatOpenAI):
    """Each has connections of its own.

    LangChain shares them between all models of one address, also where those run on different event loops, on which
    they cannot be used.
    """

    def __init__(self, **arguments: Any) -> None:
        """The arguments of ChatOpenAI."""
        super().__init__(**{"http_async_client": LeanClient(), **arguments})

    async def aclose(self) -> None:
        """Close the connections."""
        await self.root_async_client.close()

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - LangChain's name for it
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """As LangChain's; where nobody listens to the call, without the managers, tasks and copies made for listeners.

        They are a tenth of the processor time of a call.
        """
        if not isinstance(input, list) or config or stop or "stream" in kwargs or not self._is_plain():
            return await super().ainvoke(input, config, stop=stop, **kwargs)
        result = await self._agenerate(convert_to_messages(input), **kwargs)
        (generation, *_) = result.generations
        if not isinstance(generation.message, AIMessage):
            raise TypeError(f"expected the message of a model, got {type(generation.message).__name__}")
        told = {**(generation.generation_info or {}), **generation.message.response_metadata}
        generation.message.response_metadata = {**(result.llm_output or {}), **told}
        return generation.message

    def _is_plain(self) -> bool:
        """Whether a call is a request and its reply: no cache or limiter of LangChain's, and no callback or tracer."""
        if self.streaming or self.rate_limiter or self.output_version == "v1":
            return False
        if self.cache or (self.cache is None and get_llm_cache() is not None):
            return False
        # What listens to the run's graph is in the context that the call is made in.
        heard = AsyncCallbackManager.configure(ensure_config().get("callbacks"), self.callbacks, self.verbose)
        return not heard.handlers

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
        sent = _encoded(body)
        # The whole address: of a part of it the SDK makes one anew for each request.
        url = f"{str(self.root_async_client.base_url).rstrip('/')}/chat/completions"
        reply = await self.root_async_client.post(url, **sent, cast_to=object, options=given)
        if not isinstance(reply, dict):
            raise ValueError(f"expected a chat completion, got {str(reply)[:80]!r}")
        return self._create_chat_result(reply)


def _encoded(body: dict[str, Any]) -> dict[str, Any]:
    """The body as an argument of the SDK's `post`: as JSON, or as it is where only the SDK can write it."""
    try:
        return {"content": orjson.dumps(body)}
    except TypeError:
        return {"body": body}


def with_whole_replies(kind: type) -> type[BaseChatOpenAI]:
    """The chat model of a provider that speaks as OpenAI does, Azure's or DeepSeek's, with what it drops."""
    return type(f"Whole{kind.__name__}", (WholeReplies, kind), {"__module__": __name__})


def raise_error(data: Mapping[str, Any]) -> None:
    """See that a body, or a part of a stream, holds no error.

    Raises:
        BrokenReplyError: it does, whatever else it holds.
    """
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    said = first.get("message") or first.get("delta")
    said = said if isinstance(said, Mapping) else {}
    top = data if data.get("object") == "error" or (not choices and _wording(data)) else {}
    error = next((one for one in (data.get("error"), first.get("error"), said.get("error"), top) if one), None)
    if error is None:
        return
    text, usage = said.get("content"), data.get("usage")
    raise BrokenReplyError(
        f"an error in the body of a success: {_message(error)}",
        text=text if isinstance(text, str) else "",
        tokens=_tokens(usage) if isinstance(usage, Mapping) else None,
        status=_status(error),
    )


def _message(error: Any) -> str:
    if not isinstance(error, Mapping):
        return str(error)
    told = [_wording(error), *(error.get(name) for name in ("code", "error_code", "type", "param", "metadata"))]
    return "; ".join(str(one) for one in told if one) or str(dict(error))


def _wording(error: Mapping[str, Any]) -> Any:
    """What a body without a reply says is wrong, in whichever field; MiniMax says it one level below."""
    below = error.get("base_resp")
    if isinstance(below, Mapping) and below.get("status_msg"):
        return f"{below['status_msg']}; {below.get('status_code')}"
    names = ("message", "detail", "msg", "error_msg", "error_message", "errors", "error_description")
    return next((error[name] for name in names if error.get(name)), None)


def _status(error: Any) -> int | None:
    if not isinstance(error, Mapping):
        # The words of LM Studio for a path that it does not know.
        return 404 if "unexpected endpoint" in str(error).lower() else None
    for name in ("code", "status", "status_code", "http_code"):
        told = str(error.get(name) or "")
        if told.isdecimal() and 400 <= int(told) < 600:
            return int(told)
    return None


def _tokens(usage: Mapping[str, Any]) -> Tokens | None:
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    if all(isinstance(count, int) and count >= 0 for count in counts):
        return Tokens(input=counts[0] or 0, output=counts[1] or 0)
    return None
