"""Where does everything of one checkout live on disk, and how are its services reached?"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from launcher.errors import DataUnusable

PROJECT = Path(__file__).resolve().parent.parent
DATABASE, KEYVAULT = "switchboard", "keyvault"
OWNER, APP, READER, SUPERUSER = "switchboard_owner", "switchboard_app", "switchboard_reader", "postgres"


@dataclass(frozen=True)
class Urls:
    """Addresses of the running services; passwords included, so never log them."""

    database_url: str
    database_owner_url: str
    database_reader_url: str
    database_superuser_url: str
    keyvault_database_url: str
    keyvault_database_owner_url: str
    keyvault_database_superuser_url: str
    redis_url: str
    cache_url: str


@dataclass(frozen=True)
class Cluster:
    """One embedded PostgreSQL: where it lies, and whom it lets in. Its name is that of service and log."""

    name: str
    database: str
    data: Path
    passwords: Path
    sockets: Path
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """All paths that follow from one data folder (usually `var/`)."""

    folder: Path

    @classmethod
    def of(cls, folder: Path) -> "Layout":
        return cls(folder.expanduser().resolve())

    @property
    def sockets(self) -> Path:
        """A short folder: paths of sockets may not exceed 103 bytes, however deep the checkout lies."""
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:8]
        return Path("/tmp") / f"switchboard-{os.getuid()}-{digest}"  # noqa: S108 - owner and mode are checked

    @property
    def postgres_sockets(self) -> Path:
        return self.sockets / "pg"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def state(self) -> Path:
        return self.run / "services.json"

    @property
    def passwords(self) -> Path:
        return self.folder / "secrets" / "postgres.json"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def keyvault(self) -> Path:
        """Everything about the keys of personal data, apart from the data that they open."""
        return self.folder / "keyvault"

    @property
    def root_keys(self) -> Path:
        return self.keyvault / "root-keys"

    @property
    def backups(self) -> Path:
        return self.keyvault / "backups"

    @property
    def data_cluster(self) -> Cluster:
        """The PostgreSQL of the suite's data."""
        roles = (OWNER, APP, READER, SUPERUSER)
        return Cluster("postgres", DATABASE, self.postgres, self.passwords, self.postgres_sockets, roles)

    @property
    def key_cluster(self) -> Cluster:
        """The small PostgreSQL of the keys: another server, so that no backup of the data holds them."""
        folder = self.keyvault
        roles = (OWNER, APP, SUPERUSER)
        sockets = self.sockets / "kv"
        return Cluster("keyvault", KEYVAULT, folder / "postgres", folder / "passwords.json", sockets, roles)

    def lock(self, name: str) -> Path:
        return self.run / f"{name}.lock"

    def make_folders(self) -> None:
        """Creates the data folder and its private parts. Raises DataUnusable if it is not ours to write."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # As root, PostgreSQL runs as another user who has to pass through.
            passage = 0o711 if os.getuid() == 0 else 0o700
            parts = ((self.run, 0o700), (self.log, 0o755), (self.passwords.parent, 0o700), (self.keyvault, passage))
            for part, mode in parts:
                part.mkdir(mode=mode, exist_ok=True)
        except PermissionError as error:
            raise DataUnusable(f"{error.filename} belongs to another user: run as that user.") from error
        except OSError as error:
            raise DataUnusable(f"cannot write to {self.folder}: {error.strerror}.") from error

    def make_sockets(self) -> None:
        """Creates the socket folder. Anybody may write to /tmp, so one that is not ours is refused."""
        # As root, PostgreSQL runs as another user who has to pass through.
        mode = 0o711 if os.getuid() == 0 else 0o700
        try:
            self.sockets.mkdir(mode=mode)
        except FileExistsError:
            if not self._has_private_sockets():
                problem = f"{self.sockets} exists but is not a private folder of ours: remove it."
                raise DataUnusable(problem) from None
        self.sockets.chmod(mode)

    def remove_sockets(self) -> None:
        """Removes the socket folder if it is ours."""
        if self._has_private_sockets():
            shutil.rmtree(self.sockets, ignore_errors=True)

    def _has_private_sockets(self) -> bool:
        try:
            found = self.sockets.lstat()
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


def read_passwords(cluster: Cluster) -> dict[str, str]:
    """Passwords by role. Raises DataUnusable if the file is missing or damaged."""
    try:
        found = json.loads(cluster.passwords.read_text())
        return {role: str(found[role]) for role in cluster.roles}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataUnusable(f"{cluster.passwords} is missing or damaged: restore it, or `make reset`.") from error


def build_url(cluster: Cluster, role: str) -> str:
    """The URL of a cluster for one role; empty for a cluster that was never made."""
    if not cluster.passwords.exists():
        return ""
    password = read_passwords(cluster)[role]
    # The form with the socket folder as parameter is read alike by libpq and by django-environ.
    return f"postgres://{role}:{password}@/{cluster.database}?host={cluster.sockets}"


def build_urls(layout: Layout) -> Urls:
    """The URLs of this folder's services, running or not; empty for a database that was never made."""
    data, keys = layout.data_cluster, layout.key_cluster
    return Urls(
        database_url=build_url(data, APP),
        database_owner_url=build_url(data, OWNER),
        database_reader_url=build_url(data, READER),
        database_superuser_url=build_url(data, SUPERUSER),
        keyvault_database_url=build_url(keys, APP),
        keyvault_database_owner_url=build_url(keys, OWNER),
        keyvault_database_superuser_url=build_url(keys, SUPERUSER),
        redis_url=f"unix://{layout.sockets}/broker.sock?db=0",
        cache_url=f"unix://{layout.sockets}/cache.sock?db=0",
    )


def write_private(path: Path, content: str) -> None:
    """Replaces a file in one step, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    draft.replace(path)


def write_state(layout: Layout, pids: dict[str, int]) -> None:
    """Publishes addresses and process ids for other processes of this checkout."""
    state = {"pids": pids, **asdict(build_urls(layout))}
    write_private(layout.state, json.dumps(state, indent=2) + "\n")


def read_pids(layout: Layout) -> dict[str, int]:
    """Process ids as last published; empty if nothing was."""
    try:
        return {name: int(pid) for name, pid in json.loads(layout.state.read_text())["pids"].items()}
    except (OSError, ValueError, KeyError):
        return {}


def read_urls(folder: Path) -> Urls | None:
    """URLs of the services that run on this folder, or None if none run. Needs the standard library only."""
    layout = Layout.of(folder)
    if not is_locked(layout.lock("keeper")):
        return None
    try:
        state = json.loads(layout.state.read_text())
        return Urls(**{one.name: state[one.name] for one in fields(Urls)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_locked(path: Path) -> bool:
    """Whether some process holds the exclusive lock on this file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class FileLock:
    """An advisory lock that the kernel drops when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Takes the lock; False if it is held and `wait` is off. The holder's pid is in the file."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        flags = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(descriptor, flags)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        if not shared:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder_of(path: Path) -> int | None:
    """The pid that last took this lock."""
    try:
        found = re.match(r"\d+", path.read_text())
    except OSError:
        return None
    return int(found.group()) if found else None
