"""Every key is documented, every symbol of the method has one, and what is printed can be read again."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.graph.config import RunConfig, load_config, override
from ioa.graph.config_docs import DOCUMENT, SYMBOLS, commented, key_of, markdown
from ioa.graph.config_keys import find_key, keys
from ioa.memory.errors import UserError

ROOT = Path(__file__).parents[2]
COMPANIONS = {
    "exporters.otel.longest": "exporters.otel={longest: 200, timeout: 1}",
    "exporters.otel.timeout": "exporters.otel={longest: 200, timeout: 1}",
    "exporters.mlflow.longest": "exporters.mlflow={longest: 200}",
    "decomposition.most": "decomposition.least=2",
    "diagnosis.tau_high": "diagnosis.tau_low=0",
    "diagnosis.tau_low": "diagnosis.tau_high=1",
}
"""What is set beside a key, so that only its own range is at stake: what it is bounded by, or the section it is in."""


def test_the_document_says_what_the_program_says():
    written = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    assert written == markdown(), f"out of date: ioa config --docs > {DOCUMENT}"


def test_every_key_says_what_it_means_and_what_it_may_be():
    names = [key.name for key in keys(RunConfig)]
    assert len(names) == len(set(names)) > 80
    assert [key.name for key in keys(RunConfig) if not key.meaning] == []
    assert {key.range for key in keys(RunConfig) if key.kind in {"number", "whole number"} and not key.range} == set()


@pytest.mark.parametrize("symbol", sorted(SYMBOLS))
def test_every_symbol_of_the_method_is_one_key_with_range_and_default(symbol):
    key = key_of(symbol)
    assert key is not None, f"{symbol} has no key"
    assert key.range
    assert float(key.default) == float(str(_value(RunConfig(), key.name)))
    assert f"| `{symbol}` | `{key.name}` | {key.range} | `{key.default}` |" in markdown()


def test_the_defaults_are_the_method_s():
    expected = {
        "tau_gap": 0.3, "tau_dep": 0.3, "alpha": 0.7, "top-m": 0.25, "tau_ZPD": 0.15, "tau_mastery": 0.9, "J": 10,
        "R_max": 5, "tau_high": 0.9, "tau_low": 0.7, "m, least": 25, "m, most": 35,
    }  # fmt: skip
    assert {symbol: float(key_of(symbol).default) for symbol in expected} == expected


NUMBERS = [key for key in keys(RunConfig) if key.kind in {"number", "whole number"} and key.default != "required"]


@pytest.mark.parametrize("key", NUMBERS, ids=lambda key: key.name)
def test_the_range_in_words_is_the_range_that_is_checked(key):
    for part in key.range.split(", "):
        sign, _, bound = part.partition(" ")
        edge = float(bound.replace(",", ""))
        step = 1 if key.kind == "whole number" else 0.01
        good = {"≥": edge, "≤": edge, ">": edge + step, "<": edge - step}[sign]
        bad = {"≥": edge - step, "≤": edge + step, ">": edge, "<": edge}[sign]
        shown = int if key.kind == "whole number" else float
        beside = [COMPANIONS[key.name]] if key.name in COMPANIONS else []
        override(RunConfig(), [*beside, f"{key.name}={shown(good)}"])
        with pytest.raises(UserError, match="--set"):
            override(RunConfig(), [*beside, f"{key.name}={shown(bad)}"])


@settings(max_examples=30, deadline=None)
@example(rounds=0, gap=0.0, prompt="\xa0", files=[])
@given(
    rounds=st.integers(0, 9),
    gap=st.floats(0, 1),
    prompt=st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
    files=st.lists(st.sampled_from(["a.jsonl", "b: c.json", "#d"]), max_size=2),
)
def test_a_commented_run_file_is_the_run_file(rounds, gap, prompt, files):
    plain = RunConfig().model_dump(mode="json")
    plain["mastery"]["rounds"], plain["diagnosis"]["tau_gap"] = rounds, gap
    plain["student"]["system_prompt"], plain["synthesis"]["benchmarks"] = prompt, files
    plain["roles"]["adapter"] = [{"model": "openai:a", "options": {"effort": {"level": 1}}}]
    config = RunConfig.model_validate(plain)
    assert RunConfig.model_validate(yaml.safe_load(commented(config))) == config


def test_the_command_shows_a_run_file_with_its_settings_and_the_document():
    shown = CliRunner().invoke(app, ["config", "arithmetic", "--set", "mastery.rounds=1"])
    assert RunConfig.model_validate(yaml.safe_load(shown.output)) == override(
        load_config("arithmetic"), ["mastery.rounds=1"]
    )
    assert "# R_max: remediation rounds" in shown.output
    assert CliRunner().invoke(app, ["config", "--docs"]).output == markdown()


def test_a_key_of_a_teacher_in_a_list_is_found():
    assert find_key(RunConfig, "roles.adapter.0.timeout") == find_key(RunConfig, "teacher.timeout")
    assert find_key(RunConfig, "no.such.key") is None


def _value(config: RunConfig, name: str) -> object:
    value: object = config
    for part in name.split("."):
        value = getattr(value, part)
    return value
