"""The synthesis subgraph: draft -> verify -> decontaminate -> deduplicate -> top up, until enough is there.

What passes from node to node lies in `drafts/` of the run directory, one folder a pass.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ioa.agents import Checked, Draft, LessonRequest, first_lessons, mindful
from ioa.graph.context import RunContext
from ioa.graph.decisions import record_verdicts
from ioa.graph.round_strategies import record_strategies, with_strategies
from ioa.graph.state import SynthesisNode, SynthesisState, noted
from ioa.memory import Collision, Diagnosis, Example, Note, Refusal, RefusalReason, Remedy
from ioa.memory.files import append_records, read_record, read_records, write_records


def wanted(ctx: RunContext, stage: int, round_: int) -> tuple[Remedy, ...]:
    """What has to be written in this round: the stage's first lessons, or what the Planner decided."""
    if round_ == 0:
        first = first_lessons(ctx.domain(), ctx.curriculum().stages[stage - 1], ctx.config.synthesis)
        remedies = mindful(first, read_record(ctx.run.diagnosis, Diagnosis).misconceptions)
    else:
        remedies = tuple(read_records(ctx.run.remedies(stage, round_), Remedy))
    return with_strategies(ctx, stage, round_, remedies)


def accepted(ctx: RunContext, stage: int, round_: int) -> Counter[tuple[str, ...]]:
    """Number of lessons accepted in this round, by their aim: what a remedy asked for."""
    return Counter(example.aim for example in ctx.store().examples(stage) if example.round == round_)


def folder(ctx: RunContext, state: SynthesisState) -> Path:
    """Where the pass keeps its work."""
    return ctx.run.drafts(state["stage"], state["round"], state.get("pass_number", 0))


def draft(ctx: RunContext) -> SynthesisNode:
    """Have the missing lessons written; a request that was answered before is not made again."""

    def node(state: SynthesisState) -> SynthesisState:
        stage, round_, pass_ = state["stage"], state["round"], state.get("pass_number", 0)
        with ctx.at("synthesize", {"stage": stage, "round": round_}):
            requests = _requests(ctx, folder(ctx, state), stage, round_, pass_)
            path = folder(ctx, state) / "drafts.jsonl"
            answered = {made.request.batch for made in read_records(path, Draft)}
            open_ = [request for request in requests if request.batch not in answered]
            if answered and open_:
                ctx.reporter.say(
                    f"{len(answered)} of {len(requests)} requests were answered before, {len(open_)} to do"
                )
            done = len(answered)

            def keep(made: Draft) -> None:
                nonlocal done
                append_records(path, [made])
                done += 1
                ctx.reporter.work("writing lessons", done, len(requests))

            ctx.adapter().draft(ctx.domain(), open_, keep)
        return {"pass_number": pass_}

    return node


def _requests(ctx: RunContext, place: Path, stage: int, round_: int, pass_: int) -> Sequence[LessonRequest]:
    path = place / "requests.jsonl"
    if not path.exists():
        counts = accepted(ctx, stage, round_)
        if pass_ == 0:
            record_strategies(ctx, stage, round_)
        asked = ctx.adapter().requests(wanted(ctx, stage, round_), counts, stage, round_, pass_)
        write_records(path, ctx.adapter().seeded(ctx.domain(), asked, ctx.store().examples(), _seeds(place)))
    return read_records(path, LessonRequest)


def _seeds(place: Path) -> list[str]:
    """The seed problems of every pass before this one."""
    earlier = (path for path in sorted(place.parent.glob("*/requests.jsonl")) if path.parent != place)
    return [request.seed_problem for path in earlier for request in read_records(path, LessonRequest)]


def _later(ctx: RunContext, stage: int) -> list[str]:
    """The modules that only later stages teach, in the curriculum's order."""
    stages = ctx.curriculum().stages
    reached = {module for earlier in stages[:stage] for module in earlier.modules}
    return list(dict.fromkeys(m for after in stages[stage:] for m in after.modules if m not in reached))


def verify(ctx: RunContext) -> SynthesisNode:
    """Check each lesson's lines, its answer by independent solutions, and that it belongs where it is taught."""

    def node(state: SynthesisState) -> SynthesisState:
        place = folder(ctx, state)
        with ctx.at("synthesize", {"stage": state["stage"], "round": state["round"]}):
            order = {
                request.batch: i for i, request in enumerate(read_records(place / "requests.jsonl", LessonRequest))
            }
            drafts = sorted(read_records(place / "drafts.jsonl", Draft), key=lambda made: order[made.request.batch])
            checked = {done.batch for done in read_records(place / "checked.jsonl", Checked)}
            open_ = [made for made in drafts if made.request.batch not in checked]
            done = len(drafts) - len(open_)

            def keep(result: Checked) -> None:
                nonlocal done
                append_records(place / "checked.jsonl", [_not_too_long(ctx, result)])
                done += 1
                ctx.reporter.work("verifying lessons", done, len(drafts))

            ctx.adapter().verify(ctx.domain(), open_, keep, _later(ctx, state["stage"]))
            results = sorted(read_records(place / "checked.jsonl", Checked), key=lambda done: order[done.batch])
            _refuse(ctx, place, "verify", [refusal for done in results for refusal in done.refused])
            sound = [example for done in results for example in done.sound]
            write_records(place / "verified.jsonl", sound)
            ctx.remark(f"{len(sound)} lessons are sound, {sum(len(done.refused) for done in results)} refused")
        return {}

    return node


def _not_too_long(ctx: RunContext, checked: Checked) -> Checked:
    """What the student could write of it."""
    longest = ctx.config.student.max_new_tokens
    sound, refused = [], list(checked.refused)
    for example in checked.sound:
        length = len(ctx.student().format.encode_reply(example.solution))
        if length <= longest:
            sound.append(example)
        else:
            detail = f"the solution has {length} tokens, the student may write {longest} (student.max_new_tokens)"
            refused.append(_refusal(example, RefusalReason.LENGTH, detail))
    return Checked(batch=checked.batch, sound=tuple(sound), refused=tuple(refused))


_Check = Callable[[Sequence[str]], Sequence[Collision | None]]
"""For each problem what it collides with."""


def decontaminate(ctx: RunContext) -> SynthesisNode:
    """Refuse what comes near a probe of any split, or an item of a benchmark."""

    def node(state: SynthesisState) -> SynthesisState:
        _filter(ctx, state, "decontaminate", "verified", "clean", ctx.store().find_contamination)
        return {}

    return node


def deduplicate(ctx: RunContext) -> SynthesisNode:
    """Refuse what is there already, in any stage of this run or another's that shares its lessons; accept the rest."""

    def node(state: SynthesisState) -> SynthesisState:
        place = folder(ctx, state)
        with ctx.store().alone():
            # what is contaminated is gone by now, so that a copy of it is not told to be a duplicate
            _filter(ctx, state, "deduplicate", "clean", "unique", ctx.store().find_duplicates)
            unique = read_records(place / "unique.jsonl", Example)
            ctx.store().add(unique)
            record_verdicts(ctx, "deduplicate", _strategies(place), accepted=unique)
        return {}

    return node


def _filter(ctx: RunContext, state: SynthesisState, node: str, source: str, result: str, find: _Check) -> None:
    """Split one file of examples into those that collide with something and those that do not."""
    place = folder(ctx, state)
    if (place / f"{result}.jsonl").exists():
        return
    with ctx.at("synthesize", {"stage": state["stage"], "round": state["round"]}):
        candidates = read_records(place / f"{source}.jsonl", Example)
        collisions = find([example.problem for example in candidates])
        pairs = list(zip(candidates, collisions, strict=True))
        hits = [(example, hit) for example, hit in pairs if hit is not None]
        _refuse(ctx, place, node, [_refusal(example, hit.reason, hit.detail) for example, hit in hits])
        ctx.remark(f"{len(pairs) - len(hits)} of {len(pairs)} lessons go on, {len(hits)} refused")
        write_records(place / f"{result}.jsonl", [example for example, hit in pairs if hit is None])


def _refuse(ctx: RunContext, place: Path, node: str, refusals: Sequence[Refusal]) -> None:
    ctx.store().refuse(refusals)
    record_verdicts(ctx, node, _strategies(place), refused=refusals)


def _strategies(place: Path) -> dict[str, Sequence[str]]:
    """The strategies of the pass's requests, by batch."""
    requests = read_records(place / "requests.jsonl", LessonRequest)
    return {request.batch: [strategy.value for strategy in request.strategies] for request in requests}


def _refusal(example: Example, reason: RefusalReason, detail: str) -> Refusal:
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


def top_up(ctx: RunContext) -> SynthesisNode:
    """Count what is still missing, and leave a note when the round's lessons are complete."""

    def node(state: SynthesisState) -> SynthesisState:
        stage, round_, pass_ = state["stage"], state["round"], state.get("pass_number", 0)
        have = accepted(ctx, stage, round_)
        missing = sum(max(0, remedy.lessons - have[remedy.aim]) for remedy in wanted(ctx, stage, round_))
        refused = [refusal for refusal in ctx.store().refusals(stage) if refusal.round == round_]
        new, written = _pass_yield(folder(ctx, state))
        fruitless = new < ctx.config.synthesis.least_yield * written
        if missing and pass_ + 1 < ctx.config.synthesis.passes and not fruitless:
            ctx.reporter.say(f"{missing} lessons are missing: asking again")
            return {"missing": missing, "pass_number": pass_ + 1}
        text = f"{have.total()} lessons accepted, {len(refused)} refused."
        if missing:
            text += f" {missing} fewer than were asked for, after {pass_ + 1} {'passes' if pass_ else 'pass'}."
            if fruitless:
                share = new / written
                text += (
                    f" Of the last {written} lessons {share:.0%} were new and right: more of them were not asked for."
                )
        ctx.reporter.say(text)
        note = Note(sender="adapter", receiver="trainer", text=text, stage=stage, round=round_)
        return {"missing": 0, "pass_number": 0, "notes": noted(note)}

    return node


def _pass_yield(place: Path) -> tuple[int, int]:
    """(lessons accepted, lessons written) in a pass."""
    written = sum(len(made.lessons) for made in read_records(place / "drafts.jsonl", Draft))
    return len(read_records(place / "unique.jsonl", Example)), written
