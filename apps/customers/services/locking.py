"""Who may change a family? One at a time.

Two kinds of locks, always in this order and each in ascending order, so that nobody waits for somebody who waits for
them: first the values of identities, then the members of families. Whoever writes to a customer's row holds its whole
family: a lock on the root alone would not stop somebody who still takes another member for one.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from apps.customers.errors import Contended
from apps.customers.models import Customer

_ATTEMPTS = 20


def lock_identities(*, blind_indexes: Iterable[bytes]) -> None:
    """Let nobody else record these identities until the transaction ends: two newcomers become one customer.

    A row cannot be locked that does not exist yet; the blind index is random enough to be a lock's number.
    """
    numbers = {int.from_bytes(index[:8], "big", signed=True) for index in blind_indexes}
    with connection.cursor() as cursor:
        for number in sorted(numbers):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def lock_families(*, customer_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Let nobody else join or part these customers' families until the transaction ends.

    Returns each customer's root (their own id when in no family); customers that do not exist are left out. Raises
    ``Contended`` when others keep moving them.
    """
    wanted = list(customer_ids)
    for _ in range(_ATTEMPTS):
        savepoint = transaction.savepoint()
        roots = _read_roots(wanted)
        families = Customer.objects.filter(Q(id__in=roots.values()) | Q(root_id__in=roots.values()))
        # Without the key: conversations may still be opened for these customers.
        locked = families.order_by("id").select_for_update(of=("self",), no_key=True)
        members = set(locked.values_list("id", flat=True))
        if _read_roots(wanted) == roots and set(families.values_list("id", flat=True)) == members:
            transaction.savepoint_commit(savepoint)
            return roots
        # They moved while we waited. Giving these locks back first keeps the order.
        transaction.savepoint_rollback(savepoint)
    raise Contended


def _read_roots(customer_ids: list[UUID]) -> dict[UUID, UUID]:
    rows = Customer.objects.filter(id__in=customer_ids)
    return dict(rows.values_list("id", Coalesce("root_id", "id")))
