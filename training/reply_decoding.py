"""What the tokens of a student's reply say: cut and cleaned by ids, so that no text that looks like a token is lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from ioa.memory.spoken_text import THOUGHT_TOKENS, TURN_TOKEN

_END_OF_MESSAGE = "<|end|>"
"""The end of a turn in Phi's template; in gpt-oss's, the end of the first of several messages of one turn."""


def decode_reply(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of a reply, stripped.

    It ends at the first special token with which the student's own chat template ends a turn or begins another one.
    Other special tokens are left out, also those of other families' templates, but for the marks of a thought: without
    them it would stand there as a part of the answer.

    Args:
        tokenizer: The student's.
        ids: Tokens of the reply.
    """
    special = _special_tokens(tokenizer)
    ending = {int(i) for i in (tokenizer.eos_token_id, tokenizer.pad_token_id) if i is not None}
    template = str(tokenizer.chat_template or "")
    several = any(token == "<|channel|>" for token in special.values())  # noqa: S105 - of a chat template
    kept: list[int] = []
    for i in ids:
        token = special.get(i)
        if i in ending or (token and kept and token in template and _ends_turn(token, several)):
            break
        if token is None or token in THOUGHT_TOKENS:
            kept.append(i)
    return str(tokenizer.decode(kept, skip_special_tokens=False)).strip()


def _ends_turn(token: str, several: bool) -> bool:
    return TURN_TOKEN.fullmatch(token) is not None and not (several and token == _END_OF_MESSAGE)


def _special_tokens(tokenizer: Any) -> Mapping[int, str]:
    """By their ids."""
    added = {int(i): str(token.content) for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    return {**dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)), **added}
