"""Who owns the embedded servers? One small process per data folder, which starts, restarts and outlives them.

Users of the services hold a shared lock for as long as they live; the kernel drops it however they end. When
the keeper gets that lock exclusively, nobody is left: it stops the servers and ends. So neither a forgotten
command nor a supervisor killed with -9 leaves processes behind, and whoever comes second simply joins.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from launcher import processes
from launcher.backups import KeyBackups
from launcher.errors import LauncherError, ServiceFailed, StaleProcess
from launcher.layout import FileLock, Layout, write_state
from launcher.postgres import STOP_SIGNALS as POSTGRES_STOP
from launcher.postgres import PostgresFolder
from launcher.rootkeys import make_root_keys
from launcher.valkey import STOP_SIGNALS as VALKEY_STOP
from launcher.valkey import ValkeyFolder

POLL_SECONDS = 0.1
START_SECONDS = 120.0  # recovery after a crash may replay much log
STEADY_SECONDS = 60.0
_LOG_LIMIT = 5 * 1024 * 1024
# Orphaned backends of a killed server vanish by themselves within seconds; until then it refuses to start.
_PASSING = "pre-existing shared memory block"


@dataclass
class Service:
    """One server process: how to start, probe and stop it."""

    name: str
    command: list[str]
    log: Path
    cwd: Path
    is_ready: Callable[[int], bool]
    stop_signals: list[tuple[signal.Signals, float]]
    credentials: Mapping[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    launched_at: float = 0.0
    failures: int = 0
    retry_at: float = 0.0
    _log_start: int = 0

    def launch(self) -> int:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        # Opened here and inherited: the server's account needs no access to our log folder.
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=processes.die_with_parent(self.stop_signals[0][0]),
                **self.credentials,
            )
        self.launched_at = time.monotonic()
        return self.process.pid

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def reason(self) -> str:
        """The last complaint in the log since the launch."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            lines = file.read()[-8000:].decode(errors="replace").splitlines()
        complaints = [line for line in lines if "FATAL" in line or "PANIC" in line or " # " in line] or lines
        return complaints[-1].strip() if complaints else "it gave no reason"

    def request_stop(self) -> None:
        if self.runs():
            os.kill(self.pid, self.stop_signals[0][0])

    def finish_stop(self) -> None:
        """Waits for the end, escalating. Raises StaleProcess if nothing helps."""
        if self.runs():
            (_, patience), *harder = self.stop_signals
            if not processes.wait_gone(self.pid, patience):
                processes.stop_process(self.pid, self.name, harder)
        if self.process is not None:
            self.process.poll()


class Keeper:
    """The servers of one data folder."""

    def __init__(
        self, layout: Layout, *, durable: bool, postgres: bool = True, keyvault: bool = True, valkey: bool = True
    ) -> None:
        self.layout = layout
        wanted = ((layout.data_cluster, postgres), (layout.key_cluster, keyvault))
        self.clusters = [PostgresFolder(layout, durable=durable, cluster=one) for one, is_wanted in wanted if is_wanted]
        # Data that may be lost needs no copies of its keys.
        self.backups = KeyBackups(layout) if keyvault and durable else None
        self.valkeys = [ValkeyFolder(layout, name, durable) for name in ("broker", "cache") if valkey]
        self.services: list[Service] = []
        self.published = False
        self.stopping = False

    def start(self) -> None:
        """Cleans up after a killed predecessor and starts all servers. Raises LauncherError."""
        self.layout.make_sockets()
        for cluster in self.clusters:
            cluster.stop_leftover()
            if not cluster.exists():
                _report(step="creating the database")
                if cluster.cluster == self.layout.key_cluster:
                    make_root_keys(self.layout)
            cluster.prepare()
            self.services.append(_postgres_service(cluster))
        for one in self.valkeys:
            one.stop_leftover()
            one.prepare()
            self.services.append(_valkey_service(one))
        for service in self.services:
            self._launch(service)
        deadline = time.monotonic() + START_SECONDS
        for service in self.services:
            self._await_ready(service, deadline)

    def _launch(self, service: Service) -> None:
        pid = service.launch()
        for one in self.valkeys:
            if one.name == service.name:
                one.record(pid)

    def _await_ready(self, service: Service, deadline: float) -> None:
        patience = time.monotonic() + 15
        while not service.is_ready(service.pid):
            if not service.runs():
                reason = service.reason()
                if _PASSING not in reason or time.monotonic() > patience:
                    raise ServiceFailed(f"{service.name} did not start: {reason} (log: {service.log})")
                time.sleep(0.5)
                self._launch(service)
            if time.monotonic() > deadline or self.stopping:
                raise ServiceFailed(f"{service.name} was not ready in time (log: {service.log}).")
            time.sleep(0.02)

    def keep(self, users: FileLock) -> None:
        """Restarts what falls over, until told to stop or until no user is left."""
        while not self.stopping and not users.acquire(wait=False):
            if not self.published and self.layout.state.exists():
                self.published = True
            for service in self.services:
                self._revive(service)
            if self.backups is not None:
                self.backups.tick()
            time.sleep(POLL_SECONDS)

    def _revive(self, service: Service) -> None:
        now = time.monotonic()
        if service.runs():
            if service.failures and now - service.launched_at > STEADY_SECONDS:
                service.failures = 0
            return
        if service.retry_at <= service.launched_at:
            service.retry_at = now + min(10.0, 0.5 * 2**service.failures)
            service.failures += 1
            _log(f"{service.name} ended unexpectedly ({service.reason()}); restarting")
        if now >= service.retry_at:
            self._launch(service)
            if self.published:
                write_state(self.layout, self.pids())

    def pids(self) -> dict[str, int]:
        return {"keeper": os.getpid()} | {service.name: service.pid for service in self.services}

    def stop(self) -> None:
        """Stops all servers and removes every trace outside the data folder."""
        self.layout.state.unlink(missing_ok=True)
        if self.backups is not None:
            self.backups.stop()
        for service in self.services:
            service.request_stop()
        for service in self.services:
            try:
                service.finish_stop()
            except StaleProcess as error:
                _log(str(error))
        self.layout.remove_sockets()


def _postgres_service(cluster: PostgresFolder) -> Service:
    return Service(
        name=cluster.cluster.name,
        command=cluster.command(),
        log=cluster.layout.log / f"{cluster.cluster.name}.log",
        cwd=Path("/"),
        is_ready=cluster.is_ready,
        stop_signals=POSTGRES_STOP,
        credentials=cluster.credentials(),
    )


def _valkey_service(server: ValkeyFolder) -> Service:
    return Service(
        name=server.name,
        command=server.command(),
        log=server.layout.log / f"valkey-{server.name}.log",
        cwd=server.data,
        is_ready=lambda _pid: server.is_ready(),
        stop_signals=VALKEY_STOP,
    )


def _report(**message: object) -> None:
    """One JSON line to whoever started us; afterwards nobody listens."""
    try:
        os.write(1, (json.dumps(message) + "\n").encode())
    except BrokenPipeError:
        return


def _log(message: str) -> None:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    sys.stderr.write(f"{moment} {message}\n")
    sys.stderr.flush()


def _hold(layout: Layout) -> FileLock | None:
    """The lock that says a keeper lives. Others probe it for an instant, hence the retries."""
    lock = FileLock(layout.lock("keeper"))
    for _ in range(50):
        if lock.acquire(wait=False):
            return lock
        time.sleep(0.02)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="launcher.keeper")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--disposable", action="store_true", help="no durability: for tests")
    parser.add_argument("--without-postgres", action="store_true")
    parser.add_argument("--without-keyvault", action="store_true")
    parser.add_argument("--without-valkey", action="store_true")
    options = parser.parse_args()
    layout = Layout.of(options.folder)
    os.umask(0o022)
    held = _hold(layout)
    if held is None:
        _report(error="StaleProcess", message="another keeper is just ending: try again.")
        return 1
    keeper: Keeper | None = None
    try:
        keeper = Keeper(
            layout,
            durable=not options.disposable,
            postgres=not options.without_postgres,
            keyvault=not options.without_keyvault,
            valkey=not options.without_valkey,
        )
        _listen(keeper)
        keeper.start()
        _report(ready=keeper.pids())
        _let_go_of_terminal()
        keeper.keep(FileLock(layout.lock("users")))
    except LauncherError as error:
        _report(error=type(error).__name__, message=str(error))
        return 1
    finally:
        if keeper is not None:
            keeper.stop()
    return 0


def _listen(keeper: Keeper) -> None:
    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        keeper.stopping = True

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _let_go_of_terminal() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
