"""Keys that nobody came to use go after a while; keys that somebody uses never do."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import F

from apps.core import clock
from apps.vault import tasks
from apps.vault.errors import KeyMissing
from apps.vault.models import DataKey
from apps.vault.services import caching, sweeping
from apps.vault.services import keys as vault_keys
from apps.vault.services.sweeping import Swept
from worker.queues import COMPLIANCE
from worker.schedule import SCHEDULE

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def owners() -> Iterator[set[UUID]]:
    """Return the owners that exist, to be added to."""
    existing: set[UUID] = set()
    asked: list[Collection[UUID]] = []

    def find(owner_ids: Collection[UUID]) -> set[UUID]:
        asked.append(owner_ids)
        return existing & set(owner_ids)

    before = list(sweeping._finders)
    sweeping.use_owners(find, lambda _owner_ids: set())
    yield existing
    sweeping.use_owners(*before)


@pytest.fixture
def now() -> datetime:
    """Return the time."""
    return clock.now()


def _make(count: int = 1, *, age: timedelta) -> list[UUID]:
    owner_ids = [uuid4() for _ in range(count)]
    vault_keys.get_keys(owner_ids=owner_ids)
    DataKey.objects.filter(owner_id__in=owner_ids).update(created_at=F("created_at") - age)
    return owner_ids


def test_an_unused_key_goes_when_it_was_found_unused_twice_an_hour_apart(
    alpha: UUID, owners: set[UUID], now: datetime
) -> None:
    (owner_id,) = _make(age=2 * HOUR)
    key = vault_keys.get_key(owner_id=owner_id)

    assert sweeping.sweep_unused(now=now) == Swept(marked=1)
    assert sweeping.sweep_unused(now=now + HOUR * 0.9) == Swept()
    assert sweeping.sweep_unused(now=now + HOUR) == Swept(deleted=1)

    assert not DataKey.objects.exists()
    with pytest.raises(KeyMissing):
        vault_keys.open_key(key.id)


def test_a_young_key_is_not_even_asked_about(alpha: UUID, owners: set[UUID], now: datetime) -> None:
    _make(age=HOUR * 0.9)

    assert sweeping.sweep_unused(now=now) == Swept()
    assert DataKey.objects.get().unused_at is None


def test_the_key_of_an_owner_that_exists_stays_and_is_not_asked_about_again(
    alpha: UUID, owners: set[UUID], now: datetime
) -> None:
    owners.update(_make(3, age=2 * HOUR))

    assert sweeping.sweep_unused(now=now) == Swept(confirmed=3)
    owners.clear()
    assert [sweeping.sweep_unused(now=now + HOUR * n) for n in (1, 2)] == [Swept(), Swept()]
    assert DataKey.objects.count() == 3


def test_a_key_asked_for_in_between_stays(alpha: UUID, owners: set[UUID], now: datetime) -> None:
    (owner_id,) = _make(age=2 * HOUR)
    sweeping.sweep_unused(now=now)
    caching.cache.clear()

    key = vault_keys.get_key(owner_id=owner_id)

    assert sweeping.sweep_unused(now=now + 2 * HOUR) == Swept(marked=1)
    owners.add(owner_id)
    assert sweeping.sweep_unused(now=now + 3 * HOUR) == Swept(confirmed=1)
    assert vault_keys.open_key(key.id).id == key.id


def test_an_owner_that_came_late_keeps_its_key(alpha: UUID, owners: set[UUID], now: datetime) -> None:
    owner_ids = _make(age=2 * HOUR)
    sweeping.sweep_unused(now=now)

    owners.update(owner_ids)

    assert sweeping.sweep_unused(now=now + HOUR) == Swept(confirmed=1)
    assert DataKey.objects.get().unused_at is None


def test_a_tombstone_stays(alpha: UUID, owners: set[UUID], now: datetime) -> None:
    (owner_id,) = _make(age=2 * HOUR)
    vault_keys.shred_keys(owner_ids=[owner_id, uuid4()])

    assert [sweeping.sweep_unused(now=now + HOUR * n) for n in range(3, 6)] == [Swept()] * 3
    assert DataKey.objects.count() == 2


def test_more_keys_than_fit_into_a_batch_are_all_looked_at(
    alpha: UUID, owners: set[UUID], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 4)
    owner_ids = _make(11, age=2 * HOUR)
    DataKey.objects.update(created_at=now - 2 * HOUR)
    owners.update(owner_ids[::2])

    assert sweeping.sweep_unused(now=now) == Swept(confirmed=6, marked=5)


def test_without_anybody_who_knows_the_owners_nothing_is_swept(alpha: UUID, owners: set[UUID], now: datetime) -> None:
    _make(age=2 * HOUR)
    sweeping.use_owners()

    with pytest.raises(RuntimeError, match="wiring"):
        sweeping.sweep_unused(now=now)

    assert DataKey.objects.get().unused_at is None


def test_the_sweep_runs_by_the_clock_on_the_compliance_queue(alpha: UUID, owners: set[UUID]) -> None:
    entry: dict[str, Any] = SCHEDULE["sweep-unused-keys"]
    _make(age=2 * HOUR)

    tasks.sweep_unused_keys.run()

    assert (entry["task"], entry["options"]["queue"]) == (tasks.sweep_unused_keys.name, COMPLIANCE)
    assert DataKey.objects.get().unused_at is not None
