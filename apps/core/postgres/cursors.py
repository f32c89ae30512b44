"""How does a scope travel with a statement? In the same message, in front of it.

Several statements in one message of the simple protocol are one transaction, unless they are in one already. So
``SET LOCAL`` holds for exactly this statement outside a transaction and costs no round trip, and it does not matter
which server a pooler picks. What cannot share a message (COPY, many rows at once, streams) gets a transaction.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql.base import CursorMixin
from psycopg import ClientCursor, Copy, NotSupportedError

from apps.core.postgres import scoping

if TYPE_CHECKING:
    from psycopg.abc import Params, Query
    from psycopg.pq.abc import PGresult


class ScopedCursor(CursorMixin, ClientCursor[Any]):
    """Django's cursor; the database runs every statement in the scope it is sent from."""

    # Whether the scope has been set by a statement of its own.
    _is_set_apart = False
    # Whether the first result of the message at hand is only the answer to setting the scope.
    _is_prefixed = False

    def executemany(self, query: "Query", params_seq: "Iterable[Params]", *, returning: bool = False) -> None:
        """Execute a statement for many rows: for all of them or for none."""
        with self._scope_set_apart():
            super().executemany(query, params_seq, returning=returning)

    @contextmanager
    def copy(self, *args: Any, **kwargs: Any) -> Iterator[Copy]:
        """Copy rows out; PostgreSQL refuses to copy into tables with row-level security."""
        with self._scope_set_apart(), super().copy(*args, **kwargs) as copy:
            yield copy

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Yield rows as they come."""
        with self._scope_set_apart():
            yield from super().stream(*args, **kwargs)

    @contextmanager
    def _scope_set_apart(self) -> Iterator[None]:
        if not scoping.statement_for(self._conn):
            yield
        elif self._conn.autocommit:
            with self._conn.transaction(), self._scope_sent():
                yield
        else:
            with self._scope_sent():
                yield

    @contextmanager
    def _scope_sent(self) -> Iterator[None]:
        # An empty row: the scope goes in front of it.
        self.execute("SELECT")
        self._is_set_apart = True
        try:
            yield
        finally:
            self._is_set_apart = False

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        """Send the scope and the statement as one message. The single point that all statements pass."""
        scope = b"" if self._is_set_apart else scoping.statement_for(self._conn)
        self._is_prefixed = bool(scope)
        if not scope:
            super()._execute_send(query, force_extended=force_extended, binary=binary)
            return
        if self._conn.pgconn.pipeline_status or force_extended or binary:
            raise NotSupportedError("This way of sending a statement has no room for its scope.")
        self._query = query
        self._pgconn.send_query(scope + query.query)

    def _set_results(self, results: "list[PGresult]") -> None:
        # An empty statement, by which a pool tests its connections, has no result of its own.
        super()._set_results(results[1:] or results if self._is_prefixed else results)
