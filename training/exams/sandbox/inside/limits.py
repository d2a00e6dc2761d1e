"""What a process in a sandbox may use, set by itself before it runs anything of others."""

import resource
import sys
from typing import Any


def restrict(limits: dict[str, Any]) -> None:
    """Set the limits of this process and all that it starts.

    The number of processes is counted per user namespace, so a process sets it here, inside of its own.

    Args:
        limits: The fields of `SandboxSettings`.
    """
    cpu, memory, disk = limits["seconds"], limits["memory_mib"] << 20, limits["disk_mib"] << 20
    for what, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, disk),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_NPROC, limits["processes"] + 1),  # bubblewrap's own process counts
        (resource.RLIMIT_AS, memory),
    ):
        if what == resource.RLIMIT_AS and sys.platform == "darwin":
            continue  # which knows the constant, and refuses to set it
        wanted = most + 1 if what == resource.RLIMIT_CPU else most  # who ignores the signal is killed a second later
        _, given = resource.getrlimit(what)
        hard = wanted if given == resource.RLIM_INFINITY else min(wanted, given)
        resource.setrlimit(what, (min(most, hard), hard))
