"""What does the database have to hear before a statement, so that it shows the rows of the scope only?

Nothing is remembered from one statement to the next. A memory would have to know of every way in which PostgreSQL takes
a setting back (rollback, rollback to a savepoint, a pooler's change of server), and a mistake would show foreign rows.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.pq import TransactionStatus

from apps.core import tenancy

SETTING = "app.organisation"
# Understood by the policy `across_organisations`; no organisation's id looks like this.
ACROSS = "*"


def statement_for(connection: "Connection[Any]") -> bytes:
    """Return the SQL that sets the present scope for the transaction ``connection`` is in, or is about to begin.

    Empty where nothing needs to be said: without a scope outside a transaction, because a setting never outlives its
    transaction; and after an error in a transaction, where PostgreSQL listens to a rollback only.
    """
    scope = tenancy.find_scope()
    status = connection.pgconn.transaction_status
    if status == TransactionStatus.INERROR or (scope is None and status == TransactionStatus.IDLE):
        return b""
    return _statement(scope)


@lru_cache(maxsize=1024)
def _statement(scope: UUID | tenancy.Everywhere | None) -> bytes:
    if scope is None:
        value = ""
    elif isinstance(scope, tenancy.Everywhere):
        value = ACROSS
    else:
        # Written from the number, so that only digits and hyphens can come out.
        value = str(UUID(int=scope.int))
    # On a line of its own: messages of errors quote the line they are about.
    return f"SET LOCAL {SETTING} = '{value}';\n".encode()
