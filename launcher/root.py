"""How does PostgreSQL run when we are root? It refuses to, so it gets an account and a place of its own."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import ServiceFailed
from launcher.layout import Cluster, Layout

SYSTEM_USER = "switchboard-pg"
_HIDDEN_HOMES = Path("/var/lib")


@dataclass(frozen=True)
class Account:
    """The system account the server runs as: PostgreSQL refuses to run as root."""

    uid: int
    gid: int


def find_account() -> Account | None:
    """The account for the server if we are root (created at need), None if it simply runs as ourselves."""
    if os.getuid() != 0:
        return None
    try:
        found = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        found = _create_account()
    return Account(found.pw_uid, found.pw_gid)


def _create_account() -> pwd.struct_passwd:
    tool = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if tool is None:
        raise ServiceFailed("PostgreSQL cannot run as root and no system user can be made here: run as a normal user.")
    command = [
        tool,
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        SYSTEM_USER,
    ]
    subprocess.run(command, capture_output=True, check=False)
    try:  # a parallel start may have made it first, so the look-up decides, not the exit status
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        raise ServiceFailed(f"PostgreSQL cannot run as root: `{' '.join(command)}` failed.") from error


def is_reachable(cluster: Cluster, install: Path) -> bool:
    """Whether the server's account can reach data and binaries where they are."""
    return _may_enter(cluster.data.parent) and _may_enter(install / "bin") and not cluster.data.is_symlink()


def _may_enter(folder: Path) -> bool:
    """Whether any account may pass through to this folder."""
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def settle_elsewhere(layout: Layout, cluster: Cluster, install: Path) -> tuple[Path, Path]:
    """Data folder and binaries where the server's account can reach them; the usual place points there."""
    home = _hidden_home(layout)
    home.mkdir(mode=0o755, exist_ok=True)
    home.chmod(0o755)
    data = home / cluster.name
    if not cluster.data.is_symlink():
        # Data of a checkout that once lay here and was simply deleted: its passwords are gone with it.
        shutil.rmtree(data, ignore_errors=True)
        cluster.data.symlink_to(data)
    return data, _copy_install(install, home)


def _hidden_home(layout: Layout) -> Path:
    """Where root's clusters live if the data folder lies where only root may go (/root, a temporary one)."""
    for cluster in (layout.data_cluster, layout.key_cluster):
        if cluster.data.is_symlink():
            return cluster.data.readlink().parent  # also after the checkout was moved
    return _HIDDEN_HOMES / layout.sockets.name


def remove_hidden_home(layout: Layout) -> None:
    """Removes what `_settle_for` put outside the data folder."""
    home = _hidden_home(layout)
    if home.parent == _HIDDEN_HOMES and home.name.startswith("switchboard-"):
        shutil.rmtree(home, ignore_errors=True)


def _copy_install(source: Path, home: Path) -> Path:
    """Copies the binaries to where the server's account can run them; once per version of the wheel."""
    package = source.parent
    stamp = f"{source}:{(source / 'bin' / 'postgres').stat().st_mtime_ns}"
    target, marker = home / "install", home / "install.stamp"
    copied = target / package.name / source.name
    if marker.exists() and marker.read_text() == stamp and copied.is_dir():
        return copied
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, copied, ignore=shutil.ignore_patterns("*.a", "include", "pgxs"))
    # The wheel keeps shared libraries beside the package and finds them by relative path.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.parent.name == "bin" else 0o044))
    marker.write_text(stamp)
    return copied
