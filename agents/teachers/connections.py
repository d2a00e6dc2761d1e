"""Closing what LangChain's chat models leave open."""

from langchain_core.language_models import BaseChatModel

_CLIENTS = ("root_async_client", "_async_client")
"""Where OpenAI's and its likes keep theirs, and where Anthropic's and Ollama's do."""


async def close_connections(model: BaseChatModel) -> None:
    """Close a model's connections, where it has any, on the loop that they belong to.

    A model that knows how to close them has a coroutine method `aclose`. A client that was never used is not made
    for it: `_async_client` of Anthropic's is a cached property.
    """
    closes = getattr(model, "aclose", None)
    if closes is not None:
        await closes()
        return
    held = {**vars(model), **(model.__pydantic_private__ or {})}
    for name in _CLIENTS:
        client = held.get(name)
        if client is not None:
            await client.close()
