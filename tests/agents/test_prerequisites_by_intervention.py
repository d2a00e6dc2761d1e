import pytest

from ioa.agents.measured_prerequisites import choose_modules_to_teach, measure_by_intervention
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import ItemResult, Score

A, B, C = "m/a", "m/b", "m/c"
TEACHER = {module: Score(k=10, n=10) for module in (A, B, C)}
SETTINGS = DiagnosisSettings(estimators=("intervention",))


def answers(**right):
    """Ten items of each module, the first so many right."""
    scores = {"a": 0, "b": 0, "c": 0} | right
    return [
        ItemResult(
            probe=f"diagnosis/m/{letter}/{number:03d}",
            module=f"m/{letter}",
            question="?",
            expected="1",
            reply="",
            extracted="",
            correct=number < k,
        )
        for letter, k in scores.items()
        for number in range(10)
    ]


def test_what_rises_with_the_lessons_on_a_module_depends_on_it():
    found = measure_by_intervention(answers(b=2, c=5), {A: answers(a=9, b=8, c=5)}, TEACHER, SETTINGS)
    by_pair = {(c.source, c.target): c for c in found.claims}
    assert by_pair[A, B].strength == pytest.approx(0.75, abs=1e-6)  # (0.8 - 0.2) / 0.8
    assert by_pair[A, C].strength == 0.0
    assert by_pair[A, B].evidence == "lessons on m/a alone (0 of 10, then 9) moved m/b from 2 to 8 of 10"
    low, high = by_pair[A, B].interval
    assert 0.3 < low < 0.75 < high < 1


def test_what_gets_worse_is_no_negative_dependency():
    (claim, _) = measure_by_intervention(answers(b=8), {A: answers(a=9, b=1)}, TEACHER, SETTINGS).claims
    assert claim.strength == 0.0


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (answers(a=8), {}, "the student can do it already (8 of 10), so what its lack costs cannot be seen"),
        (answers(a=1), {A: []}, "there were no lessons to teach it with"),
        (answers(a=1), {A: answers(a=2, b=9)}, "its own lessons moved it from 1 of 10 to 2 of 10 only"),
    ],
)
def test_what_was_not_moved_decides_nothing_and_says_why(before, after, reason):
    found = measure_by_intervention(before, after, TEACHER, SETTINGS)
    assert found.claims == ()
    assert {u.source: u.reason for u in found.undecided}[A] == reason


def test_a_module_the_teacher_cannot_do_is_not_taught_and_not_divided_by():
    teacher = TEACHER | {A: Score(k=0, n=10)}
    before = {module: Score(k=0, n=10) for module in TEACHER}
    assert choose_modules_to_teach(before, teacher, SETTINGS) == (B, C)
    found = measure_by_intervention(answers(), {A: answers(a=10)}, teacher, SETTINGS)
    assert {u.source: u.reason for u in found.undecided}[A] == "the teacher itself scored 0"


def test_only_what_the_student_cannot_do_is_taught():
    before = {A: Score(k=7, n=10), B: Score(k=6, n=10), C: Score(k=0, n=10)}
    assert choose_modules_to_teach(before, TEACHER, SETTINGS) == (B, C)


def test_answers_that_go_together_narrow_the_interval():
    """Items right before stay right: paired, that is surer than as many right answers to other items."""
    alike = measure_by_intervention(answers(b=4), {A: answers(a=9, b=8)}, TEACHER, SETTINGS).claims[0]
    shuffled = answers(a=9)
    shuffled = [
        item.model_copy(update={"correct": item.module == B and int(item.probe[-3:]) >= 2})
        if item.module == B
        else item
        for item in shuffled
    ]
    crossed = measure_by_intervention(answers(b=4), {A: shuffled}, TEACHER, SETTINGS).claims[0]
    assert alike.strength == crossed.strength
    assert alike.interval[0] > crossed.interval[0]
