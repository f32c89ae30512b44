"""Which database, roles and rights does the suite expect? Created here for the embedded server."""

from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from launcher.layout import APP, DATABASE, OWNER, READER, Urls

_CREATE_ROLE = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION {} PASSWORD {}")
# Set for tables the owner will create, so that a migration needs no GRANT of its own.
_DEFAULT_RIGHTS = (
    sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}").format(sql.Identifier(APP)),
    sql.SQL("GRANT USAGE, SELECT ON SEQUENCES TO {}").format(sql.Identifier(APP)),
    sql.SQL("GRANT SELECT ON TABLES TO {}").format(sql.Identifier(READER)),
    sql.SQL("GRANT SELECT ON SEQUENCES TO {}").format(sql.Identifier(READER)),
)


def provision_database(urls: Urls) -> None:
    """Creates roles, database, extension and default rights where they are missing; safe to repeat.

    The template gets the extension and the rights too, so that a test database made by the owner (who may not
    create extensions) is born with them.
    """
    with psycopg.connect(_of(urls, "postgres"), autocommit=True) as connection:
        _create_roles(connection, urls)
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            _equip(_of(urls, "template1"))
            _create_database(connection)
    _equip(urls.database_superuser_url)


def _of(urls: Urls, database: str) -> str:
    return urlsplit(urls.database_superuser_url)._replace(path=f"/{database}").geturl()


def _create_roles(connection: psycopg.Connection, urls: Urls) -> None:
    present = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    wanted = (
        (OWNER, urls.database_owner_url, sql.SQL("CREATEDB")),  # test databases
        (APP, urls.database_url, sql.SQL("NOCREATEDB")),
        (READER, urls.database_reader_url, sql.SQL("NOCREATEDB")),
    )
    for role, url, may_create in wanted:
        if role not in present:
            password = sql.Literal(unquote(urlsplit(url).password or ""))
            connection.execute(_CREATE_ROLE.format(sql.Identifier(role), may_create, password))


def _create_database(connection: psycopg.Connection) -> None:
    database = sql.Identifier(DATABASE)
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(OWNER)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, sql.Identifier(APP)))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(READER)))


def _equip(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute("ALTER EXTENSION vector UPDATE")
        scope = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public ").format(sql.Identifier(OWNER))
        for right in _DEFAULT_RIGHTS:
            connection.execute(scope + right)
