"""All keys come under the newest root key while they are in use, however often it is interrupted."""

import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections, transaction

from apps.core import tenancy
from apps.vault.errors import RootKeyMissing, RootKeyWrong
from apps.vault.models import DataKey, RootKey
from apps.vault.services import caching, rotating, wrapping
from apps.vault.services import keys as vault_keys
from tests.environment import ROOT

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
BOTH = {2: NEW, 1: OLD}
in_database = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)


def _make_keys(organisation_id: UUID, count: int) -> list[UUID]:
    with tenancy.scope(organisation_id):
        owner_ids = [uuid4() for _ in range(count)]
        vault_keys.get_keys(owner_ids=owner_ids)
    return owner_ids


def _secrets() -> dict[UUID, bytes]:
    return {row.id: wrapping.unwrap(row) for row in DataKey.objects.filter(wrapped__isnull=False)}


@in_database
def test_all_keys_come_under_the_newest_root_key_and_stay_the_same(alpha: UUID, settings: Any) -> None:
    _make_keys(alpha, 25)
    before = _secrets()
    settings.VAULT_ROOT_KEYS = BOTH

    rotation = rotating.rotate_keys(batch=10)

    assert (rotation.total, rotation.rewrapped, rotation.damaged) == (25, 25, set())
    settings.VAULT_ROOT_KEYS = {2: NEW}
    assert _secrets() == before
    assert set(DataKey.objects.values_list("root_version", flat=True)) == {2}


@in_database
def test_progress_is_told_batch_by_batch(alpha: UUID, settings: Any) -> None:
    _make_keys(alpha, 25)
    settings.VAULT_ROOT_KEYS = BOTH
    told: list[tuple[int, int]] = []

    rotating.rotate_keys(batch=10, on_progress=lambda one: told.append((one.rewrapped, one.total)))

    assert told == [(10, 25), (20, 25), (25, 25)]


@in_database
def test_a_rotation_that_was_interrupted_goes_on(alpha: UUID, settings: Any) -> None:
    _make_keys(alpha, 25)
    before = _secrets()
    settings.VAULT_ROOT_KEYS = BOTH

    def interrupt(_rotation: rotating.Rotation) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotating.rotate_keys(batch=10, on_progress=interrupt)
    assert DataKey.objects.filter(root_version=2).count() == 10
    rotation = rotating.rotate_keys(batch=10)

    assert rotation.rewrapped == 15
    assert _secrets() == before


@in_database
def test_shredded_keys_are_left_alone(alpha: UUID, settings: Any) -> None:
    owner_ids = _make_keys(alpha, 3)
    vault_keys.shred_keys(owner_ids=owner_ids[:1])
    settings.VAULT_ROOT_KEYS = BOTH

    assert rotating.rotate_keys().rewrapped == 2
    assert DataKey.objects.get(owner_id=owner_ids[0]).wrapped is None


@in_database
def test_a_damaged_key_is_named_and_holds_up_no_other(alpha: UUID, settings: Any) -> None:
    owner_ids = _make_keys(alpha, 5)
    damaged = DataKey.objects.get(owner_id=owner_ids[2])
    DataKey.objects.filter(id=damaged.id).update(wrapped=b"x" * 60)
    settings.VAULT_ROOT_KEYS = BOTH

    rotation = rotating.rotate_keys(batch=2)

    assert (rotation.rewrapped, rotation.damaged) == (4, {damaged.id})
    with pytest.raises(CommandError, match=str(damaged.id)):
        call_command("rotate_keys")


@in_database
@pytest.mark.parametrize(
    ("given", "error"),
    [({2: NEW}, RootKeyMissing), ({2: NEW, 1: NEW}, RootKeyWrong), ({}, RootKeyMissing)],
)
def test_without_the_root_keys_in_use_nothing_is_rotated(
    alpha: UUID, settings: Any, given: dict[int, bytes], error: type[Exception]
) -> None:
    _make_keys(alpha, 3)
    settings.VAULT_ROOT_KEYS = given

    with pytest.raises(error):
        rotating.rotate_keys()

    assert set(DataKey.objects.values_list("root_version", flat=True)) == {1}


@committing
def test_keys_are_readable_at_every_moment_of_a_rotation(alpha: UUID, settings: Any) -> None:
    owner_ids = _make_keys(alpha, 300)
    settings.VAULT_ROOT_KEYS = BOTH
    ended = threading.Event()
    read = 0

    def use(number: int) -> int:
        count = 0
        try:
            with tenancy.scope(alpha):
                while not ended.is_set() or count == 0:
                    caching.cache.clear()
                    vault_keys.get_key(owner_id=owner_ids[(number * 7 + count) % len(owner_ids)])
                    vault_keys.get_key(owner_id=uuid4())
                    count += 1
        finally:
            connections.close_all()
        return count

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(use, number) for number in range(2)]
        rotating.rotate_keys(batch=10)
        ended.set()
        read = sum(reader.result() for reader in readers)

    assert read >= 2
    assert set(DataKey.objects.values_list("root_version", flat=True)) == {2}


@committing
def test_two_rotations_share_the_work(alpha: UUID, settings: Any) -> None:
    _make_keys(alpha, 200)
    before = _secrets()
    settings.VAULT_ROOT_KEYS = BOTH

    def rotate(_number: int) -> int:
        try:
            return rotating.rotate_keys(batch=10).rewrapped
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        shares = list(pool.map(rotate, range(2)))

    assert sum(shares) == 200
    assert _secrets() == before


@committing
def test_rows_that_somebody_has_locked_do_not_hold_up_the_others(alpha: UUID, settings: Any) -> None:
    owner_ids = _make_keys(alpha, 20)
    settings.VAULT_ROOT_KEYS = BOTH
    locked, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(using="keyvault"):
            list(DataKey.objects.filter(owner_id=owner_ids[0]).select_for_update())
            locked.set()
            let_go.wait(20)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(20)

    def tell(rotation: rotating.Rotation) -> None:
        if rotation.rewrapped == 19:
            let_go.set()

    rotation = rotating.rotate_keys(batch=5, on_progress=tell)
    holder.join()

    assert rotation.rewrapped == 20


@committing
def test_the_command_may_be_killed_at_any_moment_and_goes_on(
    alpha: UUID, settings: Any, command_environment: Callable[[str], dict[str, str]]
) -> None:
    _make_keys(alpha, 3000)
    before = _secrets()
    environment = command_environment(f"2:{base64.b64encode(NEW).decode()},1:{base64.b64encode(OLD).decode()}")
    command = [sys.executable, "manage.py", "rotate_keys"]
    first = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    while not DataKey.objects.filter(root_version=2).exists():
        assert first.poll() is None

    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    settings.VAULT_ROOT_KEYS = BOTH
    left = DataKey.objects.filter(root_version=1).count()
    assert _secrets() == before

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, f"{left} keys were brought under root key 2.\n")
    assert "rotating" in done.stderr
    assert not DataKey.objects.filter(root_version=1).exists()
    assert _secrets() == before
    assert set(RootKey.objects.values_list("version", flat=True)) == {1, 2}
