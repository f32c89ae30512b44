"""What do logs say? Files of the log folder, among them the database servers' own, which are made to say a control."""

import mmap
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from psycopg import sql

from apps.ops.services.scanning.databases import DatabaseAccess
from apps.ops.services.scanning.folders import FolderStore
from apps.ops.services.scanning.stores import MARK

_TOKEN = re.compile(rb"%s-[0-9a-f]{32}" % MARK.encode())


class LogFolder(FolderStore):
    """A folder of logs, also rotated and packed ones; ``databases`` are those whose server logs into it."""

    def __init__(
        self, name: str, folder: Path, *, databases: Sequence[DatabaseAccess] = (), takes_files: bool = True
    ) -> None:
        super().__init__(name, folder)
        self.databases = {f"server log of {access.name}": access for access in databases}
        self.takes_files = takes_files

    def list_controls(self) -> dict[str, str]:
        files = super().list_controls() if self.takes_files else {}
        return files | dict.fromkeys(self.databases, self.name)

    def plant(self, tokens: Mapping[str, str]) -> None:
        if self.takes_files:
            super().plant(tokens)
        for control, access in self.databases.items():
            with access.connect_owner() as connection:
                line = sql.SQL("RAISE LOG '%', {}").format(sql.Literal(tokens[control]))
                body = sql.Literal(f"BEGIN {line.as_string(connection)}; END")
                connection.execute(sql.SQL("DO {}").format(body))

    def remove(self) -> None:
        super().remove()
        for path in self.folder.glob("*"):
            if self.databases and path.is_file() and path.stat().st_size:
                _blank(path)


def _blank(path: Path) -> None:
    """Overwrite controls in place: the server goes on appending to its log and never notices."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        for found in list(_TOKEN.finditer(data)):
            data[found.start() : found.end()] = b"-" * len(found[0])
