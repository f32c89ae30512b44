"""Which stores are there? All that the settings name, and how each is reached."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.files.storage import default_storage
from redis.exceptions import RedisError

from apps.ops.services.scanning.databases import DatabaseAccess, list_databases
from apps.ops.services.scanning.folders import FolderStore
from apps.ops.services.scanning.listening import CommandEar, Ear, PublishedEar
from apps.ops.services.scanning.logs import LogFolder
from apps.ops.services.scanning.postgres import ClusterFiles, DatabaseStore
from apps.ops.services.scanning.stores import Store
from apps.ops.services.scanning.valkey import ValkeyFiles, ValkeyStore, connect, read_setting

# Below VAR_DIR. Both are made by set-up from packages and the checkout, before anyone writes: weights of the encoder,
# and collected pages and scripts. Nothing at run time writes there.
NOT_SEARCHED = ("encoder", "static")


@dataclass
class Places:
    """All stores of a scan in the order of reading, the ears, and what is out of reach, with the reason."""

    stores: list[Store] = field(default_factory=list)
    ears: list[Ear] = field(default_factory=list)
    out_of_reach: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlacesOptions:
    """What the operator adds: folders, where servers log if not in VAR_DIR, superusers by database, what to ignore."""

    folders: tuple[Path, ...] = ()
    server_logs: Path | None = None
    superusers: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[Path, ...] = ()


def list_places(options: PlacesOptions) -> Places:
    """Return everything the settings of this process name."""
    places = Places()
    databases = list_databases(dict(options.superusers))
    for access in databases:
        places.stores.append(DatabaseStore(access))
    servers = {"broker": settings.REDIS_URL, "cache": settings.CACHE_URL}
    if _without_database(settings.CACHE_URL) == _without_database(settings.REDIS_URL):
        del servers["cache"]
    for name, url in servers.items():
        places.stores.append(ValkeyStore(name, url))
        places.ears += [PublishedEar(f"{name}, published", url), CommandEar(f"{name}, commands", url)]
    apart = _add_server_files(places, databases, servers)
    _add_folders(places, databases, apart, options)
    return places


def _add_server_files(places: Places, databases: list[DatabaseAccess], servers: Mapping[str, str]) -> list[Path]:
    apart = []
    for access in databases:
        folder = _find_cluster(access)
        if folder is None:
            places.out_of_reach[f"files of {access.name}"] = "on another machine, or not permitted to know where"
        else:
            places.stores.append(ClusterFiles(access, folder))
            apart.append(folder)
    for name, url in servers.items():
        folder = _find_dump_folder(url)
        places.stores.append(ValkeyFiles(f"files of {name}", url, folder))
        apart.append(folder)
    return apart


def _add_folders(places: Places, databases: list[DatabaseAccess], apart: list[Path], options: PlacesOptions) -> None:
    var = Path(settings.VAR_DIR)
    media = Path(default_storage.path(""))
    logs = var / "log"
    embedded = bool(settings.EMBEDDED) and options.server_logs is None
    places.stores.append(FolderStore("media", media))
    places.stores.append(LogFolder("logs", logs, databases=databases if embedded else ()))
    if not embedded:
        folder = options.server_logs or Path(os.devnull)
        places.stores.append(LogFolder("server logs", folder, databases=databases, takes_files=False))
    without = [*apart, media, logs, *(var / name for name in NOT_SEARCHED), *options.ignored]
    places.stores.append(FolderStore("data folder", var, without=tuple(without)))
    for folder in _list_upload_folders() | set(options.folders):
        places.stores.append(FolderStore(f"folder {folder}", folder, without=tuple(without)))


def _list_upload_folders() -> set[Path]:
    return {Path(settings.FILE_UPLOAD_TEMP_DIR)} if settings.FILE_UPLOAD_TEMP_DIR else set()


def _find_cluster(access: DatabaseAccess) -> Path | None:
    """Return the server's data folder if it is here, which only a superuser is told."""
    try:
        with access.connect_reader() as connection:
            row = connection.execute("SELECT current_setting('data_directory', true)").fetchone()
    except psycopg.Error:
        return None
    folder = Path(row[0]) if row and row[0] else None
    return folder if folder is not None and (folder / "postmaster.pid").exists() else None


def _find_dump_folder(url: str) -> Path:
    try:
        with connect(url) as client:
            return Path(read_setting(client, "dir") or os.devnull)
    except (RedisError, OSError):
        return Path(os.devnull)


def _without_database(url: str) -> str:
    return url.partition("?")[0]
