"""How long commands take before they say something, against Python alone and against importing every library.

    python benchmarks/startup.py [--runs-dir runs] [--config arithmetic] [--rounds 5] [--out FILE]

Each measurement is a process of its own, and they take turns. What compares is the processor time of the process, user
and system, which other work on the machine changes little; of both times the shortest is told. `ioa runs` looks
at all runs of the folder, `ioa show` at the one with the longest transcript, and `ioa run` is ended at its first line.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

LIBRARIES = "torch, transformers, peft, langgraph.graph, langchain.chat_models, chromadb, nicegui, reasoning_gym"
PROGRAM = (sys.executable, "-m", "ioa.cli.main")


class Taken(NamedTuple):
    """What a process took, in seconds."""

    cpu: float
    wall: float


def measure(command: tuple[str, ...], *, first_line: bool = False) -> Taken:
    """Run a command to its end, or to the first line on its standard error, and return what it took.

    Raises:
        RuntimeError: it failed, or said nothing.
    """
    begun = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if first_line else errors,
        )
        said = process.stderr.readline() if process.stderr else b""
        wall = time.monotonic() - begun
        if first_line:
            process.kill()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if first_line and process.stderr:
            process.stderr.close()
        if not said and process.returncode != 0:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {errors.read().decode(errors='replace')}")
    return Taken(used.ru_utime + used.ru_stime, wall if first_line else time.monotonic() - begun)


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"), help="folder of the runs that are looked at")
    parser.add_argument("--config", default="arithmetic", help="run file of which the first line is waited for")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    parser.add_argument("--out", type=Path, help="also write the result as JSON to this file")
    options = parser.parse_args()
    runs = [path.parent for path in options.runs_dir.glob("*/config.yaml")]
    if not runs:
        parser.error(f"--runs-dir {options.runs_dir}: there is no run in it")
    longest = max(runs, key=lambda run: (run / "transcript.jsonl").stat().st_size)
    where = ("--runs-dir", str(options.runs_dir))
    taken: dict[str, list[Taken]] = {}
    with tempfile.TemporaryDirectory() as elsewhere:
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "ioa --help": (*PROGRAM, "--help"),
            f"ioa runs, of {len(runs)}": (*PROGRAM, "runs", *where),
            "ioa show": (*PROGRAM, "show", longest.name, *where),
            "ioa run, first line": (*PROGRAM, "run", options.config, "--runs-dir", elsewhere),
            "every library": (sys.executable, "-c", f"import {LIBRARIES}"),
        }
        for _ in range(options.rounds):
            for name, command in commands.items():
                taken.setdefault(name, []).append(measure(command, first_line=name.endswith("first line")))
    best = {name: Taken(min(one.cpu for one in own), min(one.wall for one in own)) for name, own in taken.items()}
    nothing, everything = best["python -c pass"].cpu, best["every library"].cpu
    print(f"{'':<24}{'CPU s':>8}{'wall s':>8}{'of nothing':>12}{'of everything':>15}")
    for name, one in best.items():
        print(f"{name:<24}{one.cpu:>8.2f}{one.wall:>8.2f}{one.cpu / nothing:>12.1f}{one.cpu / everything:>15.3f}")
    if options.out:
        result = {name: {**one._asdict(), "rounds": taken[name]} for name, one in best.items()}
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
