"""Are the keys kept apart from the data, backed up for a fortnight at most, and never made anew by accident?"""

import base64
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from launcher import processes
from launcher.backups import EVERY, KEEP, KeyBackups, is_due, list_backups, prune, take_backup
from launcher.embedded import EmbeddedServices, Urls, running
from launcher.layout import PROJECT, Layout

Eventually = Callable[[Callable[[], object]], None]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HORIZON = timedelta(days=14)


@pytest.fixture
def urls(folder: Path) -> Iterator[Urls]:
    with running(folder, durable=False, parts=frozenset({"keyvault"})) as found:
        yield found


# The second cluster ----------------------------------------------------------------------------------------


def test_keys_and_data_lie_in_two_servers(folder: Path) -> None:
    with running(folder, durable=False) as urls:
        identities = []
        for url in (urls.database_superuser_url, urls.keyvault_database_superuser_url):
            with psycopg.connect(url) as connection:
                identities.append(connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone())

    assert identities[0] != identities[1]
    assert Layout.of(folder).key_cluster.data == folder / "keyvault" / "postgres"


def test_the_app_reads_and_writes_keys_but_changes_no_tables(urls: Urls) -> None:
    with psycopg.connect(urls.keyvault_database_owner_url) as owner:
        owner.execute("CREATE TABLE vault_datakey (id int, wrapped text)")

    with psycopg.connect(urls.keyvault_database_url, autocommit=True) as app:
        app.execute("INSERT INTO vault_datakey VALUES (1, 'a')")
        app.execute("UPDATE vault_datakey SET wrapped = NULL")
        for forbidden in (
            "ALTER TABLE vault_datakey ADD x int",
            "TRUNCATE vault_datakey",
            "CREATE TABLE more (id int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
        assert app.execute("SELECT current_user, id, wrapped FROM vault_datakey").fetchall() == [
            ("switchboard_app", 1, None)
        ]


def test_the_roles_are_the_owner_and_the_app_with_passwords_of_their_own(folder: Path) -> None:
    with running(folder, durable=False) as urls:
        with psycopg.connect(urls.keyvault_database_superuser_url) as superuser:
            roles = superuser.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'switchboard%' ORDER BY 1")
            assert roles.fetchall() == [("switchboard_app",), ("switchboard_owner",)]
        password = urls.database_url.split(":")[2].split("@")[0]
        used_elsewhere = urls.keyvault_database_url.split(":")[2].split("@")[0]

        assert password != used_elsewhere
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(urls.keyvault_database_url.replace(used_elsewhere, password))


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("shared_buffers", "16MB"),
        ("max_connections", "60"),
        ("wal_recycle", "off"),
        ("listen_addresses", ""),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
        ("log_error_verbosity", "terse"),
        ("log_min_error_statement", "panic"),
    ],
)
def test_the_vault_is_small_and_its_log_holds_no_values(urls: Urls, setting: str, wanted: str) -> None:
    with psycopg.connect(urls.keyvault_database_url) as connection:
        assert connection.execute(f"SHOW {setting}").fetchone() == (wanted,)


def test_an_existing_folder_without_a_vault_gets_one(folder: Path) -> None:
    with running(folder, durable=False, parts=frozenset({"postgres", "valkey"})) as urls:
        assert urls.keyvault_database_url == ""
        with psycopg.connect(urls.database_owner_url) as owner:
            owner.execute("CREATE TABLE letters (body text)")
    assert not Layout.of(folder).root_keys.exists()

    with running(folder, durable=False) as urls:
        with psycopg.connect(urls.database_url) as app:
            assert app.execute("SELECT count(*) FROM letters").fetchone() == (0,)
        with psycopg.connect(urls.keyvault_database_url) as app:
            assert app.execute("SELECT current_database()").fetchone() == ("keyvault",)
    assert Layout.of(folder).root_keys.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root's server runs as another account")
def test_root_may_keep_a_vault_in_a_folder_that_only_root_can_enter(private_folder: Path) -> None:
    layout = Layout.of(private_folder)

    for _ in range(2):
        with running(private_folder, durable=False) as urls, psycopg.connect(urls.keyvault_database_url) as app:
            assert app.execute("SELECT 1").fetchone() == (1,)

    assert layout.key_cluster.data.is_symlink()
    assert layout.root_keys.parent == private_folder / "keyvault"


# Root keys -------------------------------------------------------------------------------------------------


def test_the_root_key_is_made_once_and_for_its_owner_only(folder: Path) -> None:
    path = Layout.of(folder).root_keys

    with running(folder, durable=False, parts=frozenset({"keyvault"})):
        made = path.read_text()
    with running(folder, durable=False, parts=frozenset({"keyvault"})):
        assert path.read_text() == made

    assert path.stat().st_mode & 0o777 == 0o600
    number, key = made.strip().split(":")
    assert (number, len(base64.b64decode(key, validate=True))) == ("1", 32)


def test_a_lost_root_key_is_not_replaced_by_one_that_opens_nothing(folder: Path) -> None:
    with running(folder, durable=False, parts=frozenset({"keyvault"})):
        pass
    Layout.of(folder).root_keys.unlink()

    with running(folder, durable=False, parts=frozenset({"keyvault"})):
        assert not Layout.of(folder).root_keys.exists()


# Backups ---------------------------------------------------------------------------------------------------


def _lay_down(layout: Layout, *ages: timedelta) -> list[Path]:
    layout.make_folders()
    made = [layout.backups / (NOW - age).strftime("%Y-%m-%dT%H%M%SZ") for age in ages]
    for path in made:
        path.mkdir(parents=True)
        (path / "base.tar.gz").write_bytes(b"x")
    return made


def test_backups_are_removed_before_they_are_a_fortnight_old(folder: Path) -> None:
    layout = Layout.of(folder)
    hour = timedelta(hours=1)
    young, last, old, older, ahead = _lay_down(layout, hour, KEEP - hour, KEEP, timedelta(days=400), -timedelta(days=3))
    (layout.backups / "unfinished").mkdir()
    (layout.backups / "notes").mkdir()

    prune(layout, NOW)

    assert sorted(layout.backups.iterdir()) == sorted([young, last, layout.backups / "notes"])
    assert KEEP + EVERY <= HORIZON
    assert not any(path.exists() for path in (old, older, ahead))


@pytest.mark.parametrize(("ages", "due"), [((), True), ((23,), False), ((24,), True), ((24, 23), False)])
def test_a_backup_is_due_once_a_day(folder: Path, ages: tuple[int, ...], due: bool) -> None:
    layout = Layout.of(folder)
    _lay_down(layout, *(timedelta(hours=age) for age in ages))

    assert is_due(layout, NOW) is due


def test_a_backup_holds_the_keys_but_none_that_was_destroyed(folder: Path) -> None:
    layout = Layout.of(folder)
    with running(folder, parts=frozenset({"keyvault"})) as urls:
        with psycopg.connect(urls.keyvault_database_owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE vault_datakey (id int, wrapped text)")
            owner.execute("INSERT INTO vault_datakey VALUES (1, 'kept-key-4417'), (2, 'destroyed-key-4418')")
            owner.execute("UPDATE vault_datakey SET wrapped = NULL WHERE id = 2")

        taken = take_backup(layout)

    assert list(list_backups(layout).values()) == [taken]
    assert layout.backups.stat().st_mode & 0o777 == 0o700
    assert _holds(taken, b"kept-key-4417")
    assert not _holds(taken, b"destroyed-key-4418")


def _holds(backup: Path, needle: bytes) -> bool:
    for archive in backup.glob("*.tar.gz"):
        with tarfile.open(archive) as members:
            for member in members:
                content = members.extractfile(member)
                if content is not None and needle in content.read():
                    return True
    return False


def test_the_keeper_takes_a_backup_and_leaves_no_process(
    folder: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout.of(folder)
    with running(folder, parts=frozenset({"keyvault"})):
        monkeypatch.setattr("launcher.backups.FIRST_AFTER_SECONDS", 0.0)
        keeper = KeyBackups(layout)

        keeper.tick()
        eventually(lambda: list_backups(layout))
        keeper.stop()

    assert len(list_backups(layout)) == 1
    assert not (layout.backups / "unfinished").exists()


def test_a_backup_by_hand_says_what_went_wrong(folder: Path) -> None:
    with running(folder, durable=False, parts=frozenset({"keyvault"})):
        pass

    done = subprocess.run(
        [sys.executable, "-m", "launcher.backups", str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "the vault cannot be backed up" in done.stdout
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_stop_ends_a_backup_under_way(folder: Path, eventually: Eventually) -> None:
    services = EmbeddedServices(folder, parts=frozenset({"keyvault"}))
    services.start()
    backup = subprocess.Popen(
        [sys.executable, "-m", "launcher.backups", str(folder)], cwd=PROJECT, stdout=subprocess.DEVNULL
    )
    eventually(lambda: (folder / "keyvault" / "backups").exists())

    backup.send_signal(signal.SIGTERM)

    assert backup.wait(timeout=10) in (0, 128 + signal.SIGTERM)
    assert not processes.is_alive(backup.pid)
    services.stop()
