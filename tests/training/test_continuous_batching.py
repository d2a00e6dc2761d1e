"""Rows that end are replaced by the next prompts, and the replies are those that each prompt gets alone."""

import random
from itertools import pairwise

import pytest
from tests.training.tiny import make_tiny_student

from ioa.training import Sampling, Student, StudentSettings
from ioa.training.decoding_check import CONTINUOUS, CONTINUOUS_SHARED, SHRINKING, WAYS, allowed_ways
from ioa.training.generation import Ending, chooser
from ioa.training.reply_bounds import ReplyBound
from ioa.training.row_cache import SLACK, RowCache

LONGEST = 2 * SLACK + 9
"""So that what is held is moved more than once."""
NEVER = -1


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    import torch

    torch.set_num_threads(1)
    folder = make_tiny_student(tmp_path_factory.mktemp("tiny"))
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=12))


def make_prompts(count, *, alike=5):
    rng = random.Random(4)
    head = [rng.randrange(3, 250) for _ in range(alike)]
    return [[*head, *(rng.randrange(3, 250) for _ in range(rng.randint(1, 30)))] for _ in range(count)]


def decode(student, way, prompts, limits, size, choose=None):
    ending = Ending({NEVER}, limits)
    return way.decoder(
        student.model, prompts, choose or chooser(prompts, None), pad_id=student.pad_id, ending=ending, size=size
    )


@pytest.mark.parametrize("way", [CONTINUOUS_SHARED, CONTINUOUS])
@pytest.mark.parametrize("size", [1, 3, 8, 64])
@pytest.mark.parametrize("alike", [0, 5])
def test_each_reply_is_that_of_its_prompt_alone(student, way, size, alike):
    prompts, rng = make_prompts(24, alike=alike), random.Random(1)
    limits = [rng.choice([1, 2, 7, 20]) for _ in prompts]
    limits[5] = LONGEST
    alone = [decode(student, SHRINKING, [prompt], [limit], 1)[0] for prompt, limit in zip(prompts, limits, strict=True)]
    assert decode(student, way, prompts, limits, size) == alone
    assert len({tuple(reply) for reply in alone}) > len(prompts) // 2


def test_the_batch_stays_full_until_nobody_waits(student):
    prompts = make_prompts(20)
    written, seen = [0] * len(prompts), []

    def choose(logits, rows):
        seen.append(sorted(rows))
        for row in rows:
            written[row] += 1
        return logits.argmax(-1)

    decode(student, CONTINUOUS, prompts, [1 + place % 7 for place in range(len(prompts))], 4, choose)
    assert max(map(len, seen)) == 4
    assert {row for rows in seen for row in rows} == set(range(20))
    last = max(turn for turn, rows in enumerate(seen) if any(row not in seen[turn - 1] for row in rows))
    read = [rows for before, rows in pairwise(seen[: last + 1]) if set(rows) <= set(before)]
    assert all(len(rows) == 4 for rows in read)
    assert sum(written) < 2 * sum(1 + place % 7 for place in range(len(prompts)))


def test_what_all_prompts_begin_with_is_read_once(student, monkeypatch):
    read, forward = [], type(student.model).forward

    def counted(self, *args, input_ids, **more):
        read.append(tuple(input_ids.shape))
        return forward(self, *args, input_ids=input_ids, **more)

    monkeypatch.setattr(type(student.model), "forward", counted)
    prompts = make_prompts(6, alike=9)
    decode(student, CONTINUOUS_SHARED, prompts, [1] * 6, 6)
    longest = max(map(len, prompts))
    assert read == [(1, 9), (6, longest - 9)]
    read.clear()
    decode(student, CONTINUOUS, prompts, [1] * 6, 6)
    assert read == [(6, longest)]


def test_the_same_questions_have_the_same_replies_to_the_bit(student):
    questions = [f"{'go on ' * (place % 5)}{place}+1=?" for place in range(17)]
    small = Student(student.model, student.tokenizer, student.settings.model_copy(update={"batch_size": 3}))
    assert small.write(questions) == small.write(questions)
    hot = Sampling(temperature=1.5, seed=4)
    together = small.write(questions, sampling=hot)
    assert small.write(questions[::-1], sampling=hot) == together[::-1]
    assert together == student.write(questions, sampling=hot)


def test_each_way_can_be_switched_off(student):
    assert allowed_ways(continuous=True, shared=True) == list(WAYS)
    assert CONTINUOUS_SHARED not in allowed_ways(continuous=True, shared=False)
    settings = student.settings.model_copy(update={"continuous_batching": False})
    assert Student(student.model, student.tokenizer, settings)._decoding.way is SHRINKING


def test_a_cache_that_holds_states_is_refused_by_name(student):
    from types import SimpleNamespace

    from transformers import BambaConfig

    from ioa.training.row_cache import UnknownLayersError

    with pytest.raises(UnknownLayersError, match="LinearAttention"):
        RowCache(SimpleNamespace(config=BambaConfig(num_hidden_layers=2, attn_layer_indices=[1])))


def test_a_reply_ends_at_its_own_length_and_behind_its_answer(student, monkeypatch):
    questions = ["1+1=?", "2+2=?", "3+3=?"]
    whole = student.write(questions)
    short = student.write(questions, bounds=[ReplyBound(tokens=3), ReplyBound(), ReplyBound(tokens=500)])
    assert short == [whole[0][:3], whole[1], whole[2]]
    said = [*student.tokenizer("Answer: 42\nmore and more", add_special_tokens=False)["input_ids"]]
    place = {"now": 0}

    def say(logits, rows):
        chosen = logits.argmax(-1)
        chosen[:] = said[place["now"]]
        place["now"] += 1
        return chosen

    monkeypatch.setattr("ioa.training.student.chooser", lambda *_: say)
    bounded = student.write(questions[:1], bounds=[ReplyBound(answer_line=True)])[0]
    assert student.tokenizer.decode(bounded) == "Answer: 42\n"
    place["now"] = 0
    assert student.tokenizer.decode(student.write(questions[:1])[0]) == "Answer: 42\nm"
