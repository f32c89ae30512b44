"""Who gets which key? One for each subject, made and committed before the first ciphertext under it exists."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now

from apps.core import tenancy
from apps.vault import fields
from apps.vault.errors import CiphertextTampered, KeyMissing, KeyNotInScope, KeyShredded, RootKeyMissing
from apps.vault.models import DataKey
from apps.vault.selectors import DATABASE, asking, find_keys, find_keys_of
from apps.vault.services import caching, roots, wrapping
from apps.vault.types import Key, Purpose


def get_key(*, owner_id: UUID) -> Key:
    """Return the owner's key in the organisation in scope; made and committed at first use.

    Raises ``KeyShredded``, ``VaultUnavailable``, ``RootKeyMissing``, ``RootKeyWrong``.
    """
    return get_keys(owner_ids=[owner_id])[owner_id]


def get_keys(*, owner_ids: Collection[UUID], purpose: Purpose = Purpose.DATA) -> dict[UUID, Key]:
    """Return the keys of many owners by owner, in at most three queries. Raises as ``get_key``."""
    organisation_id = tenancy.current_organisation_id()
    found: dict[UUID, Key] = {}
    unknown: list[UUID] = []
    for owner_id in owner_ids:
        is_known, key = caching.cache.find_of((organisation_id, owner_id, purpose))
        if not is_known:
            unknown.append(owner_id)
        elif key is None:
            raise KeyShredded
        else:
            found[owner_id] = key
    if unknown:
        for row_key in _read_or_make(organisation_id, unknown, purpose):
            found[row_key.owner_id] = row_key
    return found


def _read_or_make(organisation_id: UUID, owner_ids: list[UUID], purpose: Purpose) -> list[Key]:
    token = caching.cache.begin()
    rows = find_keys_of(organisation_id=organisation_id, owner_ids=owner_ids, purpose=purpose)
    missing = set(owner_ids) - {row.owner_id for row in rows}
    if missing:
        _make(organisation_id, missing, purpose)
        # Read back, not taken from memory: another process may have been first, and its key counts.
        rows += find_keys_of(organisation_id=organisation_id, owner_ids=missing, purpose=purpose)
    if not _keep_from_sweep(rows):
        return _read_or_make(organisation_id, owner_ids, purpose)
    keys = [_remember(row, token) for row in rows]
    if any(key is None for key in keys):
        raise KeyShredded
    return [key for key in keys if key is not None]


def _make(organisation_id: UUID, owner_ids: Collection[UUID], purpose: Purpose) -> None:
    fresh = [
        wrapping.make_key(organisation_id=organisation_id, owner_id=owner_id, purpose=purpose)
        for owner_id in sorted(owner_ids)
    ]
    # Durable: whatever transaction the caller is in on the main database, this one is over when the block ends.
    with asking(), transaction.atomic(using=DATABASE, durable=True):
        roots.register_newest()
        DataKey.objects.using(DATABASE).bulk_create(fresh, ignore_conflicts=True)


def _keep_from_sweep(rows: list[DataKey]) -> bool:
    """Whoever gets a key that the sweep holds for unused is about to use it. False if it was swept at this moment."""
    marked = [row.id for row in rows if row.unused_at is not None]
    if not marked:
        return True
    with asking():
        return DataKey.objects.using(DATABASE).filter(id__in=marked).update(unused_at=None) == len(marked)


def open_key(key_id: UUID) -> Key:
    """Return the key with this id, of the organisation in scope.

    Raises ``KeyMissing``, ``KeyShredded``, ``KeyNotInScope``, ``VaultUnavailable``, ``RootKeyMissing``.
    """
    organisation_id = tenancy.current_organisation_id()
    is_known, key = caching.cache.find(key_id)
    if not is_known:
        token = caching.cache.begin()
        rows = find_keys([key_id])
        if not rows:
            raise KeyMissing
        if rows[0].organisation_id != organisation_id:
            raise KeyNotInScope
        key = _remember(rows[0], token)
    if key is None:
        raise KeyShredded
    if key.organisation_id != organisation_id:
        raise KeyNotInScope
    return key


def load_keys(key_ids: Iterable[UUID]) -> None:
    """Have these keys at hand, with one query for those that are not. Raises ``VaultUnavailable`` alone.

    What is missing, shredded or damaged says so when it is used: one bad row must not hide the others.
    """
    organisation_id = tenancy.current_organisation_id()
    wanted = {key_id for key_id in key_ids if not caching.cache.find(key_id)[0]}
    if not wanted:
        return
    token = caching.cache.begin()
    for row in find_keys(wanted):
        if row.organisation_id == organisation_id:
            with suppress(RootKeyMissing, CiphertextTampered):
                _remember(row, token)


def load_keys_of(rows: Iterable[models.Model]) -> None:
    """Have the keys of all encrypted fields of these rows at hand: call it before reading many."""
    load_keys(key_id for row in rows for key_id in fields.list_key_ids(row))


def shred_keys(*, owner_ids: Collection[UUID]) -> int:
    """Destroy the keys of these owners in the organisation in scope; return how many there were.

    What was encrypted under them opens nowhere: here at once, in other processes within a minute. An owner without
    a key gets a tombstone, and so never gets one.
    """
    organisation_id = tenancy.current_organisation_id()
    graves = [_make_grave(organisation_id, owner_id) for owner_id in sorted(owner_ids)]
    of_owners = DataKey.objects.using(DATABASE).filter(organisation_id=organisation_id, owner_id__in=owner_ids)
    with asking(), transaction.atomic(using=DATABASE, durable=True):
        DataKey.objects.using(DATABASE).bulk_create(graves, ignore_conflicts=True)
        key_ids = list(of_owners.values_list("id", flat=True))
        shredded = of_owners.filter(wrapped__isnull=False).update(
            wrapped=None, shredded_at=Now(), confirmed_at=Now(), unused_at=None
        )
    caching.cache.evict(key_ids)
    return shredded


def _make_grave(organisation_id: UUID, owner_id: UUID) -> DataKey:
    return DataKey(
        id=uuid4(),
        organisation_id=organisation_id,
        owner_id=owner_id,
        purpose=Purpose.DATA.value,
        region=settings.VAULT_REGION,
        root_version=0,
        shredded_at=Now(),
        confirmed_at=Now(),
    )


def _remember(row: DataKey, token: tuple[int, float]) -> Key | None:
    owner = (row.organisation_id, row.owner_id, Purpose(row.purpose))
    key = None if row.wrapped is None else wrapping.open_row(row)
    caching.cache.put(row.id, owner, key, token=token)
    return key
