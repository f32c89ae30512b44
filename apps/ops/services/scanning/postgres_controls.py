"""What proves that a database is seen? One value in each way a database can hold one, in a table like the tenants'."""

import secrets
from collections.abc import Mapping
from uuid import uuid4

from psycopg import sql

from apps.ops.services.scanning.databases import Connection

CONTROLS = ("row", "TOAST", "JSON", "bytes", "large object", "statistics", "running statement")
TABLE = "scan_control"
# So long, and so little like itself, that a value is compressed and still moved out of its row.
_LINES = 200
_CREATE = sql.SQL("""
CREATE TABLE {} (
    id uuid PRIMARY KEY, organisation_id uuid NOT NULL, what text NOT NULL, short text, long text COMPRESSION pglz,
    document jsonb, bytes bytea, object oid
)""").format(sql.Identifier(TABLE))
_COPIED_POLICIES = """
SELECT policyname, permissive, cmd, qual FROM pg_policies
WHERE qual IS NOT NULL AND (schemaname, tablename) = (
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped
    JOIN pg_policy p ON p.polrelid = c.oid
    WHERE c.relforcerowsecurity ORDER BY c.relname LIMIT 1)
"""


def plant(connection: Connection, tokens: Mapping[str, str]) -> None:
    """Make a table with the policies of the tenants' tables, and a row of a strange organisation for each control."""
    with connection.transaction():
        connection.execute(_CREATE)
        for control, columns in _make_rows(connection, tokens).items():
            write_row(connection, control, columns)
        _restrict(connection)
    connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(TABLE)))


def write_row(connection: Connection, control: str, columns: Mapping[str, object]) -> None:
    """Add a row to the control table."""
    names = ["id", "organisation_id", "what", *columns]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(TABLE),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join([sql.Placeholder()] * len(names)),
    )
    # At once on disk, where it is looked for as well.
    connection.execute("SET synchronous_commit = on")
    connection.execute(statement, [uuid4(), uuid4(), control, *columns.values()])


def _make_rows(connection: Connection, tokens: Mapping[str, str]) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = {}
    if "row" in tokens:
        rows["row"] = {"short": tokens["row"]}
    if "TOAST" in tokens:
        filling = "".join(secrets.token_hex(32) * 3 for _ in range(_LINES))
        rows["TOAST"] = {"long": f"{filling} {tokens['TOAST']} {filling[::-1]}"}
    if "JSON" in tokens:
        rows["JSON"] = {"document": f'{{"a": ["{tokens["JSON"]}"]}}'}
    if "bytes" in tokens:
        rows["bytes"] = {"bytes": tokens["bytes"].encode()}
    if "large object" in tokens:
        row = connection.execute("SELECT lo_from_bytea(0, %s)", [tokens["large object"].encode()]).fetchone()
        assert row is not None
        rows["large object"] = {"object": row[0]}
    if "statistics" in tokens:
        # Statistics hold values that repeat; this one is looked for in them under a column of its own.
        rows |= {f"statistics {number}": {"short": tokens["statistics"]} for number in range(3)}
    return rows


def _restrict(connection: Connection) -> None:
    policies = connection.execute(_COPIED_POLICIES).fetchall()
    table = sql.Identifier(TABLE)
    for name, permissive, command, condition in policies:
        statement = sql.SQL("CREATE POLICY {} ON {} AS {} FOR {} USING ({})").format(
            sql.Identifier(name), table, sql.SQL(permissive), sql.SQL(command), sql.SQL(condition)
        )
        connection.execute(statement)
    if policies:
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(table))
        connection.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(table))


def remove(connection: Connection) -> None:
    """Drop the table and the large object it names, whoever has left them."""
    table = sql.Identifier(TABLE)
    row = connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()
    if row is None or row[0] is None:
        return
    with connection.transaction():
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(table))
        connection.execute(sql.SQL("SELECT lo_unlink(object) FROM {} WHERE object IS NOT NULL").format(table))
        connection.execute(sql.SQL("DROP TABLE {}").format(table))
