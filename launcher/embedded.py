"""How does a program get PostgreSQL and Valkey without anything being installed on the machine?"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from launcher import errors, processes
from launcher.layout import (
    PROJECT,
    FileLock,
    Layout,
    Urls,
    build_urls,
    holder_of,
    is_locked,
    read_pids,
    read_urls,
    write_state,
)
from launcher.roles import provision_database
from launcher.valkey import ValkeyFolder

__all__ = ["EmbeddedServices", "Urls", "read_urls", "running"]

PARTS = frozenset({"postgres", "keyvault", "valkey"})
_PART_OF = {"postgres": "postgres", "keyvault": "keyvault", "broker": "valkey", "cache": "valkey"}
_STOP_SECONDS = 45.0


class EmbeddedServices:
    """PostgreSQL 18 with pgvector, a second small one for keys, and two Valkey processes on one data folder.

    Any number of processes may use one folder at once: the first starts the servers, the last one to leave
    stops them. `durable=False` trades safety for speed (tests); it counts for whoever starts the servers.
    `parts` leaves out the servers that are provided otherwise.
    """

    def __init__(self, folder: Path, *, durable: bool = True, parts: frozenset[str] = PARTS) -> None:
        self.layout = Layout.of(folder)
        self.parts = parts
        self.on_progress: Callable[[str], None] = lambda _step: None
        self._durable = durable
        self._users = FileLock(self.layout.lock("users"))
        self._using = False
        self._keeper: subprocess.Popen[str] | None = None

    def start(self) -> Urls:
        """Joins the running services or starts them; safe to repeat. Raises LauncherError subclasses."""
        self.layout.make_folders()
        with FileLock(self.layout.lock("start")):
            if not self._using:
                self._users.acquire(shared=True)
                self._using = True
            try:
                if not self._join():
                    self._launch_keeper()
            except BaseException:
                self._leave()
                raise
        return self.urls()

    def urls(self) -> Urls:
        """Addresses with passwords."""
        return build_urls(self.layout)

    def pids(self) -> dict[str, int]:
        """Process ids: keeper, postgres, broker, cache. Empty while nothing runs."""
        return read_pids(self.layout) if is_locked(self.layout.lock("keeper")) else {}

    def release(self) -> None:
        """Stops using the services; if nobody else does, they have ended when this returns."""
        self._leave()
        while self._is_ending():
            time.sleep(0.02)
        self._collect_keeper()

    def stop(self) -> None:
        """Ends the services now, whoever uses them; leaves no process. Raises StaleProcess if one resists."""
        self._leave()
        if is_locked(self.layout.lock("keeper")):
            pid = self.pids().get("keeper") or holder_of(self.layout.lock("keeper"))
            if pid is not None and "launcher.keeper" in processes.command_line(pid):
                processes.stop_process(pid, "the keeper of the services", [(signal.SIGTERM, _STOP_SECONDS)])
        self._collect_keeper()
        self._remove_remains()

    def _remove_remains(self) -> None:
        """Clears away what a keeper killed with -9 could not."""
        if self.layout.run.exists():
            with FileLock(self.layout.lock("start")):
                if not is_locked(self.layout.lock("keeper")):
                    self.layout.state.unlink(missing_ok=True)
                    self.layout.remove_sockets()

    def _leave(self) -> None:
        self._users.release()
        self._using = False

    def _is_ending(self) -> bool:
        """Whether a keeper is still there only because it has not finished stopping."""
        if not is_locked(self.layout.lock("keeper")):
            return False
        others = FileLock(self.layout.lock("users"))
        if others.acquire(wait=False):  # nobody uses them, so the keeper is about to notice
            others.release()
            return True
        return not _acquire_shared(others)

    def _join(self) -> bool:
        """True if running services could be joined; what a killed keeper left is for the next keeper."""
        if not is_locked(self.layout.lock("keeper")):
            return False
        deadline = time.monotonic() + 60
        while is_locked(self.layout.lock("keeper")):
            if self.layout.state.exists() and self._offers_enough() and self._answers():
                return True
            if time.monotonic() > deadline:
                pid = holder_of(self.layout.lock("keeper"))
                raise errors.StaleProcess(f"the services of {self.layout.folder} (pid {pid}) hang: run `make stop`.")
            time.sleep(0.05)
        return False

    def _offers_enough(self) -> bool:
        wanted = [name for name, part in _PART_OF.items() if part in self.parts]
        missing = sorted(set(wanted) - set(read_pids(self.layout)))
        if missing:
            raise errors.StaleProcess(f"running services lack {', '.join(missing)}: run `make stop` first.")
        return True

    def _answers(self) -> bool:
        valkeys = [ValkeyFolder(self.layout, name, self._durable) for name in ("broker", "cache")]
        if "valkey" in self.parts and not all(one.is_ready() for one in valkeys):
            return False
        urls = self.urls()
        databases = {"postgres": urls.database_url, "keyvault": urls.keyvault_database_url}
        try:
            for part in self.parts & databases.keys():
                psycopg.connect(databases[part], connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _launch_keeper(self) -> None:
        command = [sys.executable, "-m", "launcher.keeper", str(self.layout.folder)]
        command += [] if self._durable else ["--disposable"]
        command += [f"--without-{part}" for part in sorted(PARTS - self.parts)]
        with (self.layout.log / "services.log").open("ab") as log:
            self._keeper = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=PROJECT,
                start_new_session=True,
            )
        pids = self._follow(self._keeper)
        try:
            for cluster in (self.layout.data_cluster, self.layout.key_cluster):
                if cluster.name in self.parts:
                    provision_database(cluster)
        except psycopg.Error as error:
            raise errors.DataUnusable(f"the database cannot be prepared: {error}") from error
        write_state(self.layout, pids)

    def _follow(self, keeper: "subprocess.Popen[str]") -> dict[str, int]:
        """Reads the keeper's reports until it is ready; its errors are raised here."""
        assert keeper.stdout is not None
        with keeper.stdout:
            for line in keeper.stdout:
                report: dict[str, Any] = json.loads(line)
                if "step" in report:
                    self.on_progress(report["step"])
                elif "error" in report:
                    keeper.wait()
                    raise getattr(errors, report["error"])(report["message"])
                else:
                    return {str(name): int(pid) for name, pid in report["ready"].items()}
        keeper.wait()
        raise errors.ServiceFailed(f"the services did not start (log: {self.layout.log / 'services.log'}).")

    def _collect_keeper(self) -> None:
        if self._keeper is not None and not is_locked(self.layout.lock("keeper")):
            self._keeper.wait()
            self._keeper = None


def _acquire_shared(lock: FileLock) -> bool:
    try:
        return lock.acquire(shared=True, wait=False)
    finally:
        lock.release()


@contextmanager
def running(folder: Path, *, durable: bool = True, parts: frozenset[str] = PARTS) -> Iterator[Urls]:
    """Services for the length of a block: joined if they run, else started and stopped again at its end."""
    services = EmbeddedServices(folder, durable=durable, parts=parts)
    try:
        yield services.start()
    finally:
        services.release()
