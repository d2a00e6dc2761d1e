"""The numbers of a run as curves, for tools that draw them."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from ioa.memory.records import Assessment
from ioa.results.facts import Facts
from ioa.results.summary import Summary


class Point(NamedTuple):
    """One point of a curve."""

    name: str
    value: float
    step: int


def training_points(facts: Facts) -> Iterator[Point]:
    """Loss and learning rate; the steps of all rounds are counted on."""
    before = 0
    for (stage, round_), log in sorted(facts.training.items()):
        for point in log.steps:
            step = before + point.step
            yield Point("train/loss", point.loss, step)
            yield Point("train/learning_rate", point.learning_rate, step)
            yield Point("train/stage", stage, step)
            yield Point("train/round", round_, step)
        before += len(log.steps)


def mastery_points(facts: Facts) -> Iterator[Point]:
    """P_S / P_T, the student's score and the share of its unread replies in each module that was examined.

    By assessment, counted from 1; the last not where it is not known.
    """
    for step, assessment in enumerate(facts.assessments, start=1):
        yield Point("mastery/stage", assessment.stage, step)
        yield Point("mastery/round", assessment.round, step)
        for result in (*assessment.gate, *assessment.earlier):
            yield Point(f"mastery/ratio/{result.module}", result.ratio, step)
            yield Point(f"mastery/score/{result.module}", result.student.mean, step)
            if result.student.unread_share is not None:
                yield Point(f"mastery/unread/{result.module}", result.student.unread_share, step)


def assessment_values(assessment: Assessment) -> dict[str, float]:
    """What is drawn of an assessment: P_S / P_T, and the share of the student's unread replies where it is known."""
    results = (*assessment.gate, *assessment.earlier)
    ratios = {f"mastery/{one.module}": one.ratio for one in results}
    shares = {f"unread/{one.module}": one.student.unread_share for one in results}
    return ratios | {name: share for name, share in shares.items() if share is not None}


def final_points(summary: Summary) -> Iterator[Point]:
    """What the run came to so far: scores, money, tokens, time."""
    teacher, final = summary.teacher, summary.final
    values = {
        "final/before": final.before.mean if final.before else None,
        "final/after": final.after.mean if final.after else None,
        "final/unread_before": final.before.unread_share if final.before else None,
        "final/unread_after": final.after.unread_share if final.after else None,
        "final/untouched_before": final.untouched.before.mean if final.untouched.before else None,
        "final/untouched_after": final.untouched.after.mean if final.untouched.after else None,
        "final/all_before": final.all.before.mean if final.all.before else None,
        "final/all_after": final.all.after.mean if final.all.after else None,
        "teacher/calls": teacher.calls,
        "teacher/usd": teacher.usd,
        "teacher/tokens_input": teacher.tokens.input,
        "teacher/tokens_output": teacher.tokens.output,
        "teacher/ledger": teacher.ledger,
        "lessons/accepted": summary.examples.accepted,
        "lessons/refused": summary.examples.rejected,
        "wall_seconds": summary.wall_seconds,
    }
    for name, one in summary.activities.items():
        values |= {
            f"seconds/{name}": one.seconds,
            f"tokens_per_second/{name}": one.tokens_per_second,
            f"gflops/{name}": one.gflops,
        }
    for module in summary.modules:
        if module.planned or module.student_after is not None:
            values[f"final/before/{module.id}"] = module.student_before
            values[f"final/after/{module.id}"] = module.student_after
    yield from (Point(name, float(value), 0) for name, value in values.items() if value is not None)


def all_points(facts: Facts, summary: Summary) -> list[Point]:
    """All of them that are numbers."""
    points = [*training_points(facts), *mastery_points(facts), *final_points(summary)]
    return [point for point in points if math.isfinite(point.value)]
