from pathlib import Path

import pytest

from ioa.memory.redaction import MARK, has_key_form, keep_secret, redact, redact_keys, redact_strings, repeats_key
from ioa.memory.transcript import CallContext, Message, Transcript

KEY = "sk-" + "abcdefghijklmnop1234"


@pytest.mark.parametrize(
    "beginning",
    [
        *("sk-", "sk_live_", "sk-proj-", "pk-", "pk_", "rk-", "rk_", "hf_", "AIza", "gsk_", "r8_", "xai-", "nvapi-"),
        *("pplx-", "csk-", "tgp_v1_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
    ],
)
def test_what_looks_like_a_key_is_struck_out(beginning: str) -> None:
    secret = beginning + "a1B2" * 8
    assert redact(f"Incorrect API key provided: {secret}.") == f"Incorrect API key provided: {MARK}."


def test_an_access_key_of_amazon_is_struck_out() -> None:
    assert redact("from AKIAABCDEFGHIJKLMNOP on") == f"from {MARK} on"


def test_a_bearer_token_is_struck_out_and_the_word_stays() -> None:
    assert redact("Authorization: Bearer abc.def-123456789012") == f"Authorization: Bearer {MARK}"
    assert redact("authorization: bearer abc.def-123456789012") == f"authorization: bearer {MARK}"


RANDOM = "q7Rk2mZ9xW4tB8vN3pLc"


def test_values_of_key_variables_that_look_like_keys_are_struck_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", RANDOM)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"{RANDOM}/f00b4r")
    monkeypatch.setenv("COLOUR", RANDOM[::-1])
    text = f"{RANDOM}/f00b4r; {RANDOM}; {RANDOM[::-1]}"
    assert redact(text) == redact_keys(text) == f"{MARK}; {MARK}; {RANDOM[::-1]}"


@pytest.mark.parametrize(
    "value",
    ["postgres", "correct horse battery", "anything-goes-here", "20240101", "12345678901234567890", "localhost:5432",
     "DevelopmentTokenForLocalUse1", "my-local-dev-key-2024", "gpt-4o-mini-2024-07-18", "http://localhost:8080/v1/chat",
     "aaaaaaaaaaaaaaaaaaaaaaaa"],
)  # fmt: skip
def test_a_variable_that_is_called_a_secret_and_holds_words_or_a_number_changes_no_text(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", value)
    assert not has_key_form(value)
    assert redact(f"about {value}.") == redact_keys(f"about {value}.") == f"about {value}."


def test_a_word_that_was_given_as_a_key_is_struck_out_of_messages_alone() -> None:
    keep_secret("wholesome-breakfast\n")
    assert redact("401: wholesome-breakfast is no key") == f"401: {MARK} is no key"
    assert redact_keys("A wholesome-breakfast.") == redact_strings("A wholesome-breakfast.") == "A wholesome-breakfast."
    assert not repeats_key("A wholesome-breakfast.")


def test_a_key_that_was_given_is_struck_out_everywhere_and_known_when_it_is_repeated() -> None:
    keep_secret("Zt5w-Qm8r-Yx2k-Lb9d-Hn4c")
    for strike in (redact, redact_keys, redact_strings):
        assert strike("it is Zt5w-Qm8r-Yx2k-Lb9d-Hn4c!") == f"it is {MARK}!"
    assert repeats_key("your key Zt5w-Qm8r-Yx2k-Lb9d-Hn4c")


@pytest.mark.parametrize(
    "text",
    [
        "risk-averse-investors-and-others",
        "3 + 5 = 8",
        "task-1234567890123456789",
        "sk-learn-compatible-estimators",
        "the standard bearer responsibilities",
        "pk-is-the-primary-key-of-it",
    ],
)
def test_plain_text_stays(text: str) -> None:
    assert redact(text) == text


def test_nested_strings_and_keys_are_redacted_and_other_values_stay() -> None:
    assert redact_strings({KEY: [KEY, 3, None, True, {"a": f"\n{KEY}"}]}) == {
        MARK: [MARK, 3, None, True, {"a": f"\n{MARK}"}]
    }


def test_no_key_reaches_the_transcript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", RANDOM)
    path = tmp_path / "transcript.jsonl"
    event = Transcript(path).record(
        context=CallContext(node="n", agent="adapter", task="solve"), teacher="t",
        messages=(Message(role="user", content=f"line\n{KEY}"),), reply="says password",
        error=f"401\t{KEY} {RANDOM}",
    )  # fmt: skip
    written = path.read_text(encoding="utf-8")
    assert KEY not in written
    assert RANDOM not in written
    assert event == Transcript(path).attempts()[0]
    assert (event.messages[0].content, event.reply, event.error) == (
        f"line\n{MARK}",
        "says password",
        f"401\t{MARK} {MARK}",
    )


def test_what_a_model_said_is_in_the_transcript_word_for_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", RANDOM)
    said = f"A key looks like {KEY} or {RANDOM}."
    event = Transcript(tmp_path / "transcript.jsonl").record(
        context=CallContext(node="n", agent="adapter", task="solve"), teacher="t", messages=(), reply=said,
        reasoning=said, parsed={"steps": [said]},
    )  # fmt: skip
    assert (event.reply, event.reasoning, event.parsed) == (said, said, {"steps": [said]})
