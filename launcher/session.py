"""What happens between the first start and the last stop of one `make up`?"""

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher import processes
from launcher.banner import render_banner
from launcher.embedded import EmbeddedServices
from launcher.errors import LauncherError, NotReady
from launcher.layout import PROJECT, Layout, write_private
from launcher.procfile import choose_web_processes, read_programs
from launcher.supervisor import Child, Output, Supervisor
from launcher.terminal import Step

READY_SECONDS = 90.0
HEALTH = "/health/ready"
_MANY_FAILURES = 3
_MIND_SECONDS = 1.0
_LOG_LIMIT = 5 * 1024 * 1024


@dataclass(frozen=True)
class UpOptions:
    """What the command line and the environment ask for."""

    host: str
    port: int
    folder: Path
    procfile: Path = PROJECT / "Procfile"
    demo: bool = True
    prepare: bool = True
    quiet: bool = False


class Session:
    """The suite's processes over embedded or given services."""

    def __init__(
        self,
        options: UpOptions,
        layout: Layout,
        listener: socket.socket,
        services: EmbeddedServices,
        env: dict[str, str],
    ) -> None:
        self._layout, self._services, self._quiet = layout, services, options.quiet
        self._reachable = _reachable_address(listener)
        host, port = self._reachable
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        programs = read_programs(options.procfile, web_processes=choose_web_processes(os.environ.get("WEB_PROCESSES")))
        log = layout.log / "suite.log"
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_name("suite.log.1"))
        self._output = Output(log, [program.name for program in programs])
        self._supervisor = Supervisor(programs, env=env, cwd=PROJECT, output=self._output)
        self._supervisor.inherit(listener.fileno())
        self._supervisor.on_change = self._publish
        self._service_pids: dict[str, int] = {}
        self._minded_at = 0.0

    def run(self, began: float) -> int:
        """Runs until a stop is asked for. Raises NotReady if the suite does not come up."""
        self._supervisor.watch_signals()
        try:
            self._await_ready()
            if not self._supervisor.stop_requests:
                print(render_banner(self._layout.folder, self.address, time.monotonic() - began), flush=True)
            self._output.shown = not self._quiet
            while not self._supervisor.stop_requests:
                self._supervisor.turn()
                self._mind_services()
        finally:
            self._output.line("stopping; Ctrl-C again stops at once", always=True)
            self._output.shown = False
            step = Step("Stopping")
            self._supervisor.stop()
            self._services.release()
            step.done()
            self._output.close()
        return 0

    def _await_ready(self) -> None:
        step = Step("Starting the suite")
        probe = self._supervisor.probe(self._reachable, HEALTH)
        deadline = time.monotonic() + READY_SECONDS
        while not probe.ready and not self._supervisor.stop_requests:
            self._supervisor.turn(0.05)
            probe.tick()
            step.show(probe.reason)
            failing = next((one for one in self._supervisor.children if _is_hopeless(one)), None)
            if failing is not None or time.monotonic() > deadline:
                step.failed()
                raise NotReady(self._explain(failing, probe.reason))
        step.done()

    def _explain(self, failing: Child | None, reason: str) -> str:
        log = os.path.relpath(self._layout.log / "suite.log")
        if failing is None:
            return f"the suite was not ready after {READY_SECONDS:.0f} s: {reason} (log: {log})"
        last = next((line for line in reversed(failing.recent) if line.strip()), "it said nothing")
        if failing.has_refused:
            return f"{failing.program.name} refuses to start. {last}"
        return f"{failing.program.name} keeps ending: {last} (log: {log})"

    def _mind_services(self) -> None:
        """Says when a server was restarted, and starts the keeper again should somebody have killed it."""
        if not self._services.parts or time.monotonic() - self._minded_at < _MIND_SECONDS:
            return
        self._minded_at = time.monotonic()
        pids = self._services.pids()
        if not pids:
            self._output.line("PostgreSQL and Valkey are gone; starting them again", always=True)
            try:
                self._services.start()
                self._output.line("PostgreSQL and Valkey are back", always=True)
            except LauncherError as error:
                self._output.line(str(error), always=True)
        for name, pid in pids.items():
            if self._service_pids.get(name, pid) != pid:
                self._output.line(f"{name} had ended and was started again", always=True)
        self._service_pids = pids or self._service_pids

    def _publish(self, pids: dict[str, int]) -> None:
        """Writes down what runs where: for `make status`, and for the next start if we are killed."""
        programs = {name: {"pid": pid, "born_at": processes.born_at(pid)} for name, pid in pids.items()}
        state = {"pid": os.getpid(), "address": self.address, "programs": programs}
        write_private(self._layout.run / "up.json", json.dumps(state, indent=2) + "\n")


def _is_hopeless(child: Child) -> bool:
    return child.has_refused or child.failures >= _MANY_FAILURES


def read_own_state(layout: Layout) -> dict[str, Any]:
    """What the supervisor of this folder last wrote: pid, address, programs. Empty if there is none."""
    try:
        found = json.loads((layout.run / "up.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _reachable_address(listener: socket.socket) -> tuple[str, int]:
    """Where this machine reaches the listener, also if it listens on all addresses."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - compared, not bound
