"""Do PostgreSQL and Valkey come up, stay up, recover and go away?"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from launcher import processes
from launcher.embedded import EmbeddedServices, Urls, read_urls, running
from launcher.errors import DataUnusable, StaleProcess
from launcher.layout import PROJECT, Layout
from launcher.postgres import PostgresFolder

Eventually = Callable[[Callable[[], object]], None]


def _alive(pids: dict[str, int]) -> list[str]:
    return [name for name, pid in pids.items() if processes.is_alive(pid)]


def _all_gone(pids: dict[str, int]) -> bool:
    return not _alive(pids)


@pytest.fixture
def urls(folder: Path) -> Iterator[Urls]:
    with running(folder, durable=False) as found:
        yield found


def test_services_answer_while_running_and_leave_nothing_behind(folder: Path) -> None:
    services = EmbeddedServices(folder, durable=False)

    urls = services.start()
    pids = services.pids()

    with psycopg.connect(urls.database_url) as connection:
        assert connection.execute("SELECT '[1,2]'::vector::text, current_user").fetchone() == (
            "[1,2]",
            "switchboard_app",
        )
    assert redis.Redis.from_url(urls.redis_url).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert redis.Redis.from_url(urls.cache_url).config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    assert sorted(pids) == ["broker", "cache", "keeper", "keyvault", "postgres"]
    assert _alive(pids) == list(pids)
    assert read_urls(folder) == urls

    services.stop()

    assert _alive(pids) == []
    assert read_urls(folder) is None
    assert not Layout.of(folder).sockets.exists()


def test_starting_twice_joins_and_the_last_user_switches_off(folder: Path) -> None:
    first, second = EmbeddedServices(folder, durable=False), EmbeddedServices(folder, durable=False)
    first.start()
    pids = first.pids()

    second.start()
    assert second.pids() == pids
    first.release()
    assert _alive(pids) == list(pids)
    second.release()

    assert _alive(pids) == []


def test_the_broker_is_kept_on_disk_and_the_cache_is_not(folder: Path) -> None:
    with running(folder) as urls:
        redis.Redis.from_url(urls.redis_url).set("job", "1")
        redis.Redis.from_url(urls.cache_url).set("answer", "1")

    with running(folder) as urls:
        assert redis.Redis.from_url(urls.redis_url).get("job") == b"1"
        assert redis.Redis.from_url(urls.cache_url).get("answer") is None


def test_the_app_role_reads_and_writes_rows_but_changes_no_tables(urls: Urls) -> None:
    with psycopg.connect(urls.database_owner_url) as owner:
        owner.execute("CREATE TABLE letters (id int GENERATED ALWAYS AS IDENTITY, body text)")

    with psycopg.connect(urls.database_url, autocommit=True) as app:
        app.execute("INSERT INTO letters (body) VALUES ('a'), ('b')")
        app.execute("UPDATE letters SET body = 'c' WHERE body = 'a'")
        app.execute("DELETE FROM letters WHERE body = 'b'")
        for forbidden in ("TRUNCATE letters", "DROP TABLE letters", "CREATE TABLE more (id int)", "SET ROLE postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
        assert app.execute("SELECT body FROM letters").fetchall() == [("c",)]


def test_the_reader_role_only_reads(urls: Urls) -> None:
    with psycopg.connect(urls.database_owner_url) as owner:
        owner.execute("CREATE TABLE letters (body text)")

    with psycopg.connect(urls.database_reader_url, autocommit=True) as reader:
        assert reader.execute("SELECT count(*) FROM letters").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("INSERT INTO letters VALUES ('a')")


def test_no_role_of_the_suite_is_superuser_or_passes_row_security(urls: Urls) -> None:
    with psycopg.connect(urls.database_superuser_url) as superuser:
        found = superuser.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
            " WHERE rolname LIKE 'switchboard%' ORDER BY rolname"
        ).fetchall()

    assert found == [
        ("switchboard_app", False, False, False, False),
        ("switchboard_owner", False, False, False, True),
        ("switchboard_reader", False, False, False, False),
    ]


def test_a_database_made_by_the_owner_has_vectors_and_the_same_rights(urls: Urls) -> None:
    with psycopg.connect(urls.database_owner_url, autocommit=True) as owner:
        owner.execute("CREATE DATABASE test_letters")

    with psycopg.connect(urls.database_owner_url.replace("/switchboard?", "/test_letters?")) as owner:
        owner.execute("CREATE TABLE points (place vector(2))")
    with psycopg.connect(urls.database_url.replace("/switchboard?", "/test_letters?")) as app:
        app.execute("INSERT INTO points VALUES ('[1,2]')")
        assert app.execute("SELECT place::text FROM points").fetchall() == [("[1,2]",)]


def test_passwords_and_addresses_are_readable_by_their_owner_only(urls: Urls, folder: Path) -> None:
    layout = Layout.of(folder)

    assert [path.stat().st_mode & 0o777 for path in (layout.passwords, layout.state)] == [0o600, 0o600]
    assert layout.postgres_sockets.stat().st_mode & 0o777 == 0o700
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(urls.database_url.replace("switchboard_app:", "switchboard_app:x"))


def test_nothing_customers_write_reaches_the_database_log(urls: Urls, folder: Path) -> None:
    with psycopg.connect(urls.database_owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE people (email text UNIQUE)")
        owner.execute("INSERT INTO people VALUES ('canary@example.org')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute("INSERT INTO people VALUES ('canary@example.org')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute("INSERT INTO people VALUES (%s)", ["canary@example.org"])

    log = (Layout.of(folder).log / "postgres.log").read_text()
    assert "duplicate key value" in log
    assert "canary" not in log


def test_data_survives_kill_9_of_everything(folder: Path, eventually: Eventually) -> None:
    services = EmbeddedServices(folder)
    urls = services.start()
    with psycopg.connect(urls.database_owner_url) as owner:
        owner.execute("CREATE TABLE letters (body text)")
        owner.execute("INSERT INTO letters VALUES ('kept')")
    redis.Redis.from_url(urls.redis_url).set("job", "kept")
    killed = services.pids()

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: _all_gone(killed))
    again = services.start()

    assert again == urls
    assert not set(services.pids().values()) & set(killed.values())
    with psycopg.connect(again.database_url) as app:
        assert app.execute("SELECT body FROM letters").fetchall() == [("kept",)]
    assert redis.Redis.from_url(again.redis_url).get("job") == b"kept"
    services.stop()


@pytest.mark.parametrize("name", ["postgres", "keyvault", "broker", "cache"])
def test_a_server_killed_with_9_is_started_again_at_the_same_address(
    name: str, folder: Path, eventually: Eventually
) -> None:
    services = EmbeddedServices(folder, durable=False)
    urls = services.start()
    before = services.pids()

    os.kill(before[name], signal.SIGKILL)
    eventually(lambda: services.pids()[name] != before[name])

    eventually(lambda: _answers(urls))
    assert {key for key, pid in services.pids().items() if pid != before[key]} == {name}
    services.stop()


def _answers(urls: Urls) -> bool:
    try:
        psycopg.connect(urls.database_url).close()
        psycopg.connect(urls.keyvault_database_url).close()
        redis.Redis.from_url(urls.redis_url).ping()
        redis.Redis.from_url(urls.cache_url).ping()
    except (psycopg.OperationalError, redis.ConnectionError):
        return False
    return True


def test_servers_end_by_themselves_when_their_only_user_is_killed(folder: Path, eventually: Eventually) -> None:
    program = "import sys, time; from pathlib import Path; from launcher.embedded import running\n"
    program += "with running(Path(sys.argv[1]), durable=False): print('up', flush=True); time.sleep(600)"
    user = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    pids = EmbeddedServices(folder).pids()

    user.kill()
    user.communicate()

    assert sorted(pids) == ["broker", "cache", "keeper", "keyvault", "postgres"]
    eventually(lambda: _all_gone(pids))
    assert not Layout.of(folder).sockets.exists()


def test_servers_follow_a_killed_keeper(folder: Path, eventually: Eventually) -> None:
    services = EmbeddedServices(folder, durable=False)
    services.start()
    pids = services.pids()

    os.kill(pids["keeper"], signal.SIGKILL)

    eventually(lambda: _all_gone(pids))
    services.stop()


def test_a_server_left_over_by_a_killed_keeper_is_stopped_and_replaced(folder: Path, eventually: Eventually) -> None:
    with running(folder, durable=False) as urls, psycopg.connect(urls.database_owner_url) as owner:
        owner.execute("CREATE TABLE letters (body text)")
    layout = Layout.of(folder)
    layout.make_sockets()
    cluster = PostgresFolder(layout, durable=False)
    cluster.prepare()
    leftover = subprocess.Popen(cluster.command(), cwd="/", stderr=subprocess.DEVNULL, **cluster.credentials())
    eventually(lambda: cluster.is_ready(leftover.pid))

    with running(folder, durable=False) as urls, psycopg.connect(urls.database_url) as app:
        assert app.execute("SELECT count(*) FROM letters").fetchone() == (0,)

    assert leftover.wait(timeout=10) == 0


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(folder: Path) -> None:
    with running(folder, durable=False):
        pass
    pid_file = folder / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder}/postgres\n1700000000\n5432\n/tmp\n\n0 0\nready\n")

    with running(folder, durable=False) as urls:
        assert _answers(urls)


def test_a_very_long_path_works(folder: Path) -> None:
    deep = folder.parent.joinpath(*["a-rather-long-folder-name-with-many-letters"] * 6) / "var"

    with running(deep, durable=False) as urls:
        assert len(str(deep)) > 250
        assert _answers(urls)


def test_a_path_with_blanks_and_accents_works(folder: Path) -> None:
    with running(folder.parent / "Meine Dateien, é" / "var", durable=False) as urls:
        assert _answers(urls)


@pytest.mark.skipif(os.getuid() != 0, reason="only root's server runs as another account")
def test_root_may_use_a_folder_that_only_root_can_enter(private_folder: Path) -> None:
    mode = private_folder.parent.stat().st_mode

    with running(private_folder, durable=False) as urls:
        assert _answers(urls)

    assert private_folder.parent.stat().st_mode == mode
    with running(private_folder, durable=False) as urls:
        assert _answers(urls)


@pytest.mark.skipif(os.getuid() != 0, reason="only root's server runs as another account")
def test_a_new_checkout_where_root_had_deleted_one_starts_afresh(private_folder: Path) -> None:
    with running(private_folder, durable=False) as urls, psycopg.connect(urls.database_owner_url) as owner:
        owner.execute("CREATE TABLE letters (body text)")
    shutil.rmtree(private_folder)

    with running(private_folder, durable=False) as urls, psycopg.connect(urls.database_url) as app:
        assert app.execute("SELECT to_regclass('letters')").fetchone() == (None,)


@pytest.mark.skipif(os.getuid() != 0, reason="only root's server runs as another account")
def test_root_may_move_a_checkout_that_only_root_can_enter(private_folder: Path) -> None:
    with running(private_folder, durable=False) as urls, psycopg.connect(urls.database_owner_url) as owner:
        owner.execute("CREATE TABLE letters (body text)")
    moved = private_folder.with_name("moved")
    private_folder.rename(moved)

    with running(moved, durable=False) as urls, psycopg.connect(urls.database_url) as app:
        assert app.execute("SELECT count(*) FROM letters").fetchone() == (0,)

    moved.rename(private_folder)


def test_an_interrupted_creation_of_the_cluster_is_thrown_away(folder: Path) -> None:
    layout = Layout.of(folder)
    layout.make_folders()
    half = folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    with running(folder, durable=False) as urls:
        assert _answers(urls)


def test_data_of_another_postgresql_is_refused_in_one_line(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(DataUnusable, match="was made by PostgreSQL 17, this is 18") as caught:
        EmbeddedServices(folder).start()

    assert "\n" not in str(caught.value)
    assert EmbeddedServices(folder).pids() == {}


def test_lost_passwords_are_refused_in_one_line(folder: Path) -> None:
    with running(folder, durable=False):
        pass
    Layout.of(folder).passwords.unlink()

    with pytest.raises(DataUnusable, match=r"postgres\.json is missing or damaged"):
        EmbeddedServices(folder).start()


def test_a_socket_folder_open_to_others_is_refused(folder: Path) -> None:
    sockets = Layout.of(folder).sockets
    sockets.mkdir()
    sockets.chmod(0o777)

    with pytest.raises(DataUnusable, match="is not a private folder of ours"):
        EmbeddedServices(folder).start()

    sockets.rmdir()


def test_only_the_wanted_servers_are_started(folder: Path) -> None:
    services = EmbeddedServices(folder, durable=False, parts=frozenset({"valkey"}))

    urls = services.start()

    assert sorted(services.pids()) == ["broker", "cache", "keeper"]
    assert redis.Redis.from_url(urls.redis_url).ping() is True
    assert urls.database_url == ""
    with pytest.raises(StaleProcess, match="running services lack keyvault, postgres"):
        EmbeddedServices(folder).start()
    services.stop()
