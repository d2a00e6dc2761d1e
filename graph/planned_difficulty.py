"""How hard modules are for the student, as measured: what stages are planned by (Eq. 8)."""

from ioa.graph.context import RunContext
from ioa.graph.run_examinations import recorded_answers
from ioa.memory import Curriculum, Diagnosis, Score
from ioa.memory.files import read_record
from ioa.training import score_by_module


def difficulty_of(student: Score, teacher: Score) -> float:
    """1 - P_S / P_T, in [0, 1]; 1 where the teacher scored 0."""
    return min(1.0, max(0.0, 1 - student.mean / teacher.mean)) if teacher.k else 1.0


def diagnosed_difficulty(diagnosis: Diagnosis) -> dict[str, float]:
    """1 - P_S / P_T of each module as a diagnosis measured it, in [0, 1]."""
    return {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps}


def planned_difficulty(ctx: RunContext, curriculum: Curriculum) -> dict[str, float]:
    """The difficulty by which each module was planned last: at a diagnosis, or when the plan was last made anew."""
    known = diagnosed_difficulty(read_record(ctx.run.diagnosis, Diagnosis))
    teacher = score_by_module(recorded_answers(ctx, "diagnosis-teacher"))
    cycles = {cycle.after for cycle in curriculum.cycles}
    for after in sorted(cycles | {revision.after for revision in curriculum.revisions if revision.anew}):
        if after in cycles:
            known |= diagnosed_difficulty(read_record(ctx.run.diagnosis_after(after), Diagnosis))
        else:
            now = score_by_module(recorded_answers(ctx, f"revision-{after:02d}"))
            known |= {module: difficulty_of(score, teacher[module]) for module, score in now.items()}
    return known


def reached_difficulty(ctx: RunContext, curriculum: Curriculum, after: int) -> float:
    """The hardest difficulty that was mastered in the stages up to that one, as it was planned with (Eq. 8)."""
    if not after:
        return 0.0
    planned, rounds = planned_difficulty(ctx, curriculum), ctx.rounds()
    mastered = [
        stage.difficulty if result.level else planned.get(result.module, stage.difficulty)
        for stage in curriculum.stages[:after]
        if (best := rounds.best(stage.number)) is not None
        for result in best.gate
        if result.mastered
    ]
    return max(mastered, default=0.0)
