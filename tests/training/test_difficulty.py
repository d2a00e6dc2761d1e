"""How hard a lesson is for the student: measured by its own likelihood, without a trace."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.training.lessons import make_sums
from tests.training.tiny import make_tiny_student

from ioa.memory.records import Difficulty
from ioa.training import (
    Student,
    StudentSettings,
    TrainingSettings,
    manifest,
    mixture,
    observe,
    sample_for_observation,
    train,
)


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    folder = make_tiny_student(tmp_path_factory.mktemp("student"))
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu"))


def by_hand(student, example):
    """Mean loss of the solution, token by token from the model's own probabilities."""
    prompt, reply = student.format.encode(example.problem), student.format.encode_reply(example.solution)
    ids = [*prompt, *reply]
    with torch.no_grad():
        logs = student.model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    return -sum(logs[place - 1, ids[place]].item() for place in range(len(prompt), len(ids))) / len(reply), len(reply)


def test_it_is_the_mean_loss_of_the_solutions_tokens_whatever_stands_in_the_batch(student):
    examples = make_sums(7)
    found = observe(student, examples, start=None, batch_size=3, max_length=256)
    assert [one.example for one in found] == [example.id for example in examples]
    for one, example in zip(found, examples, strict=True):
        nll, tokens = by_hand(student, example)
        assert one.tokens == tokens
        assert math.isclose(one.nll, nll, rel_tol=1e-4)


def test_a_lesson_that_training_leaves_out_is_left_out(student):
    examples = make_sums(3)
    long = examples[1].model_copy(update={"problem": "x" * 400})
    found = observe(student, [examples[0], long, examples[2]], start=None, batch_size=2, max_length=256)
    assert [one.example for one in found] == [examples[0].id, examples[2].id]


def test_what_was_taught_is_easier_and_observing_changes_nothing_of_the_training(student, tmp_path):
    examples = make_sums(8)
    settings = TrainingSettings(epochs=4, batch_size=4)
    before = observe(student, examples, start=None, batch_size=4, max_length=256)
    train(student, examples, start=None, out=tmp_path / "a", settings=settings, seed=1)
    after = observe(student, examples, start=tmp_path / "a", batch_size=4, max_length=256)
    assert sum(one.nll for one in after) < sum(one.nll for one in before)
    for out, measure in (("b", False), ("c", True)):
        if measure:
            observe(student, examples, start=tmp_path / "a", batch_size=4, max_length=256)
        train(student, examples, start=tmp_path / "a", out=tmp_path / out, settings=settings, seed=2)
    b, c = ((tmp_path / out / "adapter_model.safetensors").read_bytes() for out in "bc")
    assert b == c


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(list(Difficulty))), max_size=40), st.integers(1, 12))
def test_a_sample_has_as_many_of_each_difficulty_as_there_are(kinds, count):
    (one,) = make_sums(1)
    examples = [
        one.model_copy(update={"id": str(n), "module": f"m/{module}", "difficulty": difficulty})
        for n, (module, difficulty) in enumerate(kinds)
    ]
    sample = sample_for_observation(examples, count, 3)
    assert sample == sample_for_observation(examples, count, 3)
    assert len({example.id for example in sample}) == len(sample)
    for module in {example.module for example in examples}:
        there = Counter(example.difficulty for example in examples if example.module == module)
        taken = Counter(example.difficulty for example in sample if example.module == module)
        assert taken.total() == min(count, there.total())
        for difficulty, number in there.items():  # none is short while another has more than its turn
            assert taken[difficulty] == number or taken[difficulty] >= max(taken.values()) - 1


def test_the_list_of_a_round_names_earlier_lessons_as_replay():
    new = [example.model_copy(update={"stage": 2, "round": 1}) for example in make_sums(3)]
    old = [example.model_copy(update={"id": f"old-{example.id}"}) for example in make_sums(4)]
    listed = manifest(mixture(new, old, count=2, seed=1), {lesson.id for lesson in new})
    assert [line.kind.value for line in listed] == ["chain-of-thought"] * 3 + ["replay"] * 2
    assert [line.example for line in listed[:3]] == [example.id for example in new]
