"""Putting a process into a sandbox: bubblewrap, and what to do where it cannot work."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ioa.memory.errors import UserError
from ioa.training.exams.sandbox.sandbox_settings import SandboxSettings

NOBODY = 65534
"""User and group in the sandbox; on the host too, where the program itself is run by root."""
LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/lib", "/lib32", "/lib64", "/libx32")
READABLE = ("/etc/ld.so.cache", "/usr/share/zoneinfo")
"""What else the interpreter needs of the host, where it is there."""
WORK = "/tmp"  # noqa: S108 - the sandbox's own, a file system in memory
PACKAGES = Path("/packages")
"""Where the sandbox has the packages that are lent."""
ENVIRONMENT = {"PYTHONHASHSEED": "0", "HOME": WORK, "LANG": "C.UTF-8"}
OLDEST = (0, 8)
"""First version of bubblewrap that can limit a file system in memory and forbid further user namespaces."""
ADVICE = """\
Code that a model wrote is not run on this machine without isolation.
  Debian and Ubuntu: sudo apt-get install bubblewrap     Fedora: sudo dnf install bubblewrap
  It needs version {version} and user namespaces: see the sysctls user.max_user_namespaces and, on Ubuntu,
  kernel.apparmor_restrict_unprivileged_userns; in a container, its seccomp profile has to allow them.
  macOS and Windows: run ioa in a Linux virtual machine or container, on Windows in WSL 2.
To run it with your own rights all the same, which lets it read and change all that you can:
  scorers: {{unit-tests: {{unsafe: true}}}}"""


class Isolation(Protocol):
    """What keeps a process apart."""

    own_folder: bool
    """Whether its working folder is the sandbox's own; else it gets one on the host."""

    def command(self, program: Sequence[str], limits: SandboxSettings, packages: Sequence[Path] = ()) -> list[str]:
        """The command line that runs this program of the interpreter's inside, where these packages can be read."""


class Bubblewrap:
    """Namespaces of its own for all there is, and a view of the file system with the interpreter alone in it."""

    own_folder = True

    def __init__(self, bwrap: str) -> None:
        """Find out what it needs of this host.

        Args:
            bwrap: Path of the executable.
        """
        self._bwrap = bwrap
        self._inside = [bwrap, *self._namespaces(), *self._view()]
        self._dropped: dict[tuple[Path, ...], list[str]] = {(): self._drop_root(())}

    def command(self, program: Sequence[str], limits: SandboxSettings, packages: Sequence[Path] = ()) -> list[str]:
        """See `Isolation`."""
        lent = tuple(packages)
        if lent not in self._dropped:
            self._dropped[lent] = self._drop_root(lent)
        binds = [part for path in lent for part in ("--ro-bind", str(path), str(PACKAGES / path.name))]
        size = str(limits.disk_mib << 20)
        folder = ["--size", size, "--tmpfs", WORK, "--chdir", WORK, "--remount-ro", "/dev", "--remount-ro", "/"]
        return [*self._dropped[lent], *self._inside, *binds, *folder, "--", str(interpreter()), *program]

    def _drop_root(self, packages: Sequence[Path]) -> list[str]:
        """For root: become nobody before anything else, having opened the way to what is read if it is not public.

        Limits on processes do not hold for root, and a user namespace of root's would leave root's files readable.
        """
        if os.geteuid() != 0:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise UserError("The sandbox cannot give up root's rights: setpriv, of util-linux, is not installed.")
        drop = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL", "--"]
        read = [*_interpreter_paths(), *packages]
        hidden = sorted({folder for path in read for folder in _closed_folders(path)})
        if not hidden:
            return drop
        view = [self._bwrap, "--die-with-parent", "--dev-bind", "/", "/"]
        for folder in (folder for folder in hidden if not any(other in folder.parents for other in hidden)):
            below = [path for path in read if folder in path.parents]
            between = sorted({parent for path in below for parent in path.parents if folder in parent.parents})
            view += ["--perms", "0755", "--tmpfs", str(folder)]
            for parent in between:
                if not any(path in parent.parents or path == parent for path in below):
                    view += ["--perms", "0755", "--dir", str(parent)]
            for path in below:
                view += ["--ro-bind", str(path), str(path)]
        return [*view, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--", *drop]

    @staticmethod
    def _namespaces() -> list[str]:
        user = ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY), "--disable-userns"]
        environment = [part for name, value in ENVIRONMENT.items() for part in ("--setenv", name, value)]
        return ["--unshare-all", *user, "--hostname", "sandbox", "--new-session", "--die-with-parent", "--clearenv",
                *environment]  # fmt: skip

    @staticmethod
    def _view() -> list[str]:
        view: list[str] = []
        for path in map(Path, LIBRARIES):
            if path.is_symlink():
                view += ["--symlink", str(path.readlink()), str(path)]
            elif path.exists():
                view += ["--ro-bind", str(path), str(path)]
        for path in [*map(Path, READABLE), *_interpreter_paths()]:
            view += ["--ro-bind-try", str(path), str(path)]
        for packages in _installed_packages():
            view += ["--tmpfs", str(packages), "--remount-ro", str(packages)]
        return [*view, "--proc", "/proc", "--dev", "/dev"]


class Unisolated:
    """No isolation at all: the limits alone."""

    own_folder = False

    def command(
        self,
        program: Sequence[str],
        limits: SandboxSettings,  # noqa: ARG002 - an Isolation
        packages: Sequence[Path] = (),  # noqa: ARG002 - the folder with links to them is found anyway
    ) -> list[str]:
        """See `Isolation`."""
        return [str(interpreter()), *program]


def interpreter() -> Path:
    """The Python that the sandbox runs: this one, without its virtual environment."""
    return Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()


def open_bubblewrap() -> Bubblewrap:
    """The isolation of this host, as far as can be said without starting it.

    Raises:
        UserError: there is none: what to install, and how to do without.
    """
    if not sys.platform.startswith("linux"):
        raise refusal(f"bubblewrap works on Linux alone, and this is {sys.platform}")
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise refusal("bubblewrap (bwrap) is not installed")
    said = subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < OLDEST:
        raise refusal(f"bubblewrap is too old ({said.strip() or 'it does not say its version'})")
    return Bubblewrap(bwrap)


def refusal(reason: str) -> UserError:
    """Why nothing is run here, and what to do."""
    return UserError(f"There is no sandbox here: {reason}.\n{ADVICE.format(version='.'.join(map(str, OLDEST)))}")


def _interpreter_paths() -> list[Path]:
    """The executable and the folders of its libraries, unless a system's folder has them anyway."""
    base = sys.base_prefix
    folders = [_path(name) for name in ("stdlib", "platstdlib")]
    wanted = {interpreter(), *folders, Path(base, "lib"), Path(sysconfig.get_config_var("LIBDIR") or base)}
    present = {path for path in wanted if path.exists() and str(path) not in LIBRARIES and path != Path(base)}
    around = [*map(Path, LIBRARIES), *present]
    return sorted(path for path in present if not any(other in path.parents for other in around))


def _path(name: str) -> Path:
    """A folder of the interpreter's own, not of a virtual environment."""
    base = sys.base_prefix
    own = {"base": base, "platbase": base, "installed_base": base, "installed_platbase": base}
    return Path(sysconfig.get_path(name, vars=own))


def _installed_packages() -> list[Path]:
    """Folders of third-party packages inside what the sandbox can read: they are covered."""
    folders = {_path(name) for name in ("purelib", "platlib")}
    readable = [*_interpreter_paths(), *map(Path, LIBRARIES)]
    return sorted(folder for folder in folders if folder.is_dir() and any(path in folder.parents for path in readable))


def _closed_folders(path: Path) -> list[Path]:
    """Folders on the way to a path that only their owner may pass."""
    return [folder for folder in path.parents if not folder.stat().st_mode & 0o001]
