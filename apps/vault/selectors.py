"""Which keys are in the vault's database? Quick questions: when it is away, they fail at once."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections

from apps.core import clock
from apps.vault.errors import VaultUnavailable
from apps.vault.models import DataKey
from apps.vault.types import Purpose

DATABASE = "keyvault"
# After a failure nobody waits for the same again.
PAUSE_SECONDS = 1.0

_closed_until = 0.0
_lock = threading.Lock()


@contextmanager
def asking() -> Iterator[None]:
    """Ask the vault's database inside the block; its connection goes back to the small pool at the end.

    Raises ``VaultUnavailable`` when it does not answer, and at once while that was so a moment ago.
    """
    global _closed_until
    if clock.monotonic() < _closed_until:
        raise VaultUnavailable
    connection = connections[DATABASE]
    try:
        yield
    except (OperationalError, InterfaceError):
        with _lock:
            _closed_until = clock.monotonic() + PAUSE_SECONDS
        raise VaultUnavailable from None
    finally:
        if not connection.in_atomic_block:
            connection.close()


def reopen() -> None:
    """Ask again at the next question, also if the last one failed a moment ago."""
    global _closed_until
    with _lock:
        _closed_until = 0.0


def ping() -> None:
    """Make sure that the vault answers. Raises ``VaultUnavailable``."""
    with asking(), connections[DATABASE].cursor() as cursor:
        cursor.execute("SELECT 1")


def find_keys(key_ids: Collection[UUID]) -> list[DataKey]:
    """Return the keys with these ids, of any organisation; one query."""
    with asking():
        return list(DataKey.objects.using(DATABASE).filter(id__in=key_ids))


def find_keys_of(*, organisation_id: UUID, owner_ids: Collection[UUID], purpose: Purpose) -> list[DataKey]:
    """Return the keys of these owners; one query."""
    with asking():
        return list(
            DataKey.objects.using(DATABASE).filter(
                organisation_id=organisation_id, owner_id__in=owner_ids, purpose=purpose.value
            )
        )
