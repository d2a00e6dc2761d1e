"""The synthesis subgraph: draft -> verify -> decontaminate -> deduplicate -> top up, until enough is there.

What passes from node to node lies in `drafts/` of the run directory, one folder a pass.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from ioa.agents import Checked, Draft, LessonRequest
from ioa.graph.ahead import ahead_of
from ioa.graph.context import RunContext
from ioa.graph.decisions import record_verdicts
from ioa.graph.lesson_budget import lessons_left, used_up_words
from ioa.graph.lesson_refusals import refuse_example, refuse_too_long
from ioa.graph.round_lessons import (
    count_accepted,
    later_modules,
    lessons_wanted,
    record_first_portion,
    share_of_round,
    teaching_of,
)
from ioa.graph.round_requests import make_requests
from ioa.graph.state import SynthesisNode, SynthesisState, dump_notes
from ioa.graph.strategy_history import record_strategies
from ioa.graph.teacher_budget import draft_within
from ioa.memory import Collision, Example, Note, Refusal
from ioa.memory.files import read_records, write_records
from ioa.memory.open_work import do_open
from ioa.memory.pool_overlap import find_overlaps


def pass_folder(ctx: RunContext, state: SynthesisState) -> Path:
    """Where the pass keeps its work."""
    return ctx.run.drafts(state["stage"], state["round"], state.get("pass_number", 0))


def draft(ctx: RunContext) -> SynthesisNode:
    """Have the missing lessons written; a request that was answered before is not made again."""

    def node(state: SynthesisState) -> SynthesisState:
        stage, round_, pass_ = state["stage"], state["round"], state.get("pass_number", 0)
        place = pass_folder(ctx, state)
        requests = _requests(ctx, place, stage, round_, pass_)

        def make(left: Sequence[LessonRequest], keep: Callable[[Draft], None]) -> None:
            if left and len(left) < len(requests):
                done = len(requests) - len(left)
                ctx.message(f"{done} of {len(requests)} requests were answered before, {len(left)} to do")
            draft_within(
                ctx,
                left,
                lambda some: ctx.adapter().draft(ctx.domain(), some, keep),
                lambda: read_records(place / "drafts.jsonl", Draft),
                share_of_round(ctx, stage, round_),
            )

        do_open(
            place / "drafts.jsonl",
            Draft,
            requests,
            key=lambda request: request.batch,
            made_key=lambda made: made.request.batch,
            make=make,
            on_progress=lambda done, total: ctx.listener.progress("writing lessons", done, total),
            may_leave=ctx.config.budget.teacher_tokens is not None,
        )
        return {"pass_number": pass_}

    return node


def _requests(ctx: RunContext, place: Path, stage: int, round_: int, pass_: int) -> Sequence[LessonRequest]:
    path = place / "requests.jsonl"
    if not path.exists():
        if pass_ == 0:
            record_first_portion(ctx, stage)
            record_strategies(ctx, stage, round_)
        requests = make_requests(ctx, stage, round_, pass_)
        if not round_ and not pass_:
            ahead_of(ctx).take_over(stage, requests, later_modules(ctx, stage))
        write_records(path, requests)
    if not round_ and not pass_:
        ahead_of(ctx).forget(stage)
    return read_records(path, LessonRequest)


def verify(ctx: RunContext) -> SynthesisNode:
    """Check each lesson's lines, its answer by independent solutions, and that it belongs where it is taught."""

    def node(state: SynthesisState) -> SynthesisState:
        place, later = pass_folder(ctx, state), later_modules(ctx, state["stage"])
        requests = read_records(place / "requests.jsonl", LessonRequest)
        drafts = {made.request.batch: made for made in read_records(place / "drafts.jsonl", Draft)}

        def make(left: Sequence[Draft], keep: Callable[[Checked], None]) -> None:
            ctx.adapter().verify(ctx.domain(), left, lambda checked: keep(refuse_too_long(ctx, checked)), later)

        results = do_open(
            place / "checked.jsonl",
            Checked,
            [drafts[request.batch] for request in requests if request.batch in drafts],
            key=lambda made: made.request.batch,
            made_key=lambda checked: checked.batch,
            make=make,
            on_progress=lambda done, total: ctx.listener.progress("verifying lessons", done, total),
        )
        _refuse(ctx, place, "verify", [refusal for checked in results for refusal in checked.refused])
        sound = [example for checked in results for example in checked.sound]
        write_records(place / "verified.jsonl", sound)
        ctx.remark(f"{len(sound)} lessons are sound, {sum(len(checked.refused) for checked in results)} refused")
        return {}

    return node


_Check = Callable[[Sequence[Example]], Sequence[Collision | None]]
"""For each lesson what its problem collides with."""


def decontaminate(ctx: RunContext) -> SynthesisNode:
    """Refuse what comes near a probe of any split, or an item of a benchmark, or asks the same."""

    def find(lessons: Sequence[Example]) -> Sequence[Collision | None]:
        return ctx.store().find_contamination([one.problem for one in lessons], [one.answer for one in lessons])

    def node(state: SynthesisState) -> SynthesisState:
        _filter(ctx, state, "decontaminate", "verified", "clean", find)
        return {}

    return node


def deduplicate(ctx: RunContext) -> SynthesisNode:
    """Refuse what is there already, in any stage of this run or another's that shares its lessons; accept the rest."""

    def find(lessons: Sequence[Example]) -> Sequence[Collision | None]:
        found = ctx.store().find_duplicates([one.problem for one in lessons])
        bound = ctx.config.synthesis.pool_rouge_l
        if bound is None:
            return found
        new = [one for one, hit in zip(lessons, found, strict=True) if hit is None]
        overlaps = iter(find_overlaps(ctx.store().examples(), new, bound))
        return [next(overlaps) if hit is None else hit for hit in found]

    def node(state: SynthesisState) -> SynthesisState:
        place = pass_folder(ctx, state)
        with ctx.store().alone():
            # what is contaminated is gone by now, so that a copy of it is not told to be a duplicate
            _filter(ctx, state, "deduplicate", "clean", "unique", find)
            unique = read_records(place / "unique.jsonl", Example)
            ctx.store().add(unique)
            record_verdicts(ctx, "deduplicate", _strategies(place), accepted=unique)
        return {}

    return node


def _filter(ctx: RunContext, state: SynthesisState, node: str, source: str, result: str, find: _Check) -> None:
    """Split one file of examples into those that collide with something and those that do not."""
    place = pass_folder(ctx, state)
    if (place / f"{result}.jsonl").exists():
        return
    candidates = read_records(place / f"{source}.jsonl", Example)
    collisions = find(candidates)
    pairs = list(zip(candidates, collisions, strict=True))
    hits = [(example, hit) for example, hit in pairs if hit is not None]
    _refuse(ctx, place, node, [refuse_example(example, hit.reason, hit.detail) for example, hit in hits])
    ctx.remark(f"{len(pairs) - len(hits)} of {len(pairs)} lessons go on, {len(hits)} refused")
    write_records(place / f"{result}.jsonl", [example for example, hit in pairs if hit is None])


def _refuse(ctx: RunContext, place: Path, node: str, refusals: Sequence[Refusal]) -> None:
    ctx.store().refuse(refusals)
    record_verdicts(ctx, node, _strategies(place), refused=refusals)


def _strategies(place: Path) -> dict[str, Sequence[str]]:
    """The strategies of the pass's requests, by batch."""
    requests = read_records(place / "requests.jsonl", LessonRequest)
    return {request.batch: [strategy.value for strategy in request.strategies] for request in requests}


def top_up(ctx: RunContext) -> SynthesisNode:
    """Count what is still missing, and leave a note when the round's lessons are complete."""

    def node(state: SynthesisState) -> SynthesisState:
        stage, round_, pass_ = state["stage"], state["round"], state.get("pass_number", 0)
        have, wanted = count_accepted(ctx, stage, round_), lessons_wanted(ctx, stage, round_)
        missing = sum(max(0, remedy.lessons - have[remedy.aim]) for remedy in wanted)
        refused = [refusal for refusal in ctx.store().refusals(stage) if refusal.round == round_]
        new, written = _pass_yield(pass_folder(ctx, state))
        fruitless = new < ctx.config.synthesis.least_yield * written
        spent = missing > 0 and ctx.config.budget.bounds_teaching and lessons_left(ctx) == 0
        if missing and pass_ + 1 < ctx.config.synthesis.passes and not fruitless and not spent:
            ctx.message(f"{missing} lessons are missing: asking again")
            return {"missing": missing, "pass_number": pass_ + 1}
        asked, what = sum(remedy.lessons for remedy in wanted), teaching_of(ctx, stage, round_).words.capitalize()
        text = f"{what}: {asked} lessons asked for, {have.total()} accepted, {len(refused)} refused."
        if missing:
            text += f" {missing} fewer than were asked for, after {pass_ + 1} {'passes' if pass_ else 'pass'}."
            if spent:
                text += f" {used_up_words(ctx)}"
            elif fruitless:
                share = new / written
                text += (
                    f" Of the last {written} lessons {share:.0%} were new and right: more of them were not asked for."
                )
        ctx.message(text)
        note = Note(sender="adapter", receiver="trainer", text=text, stage=stage, round=round_)
        return {"missing": 0, "pass_number": 0, "notes": dump_notes(note)}

    return node


def _pass_yield(place: Path) -> tuple[int, int]:
    """(lessons accepted, lessons written) in a pass."""
    written = sum(len(made.lessons) for made in read_records(place / "drafts.jsonl", Draft))
    return len(read_records(place / "unique.jsonl", Example)), written
