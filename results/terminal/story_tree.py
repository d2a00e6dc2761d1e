"""A story of `ioa why`, for the terminal: a tree, every text of people and models made plain."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from ioa.memory.plain_text import plain
from ioa.memory.records import BrokenEdge, Edge, Remedy, Score, Stage, Teaching, Verdict
from ioa.memory.redaction import redact_keys
from ioa.results.item_history import is_teacher, title
from ioa.results.story import Evidence, GateRound, LessonStory, ModuleStory, Refused, Shown, Training, UnreadReply
from ioa.results.teacher_score import NOT_TEACHABLE, on_other_items
from ioa.results.words import score_cell

if TYPE_CHECKING:
    from rich.tree import Tree

_WRONG = 3
"""Wrong answers shown of each misconception, and unread replies; `--json` has all."""
_REPLY = 240
"""Characters shown of what the student wrote; `--json` has it as it is."""
_IDS = 3
"""Refused lessons named of each sort."""


@dataclass(frozen=True)
class Branch:
    """A line with what hangs from it."""

    label: str
    text: str = ""
    children: list["Branch"] = field(default_factory=list)
    style: str = ""


def render(story: LessonStory | ModuleStory) -> "Tree":
    """The story as a tree; markup in its texts is not interpreted, and control characters are removed."""
    branch = lesson_branch(story) if isinstance(story, LessonStory) else module_branch(story)
    return _tree(branch)


def _tree(branch: Branch) -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    label = Text(_safe(branch.label), style="bold cyan" if branch.text else "bold")
    if branch.text:
        label.append("  ").append(_safe(branch.text), style=branch.style or "not bold default")
    made = Tree(label, guide_style="dim")
    for child in branch.children:
        made.children.append(_tree(child))
    return made


def _safe(text: str) -> str:
    return redact_keys(plain(text))


def lesson_branch(story: LessonStory) -> Branch:
    """A lesson: forward first, then back to its evidence."""
    verdict = "accepted" if story.accepted else "refused"
    children = [
        *_text(story),
        *_written(story),
        *_why_written(story),
        *(_misconception(shown) for shown in story.misconceptions),
        *_evidence(story.evidence),
        *_forward(story),
        *_missing(story.missing),
    ]
    return Branch(f"Lesson {story.id}, {verdict}, of run {story.run} ({story.status})", children=children)


def _text(story: LessonStory) -> Iterator[Branch]:
    if story.refusal:
        yield Branch("refused for", f"{story.refusal.reason.value}: {story.refusal.detail}", style="red")
        if story.refusal.problem:
            yield Branch("problem", story.refusal.problem, [Branch("answer", story.refusal.answer)])
        else:
            yield Branch("text", "there is none: the whole request came to nothing", style="dim")
    if story.lesson:
        steps = [Branch("step", step) for step in story.lesson.steps]
        yield Branch("problem", story.lesson.problem, [*steps, Branch("answer", story.lesson.answer)])
        if story.lesson.original:
            unadapted = [Branch("step", step) for step in story.lesson.original]
            yield Branch("before the strategies", children=unadapted)


def _written(story: LessonStory) -> Iterator[Branch]:
    source = story.source
    yield Branch("written by", source.teacher or "not known", [Branch("see", source.command)])
    sort = story.lesson or story.request
    if sort:
        told = f"{sort.kind.value}, level {sort.level}"
        yield Branch("kind", told + (f", {story.lesson.difficulty.value}" if story.lesson else ""))
        yield Branch("strategies", ", ".join(strategy.value for strategy in sort.strategies))
    batch = story.lesson.batch if story.lesson else story.refusal.batch if story.refusal else ""
    asked = f" ({story.request.count} lessons were asked for)" if story.request else ""
    yield Branch("request", batch + asked)


def _why_written(story: LessonStory) -> Iterator[Branch]:
    if story.remedy:
        children = [Branch("reason", story.remedy.reason)] if story.remedy.reason else []
        if story.missed:
            children.append(_gate(story.missed))
        asked = f"{story.remedy.lessons} lessons, level {story.remedy.level}"
        if story.remedy.portion:
            portion = f"at the first teaching of its module, {_portion(story.remedy)}"
            yield Branch("asked for", f"{portion}: {asked}", children)
        else:
            yield Branch("remedy of the Planner", asked, children)
    elif story.missed is None and (story.lesson or story.request):
        round_ = story.lesson.round if story.lesson else story.request.round if story.request else 0
        if not round_:
            yield Branch("asked for", "at the first teaching of its module")


def _forward(story: LessonStory) -> Iterator[Branch]:
    for log in story.trained:
        yield Branch("trained on in", _training(log))
    if story.replays:
        rounds = ", ".join(f"stage {log.stage} round {log.round}" for log in story.replays)
        yield Branch("taught again in", rounds)
    if story.gate:
        yield Branch("after that round", "", [_gate(story.gate)])


def module_branch(story: ModuleStory) -> Branch:
    """A module, in the order in which things happened to it."""
    children = [*_entry(story), *_evidence(story.evidence)]
    children += [_misconception(shown) for shown in story.misconceptions]
    for made in story.remedies:
        remedy = made.remedy
        aim = f" for {remedy.misconception}" if remedy.misconception else ""
        reason = [Branch("reason", remedy.reason)] if remedy.reason else []
        where = f"before stage {made.stage} round {made.round}"
        told = f"{where}: {remedy.lessons} lessons, level {remedy.level}{aim}"
        children.append(Branch(_portion(remedy) if remedy.portion else made.teaching.words, told, reason))
    children += [
        *_group("lessons accepted", _accepted(story), sum(sort.count for sort in story.accepted)),
        *_group("lessons refused", _refused(story.refused), sum(sort.count for sort in story.refused)),
        *(Branch("trained", _training(log)) for log in story.training),
        *(_gate(seen) for seen in story.gate),
        *_later(story),
        *_final(story),
        *_unread(story.unread),
        *_missing(story.missing),
    ]
    return Branch(f"Module {story.id} of run {story.run} ({story.status})", children=children)


def _entry(story: ModuleStory) -> Iterator[Branch]:
    if story.entry:
        levels = ", ".join(
            f"{name} (examined)" if name == story.entry.exam_level else name for name in story.entry.levels
        )
        stated = ", ".join(story.entry.prerequisites) or "none"
        yield Branch(
            "in the domain", story.entry.description, [Branch("levels", levels), Branch("prerequisites stated", stated)]
        )
    if story.student or story.teacher:
        yield Branch("diagnosis", f"student {_score(story.student)}; teacher {_score(story.teacher)}")


def _accepted(story: ModuleStory) -> list[Branch]:
    return [
        Branch(
            f"stage {sort.stage} round {sort.round}, {sort.teaching.words}",
            f"{sort.count} {sort.kind.value}, level {sort.level}; e.g. {sort.example}",
        )
        for sort in story.accepted
    ]


def _refused(sorts: Iterable[Refused]) -> list[Branch]:
    branches = []
    for sort in sorts:
        kind = sort.kind.value if sort.kind else "of a request that is not recorded"
        level = f", level {sort.level}" if sort.level else ""
        ids = ", ".join(sort.ids[:_IDS]) + (", ..." if len(sort.ids) > _IDS else "")
        branches.append(
            Branch(f"stage {sort.stage} round {sort.round}", f"{sort.count} {sort.reason.value}, {kind}{level}: {ids}")
        )
    return branches


def _later(story: ModuleStory) -> Iterator[Branch]:
    forgotten = {(seen.stage, seen.round) for seen in story.forgotten}
    for seen in story.later:
        lost = (seen.stage, seen.round) in forgotten
        yield Branch(
            f"again after stage {seen.stage} round {seen.round}",
            _result(seen) + (": below the gate that it had passed" if lost else ""),
            style="red" if lost else "",
        )


def _final(story: ModuleStory) -> Iterator[Branch]:
    if story.before or story.after:
        scores = f"before {_score(story.before)}; after {_score(story.after)}; teacher {_score(story.final_teacher)}"
        yield Branch("final examination", scores)


def _unread(replies: Sequence[UnreadReply]) -> Iterator[Branch]:
    """Some of them, of each examination one before the second of any."""
    by_label: dict[str, list[UnreadReply]] = {}
    for one in replies:
        by_label.setdefault(one.examination, []).append(one)
    if not replies:
        return
    in_turn = [one for row in zip_longest(*by_label.values()) for one in row if one is not None]
    shown = [
        Branch(
            f"{'teacher' if is_teacher(one.examination) else 'student'}, {title(one.examination)}",
            f"{one.probe}  {' '.join(one.question.split())}  expected {one.expected}",
            [Branch("written", _squeezed(one.reply) or "nothing"), Branch("not read", one.reason or "no reason given")],
        )
        for one in in_turn[:_WRONG]
    ]
    more = len(replies) - len(shown)
    rest = [Branch(f"{more} more", "in --json", style="dim")] if more > 0 else []
    yield Branch("replies that could not be read", f"{len(replies)}, which count as wrong", [*shown, *rest])


def _group(label: str, branches: list[Branch], count: int) -> Iterator[Branch]:
    if branches:
        yield Branch(label, str(count), branches)


def _misconception(shown: Shown) -> Branch:
    one = shown.misconception
    if one.refused:
        verdict = f"refused: {one.refused}"
    elif one.failed:
        verdict = f"confirmed in {len(one.probes)} of {one.failed} wrong answers ({one.share:.0%})"
    else:
        verdict = "how far it was confirmed is not recorded"
    if one.agreement:
        kappa = "" if one.agreement.kappa is None else f", Cohen's kappa {one.agreement.kappa:.2f}"
        verdict += f"; the two readings agree on {one.agreement.same} of {one.agreement.items}{kappa}"
    wrong = [
        Branch(
            answer.probe,
            f"{' '.join(answer.question.split())}  expected {answer.expected}",
            [Branch("the student wrote", _squeezed(answer.reply) or "nothing")],
        )
        for answer in shown.wrong[:_WRONG]
    ]
    more = len(shown.wrong) - len(wrong)
    rest = [Branch(f"{more} more", "in --json", style="dim")] if more > 0 else []
    name = f"misconception {one.id}".strip()
    return Branch(name, one.summary or "(nothing is left of its text)", [Branch("checked", verdict), *wrong, *rest])


def _squeezed(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _REPLY else f"{line[:_REPLY]} …"


def _evidence(found: Evidence) -> Iterator[Branch]:
    gap = found.gap
    if gap:
        delta = f"none: {NOT_TEACHABLE}" if gap.delta is None else f"{gap.delta:.2f}"
        other = ", partly on other items" if on_other_items(gap) else ""
        fate = "targeted" if gap.targeted else "deficient, not targeted" if gap.deficient else "not deficient"
        yield Branch(
            f"gap of {found.module}",
            f"{fate}; delta {delta}, severity {gap.severity:.2f}",
            [Branch("student", _score(gap.student)), Branch("teacher", _score(gap.teacher) + other)],
        )
    edges = [
        *(_edge("needs", edge.source, edge) for edge in found.requires),
        *(_edge("is needed by", edge.target, edge) for edge in found.supports),
        *map(_broken, found.broken),
    ]
    if edges:
        yield Branch("prerequisites", children=edges)
    yield from map(_stage, found.stages)


def _edge(relation: str, module: str, edge: Edge) -> Branch:
    return Branch(f"{relation} {module}", f"strength {edge.strength:.2f}, by {edge.estimator}: {edge.evidence}")


def _broken(taken: BrokenEdge) -> Branch:
    edge = taken.edge
    circle = " → ".join(taken.cycle)
    return Branch("taken out", f"{edge.source} → {edge.target}, strength {edge.strength:.2f}: it closed {circle}")


def _stage(stage: Stage) -> Branch:
    title = f"{stage.title}; difficulty {stage.difficulty:.2f}; with {', '.join(stage.modules)}"
    return Branch(f"stage {stage.number}", title, [Branch("why there", stage.rationale)] if stage.rationale else [])


def _gate(seen: GateRound) -> Branch:
    return Branch(f"gate, stage {seen.stage} round {seen.round}", _result(seen))


def _result(seen: GateRound) -> str:
    result = seen.result
    verdict = "mastered" if result.mastered else "not mastered"
    if result.verdict is Verdict.NEEDS_ITEMS:
        verdict += " (by the items there were; the interval lies on both sides of the gate)"
    if result.level:
        verdict += f", at level {result.level} of a bridge"
    kept = "; the stage's best round" if seen.kept else ""
    return f"{verdict}: {_score(result.student)}, {result.ratio:.2f} of the teacher's {_score(result.teacher)}{kept}"


def _portion(remedy: Remedy) -> str:
    return Teaching(portion=remedy.portion, portions=remedy.portions).words


def _training(log: Training) -> str:
    replayed = f", {log.replayed} of them replayed" if log.replayed else ""
    where = f"stage {log.stage} round {log.round}, {log.teaching.words}"
    return f"{where}: {log.lessons} lessons{replayed}, {log.steps} steps"


def _score(score: Score | None) -> str:
    return score_cell(score) if score and score.n else "not examined"


def _missing(missing: Iterable[str]) -> Iterator[Branch]:
    parts = [Branch("-", part) for part in missing]
    if parts:
        yield Branch("not recorded, or not yet", children=parts)
