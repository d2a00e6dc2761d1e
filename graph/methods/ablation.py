"""The switches of IOA: each takes one of its parts out, by what it changes in the run file."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ioa.graph.config import RunConfig, with_settings
from ioa.memory.records import Record


def _word(value: Any) -> Any:
    """YAML reads a bare `on` or `off` as true or false."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


Switch = Annotated[Literal["on", "off"], BeforeValidator(_word)]


class Ablation(Record):
    """Which parts of the method work; all of them unless one is switched off."""

    identifier: Switch = "on"
    """`off`: as many targets, drawn from all that the teacher can do, in place of the severest gaps (Eq. 6)."""
    organizer: Annotated[Literal["on", "off", "easy-to-hard"], BeforeValidator(_word)] = "on"
    """`off`: all targets at once, shuffled, in one stage; `easy-to-hard`: in the order of their measured difficulty,
    `curriculum.largest_stage` at a time, without prerequisites, bridges, revision or a gate that decides anything."""
    adapter: Switch = "on"
    """`off`: the teacher's plain solutions: no strategies, no templates, nothing of an easier level, no
    counterfactuals."""
    remediation: Switch = "on"
    """`off`: what missed its gate gets its further portions, and no remedies."""
    gate: Switch = "on"
    """`off`: all of a stage's lessons at once, and on: the examination at its end is read and decides nothing."""
    practice: Switch = "on"
    """`off`: the student does not practise by itself."""
    cycles: Switch = "on"
    """`off`: targets are chosen once, as in the paper."""
    mixture: Literal["mixed", "blocks"] = "mixed"
    """`blocks`: each stage is trained on its own lessons alone, as the paper's Algorithm 1 reads."""


_UNGATED: dict[str, Any] = {"synthesis": {"portion": None}, "mastery": {"rounds": 0}}
_CHANGES: dict[tuple[str, str], dict[str, Any]] = {
    ("identifier", "off"): {"diagnosis": {"selection": "random"}},
    ("organizer", "off"): {"curriculum": {"stages": "one"}},
    ("organizer", "easy-to-hard"): {
        "curriculum": {"stages": "by-difficulty", "bridges": False, "revise": False},
        **_UNGATED,
    },
    ("adapter", "off"): {"synthesis": {"choice": "off", "introductory_share": 0.0, "counterfactual_share": 0.0}},
    ("remediation", "off"): {"mastery": {"rounds": 0}},
    ("gate", "off"): _UNGATED,
    ("practice", "off"): {"practice": {"rounds": 0}},
    ("cycles", "off"): {"curriculum": {"cycles": 1}},
    ("mixture", "blocks"): {"training": {"replay": 0.0, "remedial_replay": 0.0, "consolidation": 0}},
}
"""What a value of a switch means in the run file."""


def configure(config: RunConfig, options: Ablation) -> RunConfig:
    """The run file with what is switched off switched off."""
    for switch, value in options:
        config = with_settings(config, **_CHANGES.get((switch, value), {}))
    return config
