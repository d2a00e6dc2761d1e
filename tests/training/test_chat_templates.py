"""What a chat template makes of a question: switches, parts, and what it leaves out."""

from pathlib import Path
from typing import Any

import pytest
from tests.training.lessons import make_sums
from tests.training.tiny import TEMPLATE, make_tiny_student

from ioa.memory.errors import UserError
from ioa.training.batches import encode_lessons
from ioa.training.chat_format import PromptFormat, Shot

TURNS = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
OPEN = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
QWEN3 = (
    TURNS + OPEN + "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}"
    "{% endif %}{% endif %}"
)
DEEPSEEK = (
    "{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
    + TURNS
    + OPEN
    + "{{ '<think>' if thinking else '</think>' }}{% endif %}"
)
EFFORT = "Effort: {{ reasoning_effort | default('medium') }}\n" + TURNS + OPEN + "{% endif %}"
PARTS = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}{% for part in m['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_student(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def form(tokenizer: Any, template: Any, system: str | None = "", **switches: Any) -> PromptFormat:
    tokenizer.chat_template = template
    return PromptFormat(tokenizer, system, switches)


@pytest.mark.parametrize(
    ("template", "switches", "end"),
    [
        (QWEN3, {}, "assistant\n<think>\n\n</think>\n\n"),
        (QWEN3, {"enable_thinking": False}, "assistant\n<think>\n\n</think>\n\n"),
        (QWEN3, {"enable_thinking": True}, "assistant\n"),
        (DEEPSEEK, {}, "assistant\n</think>"),
        (DEEPSEEK, {"thinking": True}, "assistant\n<think>"),
        (TEMPLATE, {}, "assistant\n"),
    ],
)
def test_a_switch_reaches_prompt_and_lesson(template: str, switches: dict[str, Any], end: str, tokenizer: Any) -> None:
    made = form(tokenizer, template, **switches)
    assert made.render("2+2?") == f"<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>{end}"
    assert tokenizer.decode([made.end_id]) == "<|im_end|>"
    ((lesson,), _) = encode_lessons(make_sums(1), made, 512)
    prompt = tokenizer.decode(lesson.ids[: lesson.prompt_length])
    assert prompt == made.render(make_sums(1)[0].problem)
    assert tokenizer.decode(lesson.ids[lesson.prompt_length :]) == make_sums(1)[0].solution + "<|im_end|>"


def test_that_thinking_is_off_is_said_only_where_nobody_decided_it(tokenizer: Any) -> None:
    assert "enable_thinking is false" in form(tokenizer, QWEN3).remark
    assert form(tokenizer, QWEN3, enable_thinking=False).remark == ""
    assert form(tokenizer, TEMPLATE).remark == ""


def test_a_switch_with_another_value_than_true_or_false(tokenizer: Any) -> None:
    assert form(tokenizer, EFFORT, None, reasoning_effort="low").render("2?").startswith("Effort: low\n")
    assert form(tokenizer, EFFORT, None).render("2?").startswith("Effort: medium\n")


@pytest.mark.parametrize(
    ("template", "switches", "words"),
    [
        (QWEN3, {"thinking": False}, r"chat_template_kwargs\.thinking.*does not know.*enable_thinking"),
        (TEMPLATE, {"enable_thinking": False}, "does not know it"),
        (QWEN3, {"add_generation_prompt": False}, "add_generation_prompt"),
        (QWEN3, {"messages": []}, "messages"),
        (QWEN3, {"tokenize": True}, "tokenize"),
        (None, {"enable_thinking": False}, "has no chat template"),
    ],
)
def test_a_switch_that_would_do_nothing_is_refused(
    template: str | None, switches: dict[str, Any], words: str, tokenizer: Any
) -> None:
    with pytest.raises(UserError, match=words):
        form(tokenizer, template, **switches)


def test_of_several_templates_the_default_is_taken(tokenizer: Any) -> None:
    assert "</think>" in form(tokenizer, {"default": QWEN3, "tool_use": "{{ messages }}"}).render("2?")
    with pytest.raises(UserError, match="chat template cannot be used"):
        form(tokenizer, {"rag": QWEN3, "tool_use": "{{ messages }}"})


def test_a_template_that_reads_parts_gets_parts(tokenizer: Any) -> None:
    """The other way round it is google-ai-edge/LiteRT-LM#3688: the question is left out without a word."""
    made = form(tokenizer, PARTS)
    shown = made.render("2+2?", [Shot(question="1+1?", reply="2")])
    turns = ("user\n1+1?", "assistant\n2", "user\n2+2?")
    assert shown == "".join(f"<|im_start|>{turn}<|im_end|>\n" for turn in turns) + "<|im_start|>assistant\n"
    assert tokenizer.decode([made.end_id]) == "<|im_end|>"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for m in messages %}{{ m['role'] }}{% endfor %}", "leaves out what the user says"),
        ("{% if messages %}", "chat template cannot be used"),
        ("{{ raise_exception('tools only') }}", "tools only"),
        ("{{ messages[0]['content']['text']['deep'] }}", "chat template cannot be used"),
    ],
)
def test_a_template_that_cannot_carry_a_question_is_refused(template: str, words: str, tokenizer: Any) -> None:
    with pytest.raises(UserError, match=words):
        form(tokenizer, template)


def test_a_system_prompt_that_the_template_drops_is_told(tokenizer: Any) -> None:
    users = "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['content'] + eos_token }}{% endif %}{% endfor %}"
    with pytest.raises(UserError, match="leaves out the system turn"):
        form(tokenizer, users, "Be brief.").render("2+2?")
    assert form(tokenizer, users).render("2+2?") == "2+2?<|im_end|>"
