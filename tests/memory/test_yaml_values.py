"""YAML that people hand in says what it looks like; what is written here says the same to every reader."""

import codecs

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.errors import UserError
from ioa.memory.yaml_source import load_yaml
from ioa.memory.yaml_values import FastLoader, dump, read_value

SPECIAL = ["1e-3", "010", "12:30", "0o17", "on", "~", "=", "<<", "2024-01-31", "a\x85b", "\u2028", "\ufeffx", "1_0", ""]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1e3", 1000.0),
        ("-2E+2", -200.0),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("12:30", "12:30"),
        ("1:20:30.5", "1:20:30.5"),
        ("2024-01-31", "2024-01-31"),
        ("off", False),
        ("~", None),
        ("'007'", "007"),
        ("3.", 3.0),
        (".inf", float("inf")),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_value_is_what_it_looks_like_to_both_readers(tmp_path, text, value):
    """hiyouga/LlamaFactory#4014: a learning rate of `2e-5` was a text."""
    path = tmp_path / "a.yaml"
    path.write_text(f"key: {text}\n")
    for found in (read_value(text), yaml.load(text, FastLoader), load_yaml(path)[0]["key"]):
        assert found == value
        assert type(found) is type(value)


@given(st.one_of(st.sampled_from(SPECIAL), st.text(), st.floats(allow_nan=False), st.integers(), st.booleans()))
def test_what_is_written_is_read_back_by_readers_of_both_versions(value):
    text = dump({"key": [value]})
    for loader in (yaml.SafeLoader, FastLoader):
        found = yaml.load(text, loader)["key"][0]
        assert found == value
        assert type(found) is type(value)
    assert read_value(text) == {"key": [value]}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_of_any_system_are_read(tmp_path, end):
    path = tmp_path / "a.yaml"
    path.write_bytes(codecs.BOM_UTF8 + end.join(["a: 1", "", "b: [x, y]", ""]).encode())
    data, locate = load_yaml(path)
    assert data == {"a": 1, "b": ["x", "y"]}
    assert locate(("b",)) == 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: 1\nb: ü\n".encode("latin-1"), ":2: not UTF-8"),
        ("a: 1\n".encode("utf-16"), ": UTF-16 text"),
        (b"a: 1\nb: \0\n", ": a binary file, or UTF-16 (a zero byte in line 2)"),
        ("a: 1\nb: x\u0085y\n".encode(), ":2: holds U+0085"),
        ("a: 1\nb: 'x\u2028y'\n".encode(), ":2: holds U+2028"),
        (b"a: 1\na: 2\n", ":2: a: given twice"),
        (b"a: 1\n---\na: 2\n", ":2: not valid YAML"),
        (b"a:\n\t- 1\n", ":2: not valid YAML"),
        (b"PK\x03\x04", ": a ZIP archive"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path, content, told):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_yaml(path)
    assert str(caught.value).startswith(f"{path}{told}")
