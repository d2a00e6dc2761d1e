"""Sending a request elsewhere or with less in it, where that is what a server wants of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from langchain_core.language_models import BaseChatModel

from ioa.agents.settings.teacher import TeacherSettings
from ioa.agents.teachers.answer import Answer
from ioa.agents.teachers.dialect import Dialect, Form, Lesser, first_form
from ioa.agents.teachers.opening import address_of, find_address, missing_version, move
from ioa.agents.teachers.part_refusals import MOST_SEARCHES, Learned, PartSearch, complaint, may_be_a_part
from ioa.agents.teachers.provider_faults import AttemptError, Fault, FaultKind
from ioa.agents.teachers.request import Request

Send = Callable[[Dialect], Awaitable[Answer]]
"""Sends a request as the dialect puts it; raises `AttemptError`."""


class Adjuster:
    """How a model is asked at its address: as it was set, but for what was found out on the way."""

    def __init__(
        self, model: BaseChatModel, settings: TeacherSettings, notice: Callable[[str], None], learned: Learned
    ) -> None:
        """As it was set, and without what others found out by now.

        Args:
            model: Who is asked.
            settings: How it is called.
            notice: Told what is found out.
            learned: Where it is kept, and what is found out by others who ask the same model at the same address.
        """
        self._model = model
        self._settings = settings
        self._notice = notice
        self._learned = learned
        form = first_form(model) if settings.form == "auto" else Form(settings.form)
        self._base = Dialect(form=form, temperature=settings.temperature, max_tokens=settings.reply_limit)
        self._searching = asyncio.Lock()
        self._accepted: set[str] = set()
        self._put: set[tuple[Dialect, str, str]] = set()
        """Of requests that were answered, what decides which parts they carried."""
        self._in_vain: set[str] = set()
        self._suspected = 0
        self._at = ""

    @property
    def dialect(self) -> Dialect:
        """What the model was found to accept so far."""
        return self._learned.applied(self._base)

    @property
    def place(self) -> str:
        """Where it was found to answer; empty for where it was said to."""
        return self._learned.address

    def speaking(self, request: Request) -> Dialect:
        """How this request is put now."""
        dialect = self.dialect
        return dialect if request.max_tokens is None else replace(dialect, max_tokens=request.max_tokens)

    async def settled(self) -> None:
        """Wait until what is being found out is known, and keep to it."""
        if self._searching.locked():
            async with self._searching:
                pass
        if self.place != self._at and move(self._model, self.place):
            self._at = self.place

    def accepted(self, request: Request, dialect: Dialect) -> None:
        """Remember that a request was answered as it was put."""
        begins = request.prompt[0].role if len(request.prompt) > 1 else ""
        put = (dialect, begins, repr(request.schema))
        if put not in self._put:
            self._put.add(put)
            self._accepted |= {_carried(one, request) for one in self._lesser(dialect, request)} or {"nothing"}

    async def adjust(self, request: Request, error: AttemptError, failures: int, send: Send) -> Answer | Fault | None:
        """Send it to the address with `/v1`, or without a part, where a fault may be about that.

        Args:
            request: What was sent.
            error: The fault, and how it was sent.
            failures: Attempts at it that failed before for reasons that may pass.
            send: Sends it in another way.

        Returns:
            The answer; the fault that is left where there is none; none of both where another call has found out in the
            meantime what the server takes, so that the request is worth sending again.
        """
        fault = error.fault
        dialect, place = error.sent
        known = self._accepted or self.place
        elsewhere = None if known else missing_version(find_address(self._settings), fault)
        parts = self._questioned(fault, request, dialect, failures)
        if elsewhere is None and not parts:
            return fault
        async with self._searching:
            if (self.speaking(request), self.place) != (dialect, place):
                return None
            try:
                if elsewhere is not None:
                    return await self._try_elsewhere(dialect, fault, elsewhere, send)
                return await self._try_with_less(request, dialect, fault, parts, send)
            except AttemptError as other:
                return other.fault

    async def _try_elsewhere(self, dialect: Dialect, fault: Fault, url: str, send: Send) -> Answer | Fault | None:
        before = address_of(self._model, self._settings)
        if not move(self._model, url):
            return fault
        try:
            answer = await send(dialect)
        except AttemptError as error:
            if error.fault.kind is fault.kind and not error.fault.names_model:
                move(self._model, before)
                return replace(fault, message=f"{fault.message} (nor does it answer at {url})")
            self._found_at(url, before)
            return None  # somebody is there; what is wrong now is another matter
        self._found_at(url, before)
        return answer

    def _found_at(self, url: str, before: str) -> None:
        self._learned.address = self._at = url
        self._notice(f"{self._settings.model} does not answer at {before}, but at {url}: going on there.")

    def _lesser(self, dialect: Dialect, request: Request) -> list[Lesser]:
        return dialect.lesser(self._model, request.prompt, self._settings.options)

    def _questioned(self, fault: Fault, request: Request, dialect: Dialect, failures: int) -> list[Lesser]:
        """The parts of a request that a fault may be about."""
        parts = self._lesser(dialect, request)
        if complaint(fault) in self._in_vain:
            return []
        if may_be_a_part(fault, parts):
            return parts
        # Some servers fail on a schema without saying that it is that; so they do when they are down.
        if fault.kind is FaultKind.SERVER and failures + self._suspected > 0:
            return [one for one in parts if one.part == "schema"]
        return []

    async def _try_with_less(
        self, request: Request, dialect: Dialect, fault: Fault, parts: list[Lesser], send: Send
    ) -> Answer | Fault:
        names = {one.part for one in parts}
        search = PartSearch(
            send,
            lambda now: [one for one in self._lesser(now, request) if one.part in names],
            lambda one: _carried(one, request) in self._accepted,
            # Of a model that is not there, or a prompt that is too long, only what is named may be meant.
            named_only=len(self._in_vain) >= MOST_SEARCHES
            or fault.kind in {FaultKind.UNKNOWN_MODEL, FaultKind.CONTEXT},
        )
        found = await search.run(dialect, fault)
        if found is None:
            if fault.kind is not FaultKind.SERVER:  # which may pass
                self._in_vain.add(complaint(fault))
            return fault
        sure = fault.kind is not FaultKind.SERVER or any(one.named_in(fault.message) for one in found.left_out)
        self._suspected += not sure
        if sure or self._suspected > 1:
            self._learned.learn(dialect, found.dialect)
            how = ", ".join({one.part: one.words for one in found.left_out}.values())
            self._notice(f"{self._settings.model} refuses part of the request ({fault.message}): going on {how}.")
        return found.answer


def _carried(one: Lesser, request: Request) -> str:
    """A part as it is in a request; a schema is accepted or not as it is."""
    return f"{one.carried} {request.schema if one.part == 'schema' else ''}"
