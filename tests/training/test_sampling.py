"""Variants of the student: sampled from, or with worked examples before the question."""

from collections import Counter

import pytest
from tests.training.lessons import make_sums
from tests.training.tiny import make_tiny_student

from ioa.training import LoraSettings, Sampling, Shot, Student, StudentSettings, StudentVariant, TrainingSettings, train
from ioa.training.generation import _sampler

QUESTIONS = ["1+1=?", "What is 12+30, said slowly?", "7", "Größe?", "3+4=?" * 9, "2+1=?", "9+1=?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_student(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def student(folder):
    import torch

    torch.set_num_threads(1)
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=24))


@pytest.fixture(scope="module")
def adapter(student, tmp_path_factory):
    """A LoRA that makes the tiny student write sums, so that its distribution is neither flat nor a point."""
    out = tmp_path_factory.mktemp("adapter")
    settings = TrainingSettings(epochs=6, learning_rate=1e-2, lora=LoraSettings(rank=8, alpha=16))
    train(student, make_sums(16), start=None, out=out, settings=settings, seed=3)
    return out


def test_the_same_seed_gives_the_same_replies_and_another_seed_others(student, adapter):
    student.use(adapter)
    first = student.generate(QUESTIONS, sampling=Sampling(1.0, seed=1))
    assert student.generate(QUESTIONS, sampling=Sampling(1.0, seed=1)) == first
    assert student.generate(QUESTIONS, sampling=Sampling(1.0, seed=2)) != first


def test_a_sampled_reply_depends_neither_on_its_neighbours_nor_on_its_place(student, adapter):
    student.use(adapter)
    sampling = Sampling(0.9, seed=5)
    together = student.generate(QUESTIONS, sampling=sampling)
    assert student.generate(QUESTIONS[::-1], sampling=sampling) == together[::-1]
    assert [student.generate([question], sampling=sampling)[0] for question in QUESTIONS] == together
    assert student.generate(QUESTIONS[2:4], sampling=sampling) == together[2:4]


def test_sampling_leaves_the_callers_random_state_alone(student):
    import torch

    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    student.generate(["7"], sampling=Sampling(1.0, seed=1))
    assert torch.equal(torch.rand(3), expected)


def test_at_a_low_temperature_the_likeliest_token_wins(student, adapter):
    student.use(adapter)
    assert student.generate(QUESTIONS, sampling=Sampling(1e-4, seed=1)) == student.generate(QUESTIONS)


@pytest.mark.parametrize("temperature", [0.7, 1.5])
def test_tokens_are_drawn_as_often_as_the_model_says(temperature):
    """One set of logits for 4,000 prompts, against the softmax at that temperature."""
    import torch

    logits, rows = torch.tensor([2.0, 1.0, 0.0, -1.0, 1.5]), range(4000)
    choose = _sampler([[row] for row in rows], Sampling(temperature, seed=3))
    drawn = Counter(choose(logits.expand(len(rows), -1), rows).tolist())
    for token, chance in enumerate(torch.softmax(logits / temperature, -1).tolist()):
        assert drawn[token] / len(rows) == pytest.approx(chance, abs=4 * (chance * (1 - chance) / len(rows)) ** 0.5)


SHOTS = (Shot(question="1+2=?", reply="1+2=3\nAnswer: 3"), Shot(question="2+2=?", reply="Answer: 4"))


def test_worked_examples_are_earlier_turns_of_the_conversation(student):
    assert student.format.render("5+1=?", SHOTS[:1]) == (
        "<|im_start|>user\n1+2=?<|im_end|>\n<|im_start|>assistant\n1+2=3\nAnswer: 3<|im_end|>\n"
        "<|im_start|>user\n5+1=?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert student.format.render("5+1=?", ()) == student.format.render("5+1=?")


def test_without_a_chat_template_worked_examples_stand_above_the_question(tmp_path):
    from transformers import AutoTokenizer

    from ioa.training.chat_format import PromptFormat

    plain = PromptFormat(AutoTokenizer.from_pretrained(make_tiny_student(tmp_path, chat=False)))
    assert plain.render("5+1=?", SHOTS[1:]) == "2+2=?\nAnswer: 4\n\n5+1=?\n"


def test_a_variant_answers_each_question_with_its_own_examples(student, adapter):
    student.use(adapter)
    variant = StudentVariant(student, shots={"7": SHOTS, "1+1=?": SHOTS[:1]})
    assert variant.answer(["1+1=?", "7", "9+1=?"]) == [
        student.generate(["1+1=?"], shots=[SHOTS[:1]])[0],
        student.generate(["7"], shots=[SHOTS])[0],
        student.generate(["9+1=?"])[0],
    ]
    sampled = StudentVariant(student, sampling=Sampling(1.0, 1))
    assert sampled.answer(QUESTIONS) == student.generate(QUESTIONS, sampling=Sampling(1.0, 1))


def test_a_reply_goes_on_from_what_it_began_with(student, adapter):
    student.use(adapter)
    whole = student.generate(["7", "1+1=?"])
    begun = [whole[0][: len(whole[0]) // 2], ""]
    replies = student.generate(["7", "1+1=?"], begun=begun)
    assert replies[0].startswith(begun[0])
    assert replies[1] == whole[1]
    variant = StudentVariant(student, begun={"7": begun[0]})
    assert variant.answer(["7", "1+1=?"]) == replies
