"""Revising the rest of the plan when a stage is over."""

from collections.abc import Collection, Mapping

from ioa.agents.staging import dependents
from ioa.graph.curriculum import curriculum_yaml
from ioa.graph.examination import examine_student, kept_assessment, recorded, scores, select
from ioa.graph.nodes.planning import bridged, difficulty_of, tell
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Curriculum, Diagnosis, Note, Score, Split, Stage, Verdict
from ioa.memory.files import read_record, write_text
from ioa.memory.records import Revision
from ioa.training import verdict


def revise(shop: Workshop) -> Node:
    """Measure what is still to come anew, and revise the rest of the plan where that changes something."""

    def node(state: RunState) -> RunState:
        with shop.at("revise", state):
            after, curriculum = state["stage"] - 1, shop.curriculum()
            if any(revision.after == after for revision in curriculum.revisions):  # before the run was killed
                return {"stages": len(curriculum.stages)}
            revised, note = _revised(shop, curriculum, after, state["adapter"])
            write_text(shop.run.curriculum, curriculum_yaml(revised))
            return {"stages": len(revised.stages), "notes": noted(*([note] if note else []))}

    return node


def _revised(shop: Workshop, curriculum: Curriculum, after: int, adapter: str) -> tuple[Curriculum, Note | None]:
    diagnosis = read_record(shop.run.diagnosis, Diagnosis)
    left = _to_come(curriculum, after)
    skipped = _skipped(shop, curriculum, diagnosis, after, left)
    changes = [f"{module} is left out: it needs what was not mastered." for module in sorted(skipped)]
    if shop.config.curriculum.review or shop.run.given_curriculum.exists() or not shop.config.curriculum.revise:
        if not changes:
            return curriculum, None
        kept = curriculum.model_copy(update={"stages": _without(curriculum, after, skipped)})
        return _logged(kept, after, "What was not mastered is needed later.", changes), None
    forgotten = _forgotten(shop, curriculum, after)
    changes += [f"{module} fell below the gate untaught: it is taught." for module in forgotten]
    now = _measure(shop, [*(m for m in left if m not in skipped), *forgotten], after, adapter)
    mastered = _mastered(shop, now, forgotten)
    changes += [f"{module} is left out: it is mastered without being taught." for module in mastered]
    difficulty = {module: difficulty_of(*scores) for module, scores in now.items() if module not in mastered}
    reason, moved = _moves(_planned(diagnosis, curriculum, shop, after), difficulty, shop.config.curriculum.revise_from)
    if not difficulty:
        return _logged(
            curriculum.model_copy(update={"stages": curriculum.stages[:after]}), after, reason, changes
        ), None
    if not changes and not moved:
        return _logged(curriculum, after, reason, []), None
    return _planned_anew(shop, curriculum, diagnosis, after, difficulty, " ".join([reason, *changes]), changes, adapter)


def _planned_anew(
    shop: Workshop,
    curriculum: Curriculum,
    diagnosis: Diagnosis,
    after: int,
    difficulty: Mapping[str, float],
    reason: str,
    changes: list[str],
    adapter: str,
) -> tuple[Curriculum, Note]:
    revised, note = shop.planner().revise(diagnosis, curriculum, after, difficulty, reason)
    revised = bridged(shop, revised, difficulty, after=after, adapter=shop.run.root / adapter if adapter else None)
    before = [stage.modules for stage in curriculum.stages[after:]]
    if [stage.modules for stage in revised.stages[after:]] != before:
        order = "; ".join(", ".join(stage.modules) for stage in revised.stages[after:])
        changes.append(f"The stages to come are now: {order}.")
    tell(shop, revised, note, after)
    return _logged(revised, after, reason, changes), note


def _logged(curriculum: Curriculum, after: int, reason: str, changes: Collection[str]) -> Curriculum:
    revision = Revision(after=after, reason=reason, changes=tuple(changes))
    return curriculum.model_copy(update={"revisions": (*curriculum.revisions, revision)})


def _to_come(curriculum: Curriculum, after: int) -> list[str]:
    stages = curriculum.stages[after:]
    return list(dict.fromkeys(module for stage in stages for module in stage.modules if module not in stage.levels))


def _without(curriculum: Curriculum, after: int, skipped: Collection[str]) -> tuple[Stage, ...]:
    stages = [
        stage.model_copy(
            update={
                "modules": tuple(module for module in stage.modules if module not in skipped),
                "levels": {module: level for module, level in stage.levels.items() if module not in skipped},
            }
        )
        for stage in curriculum.stages[after:]
    ]
    left = [*curriculum.stages[:after], *(stage for stage in stages if stage.modules)]
    return tuple(stage.model_copy(update={"number": number}) for number, stage in enumerate(left, start=1))


def _skipped(
    shop: Workshop, curriculum: Curriculum, diagnosis: Diagnosis, after: int, left: Collection[str]
) -> set[str]:
    """What is not taught because the stage that is over was not mastered, where the config says so."""
    over = curriculum.stages[after - 1]
    if shop.config.mastery.on_failure != "skip" or over.levels:
        return set()
    missed = [result.module for result in kept_assessment(shop, after).gate if not result.mastered]
    return dependents(missed, left, diagnosis.edges) if missed else set()


def _forgotten(shop: Workshop, curriculum: Curriculum, after: int) -> list[str]:
    """Modules that the student could do before anything was taught, and cannot do any more."""
    planned = {module for stage in curriculum.stages for module in stage.modules}
    return [
        result.module
        for result in kept_assessment(shop, after).earlier
        if result.module not in planned and not result.mastered
    ]


def _measure(shop: Workshop, modules: Collection[str], after: int, adapter: str) -> dict[str, tuple[Score, Score]]:
    """P_S now and P_T of modules, on the first items of the diagnosis split."""
    probes, lora = select(shop, Split.DIAGNOSIS, modules), shop.run.root / adapter if adapter else None
    student = scores(examine_student(shop, f"revision-{after:02d}", probes, lora))
    teacher = scores(recorded(shop, "diagnosis-teacher"))
    return {module: (student[module], teacher[module]) for module in modules}


def _mastered(shop: Workshop, now: Mapping[str, tuple[Score, Score]], forgotten: Collection[str]) -> list[str]:
    tau, confidence = shop.config.mastery.tau_mastery, shop.config.examination.confidence
    return [
        module
        for module, (student, teacher) in now.items()
        if module not in forgotten and verdict(student, teacher, tau, confidence) is Verdict.MASTERED
    ]


def _planned(diagnosis: Diagnosis, curriculum: Curriculum, shop: Workshop, after: int) -> dict[str, float]:
    """The difficulty by which each module was planned last: at the diagnosis, or at an earlier revision."""
    known = {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps}
    teacher = scores(recorded(shop, "diagnosis-teacher"))
    for revision in curriculum.revisions:
        if revision.after < after:
            now = scores(recorded(shop, f"revision-{revision.after:02d}"))
            known |= {module: difficulty_of(score, teacher[module]) for module, score in now.items()}
    return known


def _moves(before: Mapping[str, float], now: Mapping[str, float], bound: float) -> tuple[str, bool]:
    """What was measured, in words, and whether anything moved far enough to plan anew."""
    told = [f"{module} {before.get(module, 1.0):.2f} -> {d:.2f}" for module, d in sorted(now.items())]
    moved = any(abs(d - before.get(module, 1.0)) >= bound for module, d in now.items())
    return f"Difficulty measured anew: {', '.join(told) or 'nothing is left'}.", moved
