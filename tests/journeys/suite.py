"""Where is a real suite to test against? Here: started through the launcher, as `make up` does, on its own folder."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from launcher import processes
from launcher.embedded import EmbeddedServices
from launcher.layout import PROJECT, Layout, read_pids
from launcher.root import remove_hidden_home
from launcher.session import read_own_state

# Preparing a fresh folder builds the encoder and reads the demo company's articles.
START_SECONDS = 240.0
STOP_SECONDS = 60.0
# What a test run or a shell may have set for itself; the suite under test shall be what a newcomer gets.
_NOT_INHERITED = re.compile(
    r"(DATABASE|KEYVAULT|VAULT|REDIS|CACHE|LLM|EMBEDDINGS|PYTEST|PROMETHEUS)_\w+|COV_CORE_\w+"
    r"|VAR_DIR|HOST|PORT|LISTEN_FD|DJANGO_SETTINGS_MODULE|SWITCHBOARD_ENV|KNOWLEDGE_ENCODER|WEB_PROCESSES"
)
_INBOX = re.compile(r"""<switchboard-chat\b[^>]*\binbox=["']([0-9a-f-]{36})["']""")


class SuiteFailed(Exception):
    """The suite did not come up or did not end."""


@dataclass
class Suite:
    """A running suite: its address, its processes, and its commands."""

    folder: Path
    url: str
    env: dict[str, str]

    @cached_property
    def inbox_id(self) -> str:
        """The demo company's chat, as its page names it."""
        found = _INBOX.search(self.get("/shop/"))
        assert found is not None, "the demo company's page holds no chat"
        return found[1]

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def sign_ins(self) -> dict[str, dict[str, str]]:
        """The demo staff by role: the first of each."""
        listed: list[dict[str, str]] = json.loads((self.folder / "demo.json").read_text())["sign_ins"]
        return {person["role"]: person for person in reversed(listed)}

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        """Return what an address answers; HTTP errors raise ``urllib.error.HTTPError``."""
        request = urllib.request.Request(f"{self.url}{path}", headers=dict(headers or {}))  # noqa: S310  our own
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return str(response.read().decode())

    def status(self, path: str) -> int:
        """Return the HTTP status of an address; 0 if nobody answers."""
        try:
            self.get(path, {"Authorization": f"Session s_{'0' * 43}"})
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
        return 200

    def is_ready(self) -> bool:
        return self.status("/health/ready") == 200

    def pids(self) -> dict[str, int]:
        """Process ids by name: web, worker-ai, …, beat, postgres, broker, cache, keeper."""
        layout = Layout.of(self.folder)
        programs = read_own_state(layout).get("programs", {})
        return read_pids(layout) | {name: int(program["pid"]) for name, program in programs.items()}

    def kill(self, name: str, with_signal: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one process of the suite; returns its process id."""
        pid = self.pids()[name]
        os.kill(pid, with_signal)
        return pid

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` against this suite, as its user would."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def clear_folder(folder: Path) -> None:
    """Remove all data of earlier suites from ``folder``, and stop what they have left."""
    EmbeddedServices(folder).stop()
    remove_hidden_home(Layout.of(folder))
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_suite(folder: Path, **settings: str) -> Iterator[Suite]:
    """Start a suite on ``folder`` and a free port; stop it at the end of the block and leave no process.

    ``settings`` are environment variables. Raises SuiteFailed with the launcher's last words.
    """
    env = {name: value for name, value in os.environ.items() if not _NOT_INHERITED.fullmatch(name)} | settings
    env["VAR_DIR"] = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "launcher.log"
    with output.open("wb") as log:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "launcher", "--var", str(folder), "up", "--port", "0", "--quiet"],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A test run that is killed takes its suite along.
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
        )
    try:
        suite = Suite(folder, _await_address(folder, launcher, output), env)
        yield suite
    finally:
        _stop(launcher)


def _await_address(folder: Path, launcher: "subprocess.Popen[bytes]", output: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if launcher.poll() is not None:
            raise SuiteFailed(f"the launcher ended: {output.read_text()[-2000:]}")
        state: dict[str, Any] = read_own_state(Layout.of(folder))
        # A state without our launcher's pid was left by one that was killed.
        if state.get("pid") == launcher.pid and Suite(folder, str(state["address"]), {}).is_ready():
            return str(state["address"])
        time.sleep(0.1)
    raise SuiteFailed(f"the suite was not ready in {START_SECONDS:.0f} s: {output.read_text()[-2000:]}")


def _stop(launcher: "subprocess.Popen[bytes]") -> None:
    launcher.terminate()
    try:
        launcher.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        launcher.kill()
        launcher.wait(5)
        raise SuiteFailed(f"the launcher did not end within {STOP_SECONDS:.0f} s of SIGTERM") from error
