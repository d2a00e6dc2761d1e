"""Students of many architectures: each speaks as it does alone, or is refused by name."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.training.architectures import CONFIGS, make_student_of
from tests.training.lessons import make_example, make_sums
from tests.training.tiny import make_tiny_student

from ioa.memory.errors import UserError
from ioa.training import LoraSettings, Sampling, Student, StudentSettings, TrainingSettings, check_trainable, train
from ioa.training.batches import collate, encode_lessons
from ioa.training.decoding_check import BY_GENERATE, CONTINUOUS, CONTINUOUS_SHARED, SHRINKING, SINGLY
from ioa.training.losses import FusedLoss, SingleLoss, choose_loss

QUESTIONS = ["1+1=?", "7", "What is 12+30, said slowly and with some care?", "Größe?"]
WAY = {
    **dict.fromkeys(("GPT, without a cache", "Falcon-Mamba", "RecurrentGemma"), BY_GENERATE),
    "RWKV": SINGLY,
    **dict.fromkeys(("Bamba", "Qwen3-Next"), SHRINKING),
    "MPT, no positions": CONTINUOUS,  # its distances are counted in columns
}
"""Of the others all are decoded in the fastest way."""
REFUSED = {"XLNet", "RoBERTa, an encoder"}


def load(folder: Path, **settings: Any) -> Student:
    import torch

    torch.set_num_threads(1)
    return Student.load(
        StudentSettings(model=str(folder), device="cpu", **{"dtype": "float32", "max_new_tokens": 9, **settings})
    )


def by_transformers(student: Student, question: str) -> str:
    """What transformers' own greedy decoding says to one prompt alone."""
    import torch

    ids = torch.tensor([student.format.encode(question)])
    written = student.model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=9, pad_token_id=2, eos_token_id=2
    )
    return student.text(written[0, ids.shape[1] :].tolist())


@pytest.mark.parametrize("kind", sorted(set(CONFIGS) - REFUSED))
def test_in_a_batch_it_says_what_transformers_says_to_each_alone(kind: str, tmp_path: Path) -> None:
    student = load(make_student_of(kind, tmp_path), batch_size=3)  # the fourth joins where it may
    expected = [by_transformers(student, question) for question in QUESTIONS]
    assert len(set(expected)) > 1  # else padding could not be seen
    assert student.generate(QUESTIONS) == expected
    way = WAY.get(kind, CONTINUOUS_SHARED)
    assert student._decoding.way is way
    assert student.knows_padding == (way is not SINGLY)
    assert bool(student.remarks) == (way in (BY_GENERATE, SINGLY))


@pytest.mark.parametrize("kind", sorted(REFUSED))
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_looks_ahead_is_no_student(kind: str, dtype: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not a causal LM|cannot read a text") as raised:
        load(make_student_of(kind, tmp_path), dtype=dtype)
    assert str(tmp_path) in str(raised.value)
    if "cannot read a text" in str(raised.value) and dtype == "bfloat16":
        assert "student.dtype=float32" in str(raised.value)


def test_what_is_no_rounding_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in sparse attention that picks places by a tie: causal in every pass, another one for every length."""
    import torch
    from transformers import LlamaForCausalLM

    real = LlamaForCausalLM.forward

    def forward(self: Any, *args: Any, **more: Any) -> Any:
        found = real(self, *args, **more)
        length = args[0].shape[1] if args else more["input_ids"].shape[1]
        drawn = torch.randn(found.logits.shape[-1], generator=torch.Generator().manual_seed(length))
        found.logits = found.logits + drawn
        return found

    folder = make_tiny_student(tmp_path)
    monkeypatch.setattr(LlamaForCausalLM, "forward", forward)
    with pytest.raises(UserError, match="depends on how long the text is"):
        load(folder)


def test_a_short_prompt_beside_one_beyond_longropes_horizon_is_asked_alone(tmp_path: Path) -> None:
    student = load(make_student_of("Phi-3 with LongRoPE", tmp_path))
    lengths = [len(student.format.encode(question)) + 9 for question in QUESTIONS]
    assert min(lengths) <= 50 < max(lengths)  # together, all of them would be turned by the long factors
    assert student._decoding.way_for(50) is student._decoding.way is not SINGLY
    assert student._decoding.way_for(51) is SINGLY


@pytest.mark.parametrize("kind", ["Falcon-Mamba", "RWKV"])
def test_the_slower_ways_sample_as_the_fast_one(kind: str, tmp_path: Path) -> None:
    """The same seed and prompt give the same reply in whatever batch, another seed gives another."""
    student = load(make_student_of(kind, tmp_path))
    hot = Sampling(temperature=1.5, seed=4)
    together = student.write(QUESTIONS, sampling=hot)
    assert together == [student.write([question], sampling=hot)[0] for question in QUESTIONS]
    assert together != student.write(QUESTIONS, sampling=Sampling(temperature=1.5, seed=5))
    assert together != student.write(QUESTIONS)


@pytest.mark.parametrize("kind", ["GPT, without a cache", "RWKV", "Cohere 2, with windows"])
def test_what_a_generation_config_asks_for_beside_changes_nothing(kind: str, tmp_path: Path) -> None:
    from transformers import GenerationConfig

    folder = make_student_of(kind, tmp_path)
    plain = load(folder).generate(QUESTIONS)
    GenerationConfig(
        repetition_penalty=5.0, suppress_tokens=[5, 6, 7], no_repeat_ngram_size=1, min_new_tokens=9, eos_token_id=[2]
    ).save_pretrained(folder)
    assert load(folder).generate(QUESTIONS) == plain


def test_a_stop_token_of_the_generation_config_ends_a_reply(tmp_path: Path) -> None:
    folder = make_student_of("Mixtral", tmp_path)
    student = load(folder)
    whole = student.write(QUESTIONS[:1])[0]
    student.model.generation_config.eos_token_id = [2, whole[3]]
    assert student.write(QUESTIONS[:1])[0] == whole[: whole.index(whole[3])]


def test_a_reply_ends_where_the_models_positions_end(tmp_path: Path) -> None:
    """GPT-2 has a table of positions; behind its end there are none."""
    student = load(make_student_of("GPT-2, learned positions", tmp_path), max_new_tokens=500)
    assert student.longest == 96
    room = 96 - len(student.format.encode(QUESTIONS[0]))
    assert len(student.write(QUESTIONS[:2])[0]) <= room
    with pytest.raises(UserError, match="reads 96"):
        student.generate(["x" * 100])


def test_a_decoder_that_is_wrong_for_the_model_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every supposition, broken one at a time: the positions, the mask, the rows that are kept."""
    import torch
    from transformers import DynamicCache, LlamaForCausalLM

    from ioa.training.row_cache import RowCache

    folder = make_tiny_student(tmp_path)
    real = LlamaForCausalLM.forward

    def without(name: str) -> Any:
        def forward(self: Any, *args: Any, position_ids: Any = None, attention_mask: Any = None, **more: Any) -> Any:
            given = {"position_ids": position_ids, "attention_mask": attention_mask, name: None}
            if name == "position_ids" and attention_mask is not None and more.get("past_key_values") is not None:
                given[name] = torch.arange(attention_mask.shape[1])[None, -more["input_ids"].shape[1] :] * 2
            return real(self, *args, **given, **more)

        return forward

    for name in ("position_ids", "attention_mask"):
        monkeypatch.setattr(LlamaForCausalLM, "forward", without(name))
        assert load(folder)._decoding.way not in (CONTINUOUS_SHARED, CONTINUOUS, SHRINKING), name
    monkeypatch.setattr(LlamaForCausalLM, "forward", real)
    assert load(folder)._decoding.way is CONTINUOUS_SHARED
    beginning, put = RowCache.repeated, RowCache.put
    monkeypatch.setattr(RowCache, "repeated", lambda self, model, *more: _halved(beginning(self, model, *more)))
    assert load(folder)._decoding.way is CONTINUOUS
    monkeypatch.setattr(RowCache, "put", lambda self, rows, other: put(self, rows, _halved(other)))
    assert load(folder)._decoding.way is SHRINKING
    keep = DynamicCache.reorder_cache
    monkeypatch.setattr(DynamicCache, "reorder_cache", lambda self, rows: keep(self, torch.zeros_like(rows)))
    assert load(folder)._decoding.way is BY_GENERATE


def _halved(cache: Any) -> Any:
    for layer in cache.layers:
        layer.keys.mul_(0.5)
    return cache


@pytest.mark.parametrize("kind", ["BLOOM, no positions", "Falcon-Mamba", "RWKV", "Mixtral"])
def test_it_learns_and_is_bare_again(kind: str, tmp_path: Path) -> None:
    student = load(make_student_of(kind, tmp_path / "student"))
    before = student.generate(QUESTIONS)
    settings = TrainingSettings(epochs=4, learning_rate=1e-2, lora=LoraSettings(rank=8, alpha=16))
    check_trainable(student, settings)
    log = train(student, make_sums(8), start=None, out=tmp_path / "lora", settings=settings, seed=1)
    assert log.steps[-1].loss < log.steps[0].loss
    assert student.generate(QUESTIONS) == before
    student.use(tmp_path / "lora")
    assert student.generate(QUESTIONS) != before
    student.use(None)
    assert student.generate(QUESTIONS) == before


def test_a_model_that_padding_disturbs_is_trained_lesson_by_lesson(tmp_path: Path) -> None:
    import torch

    class SeesAll(torch.nn.Module):
        """What it says depends on the mean of all of a row, padding included."""

        device = torch.device("cpu")

        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.embedding = torch.nn.Embedding(272, 272)

        def forward(self, input_ids: Any, use_cache: bool) -> Any:
            embedded = self.embedding(input_ids)
            return SimpleNamespace(logits=embedded + 5 * embedded.mean(dim=1, keepdim=True))

    student = load(make_tiny_student(tmp_path))
    lessons, _ = encode_lessons([*make_sums(3), make_example(9, "9" * 30, ("y" * 50,), "1")], student.format, 512)
    batch = collate(lessons, student.pad_id, "cpu")
    assert float(SingleLoss()(student.model, batch)) == pytest.approx(float(FusedLoss()(student.model, batch)))
    assert isinstance(choose_loss(student.model, lessons, student.pad_id), FusedLoss)
    assert isinstance(choose_loss(SeesAll(), lessons, student.pad_id), SingleLoss)


@pytest.mark.parametrize(
    ("targets", "words"),
    [(("lm_head", "q_proj"), "shares its weight"), (("no_such_layer",), "do not fit"), (("rotary_emb",), "do not fit")],
)
def test_layers_that_take_no_lora_are_told_before_anything_is_taught(
    targets: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    student = load(make_tiny_student(tmp_path))
    before = student.generate(QUESTIONS)
    with pytest.raises(UserError, match=words):
        check_trainable(student, TrainingSettings(lora=LoraSettings(targets=targets)))
    assert student.generate(QUESTIONS) == before
