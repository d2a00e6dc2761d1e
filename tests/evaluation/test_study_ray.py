"""Studies on Ray: a node that dies in the middle, and what is refused before anything is begun."""

import contextlib
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest
import yaml
from tests.small import ENVIRONMENT, ioa, start, write_config

from ioa.evaluation.study_file import ExecutorSettings, cells, load_study
from ioa.evaluation.study_ray import RayExecutor, StudyPlace, check_ray, cluster_address, do_run
from ioa.evaluation.study_work import StudyFolder, last_line
from ioa.memory.errors import UserError

STUDY = {"base": "run.yaml", "arms": {"ioa": {}}, "seeds": [3, 4], "budgets": [{"lessons": 8}]}
AUTHENTICATION = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""Ray asks for a token or not as it finds one in the home; here it does."""
RAY = (sys.executable, "-c", "from ray.scripts.scripts import main; main()")


def write_study(folder, **changes):
    write_config(folder)
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({**STUDY, **changes}, sort_keys=False), encoding="utf-8")
    return path


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def run_processes(node):
    """The runs of a study below a node's processes: names and processes."""
    found = {}
    for process in node.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if "ioa.cli.study_process" in line:
                found[next(word for word in line if word.startswith("ioa.lessons-8")).split("/")[-1]] = process
    return {name.removesuffix(".yaml"): process for name, process in found.items()}


@pytest.fixture
def start_node():
    """Starts nodes of a cluster, all on this machine and on loopback; they end with the test."""
    place = tempfile.mkdtemp(prefix="ioa-ray-", dir="/tmp")  # Ray's sockets need a short path
    nodes = []

    def begin(*arguments):
        usual = ("--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats", "--block")
        node = subprocess.Popen(
            [*RAY, "start", *arguments, *usual],
            env={**ENVIRONMENT, **AUTHENTICATION, "RAY_TMPDIR": place},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        nodes.append(node)
        return psutil.Process(node.pid)

    yield begin
    for node in nodes:
        left = []
        with contextlib.suppress(psutil.Error):
            left = psutil.Process(node.pid).children(recursive=True)
        node.terminate()
        node.wait(60)
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
    shutil.rmtree(place, ignore_errors=True)


def accepts(address) -> bool:
    host, _, port = address.partition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def wait_for(happens, process=None):
    """What `happens` returns as soon as it is something; the study must not end before."""
    while not (found := happens()):
        assert process is None or process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    return found


@pytest.mark.parametrize(
    ("executor", "options", "told"),
    [
        ({"on": "somewhere"}, (), "'somewhere': expected local, ray, auto, ray://HOST:PORT or HOST:PORT"),
        ({"on": "ray", "gpus": 1.5}, (), "1.5: a part of a GPU, or whole ones"),
        ({}, ("--on", "ray:7"), "Ray cluster ray:7: no connection"),
        ({}, ("--on", "slurm"), "--on 'slurm': expected local"),
        ({"on": "ray://127.0.0.1:PORT"}, (), "Ray cluster ray://127.0.0.1:PORT: no connection (Connection refused)"),
    ],
)
def test_what_is_wrong_with_the_place_is_said_before_anything_is_begun(tmp_path, executor, options, told):
    port = str(free_port())
    executor = {
        key: value.replace("PORT", port) if isinstance(value, str) else value for key, value in executor.items()
    }
    write_study(tmp_path, executor=executor)
    done = ioa("study", "study.yaml", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert told.replace("127.0.0.1:PORT", f"127.0.0.1:{port}") in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "studies").exists()


def test_without_ray_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr("ioa.evaluation.study_ray.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"Ray is not installed here.*\n.*pip install 'ioa\[ray\]'"):
        check_ray(ExecutorSettings(on="ray"))


def test_the_command_line_stands_in_place_of_the_file(monkeypatch):
    settings = ExecutorSettings(cpus=2, jobs=3).changed("ray", None)
    assert (settings.on, settings.jobs, settings.torch_threads) == ("ray", 3, 2)
    assert ExecutorSettings(cpus=4, threads=1).torch_threads == 1
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert cluster_address("ray") == "local"
    monkeypatch.setenv("RAY_ADDRESS", "ray://here:10001")
    assert [cluster_address(on) for on in ("ray", "auto")] == ["ray://here:10001", "auto"]


def test_a_node_says_what_it_lacks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = StudyPlace.here(StudyFolder(tmp_path / "studies" / "study"))
    assert place.missing() == ""
    assert StudyPlace.here(place.folder) == place  # the mark stays
    assert "does not see the study's folder" in replace(place, folder=StudyFolder(tmp_path)).missing()
    assert "does not see the study's folder" in replace(place, mark="another machine's").missing()
    assert "where the study was started" in replace(place, where=tmp_path / "nowhere").missing()
    assert "and 9.9 is here" in replace(place, version="9.9").missing()


def test_a_run_whose_task_fails_fails_alone_and_a_lost_cluster_is_said(tmp_path, monkeypatch):
    study = write_study(tmp_path)
    both = cells(load_study(study), study)
    ray = fake_ray({"CPU": 1.0})
    ray.exceptions = SimpleNamespace(RayError=LookupError, RaySystemError=KeyError)
    tasks = iter(("well", "dead"))
    ray.remote = lambda _: SimpleNamespace(options=lambda **_: SimpleNamespace(remote=lambda *_: next(tasks)))
    ray.wait = lambda tasks, num_returns, timeout: (tasks[:num_returns], [])

    def get(task):
        if task == "dead":
            raise LookupError("its trace\nThe worker died.")
        return True

    ray.get = get
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(RayExecutor, "_check_nodes", lambda self: None)
    folder = StudyFolder(tmp_path / "study")
    executor = RayExecutor(StudyPlace.here(folder), ExecutorSettings(on="ray"))
    for cell in both:
        executor.begin(cell)
    assert executor.ended() == [(both[0], True), (both[1], False)]
    assert last_line(folder, both[1]) == "Ray: The worker died."
    assert executor.ended() == []

    def lost(*_, **__):
        raise ConnectionError("gone")

    tasks, ray.wait, ray.cancel = iter(("lost",)), lost, lost
    executor.begin(both[0])
    with pytest.raises(UserError, match=r"The Ray cluster is lost \(gone\)"):
        executor.ended()
    executor.interrupt()  # there is nothing to be interrupted any more


UNTIL_INTERRUPTED = """
import time
try:
    print("on", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""


def fake_ray(*nodes):
    """As much of Ray as is asked before a run is begun."""
    alive = [{"Alive": True, "Resources": resources} for resources in nodes]
    task = SimpleNamespace(options=lambda **_: None)
    return SimpleNamespace(nodes=lambda: [*alive, {"Alive": False, "Resources": {}}], remote=lambda _: task)


def test_a_cluster_without_room_for_a_run_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", fake_ray({"CPU": 2.0}, {"CPU": 8.0, "GPU": 1.0}))
    place = StudyPlace.here(StudyFolder(tmp_path))
    with pytest.raises(UserError, match=r"has 4 CPUs and 2 GPUs for a run \(the nodes have: 2 and 0, 8 and 1\)"):
        RayExecutor(place, ExecutorSettings(on="ray", cpus=4, gpus=2))


def test_as_many_runs_are_begun_as_the_nodes_have_room_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", fake_ray({"CPU": 3.0}, {"CPU": 8.0, "GPU": 1.0}))
    monkeypatch.setattr(RayExecutor, "_check_nodes", lambda self: None)
    place = StudyPlace.here(StudyFolder(tmp_path))

    def capacity(**settings):
        return RayExecutor(place, ExecutorSettings(on="ray", **settings)).capacity()

    assert [capacity(), capacity(cpus=2), capacity(gpus=0.25), capacity(jobs=2)] == [11, 5, 4, 2]


def test_a_cancelled_task_interrupts_its_run_and_waits_for_it(tmp_path, monkeypatch):
    study = write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    cell, *_ = cells(load_study(study), study)
    place = StudyPlace.here(StudyFolder(tmp_path / "studies" / "study"))
    begun = []

    def begin(*_):
        begun.append(subprocess.Popen([sys.executable, "-c", UNTIL_INTERRUPTED], stdout=subprocess.PIPE, text=True))
        return begun[0]

    def cancel():
        assert begun[0].stdout.readline() == "on\n"
        raise KeyboardInterrupt

    monkeypatch.setattr("ioa.evaluation.study_ray.start_run", begin)
    monkeypatch.setattr(
        "ioa.evaluation.study_ray.time", SimpleNamespace(sleep=lambda _: cancel(), monotonic=time.monotonic)
    )
    with pytest.raises(KeyboardInterrupt):
        do_run(place, cell, 1)
    assert (begun[0].returncode, begun[0].stdout.read()) == (0, "interrupted\n")
    begun[0].stdout.close()


@pytest.mark.slow
def test_a_run_whose_node_dies_goes_on_from_its_folder_on_another(tmp_path, start_node, monkeypatch):
    path = write_study(tmp_path)
    head = f"127.0.0.1:{free_port()}"
    start_node("--head", f"--port={head.partition(':')[2]}", "--node-ip-address=127.0.0.1", "--include-dashboard=false")
    wait_for(lambda: accepts(head))
    other = start_node(f"--address={head}", "--node-ip-address=127.0.0.2")
    monkeypatch.setattr("tests.small.ENVIRONMENT", {**ENVIRONMENT, **AUTHENTICATION})
    process = start("study", "study.yaml", "--on", head, cwd=tmp_path)
    folder = StudyFolder(tmp_path / "studies" / "study")
    (name, run), *_ = wait_for(lambda: run_processes(other), process).items()
    log = folder.root / "logs" / f"{name}.log"
    wait_for(lambda: log.exists() and "== train" in log.read_text(), process)
    transcript = folder.runs / name / "transcript.jsonl"
    before = transcript.read_text()[:-1]
    # All at once, but for the run's process: it has to see by itself that nobody waits for it any more.
    died = [one for one in (other, *other.children(recursive=True)) if one.pid != run.pid]
    for end in (psutil.Process.suspend, psutil.Process.kill):
        for one in died:
            with contextlib.suppress(psutil.NoSuchProcess):
                end(one)
    _, told = process.communicate(timeout=200)
    assert process.returncode == 0, told
    assert {folder.state(cell) for cell in cells(load_study(path), path)} == {"finished"}
    assert [log.read_text().count(said) for said in ("== decompose", "Go on with: ioa resume")] == [1, 1]
    assert transcript.read_text().startswith(before)
    events = [json.loads(line) for line in transcript.read_text().splitlines()]
    nodes = [event["context"]["node"] for event in events if event["kind"] == "decision"]
    assert [nodes.count(node) for node in ("decompose", "examine", "diagnose", "plan")] == [1, 1, 1, 1]
