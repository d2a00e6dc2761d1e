from pathlib import Path

import pytest

from ioa.memory.redaction import MARK, redact, redact_strings
from ioa.memory.transcript import CallContext, Message, Transcript

KEY = "sk-" + "abcdefghijklmnop1234"


@pytest.mark.parametrize("secret", [KEY, "sk-proj-" + "a" * 20, "hf_" + "a" * 30, "AIza" + "b" * 35, "pk-" + "c_-" * 8])
def test_what_looks_like_a_key_is_struck_out(secret: str) -> None:
    assert redact(f"Incorrect API key provided: {secret}.") == f"Incorrect API key provided: {MARK}."


def test_a_bearer_token_is_struck_out_and_the_word_stays() -> None:
    assert redact("Authorization: Bearer abc.def-123456789012") == f"Authorization: Bearer {MARK}"
    assert redact("authorization: bearer abc.def-123456789012") == f"authorization: bearer {MARK}"


def test_values_of_key_variables_are_struck_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_API_KEY", "correct horse")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "correct horse battery")
    monkeypatch.setenv("SHORT_TOKEN", "abc")
    monkeypatch.setenv("COLOUR", "turquoise")
    text = "correct horse battery; correct horse; abc; turquoise"
    assert redact(text) == f"{MARK}; {MARK}; abc; turquoise"


@pytest.mark.parametrize("text", ["risk-averse-investors-and-others", "3 + 5 = 8", "task-1234567890123456789"])
def test_plain_text_stays(text: str) -> None:
    assert redact(text) == text


def test_nested_strings_and_keys_are_redacted_and_other_values_stay() -> None:
    assert redact_strings({KEY: [KEY, 3, None, True, {"a": f"\n{KEY}"}]}) == {
        MARK: [MARK, 3, None, True, {"a": f"\n{MARK}"}]
    }


def test_no_key_reaches_the_transcript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", 'quo"te\\back')
    path = tmp_path / "transcript.jsonl"
    event = Transcript(path).record(
        context=CallContext(node="n", agent="adapter", task="solve"), teacher="t",
        messages=(Message(role="user", content=f"line\n{KEY}"),), reply='has quo"te\\back',
        error=f"401\t{KEY}", parsed={"steps": [f"\n{KEY}"]},
    )  # fmt: skip
    written = path.read_text(encoding="utf-8")
    assert KEY not in written
    assert "te\\\\back" not in written
    assert event == Transcript(path).attempts()[0]
    assert (event.messages[0].content, event.reply, event.error) == (
        f"line\n{MARK}",
        f"has {MARK}",
        f"401\t{MARK}",
    )
