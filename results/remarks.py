"""What a reader should know before believing the numbers: what could not be taught and what did not work."""

from collections import Counter
from collections.abc import Iterator

from ioa.memory.records import GateResult, Score
from ioa.results.facts import Facts
from ioa.results.item_history import is_teacher, title, when
from ioa.results.summary import module_scores
from ioa.results.teacher_score import teacher_notes

_UNFINISHED = {
    "running": "The run is still going on; the numbers are those it has so far.",
    "working": "The run is still going on; the numbers are those it has so far.",
    "stopped": "Nobody works on the run any more; it can be resumed, and the numbers are those it has so far.",
    "interrupted": "The run was interrupted and can be resumed; the numbers are those it has so far.",
    "paused": "The run waits for a review of its curriculum.",
    "out of budget": "The run stopped because its budget was used up; the numbers are those it had by then.",
    "failed": "The run failed before its end; the numbers are those it had by then.",
}
_FEW = 20
"""Items below which an interval is wider than 40 points at worst."""


_EXAMINATIONS = 4
"""Examinations that are named in one remark."""


def remarks(facts: Facts) -> list[str]:
    """Plain sentences, the gravest first; empty where there is nothing to say."""
    return [
        *([_UNFINISHED[facts.status]] if facts.status in _UNFINISHED else []),
        *_not_read(facts),
        *_not_taught(facts),
        *_not_mastered(facts),
        *_got_worse(facts),
        *_forgotten(facts),
        *_measuring(facts),
        *(facts.curriculum.warnings if facts.curriculum else ()),
        *_broken(facts),
    ]


def _not_read(facts: Facts) -> Iterator[str]:
    """The examinations of which so much could not be read that their scores say little, in one sentence."""
    scores = {label: Score.of(facts.examinations[label]) for label in sorted(facts.examinations, key=when)}
    hard = {label: score for label, score in scores.items() if score.many_unread}
    if not hard:
        return
    told = "; ".join(
        f"{'teacher' if is_teacher(label) else 'student'}, {title(label)}: {score.unread} of {score.n}"
        for label, score in list(hard.items())[:_EXAMINATIONS]
    )
    told += f"; and {len(hard) - _EXAMINATIONS} more" if len(hard) > _EXAMINATIONS else ""
    unread = Counter(one.module for label in hard for one in facts.examinations[label] if one.unread)
    module = unread.most_common(1)[0][0]
    yield (
        f"Many replies could not be read and count as wrong, so that these scores say little ({told}). Look at the "
        f"replies: `ioa why {facts.run_id} {module}`. Items or a `student.system_prompt` that ask for the form of "
        "answer that is read may be what is needed, or another scorer."
    )


def _not_taught(facts: Facts) -> Iterator[str]:
    gaps = facts.diagnosis.gaps if facts.diagnosis else ()
    unteachable = [f"{gap.module} ({_of(gap.teacher)})" for gap in gaps if gap.delta is None]
    if unteachable:
        least = f" {facts.config.diagnosis.least_teacher:g}" if facts.config else ""
        yield f"The teacher scored below diagnosis.least_teacher{least} and so cannot teach: {', '.join(unteachable)}."
    left = [g.module for g in gaps if g.deficient and g.delta is not None and g.module not in facts.targets]
    if left:
        yield f"Deficient, but not in the plan and so not taught in this run: {', '.join(left)}."


def _not_mastered(facts: Facts) -> Iterator[str]:
    for module in facts.targets:
        found = facts.gate_result(module)
        if found and not found[1].mastered:
            assessment, result = found
            tau = facts.config.mastery.tau_mastery if facts.config else 1.0
            late = "; the ratio is reached, but a gate that is sat again has to be passed with more certainty"
            yield (
                f"{module} was not mastered: P_S / P_T = {result.ratio:.2f} at the gate ({_of(result.student)} against "
                f"{_of(result.teacher)}) in round {assessment.round}, the best of its stage"
                f"{late if result.ratio >= tau and result.sure else ''}."
            )
    revisions = facts.curriculum.revisions if facts.curriculum else ()
    dropped = {module for revision in revisions for module in revision.dropped}
    unseen = [module for module in facts.targets if facts.verdict(module) is None]
    waiting = [module for module in unseen if module not in dropped]
    if waiting and facts.assessments:
        yield f"Never came to the gate: {', '.join(waiting)}."
    for revision in revisions:
        yield from (change for change in revision.changes if "left out" in change or "fell below" in change)


def _got_worse(facts: Facts) -> Iterator[str]:
    for module, scores in module_scores(facts).items():
        if scores.before and scores.after and scores.after.mean < scores.before.mean:
            taught = "" if module in facts.targets else ", which was not taught,"
            fell = f"{_of(scores.before)} before, {_of(scores.after)} after"
            yield f"{module}{taught} got worse on the final split: {fell}."


def _forgotten(facts: Facts) -> Iterator[str]:
    for stage, result in forgotten(facts):
        taught = facts.verdict(result.module) is not None
        before = "passed its gate but was below it again" if taught else "was not taught, and was below the gate"
        yield f"{result.module} {before} after stage {stage}: P_S / P_T = {result.ratio:.2f} ({_of(result.student)})."


def forgotten(facts: Facts) -> Iterator[tuple[int, GateResult]]:
    """Modules that had passed their gate, or needed no teaching, and were below it in the last assessment of all.

    Yields:
        The stage after which that was seen, and what was seen.
    """
    own = {r.module: a.stage for a in facts.kept for r in a.gate if not r.level}
    later = {
        result.module: (a.stage, result)
        for a in facts.kept
        for result in a.earlier
        if a.stage > own.get(result.module, 0)
    }
    for module, (stage, result) in later.items():
        if not result.mastered and (facts.verdict(module) or module not in own):
            yield stage, result


def _measuring(facts: Facts) -> Iterator[str]:
    asked = [scores.before.n for m, scores in module_scores(facts).items() if m in facts.targets and scores.before]
    if asked and min(asked) < _FEW:
        yield f"Some target modules were examined on only {min(asked)} items: mind the intervals."
    failed = sum(1 for event in facts.events if event.error)
    if failed:
        yield f"{failed} of {len(facts.events)} replies of the teacher could not be used."
    yield from teacher_notes(facts)
    used = sum(result.used for one in facts.assessments for result in (*one.gate, *one.earlier))
    if used:
        yield f"No fresh items were left at the gate for some modules: {used} answers there are to items used before."
    if any(event.tokens.estimated for event in facts.events):
        yield "The teacher did not report its tokens for every call; those are estimated at four characters each."


def _broken(facts: Facts) -> Iterator[str]:
    for broken in facts.diagnosis.broken if facts.diagnosis else ():
        edge = broken.edge
        yield (
            f"The prerequisites ran in a circle ({' → '.join(broken.cycle)}); its weakest edge, "
            f"{edge.source} → {edge.target} (strength {edge.strength:.2f}), was left out."
        )


def _of(score: Score) -> str:
    return score.fraction
