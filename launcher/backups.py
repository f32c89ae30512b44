"""How are the embedded vault's keys backed up? One base backup a day, and none that is older than a fortnight.

The short horizon is the point: a key that was destroyed must soon be gone from every backup. The data's own backups
may be as old as they like, since nothing personal in them opens without these keys. `python -m launcher.backups
<data folder>` takes one by hand.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from launcher import processes
from launcher.layout import PROJECT, SUPERUSER, Layout, build_url
from launcher.postgres import find_binaries

EVERY = timedelta(days=1)
# Thirteen days and not fourteen: the promise holds also if nobody looks for a day.
KEEP = timedelta(days=13)
# A fresh start has better things to do first.
FIRST_AFTER_SECONDS = 20.0
_LOOK_SECONDS = 60.0
_NAME = "%Y-%m-%dT%H%M%SZ"
_STOP_SIGNALS = [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)]


class KeyBackups:
    """The base backups in `var/keyvault/backups`, one folder each. Turned by the keeper's loop."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._process: subprocess.Popen[bytes] | None = None
        self._look_at = time.monotonic() + FIRST_AFTER_SECONDS
        prune(layout, datetime.now(UTC))

    def tick(self) -> None:
        """Removes what is too old and begins a backup that is due. Never waits."""
        if time.monotonic() < self._look_at or (self._process is not None and self._process.poll() is None):
            return
        self._look_at = time.monotonic() + _LOOK_SECONDS
        now = datetime.now(UTC)
        prune(self._layout, now)
        if is_due(self._layout, now):
            self._begin()

    def _begin(self) -> None:
        with (self._layout.log / "keyvault-backup.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "launcher.backups", str(self._layout.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                start_new_session=True,
                preexec_fn=processes.die_with_parent(signal.SIGTERM),
            )

    def stop(self) -> None:
        """Ends a backup under way."""
        if self._process is not None and self._process.poll() is None:
            processes.stop_process(self._process.pid, "the backup of the keys", _STOP_SIGNALS)


def list_backups(layout: Layout) -> dict[datetime, Path]:
    """Finished backups by the moment they were begun."""
    found: dict[datetime, Path] = {}
    for folder in layout.backups.glob("*"):
        try:
            found[datetime.strptime(folder.name, _NAME).replace(tzinfo=UTC)] = folder
        except ValueError:
            continue
    return found


def is_due(layout: Layout, now: datetime) -> bool:
    """Whether the newest backup is a day old, or there is none."""
    return all(now - taken >= EVERY for taken in list_backups(layout))


def prune(layout: Layout, now: datetime) -> None:
    """Removes backups that have reached their age, those from a clock that ran ahead, and unfinished ones."""
    for taken, folder in list_backups(layout).items():
        if now - taken >= KEEP or taken - now >= EVERY:
            shutil.rmtree(folder)
    shutil.rmtree(_draft(layout), ignore_errors=True)


def take_backup(layout: Layout) -> Path:
    """Takes a backup of the running vault. Raises CalledProcessError with pg_basebackup's own words."""
    moment, draft = datetime.now(UTC), _draft(layout)
    layout.backups.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(draft, ignore_errors=True)
    url = build_url(layout.key_cluster, SUPERUSER)
    _forget_dead_rows(url)
    command = [str(find_binaries() / "bin" / "pg_basebackup"), "--pgdata", str(draft), "--format=tar", "--gzip"]
    command += ["--wal-method=stream", "--checkpoint=fast", "--no-password"]
    # The password goes through the environment: other accounts can read command lines.
    env = {**os.environ, **connection_environment(url)}
    subprocess.run(
        command,
        check=True,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=processes.die_with_parent(signal.SIGTERM),
    )
    return draft.rename(layout.backups / moment.strftime(_NAME))


def connection_environment(url: str) -> dict[str, str]:
    """How PostgreSQL's own programs reach a cluster."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.query.removeprefix("host="),
        "PGUSER": parts.username or "",
        "PGPASSWORD": unquote(parts.password or ""),
    }


def _draft(layout: Layout) -> Path:
    return layout.backups / "unfinished"


def _forget_dead_rows(url: str) -> None:
    """Writes the table of keys anew: a destroyed key would else live on in the backup, in the dead row it was in."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute("SET lock_timeout = '2s'")
        if connection.execute("SELECT to_regclass('vault_datakey')").fetchone() != (None,):
            connection.execute("VACUUM (FULL) vault_datakey")


def main() -> int:
    """Takes one backup, or says in one line why not."""
    signal.signal(signal.SIGTERM, lambda received, _frame: sys.exit(128 + received))
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        taken = take_backup(Layout.of(Path(sys.argv[1])))
    except subprocess.CalledProcessError as error:
        print(f"{moment} pg_basebackup failed: {' '.join(error.stderr.split())[-300:]}")
        return 1
    except (psycopg.Error, OSError) as error:
        print(f"{moment} the vault cannot be backed up: {' '.join(str(error).split())[-300:]}")
        return 1
    print(f"{moment} took {taken}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
