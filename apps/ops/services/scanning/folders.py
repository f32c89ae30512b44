"""What lies in files? Every file of a folder, as it is and unpacked."""

import gzip
import mmap
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from apps.ops.services.scanning.layers import Opaque, expand_snapshot, open_layers
from apps.ops.services.scanning.search import Search
from apps.ops.services.scanning.stores import MARK, Store

_SNAPSHOT = b"REDIS", b"VALKEY"


class FolderStore(Store):
    """All files below a folder, except folders that are stores of their own or hold nothing that anyone wrote."""

    controls: ClassVar[tuple[str, ...]] = ("file", "gzip", "zip", "zip in gzip")

    def __init__(self, name: str, folder: Path, *, without: tuple[Path, ...] = ()) -> None:
        self.name = name
        self.folder = folder
        self.without = frozenset(path.resolve() for path in without)

    def plant(self, tokens: Mapping[str, str]) -> None:
        """Write a file, and files packed the ways that are unpacked."""
        self.folder.mkdir(parents=True, exist_ok=True)
        base = self.folder / MARK
        if "file" in tokens:
            Path(f"{base}.log").write_text(f"{tokens['file']}\n")
        if "gzip" in tokens:
            with gzip.open(f"{base}.log.1.gz", "wt") as file:
                file.write(f"{tokens['gzip']}\n")
        if "zip" in tokens:
            _write_zip(Path(f"{base}.zip"), tokens["zip"])
        if "zip in gzip" in tokens:
            inner = Path(f"{base}.inner.zip")
            _write_zip(inner, tokens["zip in gzip"])
            Path(f"{base}.zip.gz").write_bytes(gzip.compress(inner.read_bytes()))
            inner.unlink()

    def search(self, search: Search) -> None:
        report = search.store(self.name)
        for path in self._list_files(self.folder, search, visited=set()):
            place = str(path.relative_to(self.folder))
            # A name may give someone away as well.
            search.look(self.name, place, place.encode(errors="surrogateescape"), column="file name")
            try:
                for layer, chunks in open_layers(path):
                    search.look_through(self.name, f"{place}{layer}", chunks)
            except FileNotFoundError:
                continue  # rotated or cleaned up meanwhile
            except Opaque as error:
                report.opaque.append(search.matcher.mask(f"{place}: {error}"))
            except OSError as error:
                report.unread.append(search.matcher.mask(f"{place}: {error.strerror}"))
            self.search_inside(path, place, search)
            report.items += 1

    def search_inside(self, path: Path, place: str, search: Search) -> None:
        """Search what only this kind of folder has in its files."""

    def _list_files(self, folder: Path, search: Search, *, visited: set[Path]) -> Iterator[Path]:
        """Yield files; folders behind links are followed, each folder once."""
        visited.add(folder.resolve())
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        except OSError as error:
            search.store(self.name).unread.append(search.matcher.mask(f"{folder}: {error.strerror}"))
            return
        for entry in entries:
            path = Path(entry.path)
            real = path.resolve()
            if real in self.without or real in visited:
                continue
            if entry.is_dir():
                yield from self._list_files(path, search, visited=visited)
            elif entry.is_file():
                yield path

    def remove(self) -> None:
        for path in self.folder.glob(f"{MARK}*"):
            path.unlink(missing_ok=True)


class SnapshotFolder(FolderStore):
    """The files a Valkey keeps: the log of commands as it is, and snapshots with their strings unpacked."""

    controls: ClassVar[tuple[str, ...]] = ()

    def search_inside(self, path: Path, place: str, search: Search) -> None:
        try:
            with path.open("rb") as file:
                is_snapshot = file.read(6).startswith(_SNAPSHOT)
                if is_snapshot:
                    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                        search.look_through(self.name, f"{place}!unpacked", expand_snapshot(data))
        except FileNotFoundError:
            return
        except OSError as error:
            search.store(self.name).unread.append(search.matcher.mask(f"{place}: {error.strerror}"))


def _write_zip(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("control.txt", f"{text}\n")
