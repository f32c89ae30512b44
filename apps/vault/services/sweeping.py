"""Which keys does nobody use? Those whose owner never came to be, because the transaction that made it was undone.

A key is committed before its owner, so for a while an unused key looks like a fresh one. It goes only after it was
found without an owner twice, an hour apart; whoever asks for it in between keeps it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from apps.vault.models import DataKey
from apps.vault.selectors import DATABASE, asking
from apps.vault.services import caching

PATIENCE = timedelta(hours=1)
BATCH = 1000

# Asked with ids, answers with those that exist. Customers and organisations fill it, in config/wiring.py.
FindOwners = Callable[[Collection[UUID]], Collection[UUID]]
_finders: list[FindOwners] = []


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of the keys that were looked at."""

    confirmed: int = 0
    marked: int = 0
    deleted: int = 0


def use_owners(*finders: FindOwners) -> None:
    """Say who knows which owners exist. Called once, by the wiring."""
    _finders[:] = finders


def sweep_unused(*, now: datetime) -> Swept:
    """Delete keys of owners that do not exist, and note down which exist so that they are not asked about again.

    Raises ``VaultUnavailable``, and ``RuntimeError`` if nobody was wired who knows the owners.
    """
    if not _finders:
        raise RuntimeError("Nobody says which owners exist: call sweeping.use_owners in config/wiring.py.")
    swept = Swept()
    last: tuple[datetime, UUID] | None = None
    while rows := _list_unconfirmed(now - PATIENCE, last):
        last = rows[-1].created_at, rows[-1].id
        swept = _sweep_batch(rows, now, swept)
    return swept


def _list_unconfirmed(created_before: datetime, after: tuple[datetime, UUID] | None) -> list[DataKey]:
    rows = DataKey.objects.using(DATABASE).filter(confirmed_at=None, created_at__lt=created_before)
    if after is not None:
        rows = rows.filter(Q(created_at__gt=after[0]) | Q(created_at=after[0], id__gt=after[1]))
    with asking():
        return list(rows.order_by("created_at", "id")[:BATCH])


def _sweep_batch(rows: list[DataKey], now: datetime, swept: Swept) -> Swept:
    owner_ids = {row.owner_id for row in rows}
    existing = {owner_id for find in _finders for owner_id in find(owner_ids)}
    used = [row.id for row in rows if row.owner_id in existing]
    unused = [row.id for row in rows if row.owner_id not in existing]
    keys = DataKey.objects.using(DATABASE).filter(confirmed_at=None)
    overdue = keys.filter(id__in=unused, unused_at__lte=now - PATIENCE)
    with asking():
        confirmed = keys.filter(id__in=used).update(confirmed_at=now, unused_at=None)
        marked = keys.filter(id__in=unused, unused_at=None).update(unused_at=now)
        key_ids = list(overdue.values_list("id", flat=True))
        deleted = overdue.delete()[0]
    caching.cache.evict(key_ids)
    return Swept(swept.confirmed + confirmed, swept.marked + marked, swept.deleted + deleted)
