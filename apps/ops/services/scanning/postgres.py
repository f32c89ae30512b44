"""What lies in a PostgreSQL database? Every table with its TOAST, large objects, statistics, and running statements."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from apps.ops.services.scanning import postgres_controls
from apps.ops.services.scanning.databases import Connection, DatabaseAccess
from apps.ops.services.scanning.folders import FolderStore
from apps.ops.services.scanning.layers import PACKED, PACKED_TEXT
from apps.ops.services.scanning.search import Search
from apps.ops.services.scanning.stores import Store

_BATCH_BYTES = 1024 * 1024
_LARGE_OBJECT_PIECE = 1024 * 1024
# Their binary form is the bytes that were put in. Everything else is searched as the text PostgreSQL shows.
_AS_STORED = frozenset({"text", "varchar", "bpchar", "name", "bytea", "json", "xml", "vector", "halfvec", "sparsevec"})
# A row's own id may be shown only where it cannot be a secret or a name: session keys are text.
_SHOWN_KEYS = frozenset({"uuid", "int2", "int4", "int8"})
_LOOKS = 3
Row = tuple[bytes | None, ...]

_TABLES = """
SELECT n.nspname, c.relname, c.relrowsecurity
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY 1, 2
"""
_COLUMNS = """
SELECT a.attname, t.typname, COALESCE(a.attnum = ANY (i.indkey), false)
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_STATISTICS = """
SELECT schemaname || '.' || tablename, attname, most_common_vals::text, histogram_bounds::text, most_common_elems::text
FROM pg_stats WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT tablename, statistics_name, most_common_vals::text, NULL, NULL FROM pg_stats_ext
"""
_ACTIVITY = "SELECT pid::text, application_name, query FROM pg_stat_activity WHERE datname = current_database()"


@dataclass(frozen=True)
class Table:
    """A table or materialised view; ``is_filtered`` if row-level security decides which rows are seen."""

    schema: str
    name: str
    is_filtered: bool

    @property
    def place(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


class DatabaseStore(Store):
    """One database, read by SQL, so that compressed and out-of-line values are seen as they were written."""

    controls: ClassVar[tuple[str, ...]] = postgres_controls.CONTROLS

    def __init__(self, access: DatabaseAccess) -> None:
        self.access = access
        self.name = f"database {access.name}"
        self.statistics = f"{self.name}, statistics"
        self.statements = f"{self.name}, statements"
        self._idle: Connection | None = None

    def list_controls(self) -> dict[str, str]:
        # Reports of their own: what is found in a table must not pass for what is found in the statistics on it.
        return super().list_controls() | {"statistics": self.statistics, "running statement": self.statements}

    def plant(self, tokens: Mapping[str, str]) -> None:
        with self.access.connect_owner() as connection:
            postgres_controls.plant(connection, tokens)
        if "running statement" in tokens:
            # Another role's session: what it ran last stays in view for as long as it is open.
            self._idle = self.access.connect_app()
            self._idle.execute(sql.SQL("SELECT {}").format(sql.Literal(tokens["running statement"])))

    def remove(self) -> None:
        if self._idle is not None:
            self._idle.close()
            self._idle = None
        with self.access.connect_owner() as connection:
            postgres_controls.remove(connection)

    def search(self, search: Search) -> None:
        with self.access.connect_reader() as connection:
            tables = [Table(*row) for row in connection.execute(_TABLES)]
            for table in tables:
                with _noting(self.name, table.place, search):
                    self._search_table(connection, table, search)
            self._search_statistics(connection, search)
            self._search_large_objects(connection, search)
        self.watch(search)

    def watch(self, search: Search) -> None:
        """Read the statements that run, and those that idle sessions ran last."""
        with self.access.connect_reader() as connection:
            for pid, application, query in connection.execute(_ACTIVITY).fetchall():
                text = f"{application or ''}\0{query or ''}".encode()
                search.look(self.statements, "pg_stat_activity", text, row=f"pid {pid}", column="query")

    # Tables --------------------------------------------------------------------------------------------------------
    def _search_table(self, connection: Connection, table: Table, search: Search) -> None:
        # Also fills the statistics as they would sooner or later be filled.
        connection.execute(sql.SQL("ANALYZE {}").format(table.identifier))
        rows: float = self._read_table(connection, table, search)
        search.store(self.name).items += int(rows)
        search.on_progress(f"{self.name}: {table.place}, {int(rows):,} rows")
        if table.is_filtered:
            self._check_sight(connection, table, rows, search)

    def _read_table(self, connection: Connection, table: Table, search: Search) -> int:
        columns = connection.execute(_COLUMNS, [table.identifier.as_string(connection)]).fetchall()
        names = [name for name, _, _ in columns]
        keys = [name for name, kind, is_key in columns if is_key and kind in _SHOWN_KEYS]
        complete = len(keys) == sum(is_key for _, _, is_key in columns) > 0
        label = (
            sql.SQL(" || '/' || ").join(sql.SQL("{}::text").format(sql.Identifier(key)) for key in keys)
            if complete
            else sql.SQL("'ctid ' || ctid::text")
        )
        shown = [
            sql.Identifier(name) if kind in _AS_STORED else sql.SQL("{}::text").format(sql.Identifier(name))
            for name, kind, _ in columns
        ]
        query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)").format(
            sql.SQL(", ").join([label, *shown]), table.identifier
        )
        count = 0
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            for batch in _in_batches(copy.rows()):
                self._search_batch(table, names, batch, search)
                count += len(batch)
        return count

    def _search_batch(self, table: Table, names: list[str], batch: list[Row], search: Search) -> None:
        """Look at many rows at once; only where something is found, find out in which."""
        values = [value for row in batch for value in row[1:] if value is not None]
        text = b"\0".join(values)
        search.store(self.name).bytes_read += len(text)
        is_packed = PACKED_TEXT.search(text) or any(value.startswith(PACKED) for value in values)
        if not is_packed and not search.matcher.find(text):
            return
        for row in batch:
            for name, value in zip(names, row[1:], strict=True):
                if value is not None:
                    search.examine(self.name, table.place, value, row=(row[0] or b"").decode(), column=name)

    def _check_sight(self, connection: Connection, table: Table, rows: float, search: Search) -> None:
        """Row-level security must not have hidden rows: compare with what ANALYZE counted, which it does not bind.

        The table may change meanwhile, so it is counted several times before the scanner is called blind.
        """
        counted = sql.SQL("SELECT reltuples FROM pg_class WHERE oid = {}::regclass").format(
            sql.Literal(table.identifier.as_string(connection))
        )
        for _ in range(_LOOKS):
            expected = _one(connection, counted)
            if rows >= float(expected) / 2:
                return
            connection.execute(sql.SQL("ANALYZE {}").format(table.identifier))
            rows = _one(connection, sql.SQL("SELECT count(*) FROM {}").format(table.identifier))
        search.store(self.name).unread.append(f"{table.place}: row-level security hides rows from the scanner")

    # Beside tables -------------------------------------------------------------------------------------------------
    def _search_statistics(self, connection: Connection, search: Search) -> None:
        for place, column, *values in connection.execute(_STATISTICS).fetchall():
            text = "\0".join(value for value in values if value).encode()
            search.look(self.statistics, f"pg_stats of {place}", text, column=column)
        if _one(connection, sql.SQL("SELECT to_regclass('pg_stat_statements') IS NOT NULL")):
            for (query,) in connection.execute("SELECT query FROM pg_stat_statements").fetchall():
                search.look(self.statements, "pg_stat_statements", (query or "").encode(), column="query")

    def _search_large_objects(self, connection: Connection, search: Search) -> None:
        oids = [row[0] for row in connection.execute("SELECT oid FROM pg_largeobject_metadata").fetchall()]
        for oid in oids:
            with _noting(self.name, f"large object {oid}", search):
                search.look_through(self.name, f"large object {oid}", _read_large_object(connection, oid))
                search.store(self.name).items += 1


class ClusterFiles(FolderStore):
    """The files of a PostgreSQL as they lie on disk: tables, indexes, the write-ahead log."""

    controls: ClassVar[tuple[str, ...]] = ("row on disk",)

    def __init__(self, access: DatabaseAccess, folder: Path) -> None:
        super().__init__(f"files of {access.name}", folder)
        self.access = access

    def plant(self, tokens: Mapping[str, str]) -> None:
        """Add a row to the control table, which the store of the same database has made."""
        with self.access.connect_owner() as connection:
            postgres_controls.write_row(connection, "row on disk", {"short": tokens["row on disk"]})

    def search(self, search: Search) -> None:
        """Have everything that is still in memory written to disk first, where that is permitted."""
        with self.access.connect_reader() as connection, suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("CHECKPOINT")
        super().search(search)

    def remove(self) -> None:
        """The row goes with its table; what the log keeps of it runs out with the log."""


class _noting(suppress):  # noqa: N801  used as a statement, like the class it derives from
    """What may not be read is reported as unread; what is gone meanwhile is no loss."""

    def __init__(self, store: str, place: str, search: Search) -> None:
        super().__init__(psycopg.errors.UndefinedTable, psycopg.errors.UndefinedObject)
        self._unread = search.store(store).unread
        self._place = place

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            self._unread.append(f"{self._place}: not permitted")
            return True
        return bool(super().__exit__(kind, error, trace))  # type: ignore[arg-type]


def _read_large_object(connection: Connection, oid: int) -> Iterator[bytes]:
    offset = 0
    while True:
        row = connection.execute("SELECT lo_get(%s, %s, %s)", [oid, offset, _LARGE_OBJECT_PIECE]).fetchone()
        piece = bytes(row[0]) if row else b""
        if not piece:
            return
        yield piece
        offset += len(piece)


def _in_batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if value is not None)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _one(connection: Connection, query: sql.SQL | sql.Composed) -> float:
    row: Sequence[float] | None = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
