"""A run whose student cannot be taught or examined stops before anything is written or paid."""

from pathlib import Path
from typing import Any

import pytest
from tests.small import ioa, write_config


def cut(student: Path) -> None:
    whole = (student / "model.safetensors").read_bytes()
    (student / "model.safetensors").write_bytes(whole[: len(whole) // 3])


def damage(student: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(student / "model.safetensors")
    weights["model.norm.weight"] *= float("nan")
    save_file(weights, student / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("command", "change", "settings", "words"),
    [
        ("run", cut, {}, "is not whole"),
        ("plan", damage, {}, "holds NaN"),
        ("run", None, {"training": {"lora": {"targets": ["lm_head", "q_proj"]}}}, "shares its weight"),
        ("run", None, {"student": {"chat_template_kwargs": {"enable_thinking": True}}}, "does not know it"),
        ("plan", None, {"student": {"system_prompt": "Be brief.", "chat_template_kwargs": {"x": 1}}}, "kwargs.x"),
    ],
)
def test_it_stops_with_one_message_and_leaves_nothing(
    command: str, change: Any, settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    config = write_config(tmp_path, **settings)
    if change is not None:
        change(tmp_path / "student")
    done = ioa(command, config, "--run-id", "none", cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs/none").exists()


def test_the_first_lines_say_that_thinking_is_off(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    config = write_config(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "student")
    tokenizer.chat_template += (
        "{% if add_generation_prompt and not enable_thinking %}{{ '<think></think>' }}{% endif %}"
    )
    tokenizer.save_pretrained(tmp_path / "student")
    done = ioa("plan", config, "--run-id", "thoughts", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "enable_thinking is false" in " ".join(done.stderr.split())
