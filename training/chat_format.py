"""How a question becomes the student's prompt: the same in training and in examination."""

from collections.abc import Sequence
from typing import Any

from ioa.memory.errors import UserError
from ioa.memory.records import Record

MARK = "\u2402mark\u2403"
"""Stands for a text whose place in a rendered template is looked up."""


class Shot(Record):
    """A worked example that stands before a question."""

    question: str
    reply: str


class PromptFormat:
    """Renders questions for one tokenizer.

    A tokenizer without a chat template gets the question and a line feed. With one, the question is a user
    turn and the reply an assistant turn. Many templates put a system turn of their own in front, which says
    nothing about the question and costs tokens in every example (20 of about 60 with SmolLM2); an empty
    `system_prompt` leaves it out wherever the template allows it.
    """

    def __init__(self, tokenizer: Any, system_prompt: str | None = "") -> None:
        self._tokenizer = tokenizer
        self._system_prompt = system_prompt
        self._chat = bool(tokenizer.chat_template)
        self.end_id = self._find_end()
        """Id of the token that closes a reply: taught after every solution, and stopped at."""

    def render(self, question: str, shots: Sequence[Shot] = ()) -> str:
        """The prompt's text, with the worked examples as earlier turns of the conversation.

        Raises:
            UserError: a system prompt is set and the template has no place for one.
        """
        if not self._chat:
            worked = "".join(f"{shot.question}\n{shot.reply}\n\n" for shot in shots)
            return f"{self._system_prompt}\n{worked}{question}\n" if self._system_prompt else f"{worked}{question}\n"
        turns = [turn for shot in shots for turn in (_turn("user", shot.question), _turn("assistant", shot.reply))]
        return self.chat([*turns, _turn("user", question)])

    def chat(self, turns: Sequence[dict[str, str]]) -> str:
        """The text of a conversation that the student goes on with; each turn has a `role` and a `content`.

        Raises:
            UserError: a system prompt is set and the template has no place for one.
        """
        if self._system_prompt:
            return self._with_system(self._system_prompt, *turns)
        bare = self._without_system(*turns) if self._system_prompt == "" else None
        return self._template(*turns) if bare is None else bare

    def encode(self, question: str, shots: Sequence[Shot] = ()) -> list[int]:
        """The prompt's token ids, with the beginning-of-text token where the tokenizer wants one."""
        ids = list(self._tokenizer(self.render(question, shots), add_special_tokens=not self._chat)["input_ids"])
        if not self._chat and ids and ids[-1] == self._tokenizer.eos_token_id:
            ids.pop()
        return ids

    def encode_reply(self, reply: str) -> list[int]:
        """The token ids of a reply, closed with `end_id`."""
        return [*self._tokenizer(reply, add_special_tokens=False)["input_ids"], self.end_id]

    def _template(self, *turns: dict[str, str], reply_next: bool = True) -> str:
        return str(self._tokenizer.apply_chat_template(list(turns), tokenize=False, add_generation_prompt=reply_next))

    def _with_system(self, text: str, *turns: dict[str, str]) -> str:
        from jinja2 import TemplateError

        try:
            return self._template(_turn("system", text), *turns)
        except TemplateError as error:
            raise UserError(
                f"The student's chat template refuses a system turn ({error}). "
                "Leave `system_prompt` of the student empty."
            ) from error

    def _without_system(self, *turns: dict[str, str]) -> str | None:
        """The turns alone: what a conversation has behind its system turn. None: they cannot be parted."""
        from jinja2 import TemplateError

        system = _turn("system", MARK)
        try:
            head = self._template(system, reply_next=False)
            both = self._template(system, *turns)
        except TemplateError:
            return None
        if MARK not in head or not both.startswith(head):
            return None
        rest = both[len(head) :]
        begin = self._tokenizer.bos_token or ""
        # Beginning-of-text went with the head; in SmolLM2 it is the same token that opens every turn.
        return begin + rest if head.startswith(begin) and not rest.startswith(begin) else rest

    def _find_end(self) -> int:
        if self._chat:
            turns = (_turn("user", "?"), _turn("assistant", MARK))
            _, found, tail = self._template(*turns, reply_next=False).rpartition(MARK)
            ids = self._tokenizer(tail, add_special_tokens=False)["input_ids"] if found else []
            if ids and ids[0] in self._tokenizer.added_tokens_decoder:
                return int(ids[0])
        if self._tokenizer.eos_token_id is None:
            raise UserError(
                "The student's tokenizer has neither a chat template that closes a turn with a special token "
                "nor an end-of-text token, so it could not learn where a reply ends. Choose another student."
            )
        return int(self._tokenizer.eos_token_id)


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
