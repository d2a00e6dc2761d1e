"""Whether this host can isolate: found out once, by having a sandbox tell what it sees."""

import os
from functools import cache

from ioa.memory.errors import ScoringError
from ioa.training.exams.sandbox.checking import UnitTests, check
from ioa.training.exams.sandbox.isolation import NOBODY, Isolation, Unisolated, open_bubblewrap, refusal
from ioa.training.exams.sandbox.sandbox_settings import SandboxSettings

LOOK = """
import os
def look():
    with open("/proc/net/dev") as devices:
        links = [line.split(":")[0].strip() for line in devices if ":" in line]
    processes = [name for name in os.listdir("/proc") if name.isdigit()]
    return os.getuid(), links, len(processes) <= 3, os.path.exists("/etc/passwd"), sorted(os.environ)
"""
"""What the sandbox is asked: its user, network links, whether it is alone, whether it sees the host's files."""


def find_isolation(*, unsafe: bool = False) -> Isolation:
    """What keeps model-written code apart on this host.

    Args:
        unsafe: Run it with nothing but limits.

    Raises:
        UserError: this host cannot isolate: why, what to install, and how to do without.
    """
    if not unsafe:
        return _probed()
    if os.name != "posix":
        raise refusal("even without isolation, the limits need Linux or macOS")
    return Unisolated()


@cache
def _probed() -> Isolation:
    isolation = open_bubblewrap()
    seen = f"assert look() == ({NOBODY}, ['lo'], True, False, ['HOME', 'LANG', 'PWD', 'PYTHONHASHSEED'])"
    try:
        found = check([[LOOK]], UnitTests(entry_point="look", tests=(seen,)), SandboxSettings(), isolation)
    except ScoringError as error:
        raise refusal(str(error)) from error
    if found.kind != "passed":
        raise refusal(f"bubblewrap starts but does not isolate: {found.detail}")
    return isolation
