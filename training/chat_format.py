"""How a question becomes the student's prompt: the same in training and in examination."""

from collections.abc import Mapping, Sequence
from typing import Any

from ioa.memory.errors import UserError
from ioa.memory.records import Record

MARK = "\u2402mark\u2403"
"""Stands for a text whose place in a rendered template is looked up."""
THINKING = "enable_thinking"
"""The switch of Qwen3's template and its kin; where a template has it, thinking is on unless it is set."""
_OURS = frozenset({"messages", "add_generation_prompt", "continue_final_message"})
"""Variables of a template that say what is rendered."""


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

    def __init__(
        self,
        tokenizer: Any,
        system_prompt: str | None = "",
        template_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Find out what the template does with a conversation.

        Args:
            tokenizer: Has the chat template, if there is one.
            system_prompt: See `StudentSettings`.
            template_kwargs: Switches of the template; `enable_thinking` is false where the template knows it.

        Raises:
            UserError: the template cannot be used, does not know a switch, or leaves out what it is given.
        """
        self._tokenizer = tokenizer
        self._system_prompt = system_prompt
        self._chat = bool(tokenizer.chat_template)
        self.remark = ""
        """What is decided about the template without being asked for; empty: nothing."""
        self._switches = self._switched(template_kwargs or {})
        self._in_parts = False
        if self._chat:
            self._require_question()
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

    def encode_beginning(self, beginning: str) -> list[int]:
        """The token ids of what a reply begins with."""
        return list(self._tokenizer(beginning, add_special_tokens=False)["input_ids"]) if beginning else []

    def encode_reply(self, reply: str) -> list[int]:
        """The token ids of a reply, closed with `end_id`."""
        return [*self._tokenizer(reply, add_special_tokens=False)["input_ids"], self.end_id]

    def _switched(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The template's switches as they are set."""
        known = self._variables() if self._chat else set()
        strange = [name for name in given if name not in known or name in _OURS]
        if strange:
            there = ", ".join(sorted(known - _OURS)) or "none"
            what = "its chat template does not know it" if self._chat else "its tokenizer has no chat template"
            raise UserError(f"student.chat_template_kwargs.{strange[0]}: {what}. What can be set there: {there}.")
        if THINKING not in known or THINKING in given:
            return dict(given)
        self.remark = (
            f"{THINKING} is false, as the student's chat template knows it and lessons and replies have no thoughts; "
            f"otherwise: student.chat_template_kwargs={{{THINKING}: true}}"
        )
        return {**given, THINKING: False}

    def _variables(self) -> set[str]:
        """What the template asks for by name."""
        from jinja2 import TemplateError, meta
        from transformers.utils.chat_template_utils import _compile_jinja_template

        try:
            source = self._tokenizer.get_chat_template()
            environment = _compile_jinja_template(source).environment
            return set(meta.find_undeclared_variables(environment.parse(source))) - set(environment.globals)
        except (TemplateError, ValueError, ImportError) as error:
            raise UserError(
                f"The student's chat template cannot be used ({error}). "
                "Correct chat_template.jinja or tokenizer_config.json in its folder."
            ) from error

    def _require_question(self) -> None:
        """See that a question gets into the prompt; some templates want a turn's content as a list of parts."""
        from jinja2 import TemplateError

        reasons = []
        for self._in_parts in (False, True):
            try:
                if MARK in self._template(_turn("user", MARK)):
                    return
                reasons.append("it leaves out what the user says")
            except (TemplateError, TypeError, ValueError, AttributeError, KeyError) as error:
                reasons.append(f"{type(error).__name__}: {error}")
        raise UserError(
            f"The student's chat template cannot be used ({reasons[0]}). "
            "Correct chat_template.jinja or tokenizer_config.json in its folder."
        )

    def _template(self, *turns: dict[str, str], reply_next: bool = True) -> str:
        given: list[Any] = list(turns)
        if self._in_parts:
            given = [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in turns]
        return str(
            self._tokenizer.apply_chat_template(
                given, tokenize=False, add_generation_prompt=reply_next, **self._switches
            )
        )

    def _with_system(self, text: str, *turns: dict[str, str]) -> str:
        from jinja2 import TemplateError

        advice = "Leave `system_prompt` of the student empty."
        try:
            rendered = self._template(_turn("system", text), *turns)
        except TemplateError as error:
            raise UserError(f"The student's chat template refuses a system turn ({error}). {advice}") from error
        if text.strip() not in rendered:
            raise UserError(f"The student's chat template leaves out the system turn. {advice}")
        return rendered

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
