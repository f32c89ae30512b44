"""The scanner against real servers: it sees every store, says so, cleans up, and shows nothing it should not."""

import base64
import fcntl
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from django.conf import settings
from django.core import signing
from django.core.management import CommandError, call_command

from apps.ops.services.scanning import places, postgres_controls, running
from apps.ops.services.scanning.canaries import Canary, write_canaries
from apps.ops.services.scanning.databases import list_databases
from apps.ops.services.scanning.places import PlacesOptions
from apps.ops.services.scanning.problems import CanariesUnusable, ScanUnderWay
from apps.ops.services.scanning.running import ScanResult
from launcher.embedded import EmbeddedServices
from launcher.layout import read_urls
from tests.environment import ROOT

# The scanner and these tests use connections of their own, so nothing has to be taken back.
pytestmark = pytest.mark.django_db

# The cluster of the tests holds the data of all runs in this checkout; it is read in one test only.
FILES = ("files of default", "files of keyvault")


@pytest.fixture(scope="module")
def valkeys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return addresses of a broker and a cache of this module's own, with files on disk."""
    services = EmbeddedServices(tmp_path_factory.mktemp("valkeys"), parts=frozenset({"valkey"}))
    try:
        urls = services.start()
        yield {"broker": urls.redis_url, "cache": urls.cache_url}
    finally:
        services.stop()


@dataclass(frozen=True)
class Scanned:
    """A small suite to be scanned: its data folder, its servers, and the scan itself."""

    var: Path
    broker: "redis.Redis"
    cache: "redis.Redis"
    email: str
    run: Callable[..., ScanResult]


@pytest.fixture
def _own_server_log() -> Iterator[None]:
    # All test processes share the servers and so their log; a scan takes every control out of it, also another's.
    with (ROOT / "var" / "test" / "scan.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def suite(_own_server_log: None, valkeys: dict[str, str], tmp_path: Path, settings: Any) -> Iterator[Scanned]:
    """Return stores without any canary."""
    settings.VAR_DIR = tmp_path
    settings.REDIS_URL, settings.CACHE_URL = valkeys["broker"], valkeys["cache"]
    location = {"location": tmp_path / "media"}
    settings.STORAGES = {**settings.STORAGES, "default": {**settings.STORAGES["default"], "OPTIONS": location}}
    broker, cache = (redis.Redis.from_url(url) for url in valkeys.values())
    broker.flushall()
    cache.flushall()
    # Of its own for each test: what the servers' files keep of one must not be found by the next.
    email = f"quill{uuid4().hex[:12]}@fernpost.example"
    yield Scanned(tmp_path, broker, cache, email, partial(_scan, _sow(email)))
    broker.close()
    cache.close()


def _options(*, superuser: bool = True) -> PlacesOptions:
    urls = read_urls(ROOT / "var" / "test")
    assert urls is not None
    known = {
        "default": urls.database_superuser_url,
        "keyvault": getattr(urls, "keyvault_database_superuser_url", ""),
    }
    return PlacesOptions(server_logs=ROOT / "var" / "test" / "log", superusers=known if superuser else {})


def _sow(email: str) -> list[Canary]:
    return [Canary("c1", "email", email)]


def _scan(
    canaries: list[Canary], *, left_out: tuple[str, ...] = FILES, superuser: bool = True, **options: object
) -> ScanResult:
    found = places.list_places(_options(superuser=superuser))
    names = {store.name for store in found.stores}
    return running.scan(
        canaries=canaries,
        places=found,
        lock=list_databases()[0],
        left_out=[name for name in left_out if name in names],
        **options,  # type: ignore[arg-type]
    )


def _where(result: ScanResult) -> set[tuple[str, str, str]]:
    return {(finding.store, finding.place, finding.column) for finding in result.findings}


def _owner() -> "psycopg.Connection[tuple[object, ...]]":
    return list_databases()[0].connect_owner()


def _planted(suite: Scanned) -> list[object]:
    """Return everything that carries the mark of a control, wherever it is."""
    with _owner() as connection:
        tables = connection.execute("SELECT relname FROM pg_class WHERE relname = 'scan_control'").fetchall()
        objects = connection.execute("SELECT oid FROM pg_largeobject_metadata").fetchall()
    keys = [*suite.broker.scan_iter("scan-control*"), *suite.cache.scan_iter("scan-control*")]
    return [*tables, *objects, *keys, *suite.var.rglob("scan-control*")]


# Clean, blind, found -----------------------------------------------------------------------------------------------
def test_a_clean_suite_is_clean_and_every_control_was_seen(suite: Scanned) -> None:
    result = suite.run()

    controls = {report.name: set(report.controls) for report in result.stores if report.controls}
    assert result.problems == []
    assert (result.exit_code, result.total_findings, result.findings) == (0, 0, {})
    assert all(all(report.controls.values()) for report in result.stores)
    assert controls["database default"] == {"row", "TOAST", "JSON", "bytes", "large object"}
    assert controls["database default, statistics"] == {"statistics"}
    assert controls["database default, statements"] == {"running statement"}
    for name in ("broker", "cache"):
        assert controls[name] == {"string", "list", "set", "hash", "sorted set", "stream"}
        assert controls[f"{name}, published"] == {"heard at the beginning", "heard at the end"}
        assert controls[f"{name}, commands"] == {"heard at the beginning", "heard at the end"}
    assert controls["files of broker"] == {"append-only file"}
    assert controls["media"] == controls["logs"] == controls["data folder"] == {"file", "gzip", "zip", "zip in gzip"}
    assert "server log of default" in controls["server logs"]
    assert _planted(suite) == []


def test_the_files_of_the_database_server_are_seen(suite: Scanned) -> None:
    result = suite.run(left_out=("media", "logs", "data folder"))

    controls = {report.name: report.controls for report in result.stores}
    assert controls["files of default"] == {"row on disk": True}


def test_a_long_control_is_really_compressed_and_out_of_line(suite: Scanned) -> None:
    tokens = {control: f"scan-control-{uuid4().hex}" for control in postgres_controls.CONTROLS}
    with _owner() as connection:
        postgres_controls.plant(connection, tokens)

        row = connection.execute(
            "SELECT pg_column_compression(long), pg_column_size(long) > 8192 FROM scan_control WHERE what = 'TOAST'"
        ).fetchone()

        postgres_controls.remove(connection)
    assert row == ("pglz", True)


def test_a_log_nobody_can_read_makes_the_scan_fail_and_names_the_store(suite: Scanned, tmp_path: Path) -> None:
    found = places.list_places(replace(_options(), server_logs=tmp_path / "elsewhere"))

    result = running.scan(
        canaries=_sow(suite.email), places=found, lock=list_databases()[0], left_out=_known(found, FILES)
    )

    assert result.exit_code == 2
    assert result.problems[0].startswith("server logs is blind: control not found (server log of default")


def _known(found: places.Places, names: tuple[str, ...]) -> list[str]:
    return [store.name for store in found.stores if store.name in names]


def test_a_table_whose_rows_are_hidden_from_the_scanner_makes_it_blind(suite: Scanned) -> None:
    with _owner() as connection:
        connection.execute("CREATE TABLE hidden_note (id int PRIMARY KEY, text text)")
        connection.execute("INSERT INTO hidden_note SELECT n, 'x' FROM generate_series(1, 5) n")
        connection.execute("ALTER TABLE hidden_note ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE hidden_note FORCE ROW LEVEL SECURITY")

    result = suite.run(superuser=False)

    with _owner() as connection:
        connection.execute("DROP TABLE hidden_note")
    assert result.exit_code == 2
    assert "database default: hidden_note: row-level security hides rows from the scanner" in result.problems


def test_without_a_superuser_hidden_statistics_and_all_else_are_told_apart(suite: Scanned) -> None:
    with _owner() as connection:
        connection.execute("CREATE TABLE tenant_note (id int PRIMARY KEY, organisation_id uuid, text text)")
        connection.execute("ALTER TABLE tenant_note ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE tenant_note FORCE ROW LEVEL SECURITY")
        connection.execute(
            "CREATE POLICY aaa ON tenant_note USING ((SELECT current_setting('app.organisation', true)) = '*')"
        )

    result = suite.run(superuser=False)

    with _owner() as connection:
        connection.execute("DROP TABLE tenant_note")
    blind = {report.name: report.blind_for for report in result.stores if report.blind_for}
    assert blind["database default, statistics"] == ["statistics"]
    assert "database default" not in blind


def test_a_server_that_is_away_makes_the_scan_fail_and_names_the_store(suite: Scanned, settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    result = suite.run()

    assert result.exit_code == 2
    assert "cache: cannot be reached or read (ConnectionError)" in result.problems


# Each store --------------------------------------------------------------------------------------------------------
def test_what_stands_in_tables_is_found_with_row_and_column(suite: Scanned) -> None:
    with _owner() as connection:
        connection.execute(
            "CREATE TABLE note (id uuid PRIMARY KEY, text text, document jsonb, raw bytea, words tsvector)"
        )
        key = uuid4()
        connection.execute(
            "INSERT INTO note VALUES (%s, %s, %s, %s, to_tsvector('simple', %s))",
            [
                key,
                f"write to {suite.email}",
                json.dumps({"a": [suite.email]}),
                gzip.compress(suite.email.encode() * 9),
                suite.email,
            ],
        )

    result = suite.run()

    with _owner() as connection:
        connection.execute("DROP TABLE note")
    in_table = [finding for finding in result.findings if finding.place == "note"]
    assert result.exit_code == 1
    assert {finding.column for finding in in_table} == {"text", "document", "raw", "words"}
    assert {finding.row for finding in in_table} == {str(key)}
    assert {(finding.canary, finding.kind) for finding in in_table} == {("c1", "email")}


def test_what_cannot_be_unpacked_was_not_seen(suite: Scanned) -> None:
    broken = gzip.compress(b"nobody knows what follows" * 100)[:-20]
    (suite.var / "media").mkdir()
    (suite.var / "media" / "report.gz").write_bytes(broken)
    suite.broker.set("report", broken)

    result = suite.run()

    assert result.exit_code == 2
    assert [problem.partition(":")[0] for problem in result.problems] == ["broker", "media"]
    assert all("could not be unpacked" in problem and "EOFError" in problem for problem in result.problems)


def test_a_session_is_opened_and_its_key_is_not_shown(suite: Scanned) -> None:
    packed = signing.dumps({"note": [suite.email] * 20}, key="k", compress=True)
    with _owner() as connection:
        connection.execute("CREATE TABLE note (key text PRIMARY KEY, packed text)")
        connection.execute("INSERT INTO note VALUES ('the-session-key', %s)", [packed])

    result = suite.run()

    with _owner() as connection:
        connection.execute("DROP TABLE note")
    in_table = {finding for finding in result.findings if finding.place == "note"}
    assert {finding.column for finding in in_table} == {"packed"}
    assert {finding.row for finding in in_table} == {"ctid (0,1)"}
    assert "the-session-key" not in json.dumps(result.to_json())


def test_what_is_gone_from_a_table_is_found_in_its_statistics(suite: Scanned) -> None:
    with _owner() as connection:
        connection.execute("CREATE TABLE note (id int, email text) WITH (autovacuum_enabled = off)")
        connection.execute(
            "INSERT INTO note SELECT n, CASE n WHEN 1 THEN %s ELSE 'x' END FROM generate_series(1, 3) n", [suite.email]
        )
        connection.execute("INSERT INTO note SELECT * FROM note")

    result = suite.run()

    with _owner() as connection:
        connection.execute("DROP TABLE note")
    assert ("database default, statistics", "pg_stats of public.note", "email") in _where(result)


def test_a_large_object_is_found(suite: Scanned) -> None:
    with _owner() as connection:
        row = connection.execute("SELECT lo_from_bytea(0, %s)", [b"x" * 1_048_570 + suite.email.encode()]).fetchone()
        assert row is not None

    result = suite.run()

    with _owner() as connection:
        connection.execute("SELECT lo_unlink(%s)", [row[0]])
    assert _where(result) == {("database default", f"large object {row[0]}", "")}


def test_a_statement_of_an_idle_session_is_found(suite: Scanned) -> None:
    with list_databases()[0].connect_app() as session:
        session.execute(f"SELECT '{suite.email}'")

        result = suite.run()

    assert _where(result) == {("database default, statements", "pg_stat_activity", "query")}


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ("string", lambda broker, text: broker.set("k", f'{{"to": "{text}"}}')),
        ("string", lambda broker, text: broker.set("k", "x" * 5_000_000 + text)),
        ("list", lambda broker, text: broker.rpush("ai", *["x"] * 700, base64.b64encode(f"[{text}]".encode()))),
        ("hash", lambda broker, text: broker.hset("unacked", "tag", f'[{{"body": "{text}"}}]')),
        ("hash", lambda broker, text: broker.hset("by-mail", text, "1")),
        ("set", lambda broker, text: broker.sadd("k", text)),
        ("zset", lambda broker, text: broker.zadd("unacked_index", {text: 1})),
        ("stream", lambda broker, text: [broker.xadd("k", {"n": n, "text": text}) for n in (*range(600),)]),
    ],
)  # fmt: skip
def test_what_stands_in_a_key_is_found(
    suite: Scanned, kind: str, write: Callable[["redis.Redis", str], object]
) -> None:
    write(suite.broker, suite.email)

    result = suite.run()

    assert {finding.column for finding in result.findings if finding.store == "broker"} == {kind}


def test_keys_in_every_database_of_a_server_are_read(suite: Scanned) -> None:
    suite.cache.set(f"greeting:{suite.email}", "1")
    suite.cache.move(f"greeting:{suite.email}", 7)

    result = suite.run()

    found = {finding for finding in result.findings if finding.store == "cache"}
    assert {(finding.place, finding.column) for finding in found} == {
        (f"db 7, greeting:{'*' * len(suite.email)}", "key")
    }


def test_what_was_removed_is_found_in_the_append_only_file(suite: Scanned) -> None:
    suite.broker.set("k", suite.email)
    suite.broker.delete("k")

    result = suite.run()

    assert {finding.store for finding in result.findings} == {"files of broker"}


def test_what_a_snapshot_has_compressed_is_found(suite: Scanned, settings: Any) -> None:
    suite.cache.set("k", f"{suite.email} {'and again ' * 50}")
    suite.cache.save()
    suite.cache.delete("k")

    result = suite.run()

    assert {finding.store for finding in result.findings} == {"files of cache"}
    assert {finding.place for finding in result.findings} >= {"dump.rdb!unpacked"}
    suite.cache.save()


def test_what_is_published_or_gone_at_once_is_heard(suite: Scanned) -> None:
    def talk(line: str) -> None:
        if line == "broker …":
            suite.broker.publish("sb__group__conversation.1", b"\x93\xa4type\xc3\x28 " + suite.email.encode())
            suite.cache.set(suite.email, "1", px=1)

    result = suite.run(on_progress=talk)

    assert {"broker, published", "broker, commands", "cache, commands"} <= {store for store, _, _ in _where(result)}
    assert suite.email not in json.dumps(result.to_json())


def test_the_slow_log_is_read_where_it_is_kept(suite: Scanned) -> None:
    suite.cache.config_set("slowlog-max-len", 64)
    suite.cache.config_set("slowlog-log-slower-than", 0)
    suite.cache.get(suite.email)
    suite.cache.config_set("slowlog-log-slower-than", 2000)

    result = suite.run()

    suite.cache.config_set("slowlog-max-len", 0)
    reports = {report.name: report for report in result.stores}
    assert reports["cache, slow log"].controls == {"slow log": True}
    assert ("cache, slow log", "SLOWLOG", "") in _where(result)
    assert suite.cache.slowlog_len() == 0


@pytest.mark.parametrize(
    ("store", "path"),
    [("media", "media/2026/letter.txt.gz"), ("logs", "log/suite.log.2.gz"), ("data folder", "exports/all.csv.gz")],
)
def test_what_stands_in_a_packed_file_is_found(suite: Scanned, store: str, path: str) -> None:
    file = suite.var / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(f"x {suite.email}".encode()))

    result = suite.run()

    assert {finding.store for finding in result.findings} == {store}
    assert all(finding.place.endswith(f"{file.name}!gzip") for finding in result.findings)


def test_the_encoder_and_collected_pages_are_left_alone(suite: Scanned) -> None:
    for name in places.NOT_SEARCHED:
        (suite.var / name).mkdir()
        (suite.var / name / "file").write_text(suite.email)

    assert suite.run().exit_code == 0


# Clean-up ----------------------------------------------------------------------------------------------------------
def test_what_a_killed_run_has_left_is_cleaned_up_by_the_next(suite: Scanned) -> None:
    found = places.list_places(_options())
    left_behind = [store for store in found.stores if store.name not in FILES]
    for store in left_behind:
        store.plant({control: f"scan-control-{uuid4().hex}" for control in store.list_controls()})
    before = _planted(suite)

    result = suite.run()

    for store in left_behind:
        store.remove()
    assert len(before) > 20
    assert result.problems == []
    assert _planted(suite) == []


def test_a_run_that_is_interrupted_cleans_up_at_once(suite: Scanned) -> None:
    def interrupt(line: str) -> None:
        if line == "media …":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        suite.run(on_progress=interrupt)

    assert _planted(suite) == []


def test_two_scans_at_once_are_refused(suite: Scanned) -> None:
    def scan_again(line: str) -> None:
        if line == "media …":
            suite.run()

    with pytest.raises(ScanUnderWay):
        suite.run(on_progress=scan_again)

    assert _planted(suite) == []


def test_leaving_out_a_store_that_does_not_exist_is_refused(suite: Scanned) -> None:
    found = places.list_places(_options())

    with pytest.raises(CanariesUnusable, match="There is no store medai"):
        running.scan(canaries=_sow(suite.email), places=found, lock=list_databases()[0], left_out=["medai"])


# The command -------------------------------------------------------------------------------------------------------
@pytest.fixture
def command(suite: Scanned, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[int, str]]:
    """Return the command as an operator runs it, without the files of the tests' cluster."""
    write_canaries(suite.var / "canaries.jsonl", _sow(suite.email))
    options = _options()
    urls = []
    for name, url in options.superusers.items():
        path = suite.var / f"{name}.url"
        path.write_text(url)
        urls.append(f"{name}={path}")

    def run() -> tuple[int, str]:
        out, err = StringIO(), StringIO()
        without = [name for name in FILES if name in {one.name for one in places.list_places(options).stores}]
        try:
            call_command(
                "scan_plaintext", superuser_url_file=urls, server_logs=options.server_logs, without=without,
                json=suite.var.parent / f"{suite.var.name}.json", stdout=out, stderr=err,
            )  # fmt: skip
        except CommandError as error:
            return error.returncode, f"{out.getvalue()}{err.getvalue()}{error}"
        return 0, f"{out.getvalue()}{err.getvalue()}"

    return run


def test_the_command_says_clean(suite: Scanned, command: Callable[[], tuple[int, str]]) -> None:
    status, said = command()

    report = json.loads((suite.var.parent / f"{suite.var.name}.json").read_text())
    assert status == 0
    assert "1 canaries" in said
    assert (report["exit_code"], report["total_findings"], report["problems"]) == (0, 0, [])
    assert report["bytes_read"] > 100_000


def test_the_command_says_where_and_never_what(suite: Scanned, command: Callable[[], tuple[int, str]]) -> None:
    (suite.var / "media").mkdir()
    (suite.var / "media" / f"{suite.email}.txt").write_text(f"before {suite.email} after")

    status, said = command()

    report = (suite.var.parent / f"{suite.var.name}.json").read_text()
    assert status == 1
    assert f"FOUND c1 (email, UTF-8) in media: {'*' * len(suite.email)}.txt" in said
    assert suite.email.partition("@")[0] not in said + report
    assert "before" not in said + report


def test_the_command_says_that_it_is_blind_before_it_says_what_it_found(
    suite: Scanned, command: Callable[[], tuple[int, str]], settings: Any
) -> None:
    (suite.var / "note.txt").write_text(suite.email)
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    status, said = command()

    assert status == 2
    assert "cache: cannot be reached or read" in said
    assert "FOUND c1 (email, UTF-8) in data folder: note.txt" in said


def test_the_command_needs_a_list(suite: Scanned) -> None:
    with pytest.raises(CommandError, match="cannot be read") as refused:
        call_command("scan_plaintext")

    assert refused.value.returncode == 2


def test_all_databases_of_the_settings_are_scanned_once() -> None:
    found = list_databases()

    assert [access.name for access in found] == [name for name in settings.DATABASES if not name.endswith("owner")]
    assert all(access.owner["user"] != access.app["user"] for access in found)
