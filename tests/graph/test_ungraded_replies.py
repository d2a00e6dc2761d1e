"""A grading that fails stops the run; what the student wrote is kept and graded when the run goes on."""

from types import SimpleNamespace

import pytest

from ioa.graph.config import RunConfig
from ioa.graph.listeners import Listener
from ioa.graph.run_examinations import examine_student
from ioa.memory import Probe, RunDirectory, Split
from ioa.memory.errors import ScoringError, Stopped
from ioa.memory.records import Grade
from ioa.training import StudentSettings

PROBES = [
    Probe(id=f"gate/a/b/{n}", module="a/b", split=Split.GATE, level="l", question=f"q{n}", answer="1", family="")
    for n in range(3)
]


class Pupil:
    adapter = None

    def __init__(self):
        self.asked = []

    def use(self, adapter):
        pass

    def generate(self, questions, on_progress=None, **_):
        self.asked.append(list(questions))
        return [f"reply to {question}\u2028" for question in questions]


class Grader:
    """Fails the first time."""

    def __init__(self):
        self.replies = []

    def grade(self, names, attempts, on_progress=None):
        self.replies.append([attempt.reply for attempt in attempts])
        if len(self.replies) == 1:
            raise ScoringError("the verdict could not be read")
        return [Grade(score=1, correct=True) for _ in attempts]


@pytest.fixture
def ctx(tmp_path):
    pupil, grader = Pupil(), Grader()
    run = RunDirectory.at(tmp_path, "r")
    return SimpleNamespace(
        run=run,
        config=RunConfig(student=StudentSettings(reply_length=None, stop_at_answer=False)),
        student=lambda: pupil,
        student_replies=lambda: None,
        scorers=lambda: grader,
        listener=Listener(),
    )


def test_what_the_student_wrote_is_graded_when_the_run_goes_on_and_not_asked_again(ctx):
    with pytest.raises(Stopped):
        examine_student(ctx, "stage-01-round-0", PROBES, None)
    assert not ctx.run.scores("stage-01-round-0").exists()  # nothing is scored by a failure
    results = examine_student(ctx, "stage-01-round-0", PROBES, None)
    assert [result.reply for result in results] == [f"reply to q{n}\u2028" for n in range(3)]
    first, second = ctx.scorers().replies
    assert first == second
    assert len(ctx.student().asked) == 1
    assert not ctx.run.replies("stage-01-round-0").exists()
    assert examine_student(ctx, "stage-01-round-0", PROBES, None) == results


def test_further_probes_are_asked_where_the_kept_replies_do_not_cover_them(ctx):
    with pytest.raises(Stopped):
        examine_student(ctx, "gate", PROBES[:1], None)
    assert len(examine_student(ctx, "gate", PROBES, None)) == 3
    assert ctx.student().asked == [["q0"], ["q1", "q2"]]


class Reader:
    """Can read as many of the replies as it is told."""

    def __init__(self, read):
        self.read = read

    def grade(self, names, attempts, on_progress=None):
        return [Grade(score=0, correct=False, unread=place >= self.read) for place in range(len(attempts))]


@pytest.mark.parametrize(("read", "told"), [(3, 0), (2, 1)])
def test_it_is_said_at_once_that_many_replies_could_not_be_read(ctx, read, told):
    said = []
    ctx.scorers, ctx.message = lambda: Reader(read), said.append
    results = examine_student(ctx, "gate", PROBES, None)
    assert [result.unread for result in results] == [place >= read for place in range(3)]
    assert len(said) == told
    assert all("student, gate: 1 of 3 replies could not be read" in text and "gate.jsonl" in text for text in said)
    examine_student(ctx, "gate", PROBES, None)  # read back: nobody was asked
    assert len(said) == told


def test_an_exit_code_says_that_the_run_can_go_on():
    assert ScoringError("x").exit_code == Stopped.exit_code == 3
