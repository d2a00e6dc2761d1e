"""The run file: everything a run depends on, in one YAML document."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from ioa.agents import (
    PRICES,
    BudgetSettings,
    CurriculumSettings,
    DecompositionSettings,
    DiagnosisSettings,
    Roles,
    SynthesisSettings,
    TeacherSettings,
)
from ioa.graph.config_keys import find_key, keys
from ioa.graph.config_override import nearest, place_settings, read_setting
from ioa.graph.settings.exporters import ExporterSettings
from ioa.graph.settings.mastery import MasterySettings
from ioa.graph.settings.method import MethodSettings
from ioa.graph.settings.practice import PracticeSettings
from ioa.memory.errors import UserError
from ioa.memory.plugins import PluginName, absolute_plugin, is_plugin_file
from ioa.memory.records import Record
from ioa.memory.redaction import SECRET
from ioa.memory.run_dir import RunDirectory
from ioa.memory.yaml_source import validate
from ioa.memory.yaml_values import FastLoader, dump
from ioa.training import ExaminationSettings, StudentSettings, TrainingSettings
from ioa.training.exams.scorers import PLUGIN, scorer_names


def _absolute_scorers(scorers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """As `PluginName`, for scorers: their names, and the option that says in which file one is."""
    return {
        absolute_plugin(name): {
            key: absolute_plugin(value) if key == PLUGIN and isinstance(value, str) else value
            for key, value in options.items()
        }
        for name, options in scorers.items()
    }


def _by_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class RunConfig(Record):
    """A run, completely described; the same config and seed give the same curriculum and the same lessons."""

    domain: PluginName = "arithmetic"
    """A built-in or installed domain, reasoning-gym:FAMILY, the path of a YAML pack, description or item set, or
    `FILE.py:ATTRIBUTE`."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7
    """Seeds the probes, the lessons and the training."""
    embedder: PluginName = "wordllama"
    """What turns problems into vectors for the duplicate check: a name, or `FILE.py:ATTRIBUTE`."""
    method: Annotated[MethodSettings, BeforeValidator(_by_name)] = MethodSettings()
    """By which method the student is taught; a name alone stands for `{name: ...}`."""
    student: StudentSettings = StudentSettings()
    teacher: TeacherSettings = TeacherSettings()
    """Plays every role that has no teacher of its own."""
    roles: Roles = Roles()
    budget: BudgetSettings = BudgetSettings()
    scorers: Annotated[Mapping[str, Mapping[str, Any]], AfterValidator(_absolute_scorers)] = {}
    """Settings of scorers, by the scorer's name; see docs/scorers.md."""
    prices: str | None = None
    """A price list like `configs/prices.yaml`; none for the built-in one."""
    decomposition: DecompositionSettings = DecompositionSettings()
    """How a description or an item set becomes modules with items."""
    examination: ExaminationSettings = ExaminationSettings()
    diagnosis: DiagnosisSettings = DiagnosisSettings()
    curriculum: CurriculumSettings = CurriculumSettings()
    synthesis: SynthesisSettings = SynthesisSettings()
    mastery: MasterySettings = MasterySettings()
    practice: PracticeSettings = PracticeSettings()
    training: TrainingSettings = TrainingSettings()
    exporters: ExporterSettings = ExporterSettings()

    def to_yaml(self) -> str:
        """The config with every default spelt out, as YAML."""
        return dump(self.model_dump(mode="json"))


def with_settings(config: RunConfig, **sections: dict[str, Any]) -> RunConfig:
    """The config with some keys of some sections changed."""
    changed = {name: getattr(config, name).model_copy(update=keys) for name, keys in sections.items()}
    return config.model_copy(update=changed)


def load_config(name: str) -> RunConfig:
    """Read a run file, or a built-in one by its name without `.yaml`.

    Raises:
        UserError: there is no such file, or something in it is wrong: file, line, field, what was expected.
    """
    path = Path(name)
    if path.is_file():
        return validate(path, RunConfig)
    packaged = resources.files("ioa.configs")
    files = {entry.name for entry in packaged.iterdir() if entry.name.endswith(".yaml")} - {PRICES}
    names = sorted(name.removesuffix(".yaml") for name in files)
    if name in names:
        with resources.as_file(packaged.joinpath(f"{name}.yaml")) as file:
            return validate(file, RunConfig)
    raise UserError(f"No run file {name}. Give the path of a YAML file, or one of the built-in: {', '.join(names)}.")


def read_run_config(run: RunDirectory) -> RunConfig:
    """The config of a run that has begun.

    Raises:
        UserError: the file is missing or is no config of this version: file, line, field, what was expected.
    """
    try:
        text = run.config.read_text(encoding="utf-8")
        # It knows no lines; they are needed only where something is wrong.
        return RunConfig.model_validate(yaml.load(text, FastLoader))  # noqa: S506 - a safe one
    except (OSError, ValueError, yaml.YAMLError):
        return validate(run.config, RunConfig)


def override(config: RunConfig, settings: Sequence[str]) -> RunConfig:
    """The config with `a.b=value` settings applied; values are YAML.

    Raises:
        UserError: a setting has no `=`, names a key that does not exist, or has a value that does not fit.
    """
    placed = place_settings(config.model_dump(mode="json"), RunConfig, settings, {"scorers": scorer_names()})
    _check_scorer_names(config, placed)
    try:
        return RunConfig.model_validate(placed)
    except ValidationError as error:
        raise UserError("\n".join(f"--set {_wrong(fault)}" for fault in error.errors())) from error


def _check_scorer_names(config: RunConfig, placed: Mapping[str, Any]) -> None:
    """See that settings name scorers that there are; what the run file names is checked when the run begins."""
    scorers = placed["scorers"]
    for name, options in scorers.items() if isinstance(scorers, dict) else ():
        known = {*scorer_names(), *config.scorers}
        if name in known or is_plugin_file(name) or (isinstance(options, dict) and PLUGIN in options):
            continue
        near = nearest(name, sorted(known))
        meant = f" Did you mean {near}?" if near else ""
        raise UserError(f"--set scorers.{name}: there is no scorer {name!r}.{meant} Known: {', '.join(sorted(known))}.")


def _wrong(fault: Any) -> str:
    """Which key has which wrong value, and what is expected there."""
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == SECRET:
        return f"{name}: {fault['msg']}."
    key = find_key(RunConfig, name)
    below = [other.name.removeprefix(f"{name}.") for other in keys(RunConfig) if other.name.startswith(f"{name}.")]
    expected = f" Expected: {key.expected}." if key else f" Expected: a mapping of {', '.join(below)}." if below else ""
    shown = repr(fault["input"])
    return f"{name}: {fault['msg']} (got {shown if len(shown) <= 60 else shown[:57] + '...'}).{expected}"


CALLING = {
    *("api_key_env", "api_key_file", "attempts", "base_url", "breaker", "concurrency", "cool_down", "form"),
    *("longest_wait", "max_tokens", "price", "rpm", "timeout", "tpm"),
}
"""Keys of a teacher that decide how it is reached and not what it has to say."""


def _may_change(key: tuple[str, ...]) -> bool:
    if key[0] in {"budget", "prices", "exporters"} or key == ("training", "report_to"):
        return True
    own = key[1:] if key[0] == "teacher" else [part for part in key[2:] if not part.isdecimal()]
    return key[0] in {"teacher", "roles"} and len(own) > 0 and own[0] in CALLING


def changed(config: RunConfig, settings: Sequence[str]) -> RunConfig:
    """The config of a run under way with settings that do not change what it has made so far.

    Raises:
        UserError: a setting is of another kind, or wrong.
    """
    for setting in settings:
        read = read_setting(setting)
        if not _may_change(read.parts):
            raise UserError(
                f"--set {setting}: a run under way keeps its {read.key}, because what it has made depends on it. "
                "What may change: budget.*, prices, exporters.*, training.report_to, and of teacher and roles.ROLE.0: "
                f"{', '.join(sorted(CALLING))}."
            )
    return override(config, settings)
