"""How is a database reached for a scan? Past row-level security, past time limits, and without Django's adaptations."""

from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

# Of Django's own: they would change what values look like.
_NOT_PASSED = ("context", "cursor_factory", "prepare_threshold")
_APPLICATION = "switchboard scan"
Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class DatabaseAccess:
    """One database: its name in the settings, and how its roles sign in. Without a superuser, the owner reads."""

    name: str
    owner: dict[str, Any]
    app: dict[str, Any]
    superuser: str = ""

    def connect_owner(self) -> Connection:
        """Sign in as the owner of the tables, in the scope that sees all organisations."""
        return _open(psycopg.connect(**self.owner, autocommit=True))

    def connect_app(self) -> Connection:
        """Sign in as the application."""
        return psycopg.connect(**self.app, autocommit=True)

    def connect_reader(self) -> Connection:
        """Sign in as whoever sees most."""
        if not self.superuser:
            return self.connect_owner()
        return _open(psycopg.connect(self.superuser, dbname=self.owner["dbname"], autocommit=True))


def _open(connection: Connection) -> Connection:
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET lock_timeout = '60s'")
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    # Policies of tenant tables let this scope see everything; a superuser needs none.
    connection.execute("SELECT set_config('app.organisation', '*', false)")
    connection.execute(sql.SQL("SET application_name = {}").format(sql.Literal(_APPLICATION)))
    return connection


def list_databases(superusers: dict[str, str] | None = None) -> list[DatabaseAccess]:
    """Return every database in the settings once, by the application's alias; ``superusers`` are URLs by alias."""
    found = []
    for alias in settings.DATABASES:
        owner = "owner" if alias == "default" else f"{alias}_owner"
        if owner not in settings.DATABASES:
            continue  # an owner's alias itself
        prefix = "" if alias == "default" else f"{alias}_"
        embedded = settings.EMBEDDED.get(f"{prefix}database_superuser_url") or ""
        found.append(
            DatabaseAccess(
                name=alias,
                owner=_read_parameters(owner),
                app=_read_parameters(alias),
                superuser=(superusers or {}).get(alias) or embedded,
            )
        )
    return found


def _read_parameters(alias: str) -> dict[str, Any]:
    parameters: dict[str, Any] = connections[alias].get_connection_params()
    return {name: value for name, value in parameters.items() if name not in _NOT_PASSED}
