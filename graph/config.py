"""The run file: everything a run depends on, in one YAML document."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, Field, ValidationError

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
from ioa.graph.settings.exporters import ExporterSettings
from ioa.graph.settings.mastery import MasterySettings
from ioa.memory.errors import UserError
from ioa.memory.plugins import absolute_plugin
from ioa.memory.records import Record
from ioa.memory.redaction import SECRET
from ioa.memory.run_dir import RunDirectory
from ioa.memory.yaml_source import validate
from ioa.training import ExaminationSettings, StudentSettings, TrainingSettings
from ioa.training.exams.scorers import PLUGIN

PluginName = Annotated[str, AfterValidator(absolute_plugin)]
"""A name, or `FILE.py:ATTRIBUTE`; a relative path begins where the run is begun, and it may go on from elsewhere."""


def _absolute_scorers(scorers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """As `PluginName`, for scorers: their names, and the option that says in which file one is."""
    return {
        absolute_plugin(name): {
            key: absolute_plugin(value) if key == PLUGIN and isinstance(value, str) else value
            for key, value in options.items()
        }
        for name, options in scorers.items()
    }


class RunConfig(Record):
    """A run, completely described; the same config and seed give the same curriculum and the same lessons."""

    domain: PluginName = "arithmetic"
    """A built-in or installed domain, reasoning-gym:FAMILY, the path of a YAML pack, description or item set, or
    `FILE.py:ATTRIBUTE`."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7
    """Seeds the probes, the lessons and the training."""
    embedder: PluginName = "wordllama"
    """What turns problems into vectors for the duplicate check: a name, or `FILE.py:ATTRIBUTE`."""
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
    training: TrainingSettings = TrainingSettings()
    exporters: ExporterSettings = ExporterSettings()

    def to_yaml(self) -> str:
        """The config with every default spelt out, as YAML."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


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
        # The C loader is ten times as fast and knows no lines; they are needed only where something is wrong.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one, where libyaml is there
        return RunConfig.model_validate(yaml.load(text, loader))  # noqa: S506 - both of them are safe
    except (OSError, ValueError, yaml.YAMLError):
        return validate(run.config, RunConfig)


def override(config: RunConfig, settings: Sequence[str]) -> RunConfig:
    """The config with `a.b=value` settings applied; values are YAML.

    Raises:
        UserError: a setting has no `=`, names a key that does not exist, or has a value that does not fit.
    """
    data: dict[str, Any] = config.model_dump(mode="json")
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise UserError(f"--set {setting}: expected KEY=VALUE, for example mastery.rounds=3.")
        *sections, last = key.split(".")
        place: Any = data
        for section in sections:
            place = _below(place, section)
        if not isinstance(place, dict) or (last not in place and not _is_open(sections)):
            raise UserError(f"--set {setting}: there is no key {key}. {_keys_beside(data, sections)}")
        try:
            place[last] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or "it cannot be read"
            raise UserError(f"--set {setting}: the value is not YAML ({problem}); put quotes around it.") from error
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise UserError("\n".join(f"--set {_wrong(fault)}" for fault in error.errors())) from error


def _is_open(sections: Sequence[str]) -> bool:
    """Whether that is a key whose value is a mapping of any names, such as `student.chat_template_kwargs`."""
    key = find_key(RunConfig, ".".join(sections)) if sections else None
    return key is not None and key.kind == "mapping"


def _keys_beside(data: dict[str, Any], sections: Sequence[str]) -> str:
    """The keys that there are, in the deepest of the sections that exists."""
    place: Any = data
    path: list[str] = []
    for section in sections:
        below = _below(place, section)
        if not isinstance(below, dict) or not below:
            break
        place = below
        path.append(section)
    return f"The keys of {'.'.join(path) or 'a run file'}: {', '.join(place) if isinstance(place, dict) else 'none'}."


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


def _below(place: Any, section: str) -> Any:
    """What stands under that name, or at that place of a list counted from 0; none where nothing does."""
    if isinstance(place, dict):
        return place.get(section)
    if isinstance(place, list) and section.isdecimal() and int(section) < len(place):
        return place[int(section)]
    return None


CALLING = {
    *("api_key_env", "api_key_file", "attempts", "base_url", "breaker", "concurrency", "cool_down", "form"),
    *("longest_wait", "max_tokens", "price", "rpm", "timeout", "tpm"),
}
"""Keys of a teacher that decide how it is reached and not what it has to say."""


def _may_change(section: str, key: str, name: str) -> bool:
    if section in {"budget", "prices", "exporters"} or key == "training.report_to":
        return True
    return section in {"teacher", "roles"} and name in CALLING


def changed(config: RunConfig, settings: Sequence[str]) -> RunConfig:
    """The config of a run under way with settings that do not change what it has made so far.

    Raises:
        UserError: a setting is of another kind, or wrong.
    """
    for setting in settings:
        key = setting.partition("=")[0]
        section, _, rest = key.partition(".")
        name = rest.rpartition(".")[2]
        if not _may_change(section, key, name):
            raise UserError(
                f"--set {setting}: a run under way keeps its {key}, because what it has made depends on it. "
                "What may change: budget.*, prices, exporters.*, training.report_to, and of teacher and roles.ROLE.0: "
                f"{', '.join(sorted(CALLING))}."
            )
    return override(config, settings)
