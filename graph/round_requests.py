"""The requests for lessons of one pass of a round."""

import re
from collections.abc import Sequence
from pathlib import Path

from ioa.agents import LessonRequest
from ioa.agents.gaps import ROUNDING
from ioa.graph.context import RunContext
from ioa.graph.round_lessons import count_accepted, lessons_wanted
from ioa.memory import Diagnosis
from ioa.memory.files import append_records, read_record, read_records
from ioa.memory.records import Kind, SolutionTemplate, Strategy

_PASS = re.compile(r"stage-(\d+)-round-(\d+)-pass-(\d+)")


def make_requests(ctx: RunContext, stage: int, round_: int, pass_: int) -> tuple[LessonRequest, ...]:
    """What a pass asks for; the same before and after the stage begins, if it is the first of its first round.

    That one takes no notice of the further rounds of the stage before, so that it can be made while that is taught.
    """
    if not round_ and not pass_:
        counts, before = dict[tuple[str, ...], int](), (stage - 1, 1, 0)
    else:
        counts, before = dict(count_accepted(ctx, stage, round_)), (stage, round_, pass_)
    asked = ctx.adapter().requests(lessons_wanted(ctx, stage, round_), counts, stage, round_, pass_)
    forms = _templates(ctx, asked)
    asked = tuple(one.model_copy(update={"template": forms.get(one.module, ())}) for one in asked)
    asked = tuple(
        one.model_copy(update={"mastered": _mastered(ctx, before[0])}) if one.kind is Kind.BRIDGING else one
        for one in asked
    )
    # Of a pass that is made again after a kill, what it brought already is known, as it was before the kill.
    known = [one for one in ctx.store().examples() if _before(one.stage, one.round, before)]
    return ctx.adapter().add_seed_problems(ctx.domain(), asked, known, _seeds(ctx, before))


def _templates(ctx: RunContext, requests: Sequence[LessonRequest]) -> dict[str, tuple[str, ...]]:
    """By module the form of its solutions, made when it is first wanted and kept in the run."""
    wanted = {one.module: one.strategies for one in requests if Strategy.FORMAT in one.strategies}
    if wanted:  # those of later stages as well, so that nothing is waited for while their lessons are written ahead
        usual = next(iter(wanted.values()))
        wanted = dict.fromkeys(ctx.curriculum().planned, usual) | wanted
    known = {made.module: made.lines for made in read_records(ctx.run.templates, SolutionTemplate)}
    missing = {module: strategies for module, strategies in wanted.items() if module not in known}
    if missing:
        made = ctx.adapter().templates(ctx.domain(), missing)
        append_records(ctx.run.templates, made)
        known |= {one.module: one.lines for one in made}
    return {module: known[module] for module in wanted}


def _mastered(ctx: RunContext, stage: int) -> tuple[str, ...]:
    """What the student could do when that stage began, as last examined: module or level, with its description."""
    diagnosis = read_record(ctx.run.diagnosis, Diagnosis)
    ratio = {(gap.module, ""): 1 - gap.delta for gap in diagnosis.gaps if gap.delta is not None}
    for kept in ctx.rounds().kept:
        if kept.stage < stage:
            ratio |= {(result.module, result.level): result.ratio for result in (*kept.earlier, *kept.gate)}
    return tuple(
        f"{module}{f', level {level}' if level else ''}: {ctx.domain().module(module).description}"
        for (module, level), reached in ratio.items()
        if reached >= ctx.config.mastery.tau_mastery - ROUNDING
    )


def _before(stage: int, round_: int, bound: tuple[int, int, int]) -> bool:
    """Whether a lesson is of a round before, or of the same round and so of an earlier pass."""
    return (stage, round_) <= bound[:2] if bound[2] else (stage, round_) < bound[:2]


def _seeds(ctx: RunContext, before: tuple[int, int, int]) -> list[str]:
    """The seed problems of every pass before that one, and of the lessons on trial."""
    earlier = [path for path in _request_files(ctx) if _place(path) < before]
    return [request.seed_problem for path in earlier for request in read_records(path, LessonRequest)]


def _request_files(ctx: RunContext) -> Sequence[Path]:
    files = sorted(ctx.run.drafts(1, 0, 0).parent.glob("*/requests.jsonl"))
    ahead = {path.name for path in ctx.run.ahead(1).parent.glob("stage-*-round-0.ahead")}
    return [path for path in files if path.parent.name not in ahead]


def _place(path: Path) -> tuple[int, int, int]:
    """(stage, round, pass) of a file of requests; lessons on trial come before all stages."""
    found = _PASS.fullmatch(path.parent.name)
    return (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)
