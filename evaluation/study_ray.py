"""The runs of a study as tasks of Ray: on a cluster, or on this machine as one."""

import contextlib
import os
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ioa.evaluation.study_file import CLUSTER, Cell, ExecutorSettings
from ioa.evaluation.study_processes import PATIENCE, Process, interrupt_runs, start_run
from ioa.evaluation.study_work import LOOK, StudyFolder
from ioa.memory.errors import UserError
from ioa.memory.files import write_text

_MARK = "study-id"
INSTALL = "pip install 'ioa[ray]'"
_CONNECT = 10.0
"""Seconds that a cluster has to accept a connection: Ray itself would try for minutes, and end the process."""
_PROBE = 180.0
"""Seconds that each node has to say what it sees: it starts a Python for it."""
_STORE = 80 * 2**20
"""Bytes of a local cluster's object store, about the least that Ray takes: nothing goes through it."""


def check_ray(settings: ExecutorSettings) -> None:
    """See that Ray is installed, and that the cluster which is named can be reached.

    Raises:
        UserError: it is not, and what to do.
    """
    if find_spec("ray") is None:
        raise UserError(f"executor.on: {settings.on}: Ray is not installed here. Install it with:\n  {INSTALL}")
    address = cluster_address(settings.on)
    named = CLUSTER.fullmatch(address)
    if named is None:
        return
    try:
        with socket.create_connection((named["host"].strip("[]"), int(named["port"])), timeout=_CONNECT):
            pass
    except (OSError, OverflowError) as error:
        raise _unreachable(address, str(getattr(error, "strerror", "") or error)) from error


def cluster_address(on: str) -> str:
    """What Ray connects to: `local` begins a cluster, `auto` looks for one on this machine."""
    return (os.environ.get("RAY_ADDRESS") or "local") if on == "ray" else on


@contextmanager
def ray_executor(folder: StudyFolder, settings: ExecutorSettings) -> Iterator["RayExecutor"]:
    """Connect to the cluster, or begin one, see that its nodes can do the runs, and leave it at the end.

    Args:
        folder: The study's; every node needs it at the same path.
        settings: Which cluster, and what each run has.

    Raises:
        UserError: it cannot be reached; no node is large enough; a node does not see the folder, or has another ioa.
    """
    import ray

    _connect(cluster_address(settings.on))
    try:
        yield RayExecutor(StudyPlace.here(folder), settings)
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    own = {"include_dashboard": False, "object_store_memory": _STORE} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreachable(address, str(error)) from error


def _unreachable(address: str, why: str) -> UserError:
    reason = why.strip().splitlines()[0] if why.strip() else "no reason given"
    return UserError(
        f"Ray cluster {address}: no connection ({reason}). Expected a cluster that runs: `ray start --head` begins "
        "one; `--on ray` without RAY_ADDRESS uses this machine alone. A cluster that asks for a token needs "
        "RAY_AUTH_MODE=token here, too."
    )


@dataclass(frozen=True)
class StudyPlace:
    """What a run finds on its node if all is well; it is sent there with the run."""

    folder: StudyFolder
    """The study's, absolute."""
    where: Path
    """The folder in which the command was given: relative paths of run files begin there."""
    mark: str
    """What the file `study-id` in the study's folder says: another folder of the same path is not this one."""
    version: str
    """Of ioa."""

    @classmethod
    def here(cls, folder: StudyFolder) -> "StudyPlace":
        """As it is where the study is started."""
        root = folder.root.absolute()
        mark = root / _MARK
        if not mark.exists():
            write_text(mark, uuid.uuid4().hex)
        return cls(StudyFolder(root), Path.cwd(), mark.read_text(encoding="utf-8"), version("ioa"))

    def missing(self) -> str:
        """What is not so on this node; empty where all is."""
        try:
            seen = (self.folder.root / _MARK).read_text(encoding="utf-8") == self.mark
        except OSError:
            seen = False
        if not seen:
            return f"it does not see the study's folder {self.folder.root}"
        if not self.where.is_dir():
            return f"it does not see {self.where}, where the study was started"
        return "" if version("ioa") == self.version else f"it has ioa {version('ioa')}, and {self.version} is here"


def do_run(place: StudyPlace, cell: Cell, threads: int) -> bool:
    """Do a run, or go on with it, on the node where this is called.

    Returns:
        Whether it is finished.

    Raises:
        UserError: this node does not see the study's folder.
        KeyboardInterrupt: the task was cancelled; the run was interrupted and can be gone on with.
    """
    missing = place.missing()
    if missing:
        raise _unfit(socket.gethostname(), missing)
    processes: list[Process] = []
    try:
        processes.append(start_run(place.folder, cell, threads, place.where))
        while processes[0].poll() is None:
            time.sleep(LOOK)  # and not `wait`, which the exception of a cancelled task cannot end
    except BaseException:
        interrupt_runs(processes)
        raise
    return place.folder.state(cell) == "finished"


class RayExecutor:
    """The runs as tasks of the cluster that this process is connected to; see `Executor`."""

    def __init__(self, place: StudyPlace, settings: ExecutorSettings) -> None:
        """See that the nodes can do the runs.

        Raises:
            UserError: no node is large enough, or one of those that are cannot do them, and why.
        """
        import ray

        self._ray: Any = ray
        self._place = place
        self._settings = settings
        self._under_way: dict[Any, Cell] = {}
        self._task = ray.remote(do_run).options(
            num_cpus=settings.cpus,
            num_gpus=settings.gpus,
            max_retries=settings.retries,
            retry_exceptions=False,  # a run that fails would fail again; only death is worth another try
        )
        self._check_nodes()

    def capacity(self) -> int:
        """As many as the study says, and as the nodes that are alive have room for."""
        room = max(1, sum(self._room(node) for node in self._nodes()))
        return min(room, self._settings.jobs or room)

    def begin(self, cell: Cell) -> None:
        """Hand its task to Ray."""
        self._under_way[self._task.remote(self._place, cell, self._settings.torch_threads)] = cell

    def ended(self) -> list[tuple[Cell, bool]]:
        """Those whose task has ended."""
        tasks = list(self._under_way)
        try:
            ready, _ = self._ray.wait(tasks, num_returns=len(tasks), timeout=0) if tasks else ([], [])
        except (ConnectionError, self._ray.exceptions.RaySystemError) as error:
            raise UserError(f"The Ray cluster is lost ({error}). Nothing else is; start the study again.") from error
        return [(self._under_way[task], self._finished(task)) for task in ready if task in self._under_way]

    def interrupt(self) -> None:
        """Cancel their tasks, which interrupt their processes; those that do not end are killed when Ray is left."""
        tasks = list(self._under_way)
        with contextlib.suppress(ConnectionError, self._ray.exceptions.RayError):
            for task in tasks:
                self._ray.cancel(task)
            if tasks:
                self._ray.wait(tasks, num_returns=len(tasks), timeout=PATIENCE + 10)

    def _finished(self, task: Any) -> bool:
        cell = self._under_way.pop(task)
        try:
            return bool(self._ray.get(task))
        except self._ray.exceptions.RayError as error:
            folder = self._place.folder
            folder.log(cell).parent.mkdir(parents=True, exist_ok=True)
            with folder.log(cell).open("a", encoding="utf-8") as log:
                log.write(f"\nRay: {_reason(error)}\n")
            return False

    def _nodes(self) -> list[Mapping[str, Any]]:
        try:
            return [node for node in self._ray.nodes() if node["Alive"]]
        except ConnectionError as error:
            raise UserError(f"The Ray cluster is lost ({error}). Nothing else is; start the study again.") from error

    def _room(self, node: Mapping[str, Any]) -> int:
        """Runs that a node has room for when it does nothing else."""
        has, wanted = node["Resources"], self._settings
        room = int(has.get("CPU", 0) / wanted.cpus)
        return min(room, int(has.get("GPU", 0) / wanted.gpus)) if wanted.gpus else room

    def _check_nodes(self) -> None:
        nodes = self._nodes()
        fit = [node for node in nodes if self._room(node)]
        if not fit:
            have = ", ".join(f"{n['Resources'].get('CPU', 0):g} and {n['Resources'].get('GPU', 0):g}" for n in nodes)
            raise UserError(
                f"No node of the Ray cluster has {self._settings.cpus} CPUs and {self._settings.gpus:g} GPUs for a run "
                f"(the nodes have: {have or 'none is alive'}). Set executor.cpus and executor.gpus, or add a node."
            )
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        probe = self._ray.remote(StudyPlace.missing)
        asked = {}
        for node in fit:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            options = probe.options(num_cpus=0, max_retries=0, scheduling_strategy=there)
            asked[node["NodeManagerAddress"]] = options.remote(self._place)
        for name, answer in asked.items():
            try:
                missing = self._ray.get(answer, timeout=_PROBE)
            except self._ray.exceptions.RayError as error:
                missing = _reason(error)
            if missing:
                raise _unfit(name, missing)


def _unfit(node: str, missing: str) -> UserError:
    return UserError(
        f"Node {node} of the Ray cluster cannot do runs of this study: {missing}. Expected the same ioa on every node, "
        "and the study's folder on a file system that all share: name one with --out, or leave that node out."
    )


def _reason(error: Exception) -> str:
    """The last line of what Ray says, which is that of the exception itself."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
