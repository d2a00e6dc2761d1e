"""What all tests share: no network but loopback, no telemetry, and a finished run."""

import os
import signal
import socket
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ioa", deadline=None)  # a first example pays for imports, a busy machine for more
settings.load_profile("ioa")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it once; two threads of a tiny student only wait for each other
os.environ.pop("LANGSMITH_TRACING", None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell starts what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
_LOOPBACK = ("127.", "::1", "localhost")
_connect = socket.socket.connect


def pytest_xdist_auto_num_workers(config):
    """Workers are for the whole suite; what is named on the command line is run right here, so that `--pdb` works."""
    return 0 if config.args_source is config.ArgsSource.ARGS else None


def pytest_collection_modifyitems(config, items):
    """Let several processes begin with the files that take long, so that none is left alone with one at the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Refuse every connection that would leave this machine, also while fixtures are made."""

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}")
        return _connect(self, address)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_measurement():
    """Nothing is measured, and nothing that was is read: it takes seconds, and each machine would choose otherwise."""
    from ioa.training.machine import Machine, Speed

    speed = Speed(dtype="float32", threads=1, small=1.0, large=1.0)
    told = Machine(processor="of the tests", torch="", cores=1, speeds=(speed,), levels=0, quiet=False, seconds=0.0)

    def refuse(*_):
        raise AssertionError("a test measured a student: say the batch_size of its settings")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ioa.training.loading.measured_machine", lambda *_: told)
        patched.setattr("ioa.training.execution.measured_machine", lambda *_: told)
        patched.setattr("ioa.training.execution.kept_machine", lambda *_: None)
        patched.setattr("ioa.training.reply_speed.measure_replies", refuse)
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A folder with the run file `run.yaml` of the tiny student and its finished run `whole`; only to be read."""
    from tests.small import ioa, made_once, write_config  # it takes the environment as it is set above

    def make(folder: Path) -> None:
        done = ioa("run", write_config(folder), "--run-id", "whole", cwd=folder)
        assert done.returncode == 0, done.stderr

    return made_once("finished", make, tmp_path_factory)
