"""Where the replies of a run's student end: at a complete answer, and at a length that the teacher's solutions tell."""

from collections.abc import Mapping, Sequence
from math import ceil

from ioa.graph.context import RunContext
from ioa.memory import Probe
from ioa.memory.files import read_records
from ioa.memory.records import ItemResult
from ioa.training import FORMS, ReplyBound, Sampling, Shot, StudentVariant

SOLUTIONS = "diagnosis-teacher"
"""The examination whose replies are the measure: it is over before anything is taught, so that all later examinations
of a module are bounded alike."""
LEAST = 64
"""Tokens that a student may always write: one that was not taught comes to a right answer in prose, behind the place
where the teacher's solution ends. At 1.5 times the solutions alone SmolLM2 lost 13 of 42 right answers to 280 items."""
GRAIN = 16
"""Tokens that a limit is a multiple of, lest one more item of the teacher's changes the student's limits."""


def bounded_student(
    ctx: RunContext,
    probes: Sequence[Probe],
    *,
    sampling: Sampling | None = None,
    shots: Mapping[str, Sequence[Shot]] | None = None,
    begun: Mapping[str, str] | None = None,
) -> StudentVariant:
    """The student with the LoRA it has on, whose replies to these probes end where nothing more is wanted."""
    bounds = {probe.question: bound for probe, bound in zip(probes, reply_bounds(ctx, probes), strict=True)}
    taught = ctx.student().adapter is not None
    form = FORMS[ctx.config.training.tasks if taught else "solution"]
    return StudentVariant(
        ctx.student(), sampling=sampling, shots=shots or {}, bounds=bounds, form=form, begun=begun or {}
    )


def reply_bounds(ctx: RunContext, probes: Sequence[Probe]) -> list[ReplyBound]:
    """Where the replies to these probes end: a function of the run's settings and of the teacher's diagnosis alone."""
    limits = solution_limits(ctx)
    return [ReplyBound(limits.get(probe.module), _has_answer_line(ctx, probe)) for probe in probes]


def solution_limits(ctx: RunContext) -> dict[str, int]:
    """Longest reply in tokens by module, from the teacher's right replies to its probes; none where it has none."""
    factor, longest = ctx.config.student.reply_length, dict[str, int]()
    if factor is None:
        return longest
    encode = ctx.student().format.encode_reply
    for result in read_records(ctx.run.scores(SOLUTIONS), ItemResult):
        if result.correct:
            longest[result.module] = max(longest.get(result.module, 0), len(encode(result.reply)))
    return {module: max(LEAST, GRAIN * ceil(length * factor / GRAIN)) for module, length in longest.items()}


def _has_answer_line(ctx: RunContext, probe: Probe) -> bool:
    """Whether all that its scorer reads is one line, with which the lessons' solutions end."""
    if not ctx.config.student.stop_at_answer or "\n" in probe.answer.strip():
        return False
    return ctx.scorers().traits_for(probe.scorer, probe.family).answer_line
