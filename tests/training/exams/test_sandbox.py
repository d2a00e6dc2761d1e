"""Attacks on the sandbox: each is stopped at the limit it names, and the host is unharmed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.training.exams.sandboxes import QUICK, isolated, run

from ioa.training.exams.sandbox import SandboxSettings

pytestmark = isolated


def running(mark: str) -> list[psutil.Process]:
    """Processes of a sandbox whose command line holds this."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if any(mark in part for part in process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.fixture
def marked():
    """Limits that mark the processes of this test alone; none of them may be left."""
    seconds = 20 + os.getpid() / 1e6 + time.monotonic() % 1e-3
    yield QUICK.model_copy(update={"wall_seconds": seconds})
    deadline = time.monotonic() + 3
    while (left := running(str(seconds))) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


BOMBS = {
    "endless loop": ("def f(x):\n while True: pass", "time", "time limit of 1 s on the processor"),
    "endless loop that ignores the signal": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef f(x):\n while True: pass",
        "time", "time limit of 1 s on the processor",
    ),
    "endless loop before the tests": ("while True: pass", "time", "time limit of 1 s on the processor"),
    "fork bomb": ("import os\ndef f(x):\n while True: os.fork()", "processes", "limit of 4 processes"),
    "fork bomb before the tests": ("import os\nwhile True: os.fork()", "processes", "limit of 4 processes"),
    "thread bomb": (
        "import threading, time\ndef f(x):\n while True: threading.Thread(target=time.sleep, args=(99,)).start()",
        "processes", "limit of 4 processes",
    ),
    "memory bomb": ("def f(x):\n return bytearray(1 << 40)", "memory", "memory limit of 128 MiB"),
    "memory bomb in small pieces": (
        "def f(x):\n kept = []\n while True: kept.append(bytearray(1 << 20))", "memory", "memory limit of 128 MiB",
    ),
    "200 MB printed": ("def f(x):\n print('x' * 200_000_000)\n return x", "output", "KiB of output: what the code"),
    "200 MB printed bit by bit": (
        "import os\ndef f(x):\n for _ in range(200): os.write(1, b'x' * 1_000_000)\n return x",
        "output", "limit of 1024 KiB of output: what the code prints",
    ),
    "200 MB on standard error": (
        "import sys\ndef f(x):\n sys.stderr.write('x' * 200_000_000)\n return x", "output", "KiB of output",
    ),
    "200 MB returned": ("def f(x):\n return 'x' * 200_000_000", "output", "limit of 1024 KiB of output"),
    "many small things returned": ("def f(x):\n return [[] for _ in range(300_000)]", "output", "of output"),
    "large file": ("def f(x):\n open('big', 'wb').write(bytes(64 << 20))", "disk", "limit of 16 MiB of files"),
    "many files": (
        "def f(x):\n for n in range(99): open(str(n), 'wb').write(bytes(1 << 20))", "disk", "limit of 16 MiB of files",
    ),
    "open files": ("def f(x):\n kept = [open('/dev/null') for _ in range(999)]", "open files", "64 open files"),
    "huge recursion": ("def f(x):\n return f(x)", "failed", "RecursionError"),
    "huge recursion without a limit": (
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n return max([1, 2], key=f)", "ended", "exit code 139",
    ),
    "deeply nested result": (
        "def f(x):\n for _ in range(100_000): x = [x]\n return x", "failed", "RecursionError",
    ),
    "result that holds itself": ("def f(x):\n y = []\n y.append(y)\n return y", "failed", "RecursionError"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "detail"), BOMBS.values(), ids=BOMBS)
def test_what_uses_up_the_machine_is_stopped_and_the_limit_named(code, kind, detail, marked):
    patient = {"time": {}, "memory": {"seconds": 5, "memory_mib": 128}}.get(kind, {"seconds": 5})
    found = run(code, "assert f(1) == 1", limits=marked.model_copy(update=patient))
    assert (found.kind, detail in found.detail) == (kind, True), found


@pytest.mark.parametrize("code", ["import time\ndef f(x):\n time.sleep(1000)", "def f(x):\n while True: yield 1"])
def test_sleeping_and_endless_iterators_are_stopped_after_the_time_that_passes(code, marked):
    short = marked.model_copy(update={"wall_seconds": marked.wall_seconds - 19, "seconds": 5})
    start = time.monotonic()
    found = run(code, "assert list(f(1)) == [1]", limits=short)
    assert (found.kind, time.monotonic() - start < 10) == ("time", True)
    assert found.detail.startswith("time limit of 1.")


def test_a_daemon_that_outlives_its_parent_is_gone_with_the_sandbox(marked):
    code = """
import os, time
def f(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(64):
                try: os.close(number)
                except OSError: pass
            time.sleep(1000)
        os._exit(0)
    os.wait()
    return x
"""
    assert run(code, "assert f(1) == 1", limits=marked).kind == "passed"


CHEATS = {
    "os._exit(0) in a call": "import os\ndef f(x): os._exit(0)",
    "os._exit(0) before the tests": "import os\nos._exit(0)",
    "sys.exit(0) in a call": "import sys\ndef f(x): sys.exit(0)",
    "sys.exit(0) before the tests": "import sys\nsys.exit(0)",
    "os._exit(0) at the end": "import os, atexit\natexit.register(os._exit, 0)\ndef f(x): raise SystemExit(0)",
    "killed by itself": "import os\ndef f(x): os.kill(os.getpid(), 9)",
    "lying __eq__": "class L:\n __eq__ = lambda s, o: True\n __hash__ = lambda s: 0\ndef f(x): return L()",
    "lying subclass of int": "class L(int):\n __eq__ = lambda s, o: True\ndef f(x): return L(1)",
    "lying subclass of str": "class L(str):\n __eq__ = lambda s, o: True\n __str__ = lambda s: 7\ndef f(x): return L()",
    "lying arithmetic": "class L:\n __sub__ = __rsub__ = __abs__ = lambda s, *o: 0\ndef f(x): return L()",
    "lying comparison": "class L:\n __le__ = __ge__ = __lt__ = __gt__ = lambda s, o: True\ndef f(x): return L()",
    "lying container": "class L:\n __contains__ = lambda s, o: True\n __iter__ = lambda s: s\n def __next__(s): raise "
    "StopIteration\ndef f(x): return L()",
    "lying __bool__ of a comparison": "class B:\n __bool__ = lambda s: True\nclass L:\n __eq__ = lambda s, o: B()\n"
    "def f(x): return L()",
    "patched builtins": "import builtins\nbuiltins.isinstance = builtins.all = lambda *a: True\n"
    "builtins.AssertionError = builtins.abs = lambda *a: 0\ndef f(x): return None",
    "globals named as what the tests use": "def sorted(x): return [42]\nabs = len = list = set = sorted\n"
    "class math:\n isclose = lambda *a: True\ndef f(x): return 0",
    "frames": "import sys\ndef f(x):\n frame = sys._getframe()\n while frame:\n"
    "  frame.f_globals['f'] = frame.f_locals['x'] = 42\n  frame = frame.f_back\n return None",
    "AssertionError swallowed by tracing": "import sys\nsys.settrace(lambda *a: None)\ndef f(x): return None",
    "the answer looked up in the tests": "import gc\ndef f(x):\n for o in gc.get_objects():\n"
    "  if isinstance(o, str) and 'assert f' in o: return int(o.split('==')[1])\n return None",
    "the answer looked up in /proc": "import glob\ndef f(x):\n for name in glob.glob('/proc/*/cmdline') + "
    "glob.glob('/proc/*/environ') + glob.glob('/proc/*/fd/*'):\n  try: text = open(name, 'rb').read(100_000)\n"
    "  except OSError: continue\n  if b'42' + b'4242' in text: return 424242\n return None",
}
TESTS = [
    "assert f(1) == 424242",
    "assert 424242 == f(1)",
    "assert abs(f(1) - 424242) < 1",
    "assert 424242 <= f(1) <= 424242",
    "assert 424242 in f(1)",
    "assert math.isclose(f(1), 424242)",
    "assert sorted([f(1)]) == sorted([424242])",
    "assert set([f(1)]) == {424242}",
    "assert f(1) in [424242]",
    "assert not f(1) != 424242",
]


@pytest.mark.parametrize("code", CHEATS.values(), ids=CHEATS)
def test_no_trick_makes_a_wrong_answer_right(code):
    """The test tries every form of comparison, so a trick need work in one form alone to pass."""
    caught = ["passed = []"] + [
        f"try:\n    {test}\n    passed.append({number})\nexcept Exception: pass" for number, test in enumerate(TESTS)
    ]
    found = run(code, *caught, "assert passed", limits=QUICK)
    assert found.kind in {"failed", "ended"}, found
    assert run("def f(x): return 424242", *caught, "assert len(passed) == 9").kind == "passed"


@pytest.mark.parametrize(
    "code", ["x = '\ud800'", "x = \0", "(" * 10_000, "-" * 300_000 + "1", "f = 3", "f = int", "f ="]
)
def test_code_that_the_compiler_or_the_pipe_stumbles_over_fails(code):
    assert run(code, "assert f(1) == 2").kind in {"failed", "memory"}


FORGED = """
import json, os
def frame(message):
    data = json.dumps(message).encode()
    return len(data).to_bytes(8, "big") + data
MESSAGE = %s
for number in range(3, 64):
    try: os.write(number, MESSAGE)
    except OSError: pass
os._exit(0)
"""
FORGERIES = {
    "a verdict": 'b\'{"nonce": "0", "kind": "passed", "detail": ""}\\n\' * 9',
    "a limit named passed": 'frame({"limit": "passed"})',
    "a limit that is no text": 'frame({"limit": ["passed"]})',
    "functions of the tests": 'frame({"ok": ["d", [["values", ["d", [[n, ["o", 0]] for n in ("f", "sorted", "abs")]]], '
    '["exceptions", ["d", []]]]]}) + frame({"ok": ["l", [1]]}) * 99',
    "a changed argument": 'frame({"ok": ["d", [["values", ["d", [["f", ["o", 0]]]]], ["exceptions", ["d", []]]]]}) + '
    'frame({"ok": ["l", []], "args": [None, ["l", []]]})',
    "no message": "b'nonsense' * 99",
    "an endless message": "(1 << 62).to_bytes(8, 'big')",
    "a list": "frame([1, 2])",
    "what cannot be hashed": 'frame({"ok": ["s", [["l", []]]]})',
    "a name that is not a type's": 'frame({"ok": ["k", "exit"]})',
    "a request for what was never lent": 'frame({"op": "call", "args": [["h", 0]], "kwargs": {}})',
    "an exception of no name": 'frame({"raise": 7})',
}


@pytest.mark.parametrize("message", FORGERIES.values(), ids=FORGERIES)
def test_forged_messages_to_the_tests_fail(message):
    tests = ("given = [3, 1]", "assert f(given) == sorted(given)", "assert abs(f(-1)) == 2")
    found = run(FORGED % message, *tests)
    assert found.kind in {"failed", "ended", "output"}, found


def test_a_verdict_can_be_written_down_whatever_text_the_code_raises():
    found = run("def f(x): raise ValueError('\\ud800')", "assert f(1) == 1")
    assert "\\\\ud800" in found.model_dump_json()


def test_the_hosts_files_and_environment_cannot_be_seen(tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("s3cret", encoding="utf-8")
    secret.chmod(0o644)
    monkeypatch.setenv("IOA_SECRET", "s3cret")
    code = f"""
import os
def seen():
    found = []
    for path in ["/etc/shadow", "/etc/passwd", "/etc/hostname", "/home", {str(secret)!r}, {str(tmp_path.parent)!r},
                 "/var", "/run", "/sys", "/proc/1/root/etc/passwd", "/proc/1/cwd/etc/passwd",
                 {str(Path.cwd())!r}, {sys.prefix!r}]:
        if os.path.exists(path): found.append(path)
    os.symlink({str(secret)!r}, "link")
    for path in ["link", "/proc/self/root{secret}", "../../..{secret}"]:
        try: found.append(open(path).read())
        except OSError: pass
    return found, "IOA_SECRET" in os.environ or "s3cret" in open("/proc/1/environ").read(), os.getuid(), os.getgid()
"""
    found = run(code, "assert seen() == ([], False, 65534, 65534)", entry_point="seen")
    assert found.kind == "passed", found


def test_nothing_outside_the_working_folder_can_be_written(tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("as it was", encoding="utf-8")
    for path in (tmp_path, kept):
        path.chmod(0o777)
    code = f"""
import os, sys
def wrote():
    done = []
    os.symlink({str(tmp_path)!r}, "out")
    for path in [{str(kept)!r}, "out/new", "/new", "/dev/new", "/dev/shm/new", "/usr/lib/new", "/proc/new", "/etc/new",
                 sys.executable, sys.base_prefix + "/new", os.__file__, "/proc/sys/kernel/core_pattern"]:
        try: open(path, "w").write("x")
        except OSError: continue
        done.append(path)
    try: os.remove(os.__file__)
    except OSError: pass
    else: done.append("removed")
    open("/tmp/here", "w").write("x")
    return done
"""
    found = run(code, "assert wrote() == []", entry_point="wrote")
    assert found.kind == "passed", found
    assert (kept.read_text(encoding="utf-8"), sorted(tmp_path.iterdir())) == ("as it was", [kept])
    assert run("import os\ndef f(x): return os.listdir('.')", "assert f(1) == []").kind == "passed"  # a new folder


def test_there_is_no_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        server.setblocking(False)
        local.bind("\0ioa-test-" + tmp_path.name)
        local.listen()
        code = f"""
import socket
def reached():
    done = []
    for family, address in [(socket.AF_INET, ("127.0.0.1", {server.getsockname()[1]})),
                            (socket.AF_UNIX, "\\0ioa-test-{tmp_path.name}")]:
        try: socket.socket(family).connect(address)
        except OSError: continue
        done.append(address)
    try: socket.getaddrinfo("example.org", 80)
    except OSError: pass
    else: done.append("names")
    return done
"""
        found = run(code, "assert reached() == []", entry_point="reached")
        assert found.kind == "passed", found
        with pytest.raises(BlockingIOError):
            server.accept()


def test_processes_of_the_host_and_of_the_tests_cannot_be_killed(marked):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        code = f"""
import os, signal
def f(x):
    for number in [-1, os.getppid(), {bystander.pid}, {os.getpid()}, *range(3, 300)]:
        try: os.kill(number, signal.SIGKILL)
        except OSError: pass
    return x
"""
        assert run(code, "assert f(1) == 1", "assert f(2) == 3", limits=marked).detail.startswith("test 2 of 2")
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_rights_cannot_be_won_back():
    code = """
import ctypes, os
def won():
    libc = ctypes.CDLL(None, use_errno=True)
    done = [n for n, call in enumerate([lambda: os.setuid(0), lambda: os.setgroups([0]), lambda: os.chroot("/tmp")])
            if not refused(call)]
    NEW_USER, NEW_NET = 0x10000000, 0x40000000
    done += [flag for flag in (NEW_USER, NEW_NET) if libc.unshare(flag) == 0]
    done += ["mount"] if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 else []
    return done
def refused(call):
    try: call()
    except OSError: return True
    return False
"""
    found = run(code, "assert won() == []", entry_point="won")
    assert found.kind == "passed", found


def test_limits_are_the_ones_that_were_set():
    code = (
        "import resource\ndef f(): return [resource.getrlimit(n)[0] for n in (resource.RLIMIT_CPU, resource.RLIMIT_AS)]"
    )
    limits = SandboxSettings(seconds=3, memory_mib=300)
    assert run(code, f"assert f() == [3, {300 << 20}]", limits=limits).kind == "passed"


def test_a_check_that_is_interrupted_leaves_nothing_running(marked):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.7)
    try:
        with pytest.raises(KeyboardInterrupt):
            run("import time\ndef f(x): time.sleep(99)", "assert f(1)", limits=marked)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
