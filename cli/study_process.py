"""The command line as a study starts it: `python -m ioa.cli.study_process PARENT ...` ends when its parent is gone."""

import os
import signal
import sys
import threading
import time

LOOK = 1.0
"""Seconds between two looks whether the parent is there."""
PATIENCE = 60.0
"""Seconds that the run then has to leave its folder in order."""


def main() -> None:
    """Do what the arguments after the first say, which is the process id of the parent."""
    from ioa.cli.main import main as command_line

    parent = int(sys.argv.pop(1))
    # Ray blocks the signal in its workers, a shell ignores it in the background; both are inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_interrupt_without, args=(parent,), daemon=True).start()
    command_line()


def _interrupt_without(parent: int) -> None:
    """Interrupt this process when it has another parent: a killed one cannot do it, and nobody else would."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PATIENCE)
    os._exit(1)


if __name__ == "__main__":
    main()
