"""Folders, real launchers and patience for the launcher's tests."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from launcher import processes
from launcher.embedded import EmbeddedServices
from launcher.layout import PROJECT, Layout
from launcher.root import remove_hidden_home

Eventually = Callable[[Callable[[], object]], None]

_WEB = """
import os, socket
listener = socket.socket(fileno=int(os.environ["LISTEN_FD"]))
listener.setblocking(True)
print("web serves", flush=True)
while True:
    connection, _ = listener.accept()
    connection.recv(4096)
    connection.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n%d" % os.getpid())
    connection.close()
"""


@pytest.fixture
def eventually() -> Eventually:
    """Waits until a condition holds; fails after 20 s."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.02)

    return wait


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that other accounts may pass through, as in an ordinary checkout."""
    path = Path(tempfile.mkdtemp(prefix="switchboard-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path / "var"
    _clear(path)


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A data folder that only its owner may enter, like a clone below /root."""
    path = Path(tempfile.mkdtemp(prefix="switchboard-test-", dir="/tmp"))
    yield path / "var"
    _clear(path)


def _clear(path: Path) -> None:
    EmbeddedServices(path / "var").stop()
    remove_hidden_home(Layout.of(path / "var"))
    shutil.rmtree(path)


@dataclass
class Suite:
    """A real `python -m launcher up` over programs that take the place of the suite's own."""

    folder: Path
    procfile: str
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> "Suite":
        procfile = self.folder.parent / "Procfile"
        (self.folder.parent / "web.py").write_text(_WEB)
        procfile.write_text(self.procfile)
        command = [sys.executable, "-m", "launcher", "--var", str(self.folder), "up", "--no-prepare"]
        self.process = subprocess.Popen(
            [*command, "--procfile", str(procfile), *(options or ("--port", "0"))],
            cwd=PROJECT,
            env=_own_environment() | {"MARKER": str(self.folder)} | self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def read_until(self, text: str) -> list[str]:
        """Lines up to the one that contains the text."""
        assert self.process is not None
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if text in line:
                return lines
        raise AssertionError(f"the launcher ended without {text!r}: {lines}")

    def end(self) -> tuple[int, str]:
        """Waits for the end; exit status and the rest of the output."""
        assert self.process is not None
        rest, _ = self.process.communicate(timeout=60)
        return self.process.returncode, rest

    def programs(self) -> list[int]:
        """Processes started by this launcher that still live, children of children included."""
        return [pid for pid in _all_pids() if pid != self.pid and self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        with suppress(OSError):
            marked = f"MARKER={self.folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            return marked and processes.is_alive(pid)
        return False


def _own_environment() -> dict[str, str]:
    """Without the addresses that the tests' own services have put there."""
    return {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "VAR_DIR", "ROOT_KEYS"))}


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


@pytest.fixture
def suite(folder: Path) -> Iterator[Callable[..., Suite]]:
    """Makes suites, without services unless embedded; WEB is a program that answers; leftovers are killed."""
    made: list[Suite] = []

    def make(procfile: str, *, embedded: bool = False, beside: Path = folder) -> Suite:
        elsewhere = {"DATABASE_URL": "postgres://nowhere/none", "REDIS_URL": "redis://nowhere/0"}
        elsewhere |= {"KEYVAULT_DATABASE_URL": "postgres://nowhere/keys"}
        given = {} if embedded else elsewhere
        made.append(Suite(beside, procfile.replace("WEB", f"{sys.executable} {beside.parent / 'web.py'}"), given))
        return made[-1]

    yield make
    for one in made:
        for pid in [one.pid, *one.programs()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if one.process is not None:
            one.process.communicate()
