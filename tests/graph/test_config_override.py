"""Each key that is documented can be set on the command line, and what is typed there is what the run gets."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ioa.agents import Roles, TeacherSettings
from ioa.cli.main import app
from ioa.graph.config import RunConfig, changed, override
from ioa.graph.config_keys import keys
from ioa.memory.errors import UserError

ROOT = Path(__file__).parents[2]
TWO = RunConfig(roles=Roles(judge=(TeacherSettings(model="openai:one"), TeacherSettings(model="openai:two"))))
_SETTING = re.compile(r"--set(?:=|\s+)(?:'([^'\n]+=[^'\n]*)'|([\w./-]+=[^\s`'\",;)]+))")
_PLACEHOLDER = re.compile(r"KEY|VALUE|\.\.\.")


def documented() -> list[str]:
    """Every `--set KEY=VALUE` of the documentation, the docstrings and the messages."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    rooms = ("agents", "cli", "evaluation", "graph", "memory", "results", "training")
    files += [file for room in rooms for file in (ROOT / room).rglob("*.py")]
    files += list((ROOT / "configs").rglob("*.yaml"))
    found = {a or b for file in files for a, b in _SETTING.findall(file.read_text(encoding="utf-8"))}
    return sorted({one.rstrip(".") for one in found if not _PLACEHOLDER.search(one)})


def helps() -> list[str]:
    """Every one of the `--help` texts, of all commands."""

    def texts(command: Any) -> list[str]:
        told = [command.help or "", *(getattr(one, "help", None) or "" for one in command.params)]
        return told + [text for one in getattr(command, "commands", {}).values() for text in texts(one)]

    found = [a or b for text in texts(typer.main.get_command(app)) for a, b in _SETTING.findall(text)]
    return sorted(set(found))


def test_the_documentation_was_searched():
    assert {"mastery.rounds=3", "scorers.judge.threshold=6", "budget.usd=2"} <= {*documented(), *helps()}
    assert len(documented()) > 12
    assert helps()


@pytest.mark.parametrize("setting", [*documented(), *helps()])
def test_each_setting_of_the_documentation_is_taken(setting):
    key = setting.partition("=")[0].split(".")
    found = override(TWO, [setting]).model_dump()
    for part in key:
        found = found[int(part)] if isinstance(found, list | tuple) else found[part]
    assert found not in (None, {})


TYPED = {
    "teacher.model": ("openai:m", "openai:m"),
    "teacher.base_url": ("http://localhost:1/v1", "http://localhost:1/v1"),
    "teacher.price": ("{input: 1, output: 2e-1}", {"input": 1.0, "output": 0.2}),
    "exporters.otel.endpoint": ("http://localhost:4318", "http://localhost:4318"),
    "decomposition.levels": ("[easy, hard]", ["easy", "hard"]),
    "decomposition.least": ("3", 3),
    "decomposition.most": ("99", 99),
    "training.betas": ("[8e-1, .9]", [0.8, 0.9]),
    "diagnosis.estimators": ("[teacher]", ["teacher"]),
    "synthesis.strategies": ("[format]", ["format"]),
}
"""What is typed for keys of which more has to be known than their kind, and what it means."""


def typed(key) -> tuple[str, Any]:
    """A value as somebody types it, and what it means."""
    if key.name in TYPED:
        return TYPED[key.name]
    if key.kind.startswith("one of"):
        choice = key.range.split(", ")[-1]
        return choice, choice
    if "list" in key.kind:
        return ("[1]", [1]) if "not empty" in key.range else ("[]", [])
    if "mapping" in key.kind:
        return "{}", {}
    for kind, told in (("true or false", ("off", False)), ("text", ("on: 007 # of any", "on: 007 # of any"))):
        if kind in key.kind:
            return told
    return ("1", 1) if key.default in {"null", "required"} else (key.default, yaml.safe_load(key.default))


@pytest.mark.parametrize("key", list(keys(RunConfig)), ids=lambda key: key.name)
def test_each_documented_key_can_be_set(key):
    text, value = typed(key)
    beside = {"teacher.price.input": "output", "teacher.price.output": "input"}
    more = [f"teacher.price.{beside[key.name]}=3"] if key.name in beside else []
    found: Any = override(RunConfig(), [f"{key.name}={text}", *more]).model_dump(mode="json")
    for part in key.name.split("."):
        found = found[part]
    if isinstance(found, dict) and not value:
        assert found is not None  # a section that is there now, with all its defaults
    else:
        assert found == value


@pytest.mark.parametrize(
    ("settings", "key", "value"),
    [
        (["scorers.unit-tests.unsafe=true"], "scorers", {"unit-tests": {"unsafe": True}}),
        (["scorers.rouge-l.threshold=5e-1"], "scorers", {"rouge-l": {"threshold": 0.5}}),
        (["scorers.judge.threshold=6", "scorers.judge.max_characters=99"], "scorers.judge.max_characters", 99),
        (['scorers.mine.plugin="/a/mine.py:grade"'], "scorers.mine.plugin", "/a/mine.py:grade"),
        (["scorers./a/mine.py:grade.least=1e3"], "scorers", {"/a/mine.py:grade": {"least": 1000.0}}),
        (['scorers."/a/mine.py:grade".least=1'], "scorers", {"/a/mine.py:grade": {"least": 1}}),
        (['scorers."a.b".plugin=/a/mine.py:grade'], "scorers.a.b.plugin", "/a/mine.py:grade"),
        (["teacher.options.reasoning_effort=low"], "teacher.options", {"reasoning_effort": "low"}),
        (["teacher.options.extra_body.top_k=20"], "teacher.options", {"extra_body": {"top_k": 20}}),
        (["teacher.options.stop=[a, 'b: c']", "teacher.options.stop.1=d"], "teacher.options.stop", ["a", "d"]),
        (["teacher.options.a.b=1", "teacher.options.a.c=~"], "teacher.options.a", {"b": 1, "c": None}),
        (["teacher.options.thinking=on"], "teacher.options.thinking", True),
        (["teacher.options.top_p=1e-3"], "teacher.options.top_p", 0.001),
        (["teacher.options.seed=010"], "teacher.options.seed", 10),
        (["teacher.options.at=12:30"], "teacher.options.at", "12:30"),
        (["teacher.options.day=2024-01-31"], "teacher.options.day", "2024-01-31"),
        (["teacher.options.stop="], "teacher.options.stop", None),
        (["roles.planner.model=openai:m"], "roles.planner.0.model", "openai:m"),
        (["roles.planner.model=openai:m", "roles.planner.rpm=3"], "roles.planner.0.rpm", 3.0),
        (
            ["roles.planner[0].model=openai:m", "roles.planner[0].price.input=1", "roles.planner[0].price.output=2"],
            "roles.planner.0.price",
            {"input": 1.0, "output": 2.0},
        ),
        (["roles.judge.2.model=openai:three"], "roles.judge.2.model", "openai:three"),
        (["roles.judge[1].timeout = 7 "], "roles.judge.1.timeout", 7.0),
        (["roles.judge=[]"], "roles.judge", []),
        (["exporters.otel.longest=200"], "exporters.otel.longest", 200),
        (["exporters.mlflow.traces=no"], "exporters.mlflow.traces", False),
        (["exporters.otel.file=a.jsonl", "exporters.otel=null"], "", None),
        (["training.betas.1=0.5"], "training.betas.1", 0.5),
        (["training.learning_rate=1e-3"], "training.learning_rate", 0.001),
        (["seed=007"], "seed", 7),
        (["student.system_prompt=a: b"], "student.system_prompt", "a: b"),
        (["student.system_prompt=on"], "student.system_prompt", "on"),
        (["student.system_prompt=007"], "student.system_prompt", "007"),
        (["student.system_prompt=[red]x[/] # one = two"], "student.system_prompt", "[red]x[/] # one = two"),
        (["student.system_prompt="], "student.system_prompt", ""),
        (["student.system_prompt=''"], "student.system_prompt", ""),
        (["student.system_prompt=null"], "student.system_prompt", None),
        (["student.system_prompt='null'"], "student.system_prompt", "null"),
        (['student.system_prompt=" a\\nb"'], "student.system_prompt", " a\nb"),
        (['student.system_prompt="so" and "so"'], "student.system_prompt", '"so" and "so"'),
        (["student.system_prompt=grüße 😀"], "student.system_prompt", "grüße 😀"),
        (["prices="], "prices", None),
        (["student.model=openai:m:", " mastery.rounds = 3"], "student.model", "openai:m:"),
        (["mastery.rounds=3", "mastery.rounds= 3"], "mastery.rounds", 3),
        (["scorers={numeric: {relative: 1}}", "scorers.numeric.absolute=2"], "scorers.numeric.relative", 1),
    ],
)
def test_what_is_typed_is_what_the_run_gets(settings, key, value):
    if not key:
        with pytest.raises(UserError, match="takes back"):
            override(TWO, settings)
        return
    found: Any = override(TWO, settings).model_dump(mode="json")
    for part in _names(key, found):
        found = found[int(part)] if isinstance(found, list) else found[part]
    assert found == value
    assert type(found) is type(value)


def test_a_name_with_dots_that_is_there_is_meant_and_another_one_is_put_into_quotes():
    """NousResearch/hermes-agent#91095: a dotted path wrote `qwen3` and `5:4b` below it, and nobody read that."""
    there = RunConfig(teacher=TeacherSettings(model="openai:m", options={"models": {"qwen3.5:4b": {"length": 1}}}))
    found = override(there, ["teacher.options.models.qwen3.5:4b.length=65536", 'teacher.options.models."a.b".length=2'])
    assert found.teacher.options["models"] == {"qwen3.5:4b": {"length": 65536}, "a.b": {"length": 2}}


def _names(key, found):
    return ["scorers", "a.b", "plugin"] if key == "scorers.a.b.plugin" else key.split(".")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["student.max-new-tokens=3"], ["no key student.max-new-tokens", "Did you mean student.max_new_tokens?"]),
        (["Teacher.Rpm=3"], ["Did you mean teacher.rpm?"]),
        (["rounds=3"], ["Did you mean mastery.rounds or practice.rounds?"]),
        (["mastery.round=3"], ["Did you mean mastery.rounds?", "The keys of mastery: tau_mastery, rounds"]),
        (["student.modle=x"], ["Did you mean student.model?"]),
        (["scorers.unit_tests.unsafe=true"], ["no scorer 'unit_tests'", "Did you mean unit-tests?"]),
        (["scorers.nummeric.relative=1"], ["no scorer 'nummeric'", "Did you mean numeric?"]),
        (["scorers={judgee: {threshold: 1}}"], ["no scorer 'judgee'"]),
        (["scorers.numeric=3"], ["scorers.numeric", "got 3"]),
        (["seed.value=3"], ["no key seed.value"]),
        (["teacher.rpm[0]=3"], ["no key teacher.rpm[0]"]),
        (["teacher.options.a=1", "teacher.options.a.b=2"], ["no key teacher.options.a.b"]),
        (["roles.planner.timeout=3"], ["roles.planner.timeout", "model first"]),
        (["roles.planner.0.timeout=3"], ["roles.planner.0", "Name its model first"]),
        (["roles.judge.timeout=3"], ["roles.judge has 2"]),
        (["roles.judge.-1.timeout=3"], ["roles.judge has 2"]),
        (["teacher.price.input=3"], ["teacher.price.output", "required"]),
        (["mastery.rounds"], ["KEY=VALUE"]),
        (["mastery.rounds: 3"], ["KEY=VALUE"]),
        (["=3"], ["KEY=VALUE"]),
        (["mastery.=3"], ["name is missing"]),
        (["mastery..rounds=3"], ["mastery..rounds"]),
        (["mastery.rounds=3", "mastery.rounds=4"], ["takes back mastery.rounds=3"]),
        (["budget.usd=2,50"], ["budget.usd", "'2,50'"]),
        (["budget.wall=1:30"], ["budget.wall", "'1:30'"]),
        (["mastery.rounds="], ["mastery.rounds", "got None"]),
        (["training.betas=[0.9"], ["not YAML"]),
        (["seed=" + "9" * 5000], ["seed="]),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_line_with_the_nearest_key(settings, words):
    with pytest.raises(UserError) as caught:
        override(TWO, settings)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("setting", "may"),
    [
        ("teacher.price.input=1", True),
        ("roles.judge[0].rpm=3", True),
        ("exporters.otel.file=a.jsonl", True),
        ("teacher.options.timeout=3", False),
        ("roles.judge[0].model=openai:other", False),
        ("scorers.judge.threshold=6", False),
    ],
)
def test_on_its_way_a_run_takes_only_what_changes_nothing_that_it_made(setting, may):
    if may:
        assert changed(
            TWO, [setting, "teacher.price={input: 1, output: 1}"][: 1 if "price" not in setting else None][::-1]
        )
    else:
        with pytest.raises(UserError, match="a run under way keeps its"):
            changed(TWO, [setting])
