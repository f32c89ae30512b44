"""How do all keys come under the newest root key, while they are in use?

Only the wrapping changes; nobody who holds a key notices. Each batch is a transaction of its own, so whoever is killed
loses one batch, and rows that somebody else has locked are left to them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connections, transaction

from apps.vault.errors import CiphertextTampered
from apps.vault.models import DataKey
from apps.vault.selectors import DATABASE, asking
from apps.vault.services import roots, wrapping

BATCH = 500
_BUSY_SECONDS = 0.2
_REWRAP = """
    UPDATE vault_datakey AS old SET root_version = %s, wrapped = new.wrapped
    FROM unnest(%s::uuid[], %s::bytea[]) AS new (id, wrapped) WHERE old.id = new.id
"""


@dataclass(slots=True)
class Rotation:
    """How far it is."""

    total: int
    rewrapped: int = 0
    damaged: set[UUID] = field(default_factory=set)


def rotate_keys(*, on_progress: Callable[[Rotation], None] = lambda _rotation: None, batch: int = BATCH) -> Rotation:
    """Wrap all keys under the newest root key. May be stopped at any moment and started again, also twice at once.

    A key that cannot be unwrapped is left as it is, and named. Raises ``RootKeyMissing``, ``RootKeyWrong``,
    ``VaultUnavailable``.
    """
    roots.check_root_keys()
    newest = wrapping.newest_version()
    with asking(), transaction.atomic(using=DATABASE, durable=True):
        roots.register_newest()
    rotation = Rotation(total=_count_left(newest, set()))
    while _count_left(newest, rotation.damaged):
        before = rotation.rewrapped
        for version in _list_versions(newest):
            _rotate_version(version, newest, batch, rotation, on_progress)
        if rotation.rewrapped == before:
            # What is left is locked: another rotation or a shredding has it.
            time.sleep(_BUSY_SECONDS)
    return rotation


def _rotate_version(
    version: int, newest: int, batch: int, rotation: Rotation, on_progress: Callable[[Rotation], None]
) -> None:
    last = UUID(int=0)
    while True:
        with asking(), transaction.atomic(using=DATABASE, durable=True):
            # In the order of ids, each page from where the one before ended: what was rewrapped is not read again.
            rows = list(
                DataKey.objects.using(DATABASE)
                .filter(root_version=version, wrapped__isnull=False, id__gt=last)
                .order_by("id")
                .select_for_update(skip_locked=True)[:batch]
            )
            changed = _rewrap(rows, newest, rotation)
        if not rows:
            return
        last = rows[-1].id
        rotation.rewrapped += changed
        on_progress(rotation)


def _rewrap(rows: list[DataKey], newest: int, rotation: Rotation) -> int:
    done: list[DataKey] = []
    for row in rows:
        try:
            secret = wrapping.unwrap(row)
        except CiphertextTampered:
            rotation.damaged.add(row.id)
        else:
            wrapping.wrap(row, secret, version=newest)
            done.append(row)
    if done:
        with connections[DATABASE].cursor() as cursor:
            cursor.execute(_REWRAP, [newest, [row.id for row in done], [row.wrapped for row in done]])
    return len(done)


def _count_left(newest: int, damaged: set[UUID]) -> int:
    with asking():
        rows = DataKey.objects.using(DATABASE).filter(wrapped__isnull=False)
        return rows.exclude(root_version=newest).exclude(id__in=damaged).count()


def _list_versions(newest: int) -> list[int]:
    with asking():
        rows = DataKey.objects.using(DATABASE).filter(wrapped__isnull=False).exclude(root_version=newest)
        return sorted(rows.values_list("root_version", flat=True).distinct())
