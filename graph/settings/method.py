"""The section `method` of the run file: how the student is taught."""

from collections.abc import Mapping
from typing import Any

from ioa.memory.plugins import PluginName
from ioa.memory.records import Record

USUAL_METHOD = "ioa"


class MethodSettings(Record):
    """By which method, and with which of its options."""

    name: PluginName = USUAL_METHOD
    """`ioa`, one that it is compared with (docs/methods.md), an installed one, or `FILE.py:ATTRIBUTE`."""
    options: Mapping[str, Any] = {}
    """Options of that method; docs/methods.md has those of the built-in ones."""
