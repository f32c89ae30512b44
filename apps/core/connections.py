"""Who holds a database connection, and for how long?"""

from django.db import connection


def release() -> None:
    """Give this thread's connection back to the pool before a long wait for somebody else.

    Inside a transaction it is kept: there the wait is the caller's mistake, and giving it back would lose the work.
    """
    if not connection.in_atomic_block:
        connection.close()
