"""A destroyed key is destroyed for ever, for every copy of what it opened."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.db import connection

from apps.core import tenancy
from apps.vault import fields
from apps.vault.errors import CiphertextTampered, KeyShredded
from apps.vault.models import DataKey
from apps.vault.services import caching, wrapping
from apps.vault.services import keys as vault_keys
from apps.vault.types import Sealed
from launcher.backups import connection_environment
from launcher.embedded import EmbeddedServices
from launcher.layout import SUPERUSER, Layout, build_url
from launcher.postgres import find_binaries
from launcher.root import remove_hidden_home
from tests.environment import ROOT
from tests.vault.letters import Letter

in_database = pytest.mark.django_db
CANARY = "canary-of-vera-5512"


@in_database
@pytest.mark.usefixtures("letters")
def test_after_shredding_nothing_of_the_owner_opens_and_everything_of_others_does(alpha: UUID) -> None:
    vera, karl = (Letter.objects.create(organisation_id=alpha, body=CANARY, facts=[1]) for _ in range(2))
    assert Letter.objects.get(id=vera.id).body == CANARY

    assert vault_keys.shred_keys(owner_ids=[vera.writer_id]) == 1

    for name in ("body", "facts"):
        with pytest.raises(KeyShredded):
            getattr(Letter.objects.get(id=vera.id), name)
    caching.cache.clear()
    with pytest.raises(KeyShredded):
        _ = Letter.objects.get(id=vera.id).body
    assert Letter.objects.get(id=karl.id).body == CANARY


@in_database
def test_the_row_stays_as_a_tombstone_without_its_key(alpha: UUID) -> None:
    owner_id = uuid4()
    key = vault_keys.get_key(owner_id=owner_id)

    vault_keys.shred_keys(owner_ids=[owner_id])

    row = DataKey.objects.get()
    assert (row.id, row.owner_id, row.wrapped) == (key.id, owner_id, None)
    assert row.shredded_at is not None


@in_database
@pytest.mark.parametrize("had_a_key", [True, False])
def test_a_shredded_owner_never_gets_a_key_again(alpha: UUID, had_a_key: bool) -> None:
    owner_id = uuid4()
    if had_a_key:
        vault_keys.get_key(owner_id=owner_id)

    assert vault_keys.shred_keys(owner_ids=[owner_id]) == int(had_a_key)
    assert vault_keys.shred_keys(owner_ids=[owner_id]) == 0

    for _ in range(2):
        with pytest.raises(KeyShredded):
            vault_keys.get_key(owner_id=owner_id)
        caching.cache.clear()
    assert DataKey.objects.count() == 1


@in_database
def test_shredding_stays_within_its_organisation(alpha: UUID, beta: UUID) -> None:
    owner_id = uuid4()
    with tenancy.scope(beta):
        theirs = vault_keys.get_key(owner_id=owner_id)

    vault_keys.shred_keys(owner_ids=[owner_id])
    caching.cache.clear()

    with tenancy.scope(beta):
        assert vault_keys.get_key(owner_id=owner_id).id == theirs.id


@in_database
@pytest.mark.usefixtures("letters")
def test_a_row_of_a_shredded_owner_can_still_be_saved_and_deleted(alpha: UUID) -> None:
    letter = Letter.objects.create(organisation_id=alpha, body=CANARY)
    vault_keys.shred_keys(owner_ids=[letter.writer_id])

    found = Letter.objects.get(id=letter.id)
    found.stamp = "gone"
    found.save()

    assert Letter.objects.get(id=letter.id).stamp == "gone"
    found.delete()
    assert Letter.objects.count() == 0


# Backups ---------------------------------------------------------------------------------------------------


@pytest.fixture
def scratch() -> Iterator[Layout]:
    """A data folder for a cluster of one's own."""
    path = Path(tempfile.mkdtemp(prefix="switchboard-test-", dir="/tmp"))
    path.chmod(0o755)
    layout = Layout.of(path / "var")
    layout.make_folders()
    yield layout
    EmbeddedServices(layout.folder).stop()
    remove_hidden_home(layout)
    shutil.rmtree(path)


@contextmanager
def running_postgres(scratch: Layout) -> Iterator[None]:
    """Run the cluster that lies in a data folder."""
    services = EmbeddedServices(scratch.folder, durable=False, parts=frozenset({"postgres"}))
    services.start()
    try:
        yield
    finally:
        services.release()


def _read_copies(connection: psycopg.Connection) -> list[Letter]:
    """Return the letters as they lie in a restored database."""
    rows = connection.execute(
        "SELECT id, organisation_id, writer_id, scan, body, facts FROM letters_letter ORDER BY id"
    ).fetchall()
    return [
        Letter(
            id=id_,
            organisation_id=organisation_id,
            writer_id=writer_id,
            scan=scan,
            body=Sealed(body),
            facts=Sealed(facts),
        )
        for id_, organisation_id, writer_id, scan, body, facts in rows
    ]


def _take_base_backup(scratch: Layout) -> None:
    """Copy the whole cluster of the data, as operators do."""
    source = Layout.of(ROOT / "var" / "test").data_cluster
    url = connection_environment(build_url(source, SUPERUSER))
    command = [str(find_binaries() / "bin" / "pg_basebackup"), "-D", str(scratch.postgres), "--checkpoint=fast"]
    subprocess.run([*command, "--wal-method=stream", "--no-sync"], check=True, env=url, capture_output=True, timeout=90)
    shutil.copy(source.passwords, scratch.passwords)
    account = source.data.stat()
    for path in (scratch.postgres, *scratch.postgres.rglob("*")):
        shutil.chown(path, account.st_uid, account.st_gid)


def _files_with(folder: Path, needle: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("letters")
def test_a_backup_of_the_data_from_before_the_shredding_opens_nothing_after_it(alpha: UUID, scratch: Layout) -> None:
    letters = [
        Letter.objects.create(organisation_id=alpha, body=f"{CANARY} {n}", facts={"n": CANARY}, stamp="control-9921")
        for n in range(5)
    ]
    letters[0].scan.save("x", ContentFile(CANARY.encode()))
    secrets = [wrapping.unwrap(row) for row in DataKey.objects.all()]
    _take_base_backup(scratch)
    # What is not encrypted is found in the backup, so the search can see; what is encrypted is not, nor are the keys.
    assert _files_with(scratch.postgres, b"control-9921") != []
    assert [_files_with(scratch.postgres, needle) for needle in (CANARY.encode(), *secrets)] == [[]] * 6
    url = f"{build_url(scratch.data_cluster, SUPERUSER)}&dbname={connection.settings_dict['NAME']}"
    with running_postgres(scratch), psycopg.connect(url) as restored:
        # The control: with its keys the backup opens.
        assert [letter.body for letter in _read_copies(restored)] == [f"{CANARY} {n}" for n in range(5)]

        assert vault_keys.shred_keys(owner_ids=[letter.writer_id for letter in letters]) == 5
        copies = _read_copies(restored)

    assert [letter.id for letter in copies] == [letter.id for letter in letters]
    for letter in copies:
        for name in ("body", "facts"):
            with pytest.raises(KeyShredded):
                getattr(letter, name)
    with pytest.raises(KeyShredded):
        copies[0].scan.open()
    # Nor does any key that is left open it.
    other = vault_keys.get_key(owner_id=uuid4())
    for letter in copies:
        with pytest.raises(CiphertextTampered):
            other.open(vars(letter)["body"].ciphertext, fields.describe_place(Letter._meta.get_field("body"), letter))
    assert list(DataKey.objects.filter(wrapped__isnull=False).values_list("id", flat=True)) == [other.id]
