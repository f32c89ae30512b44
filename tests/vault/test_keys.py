"""One key for each subject, committed before it is used; at hand for a minute; and what if the vault is away?"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction

from apps.core import clock, tenancy
from apps.core.tenancy import TenantScopeMissing
from apps.vault import selectors
from apps.vault.errors import KeyMissing, KeyNotInScope, SealedMisused, VaultUnavailable
from apps.vault.models import DataKey, RootKey
from apps.vault.services import caching, wrapping
from apps.vault.services import keys as vault_keys
from apps.vault.types import Key, Purpose
from tests.vault.letters import Letter

in_database = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)


@in_database
def test_an_owner_has_one_key_in_each_organisation(alpha: UUID, beta: UUID) -> None:
    owner_id = uuid4()
    key = vault_keys.get_key(owner_id=owner_id)
    caching.cache.clear()

    again = vault_keys.get_key(owner_id=owner_id)
    with tenancy.scope(beta):
        elsewhere = vault_keys.get_key(owner_id=owner_id)

    assert (again.id, again.seal(b"x", b"p") != b"") == (key.id, True)
    assert again.open(key.seal(b"x", b"p"), b"p") == b"x"
    assert elsewhere.id != key.id
    assert DataKey.objects.count() == 2


@in_database
def test_a_key_is_stored_wrapped_under_the_newest_root_key(alpha: UUID, settings: Any) -> None:
    settings.VAULT_ROOT_KEYS = {7: bytes(range(1, 33)), 1: bytes(range(32))}

    vault_keys.get_key(owner_id=uuid4())

    row = DataKey.objects.get()
    assert (row.root_version, row.region, row.purpose) == (7, "local", "data")
    assert len(bytes(row.wrapped or b"")) == 12 + 32 + 16
    assert wrapping.unwrap(row) not in bytes(row.wrapped or b"")
    assert RootKey.objects.get().version == 7


@in_database
@pytest.mark.parametrize("change", ["organisation_id", "owner_id", "region", "purpose"])
def test_a_wrapped_key_opens_only_as_what_it_was_made_for(alpha: UUID, change: str) -> None:
    key = vault_keys.get_key(owner_id=uuid4())
    row = DataKey.objects.get(id=key.id)
    setattr(row, change, {"region": "elsewhere", "purpose": "index"}.get(change, uuid4()))

    with pytest.raises(Exception, match="cannot be unwrapped"):
        wrapping.unwrap(row)


@in_database
def test_a_key_neither_shows_itself_nor_leaves_the_process(alpha: UUID) -> None:
    key = vault_keys.get_key(owner_id=uuid4())
    secret = wrapping.unwrap(DataKey.objects.get(id=key.id))

    assert repr(secret) not in repr(key)
    assert secret.hex() not in repr(key)
    with pytest.raises(SealedMisused):
        key.__reduce__()


@in_database
def test_without_a_scope_there_is_no_key(alpha: UUID) -> None:
    key = vault_keys.get_key(owner_id=uuid4())

    with tenancy.everywhere("a test"):
        with pytest.raises(TenantScopeMissing):
            vault_keys.get_key(owner_id=uuid4())
        with pytest.raises(TenantScopeMissing):
            vault_keys.open_key(key.id)

    assert DataKey.objects.count() == 1


@in_database
def test_a_key_opens_by_its_id_in_its_organisation_alone(alpha: UUID, beta: UUID) -> None:
    key = vault_keys.get_key(owner_id=uuid4())
    caching.cache.clear()

    with tenancy.scope(beta), pytest.raises(KeyNotInScope):
        vault_keys.open_key(key.id)
    assert vault_keys.open_key(key.id).id == key.id
    with pytest.raises(KeyMissing):
        vault_keys.open_key(uuid4())


@in_database
def test_many_owners_get_their_keys_in_few_questions(alpha: UUID, keyvault_queries: Any) -> None:
    owner_ids = [uuid4() for _ in range(50)]

    with keyvault_queries:
        made = vault_keys.get_keys(owner_ids=owner_ids)

    assert {key.owner_id for key in made.values()} == set(owner_ids)
    statements = [query["sql"].split()[0] for query in keyvault_queries]
    assert [one for one in statements if one not in {"SAVEPOINT", "RELEASE"}] == [
        "SELECT",
        "INSERT",
        "SELECT",
        "INSERT",
        "SELECT",
    ]


# Committed first -------------------------------------------------------------------------------------------


@committing
@pytest.mark.usefixtures("letters")
def test_a_key_is_committed_before_its_first_ciphertext_and_outlives_a_rollback(alpha: UUID) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.append(DataKey.objects.count())
        connections.close_all()

    with transaction.atomic():
        Letter.objects.create(organisation_id=alpha, body="x")
        other = threading.Thread(target=look)
        other.start()
        other.join()
        transaction.set_rollback(True)

    assert seen == [1]
    assert (Letter.objects.count(), DataKey.objects.count()) == (0, 1)


@committing
def test_the_key_of_a_caller_in_a_transaction_of_the_vault_would_not_be_committed_so_it_is_refused(
    alpha: UUID,
) -> None:
    with transaction.atomic(using="keyvault"), pytest.raises(RuntimeError, match="durable"):
        vault_keys.get_key(owner_id=uuid4())

    assert DataKey.objects.count() == 0


@committing
def test_first_uses_at_the_same_moment_yield_one_key(alpha: UUID) -> None:
    owner_ids = [uuid4() for _ in range(15)]
    together = threading.Barrier(4)

    def use(_number: int) -> list[Key]:
        try:
            with tenancy.scope(alpha):
                together.wait()
                return [vault_keys.get_key(owner_id=owner_id) for owner_id in owner_ids]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(use, range(4)))

    assert DataKey.objects.count() == len(owner_ids)
    by_owner = {row.owner_id: row.id for row in DataKey.objects.all()}
    assert all([key.id for key in one] == [by_owner[owner_id] for owner_id in owner_ids] for one in found)


# At hand ---------------------------------------------------------------------------------------------------


def _key() -> Key:
    return Key(uuid4(), uuid4(), uuid4(), Purpose.DATA, b"k" * 32)


def _put(cache: caching.KeyCache, key: Key) -> Key:
    cache.put(key.id, (key.organisation_id, key.owner_id, key.purpose), key, token=cache.begin())
    return key


def test_a_key_is_remembered_for_a_minute_from_when_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    cache = caching.KeyCache(seconds=3600)
    key = _put(cache, _key())

    moment = 1059.9
    assert cache.find(key.id) == (True, key)
    moment = 1060.0
    assert cache.find(key.id) == (False, None)
    assert len(cache) == 0


def test_a_key_nobody_asks_for_again_leaves_memory_by_itself() -> None:
    cache = caching.KeyCache(seconds=0.2)
    _put(cache, _key())
    assert len(cache) == 1

    deadline = time.monotonic() + 10
    while len(cache) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert len(cache) == 0


def test_no_more_keys_are_remembered_than_allowed() -> None:
    cache = caching.KeyCache(most=3)
    keys = [_put(cache, _key()) for _ in range(5)]

    assert len(cache) == 3
    assert [cache.find(key.id)[0] for key in keys] == [False, False, True, True, True]
    owner = (keys[0].organisation_id, keys[0].owner_id, Purpose.DATA)
    assert cache.find_of(owner) == (False, None)


def test_a_key_read_before_a_shredding_is_not_remembered_after_it() -> None:
    cache = caching.KeyCache()
    key = _key()
    token = cache.begin()

    cache.evict([key.id])
    cache.put(key.id, (key.organisation_id, key.owner_id, key.purpose), key, token=token)

    assert cache.find(key.id) == (False, None)


def test_many_threads_may_use_the_memory_of_keys_at_once() -> None:
    cache = caching.KeyCache(most=50)
    keys = [_key() for _ in range(200)]

    def work(number: int) -> int:
        for key in keys[number:] + keys[:number]:
            _put(cache, key)
            cache.find(key.id)
            cache.evict([keys[number].id])
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == list(range(8))

    assert len(cache) <= 50


# Away ------------------------------------------------------------------------------------------------------


@committing
@pytest.mark.usefixtures("letters")
def test_with_the_vault_away_known_keys_work_and_others_fail_quickly_by_name(
    alpha: UUID, keyvault_away: Callable[[], None]
) -> None:
    known = Letter.objects.create(organisation_id=alpha, body="known")
    unknown = Letter.objects.create(organisation_id=alpha, body="unknown")
    caching.cache.evict([DataKey.objects.get(owner_id=unknown.writer_id).id])
    keyvault_away()

    began = time.monotonic()
    with pytest.raises(VaultUnavailable) as refused:
        _ = Letter.objects.get(id=unknown.id).body
    first = time.monotonic() - began
    with pytest.raises(VaultUnavailable):
        Letter.objects.create(organisation_id=alpha, body="somebody new")
    second = time.monotonic() - began - first

    assert refused.value.retryable is True
    assert first < 3
    assert second < 0.2
    assert Letter.objects.get(id=known.id).body == "known"
    Letter.objects.create(organisation_id=alpha, writer_id=known.writer_id, body="also known")
    assert Letter.objects.count() == 3


@committing
@pytest.mark.usefixtures("letters")
def test_with_the_vault_away_nothing_is_stored_in_the_clear(alpha: UUID, keyvault_away: Callable[[], None]) -> None:
    keyvault_away()

    with pytest.raises(VaultUnavailable):
        Letter.objects.create(organisation_id=alpha, body="canary", facts=["canary"], stamp="s")

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM letters_letter")
        assert cursor.fetchone() == (0,)


@committing
def test_the_vault_is_asked_again_soon_after_it_was_away(
    alpha: UUID, keyvault_away: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = connections["keyvault"].settings_dict["HOST"], connections["keyvault"].settings_dict["OPTIONS"]
    keyvault_away()
    with pytest.raises(VaultUnavailable):
        selectors.ping()
    connections["keyvault"].close_pool()  # type: ignore[attr-defined]
    connections["keyvault"].settings_dict["HOST"], connections["keyvault"].settings_dict["OPTIONS"] = usual

    with pytest.raises(VaultUnavailable):
        selectors.ping()
    later = time.monotonic() + selectors.PAUSE_SECONDS
    monkeypatch.setattr(clock, "monotonic", lambda: later)
    selectors.ping()


@committing
def test_a_question_leaves_no_connection_of_the_small_pool_in_use(alpha: UUID) -> None:
    def use(_number: int) -> bool:
        with tenancy.scope(alpha):
            vault_keys.get_key(owner_id=uuid4())
        return connections["keyvault"].connection is None

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(use, range(24)))
