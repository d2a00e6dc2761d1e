"""Lessons that may not be taught, and why."""

from ioa.agents import Checked
from ioa.graph.context import RunContext
from ioa.memory import Example, Refusal, RefusalReason


def refuse_example(example: Example, reason: RefusalReason, detail: str) -> Refusal:
    """Why a lesson that passed the checks before may not be taught."""
    return Refusal(
        module=example.module,
        stage=example.stage,
        round=example.round,
        batch=example.batch,
        reason=reason,
        detail=detail,
        problem=example.problem,
        answer=example.answer,
        event=example.event,
    )


def refuse_too_long(ctx: RunContext, checked: Checked) -> Checked:
    """The same without what is longer than the student could write."""
    longest = ctx.config.student.max_new_tokens
    sound, refused = [], list(checked.refused)
    for example in checked.sound:
        length = len(ctx.student().format.encode_reply(example.solution))
        if length <= longest:
            sound.append(example)
        else:
            detail = f"the solution has {length} tokens, the student may write {longest} (student.max_new_tokens)"
            refused.append(refuse_example(example, RefusalReason.LENGTH, detail))
    return Checked(batch=checked.batch, sound=tuple(sound), refused=tuple(refused))
