"""Lessons taught in one task or in two: what is taught, what is asked, and what each task counts in the loss."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.training.lessons import make_example, make_sums
from tests.training.tiny import make_tiny_student

from ioa.training import FORMS, Student, StudentSettings, StudentVariant, TrainingSettings, train
from ioa.training.batches import Batch, Lesson, collate, encode_lessons
from ioa.training.held_out import hold_out, measure_held_out
from ioa.training.losses import AnswerLoss, FusedLoss, PickedLoss, SingleLoss

SUM = make_example(1, "12+9=?", ("2+9=11", "10+11=21"), "21")
CODE = make_example(2, "Write f.", ("It doubles.",), "def f(x):\n    return 2 * x")
SHORT = make_example(3, "1+1=?", ("1+1=2",), "2")


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Student:
    folder = make_tiny_student(tmp_path_factory.mktemp("tiny"))
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", batch_size=8))


@pytest.mark.parametrize(
    ("form", "lesson", "tasks"),
    [
        ("solution", SUM, [("12+9=?", "2+9=11\n10+11=21\nAnswer: 21", 1.0)]),
        (
            "step-by-step",
            SUM,
            [("[label] 12+9=?", "Answer: 21", 0.75), ("[rationale] 12+9=?", "2+9=11\n10+11=21", 0.25)],
        ),
        (
            "cascade",
            SUM,
            [("12+9=?", "2+9=11\n10+11=21", 0.25), ("12+9=?\n2+9=11\n10+11=21", "Answer: 21", 0.75)],
        ),
        (
            "cascade",
            CODE,
            [
                ("Write f.", "It doubles.", 0.25),
                ("Write f.\nIt doubles.", "Answer: def f(x):\n    return 2 * x", 0.75),
            ],
        ),
    ],
)
def test_a_lesson_is_taught_in_these_tasks(form: str, lesson: Any, tasks: list[tuple[str, str, float]]) -> None:
    assert list(FORMS[form].tasks(lesson, 0.25)) == tasks


Reply = Callable[[str], str]


def asked(form: str, questions: list[str], reply: Reply) -> tuple[list[str], list[list[str]]]:
    """The replies, and the prompts of each step."""
    steps: list[list[str]] = []

    def ask(prompts: Any) -> list[str]:
        steps.append(list(prompts))
        return [reply(prompt) for prompt in prompts]

    return FORMS[form].replies(questions, ask), steps


def test_a_student_of_one_task_is_asked_once_as_it_was_taught() -> None:
    assert asked("solution", ["a", "b"], str.upper) == (["A", "B"], [["a", "b"]])
    assert asked("step-by-step", ["a"], lambda _: "Answer: 3") == (["Answer: 3"], [["[label] a"]])


@pytest.mark.parametrize(
    ("rationale", "second", "whole"),
    [
        ("2+9=11", "q\n2+9=11", "2+9=11\nAnswer: 21"),
        ("2+9=11\nAnswer: 5", "q\n2+9=11", "2+9=11\nAnswer: 21"),  # an answer of the first step is not the answer
        ("", "q\n", "Answer: 21"),
    ],
)
def test_a_cascade_asks_for_the_answer_behind_what_the_student_wrote(rationale: str, second: str, whole: str) -> None:
    replies, steps = asked("cascade", ["q"], lambda prompt: rationale if prompt == "q" else "Answer: 21")
    assert steps == [["q"], [second]]
    assert replies == [whole]


def test_the_second_step_of_a_student_gets_the_prompt_of_its_training(student: Student) -> None:
    prompts: list[str] = []

    class Spied:
        def generate(self, questions: list[str], *_: Any, **__: Any) -> list[str]:
            prompts.extend(questions)
            return ["2+9=11\n10+11=21" if question == SUM.problem else "Answer: 21" for question in questions]

    variant = StudentVariant(Spied(), form=FORMS["cascade"])  # type: ignore[arg-type] # all that it asks of a student
    assert variant.answer([SUM.problem]) == [SUM.solution]
    first, second = FORMS["cascade"].tasks(SUM, 0.7)
    assert prompts == [first.prompt, second.prompt]


LOSSES = [AnswerLoss(), PickedLoss(), FusedLoss(), SingleLoss()]


def by_hand(student: Student, lessons: list[Lesson], weight: Any) -> tuple[float, Any]:
    """The mean over the tasks of weight times mean cross-entropy, in float64 from the logits on, and its gradient."""
    import torch

    total = torch.zeros((), dtype=torch.float64)
    for lesson in lessons:
        logits = student.model(input_ids=torch.tensor([lesson.ids]), use_cache=False).logits[0].double()
        taught = range(lesson.prompt_length, len(lesson.ids))
        said = [torch.log_softmax(logits[place - 1], 0)[lesson.ids[place]] for place in taught]
        total = total - lesson.weight * torch.stack(said).mean() / len(lessons)
    (gradient,) = torch.autograd.grad(total, weight)
    return float(total.detach()), gradient


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("form", ["step-by-step", "cascade"])
def test_the_weighted_loss_and_its_gradient_are_those_computed_by_hand(
    student: Student, loss: AnswerLoss, form: str
) -> None:
    import torch

    lessons, _ = encode_lessons([SUM, CODE, SHORT], student.format, 512, FORMS[form], 0.7)
    assert sorted({lesson.weight for lesson in lessons}) == pytest.approx([0.3, 0.7])
    weight = student.model.model.layers[0].mlp.down_proj.weight  # any one below the head, which is frozen
    weight.requires_grad_(True)
    try:
        expected, slope = by_hand(student, lessons, weight)
        found = loss(student.model, collate(lessons, student.pad_id, "cpu"))
        (gradient,) = torch.autograd.grad(found, weight)
    finally:
        weight.requires_grad_(False)
    assert float(found.detach()) == pytest.approx(expected, rel=1e-5)
    assert float((gradient - slope).norm() / slope.norm()) < 1e-4


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_lessons_of_one_task_have_no_weights_and_the_loss_that_they_had(student: Student, loss: AnswerLoss) -> None:
    import torch

    lessons, _ = encode_lessons(make_sums(6), student.format, 512, FORMS["solution"], 0.9)
    assert lessons == encode_lessons(make_sums(6), student.format, 512)[0]
    batch = collate(lessons, student.pad_id, "cpu")
    assert batch.weights is None
    alike = Batch(batch.ids, batch.taught, batch.tokens, torch.full((len(batch.targets),), 1 / len(batch.targets)))
    with torch.no_grad():
        assert float(loss(student.model, batch)) == pytest.approx(float(loss(student.model, alike)), rel=1e-5)


@pytest.mark.parametrize(
    ("share", "replies"),
    [(0.0, ["Answer: 21"]), (1.0, ["2+9=11\n10+11=21"]), (0.5, ["Answer: 21", "2+9=11\n10+11=21"])],
)
def test_a_task_of_no_weight_is_not_taught(student: Student, share: float, replies: list[str]) -> None:
    lessons, _ = encode_lessons([SUM], student.format, 512, FORMS["step-by-step"], share)
    told = [student.tokenizer.decode(lesson.ids[lesson.prompt_length :]) for lesson in lessons]
    assert told == [f"{reply}<|im_end|>" for reply in replies]


def test_a_lesson_is_left_out_with_both_tasks_where_one_is_too_long(student: Student) -> None:
    room = max(len(lesson.ids) for lesson in encode_lessons([SUM], student.format, 512, FORMS["cascade"])[0])
    assert len(encode_lessons([SUM], student.format, room, FORMS["cascade"])[0]) == 2
    assert encode_lessons([SUM], student.format, room - 1, FORMS["cascade"]) == ([], [SUM.id])


@pytest.mark.parametrize("form", list(FORMS))
def test_both_tasks_of_a_lesson_are_held_out_or_none_and_as_many_lessons_as_in_one(student: Student, form: str) -> None:
    lessons, _ = encode_lessons(make_sums(30), student.format, 512, FORMS[form])
    held = hold_out(lessons, 0.2, 1)
    ids = {lessons[place].id for place in held}
    assert len(ids) == 6
    assert held == [place for place, lesson in enumerate(lessons) if lesson.id in ids]
    whole, _ = encode_lessons(make_sums(30), student.format, 512)
    assert ids == {whole[place].id for place in hold_out(whole, 0.2, 1)}


def test_a_training_in_two_tasks_counts_lessons_not_tasks(student: Student, tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=1, batch_size=8, held_out=0.2, tasks="cascade")
    log = train(student, make_sums(20), start=None, out=tmp_path, settings=settings, seed=1)
    assert (log.examples, log.held_out[-1].of) == (16, 4)


def test_a_held_out_lesson_is_right_where_all_its_tasks_are(student: Student) -> None:
    import torch

    class Told(AnswerLoss):
        """Of each lesson but the last all tokens are right."""

        def measure(self, model: Any, batch: Batch) -> tuple[Any, Any]:
            del model
            wrong = batch.ids.tolist() == torch.tensor([lessons[-1].ids]).tolist()
            return torch.ones(len(batch.targets)), torch.full((len(batch.targets),), not wrong)

    lessons, _ = encode_lessons([SHORT, SUM], student.format, 512, FORMS["cascade"])
    point = measure_held_out(student.model, Told(), lessons, step=3, pad_id=student.pad_id, batch_size=1)
    assert (point.right, point.of, point.loss) == (1, 2, 1.0)


@pytest.mark.parametrize("form", ["step-by-step", "cascade"])
def test_both_tasks_are_learnt(student: Student, tmp_path: Path, form: str) -> None:
    lessons = make_sums(2)
    settings = TrainingSettings.model_validate(
        {"epochs": 80, "learning_rate": 1e-2, "batch_size": 4, "held_out": 0, "tasks": form}
    )
    train(student, lessons, start=None, out=tmp_path, settings=settings, seed=1)
    tasks = [task for lesson in lessons for task in FORMS[form].tasks(lesson, 0.5)]
    student.use(tmp_path)
    try:
        replies = student.generate([task.prompt for task in tasks])
    finally:
        student.use(None)
    # The tiny student's frozen head has no row for the end of a reply.
    assert [reply[: len(task.reply)] for reply, task in zip(replies, tasks, strict=True)] == [t.reply for t in tasks]
