"""ChatAnthropic with connections of its own."""

from functools import cached_property

import anthropic
from langchain_anthropic import ChatAnthropic


class OwnChatAnthropic(ChatAnthropic):
    """Each has connections of its own.

    LangChain shares them between all models of one address, also where those run on different event loops, on which
    they cannot be used.
    """

    @cached_property
    def _async_client(self) -> anthropic.AsyncAnthropic:
        http = anthropic.DefaultAsyncHttpxClient(proxy=self.anthropic_proxy, timeout=self.default_request_timeout)
        return anthropic.AsyncAnthropic(**self._client_params, http_client=http)
