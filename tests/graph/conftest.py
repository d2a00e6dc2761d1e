"""A run of which only the student and its training are not real."""

from collections import Counter

import pytest
from tests.graph.pupil import module, open_context

from ioa.graph.builder import build_graph
from ioa.graph.nodes import training_nodes
from ioa.memory import TrainingLog
from ioa.training.schedule import affordable_steps

LESSON_TOKENS = 10
"""Of each lesson, as often as it is trained on."""
A, B = "sums/a", "sums/b"


@pytest.fixture
def teach(tmp_path, monkeypatch):
    """Run a graph in which each training makes of the student what its number says."""
    opened = []

    def run(learnt, *, needs=(), modules=None, abilities=None, **sections):
        config = {
            "examination": {"diagnosis": 8, "gate": 8, "final": 2, "spare": 0},
            "synthesis": {"portion": 6, "per_module": 18, "per_remedy": 6, "per_request": 3, "introductory_share": 0},
            "training": {"observe": 0, "least_new": 4},
            "mastery": {"rounds": 1},
            "curriculum": {"bridges": False, "revise": False},
            "practice": {"rounds": 0},
        }
        config = {name: {**config.get(name, {}), **sections.get(name, {})} for name in {**config, **sections}}
        taught = [module(A), module(B, *needs)] if modules is None else modules
        ctx = open_context(tmp_path, taught, {one.id: 0.0 for one in taught} | (abilities or {}), **config)
        opened.append(ctx)
        pupil, trained = ctx.student(), []

        def train(student, lessons, *, start, out, settings, max_tokens=None, **_):
            student.starts.append(start)
            order = [[place] for place in range(len(lessons))] * settings.epochs
            steps = affordable_steps([LESSON_TOKENS] * len(lessons), order, max_tokens)
            trained.append((Counter(lesson.module for lesson in lessons), settings))
            pupil.abilities |= learnt[min(len(trained), len(learnt)) - 1]
            out.mkdir(parents=True)
            (out / "COMPLETE").touch()
            tokens, cut = LESSON_TOKENS * steps, steps < len(order)
            return TrainingLog(steps=(), examples=len(lessons), tokens=tokens, seconds=0, cut=cut)

        monkeypatch.setattr(training_nodes, "train", train)
        build_graph(ctx).invoke({"notes": []}, {"recursion_limit": 300})
        return ctx, trained

    yield run
    for ctx in opened:
        ctx.close()
