"""Which databases, roles and rights does the suite expect? Created here for the embedded servers."""

from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from launcher.layout import APP, OWNER, READER, SUPERUSER, Cluster, build_url

_CREATE_ROLE = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION {} PASSWORD {}")
# Set for tables the owner will create, so that a migration needs no GRANT of its own.
_DEFAULT_RIGHTS = {
    APP: ("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}", "GRANT USAGE, SELECT ON SEQUENCES TO {}"),
    READER: ("GRANT SELECT ON TABLES TO {}", "GRANT SELECT ON SEQUENCES TO {}"),
}
_EXTENSIONS = {"postgres": ("vector",), "keyvault": ()}


def provision_database(cluster: Cluster) -> None:
    """Creates roles, database, extensions and default rights where they are missing; safe to repeat.

    The template gets extensions and rights too, so that a test database made by the owner (who may not create
    extensions) is born with them.
    """
    with psycopg.connect(_of(cluster, "postgres"), autocommit=True) as connection:
        _create_roles(connection, cluster)
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [cluster.database]).fetchone()
        if found is None:
            _equip(cluster, "template1")
            _create_database(connection, cluster)
    _equip(cluster, cluster.database)


def _of(cluster: Cluster, database: str) -> str:
    return urlsplit(build_url(cluster, SUPERUSER))._replace(path=f"/{database}").geturl()


def _create_roles(connection: psycopg.Connection, cluster: Cluster) -> None:
    present = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    for role in cluster.roles:
        if role not in present:
            password = sql.Literal(unquote(urlsplit(build_url(cluster, role)).password or ""))
            # The owner makes test databases.
            may_create = sql.SQL("CREATEDB" if role == OWNER else "NOCREATEDB")
            connection.execute(_CREATE_ROLE.format(sql.Identifier(role), may_create, password))


def _create_database(connection: psycopg.Connection, cluster: Cluster) -> None:
    database = sql.Identifier(cluster.database)
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(OWNER)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, sql.Identifier(APP)))
    if READER in cluster.roles:
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(READER)))


def _equip(cluster: Cluster, database: str) -> None:
    with psycopg.connect(_of(cluster, database), autocommit=True) as connection:
        for extension in _EXTENSIONS[cluster.name]:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
            connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(sql.Identifier(extension)))
        scope = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public ").format(sql.Identifier(OWNER))
        for role in cluster.roles:
            for right in _DEFAULT_RIGHTS.get(role, ()):
                connection.execute(scope + sql.SQL(right).format(sql.Identifier(role)))
