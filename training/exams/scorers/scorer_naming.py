"""What scorers are called, and where one may be named."""

from ioa.memory.plugins import plugin_names

GROUP = "ioa.scorers"
"""Entry-point group of scorers: each is a `ScorerFactory`."""
PLUGIN = "plugin"
"""The option that names the file of a scorer which is not installed, `FILE.py:ATTRIBUTE`; ours and not the scorer's."""
MATCH = "match"
"""Name of the scorer that compares with the reference: that of items which name none."""
REASONING_GYM = "reasoning-gym"
"""Name of the scorer that asks the item's family: that of generated items which name none."""


def scorer_names() -> list[str]:
    """The names of the installed scorers."""
    return plugin_names(GROUP)


def default_scorer(family: str) -> str:
    """The scorer of an item that names none: its family's verifier, or comparison with the reference."""
    return REASONING_GYM if family else MATCH


def refuse_file(who: str, name: str) -> str:
    """Why a scorer of a file is not taken from data, and what to do instead.

    Args:
        who: What names it, as the message begins.
        name: The name, `FILE.py:ATTRIBUTE`.
    """
    return (
        f"{who} is named by a file, in a pack or a data file. Such files come from anywhere and may not name code that "
        "is to run. Give it a name there, and the file in the run file: "
        f"scorers: {{NAME: {{{PLUGIN}: {name}}}}}."
    )
