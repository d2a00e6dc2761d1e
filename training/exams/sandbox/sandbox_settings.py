"""What model-written code may use."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records import Record


class SandboxSettings(Record):
    """Limits of each of the two sandboxes of a check: the code's, and that of its tests."""

    seconds: Annotated[int, Field(ge=1)] = 5
    """Time on the processor, in seconds, of each process."""
    wall_seconds: Annotated[float, Field(gt=0)] = 20.0
    """Time that passes, in seconds, for the whole check; more than `seconds`, since the machine has other work."""
    memory_mib: Annotated[int, Field(ge=64)] = 512
    """Address space of each process, in MiB: together they can use `processes` times as much."""
    processes: Annotated[int, Field(ge=1)] = 4
    """Processes and threads at a time, the first one included."""
    output_kib: Annotated[int, Field(ge=1)] = 1024
    """What may be printed in all, and what a call may pass or return, in KiB."""
    disk_mib: Annotated[int, Field(ge=1)] = 16
    """Size of the working folder, which is memory and is gone afterwards, in MiB."""
    open_files: Annotated[int, Field(ge=8)] = 64
    """Files and pipes open at a time, in each process."""
