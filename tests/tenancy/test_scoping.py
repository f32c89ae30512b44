"""Every statement is run in the scope it is sent from, however it is sent. On connections of the pool, with commits."""

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, NotSupportedError, ProgrammingError, connection, connections, transaction

from apps.core import clock, tenancy
from apps.core.postgres import scoping
from apps.core.postgres.base import DatabaseWrapper
from apps.core.sockets import in_database
from apps.customers.models import Customer
from tests.tenancy.factories import count, fetch

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = "customers_customer"
NAMES = f"SELECT reference FROM {TABLE} ORDER BY reference"  # noqa: S608  a constant
SET = "SELECT current_setting('app.organisation', true)"


def told() -> str:
    """Return what the database believes the scope to be."""
    return fetch(SET)[0][0] or ""


def names() -> list[str]:
    return [row[0] for row in fetch(NAMES)]


def _fail_after(work: Callable[[], Any]) -> None:
    work()
    raise ZeroDivisionError


@pytest.fixture
def a(acme: "Organisation") -> UUID:
    """Return an organisation with the customers A1 and A2."""
    return _with_customers(acme, "A1", "A2")


@pytest.fixture
def b(orbis: "Organisation") -> UUID:
    """Return an organisation with the customer B1."""
    return _with_customers(orbis, "B1")


def _with_customers(organisation: "Organisation", *references: str) -> UUID:
    with tenancy.scope(organisation.id):
        for reference in references:
            Customer.objects.create(organisation=organisation, reference=reference, created_at=clock.now())
    return organisation.id


# Outside a transaction -------------------------------------------------------------------------------------


def test_a_statement_sees_the_rows_of_its_scope(a: UUID, b: UUID) -> None:
    with tenancy.scope(a):
        assert names() == ["A1", "A2"]
    with tenancy.scope(b):
        assert names() == ["B1"]


def test_without_a_scope_a_statement_sees_nothing(a: UUID) -> None:
    assert (names(), told()) == ([], "")


def test_everywhere_a_statement_sees_all(a: UUID, b: UUID) -> None:
    with tenancy.everywhere("a test looks at both"):
        assert names() == ["A1", "A2", "B1"]


def test_a_scope_is_gone_with_its_statement(a: UUID) -> None:
    with tenancy.scope(a):
        names()
    assert connection.connection is not None

    # Past our cursor: as another client of a pooler would find the connection.
    left = connection.connection.pgconn.exec_(b"SELECT current_setting('app.organisation', true)")

    assert left.get_value(0, 0) in {None, b""}


def test_the_scope_travels_in_the_message_of_its_statement(a: UUID) -> None:
    message = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"

    with tenancy.scope(a):
        assert fetch(message) == [(f"SET LOCAL app.organisation = '{a}';\n{message}",)]
    assert fetch(message) == [(message,)]


# What Django sees of it --------------------------------------------------------------------------------------


def test_result_count_and_columns_are_those_of_the_statement(a: UUID) -> None:
    with tenancy.scope(a), connection.cursor() as cursor:
        cursor.execute(NAMES)

        assert cursor.rowcount == 2
        assert [column.name for column in cursor.description] == ["reference"]
        assert cursor.fetchone() == ("A1",)
        assert cursor.fetchmany(5) == [("A2",)]
        assert cursor.nextset() is None


def test_of_several_statements_the_first_is_shown_first(a: UUID) -> None:
    with tenancy.scope(a), connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 2, 3; SELECT 4")

        assert cursor.fetchall() == [(1,)]
        assert cursor.nextset() is True
        assert cursor.fetchall() == [(2, 3)]
        assert cursor.nextset() is True
        assert cursor.nextset() is None


def test_a_change_says_how_many_rows_it_changed(a: UUID, b: UUID) -> None:
    with tenancy.scope(a), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET reference = 'A' || reference")  # noqa: S608  a constant

        assert (cursor.rowcount, cursor.description) == (2, None)
    with tenancy.scope(b):
        assert names() == ["B1"]


def test_a_statement_of_the_orm_is_shown_without_its_scope(a: UUID, settings: Any) -> None:
    settings.DEBUG = True
    connection.queries_log.clear()
    with tenancy.scope(a):
        assert Customer.objects.count() == 2

    assert [query["sql"].split()[0] for query in connection.queries] == ["SELECT"]


def test_an_empty_statement_has_no_result(a: UUID) -> None:
    with tenancy.scope(a), connection.cursor() as cursor:
        cursor.execute("")

        assert (cursor.rowcount, cursor.description) == (-1, None)


def test_percent_signs_and_parameters_stay_what_they_are(a: UUID) -> None:
    with tenancy.scope(a), connection.cursor() as cursor:
        cursor.execute("SELECT '100%'")
        assert cursor.fetchone() == ("100%",)
        cursor.execute("SELECT %s || '%%'", ["100"])
        assert cursor.fetchone() == ("100%",)


def test_what_the_orm_inserts_and_returns_is_of_the_scope(a: UUID, b: UUID) -> None:
    with tenancy.scope(a):
        rows = Customer.objects.bulk_create(
            [Customer(organisation_id=a, reference=f"A{number}") for number in range(3, 6)]
        )
        assert [row.reference for row in rows] == ["A3", "A4", "A5"]
        assert names() == ["A1", "A2", "A3", "A4", "A5"]
    with tenancy.scope(b):
        assert names() == ["B1"]


def test_a_routine_is_called_in_the_scope(a: UUID) -> None:
    with tenancy.scope(a), connection.cursor() as cursor:
        cursor.callproc("current_setting", ["app.organisation"])

        assert cursor.fetchone() == (str(a),)


# What cannot share a message ---------------------------------------------------------------------------------


def test_many_rows_at_once_are_of_the_scope(a: UUID, b: UUID) -> None:
    insert = f"INSERT INTO {TABLE} (id, organisation_id, reference) VALUES (%s, %s, %s)"  # noqa: S608  a constant
    with tenancy.scope(a), connection.cursor() as cursor:
        cursor.executemany(insert, [(uuid4(), a, "A3"), (uuid4(), a, "A4")])
        assert cursor.rowcount == 2
        assert names() == ["A1", "A2", "A3", "A4"]


@pytest.mark.parametrize("in_transaction", [False, True])
def test_of_many_rows_one_that_is_foreign_keeps_all_out(a: UUID, b: UUID, in_transaction: bool) -> None:
    insert = f"INSERT INTO {TABLE} (id, organisation_id, reference) VALUES (%s, %s, %s)"  # noqa: S608  a constant
    rows = [(uuid4(), a, "A3"), (uuid4(), b, "B2")]

    with tenancy.scope(a), pytest.raises(ProgrammingError, match="row-level security"):
        _execute_many(insert, rows, in_transaction)

    with tenancy.everywhere("a test looks at both"):
        assert names() == ["A1", "A2", "B1"]


def _execute_many(sql: str, rows: list[Any], in_transaction: bool) -> None:
    def execute() -> None:
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)

    transaction.atomic(execute)() if in_transaction else execute()


@pytest.mark.parametrize("statement", [f"COPY {TABLE} (reference) TO STDOUT", f"COPY ({NAMES}) TO STDOUT"])
def test_rows_copied_out_are_of_the_scope(a: UUID, b: UUID, statement: str) -> None:
    seen = []
    for scope in (tenancy.scope(a), tenancy.scope(b), tenancy.everywhere("a test looks at both")):
        with scope, connection.cursor() as cursor, cursor.copy(statement) as copy:
            seen.append(sorted(row[0] for row in copy.rows()))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        seen.append(list(copy.rows()))

    assert seen == [["A1", "A2"], ["B1"], ["A1", "A2", "B1"], []]
    assert told() == ""


def test_rows_copied_out_in_a_transaction_are_of_the_scope_of_the_moment(a: UUID, b: UUID) -> None:
    statement = f"COPY ({NAMES}) TO STDOUT"
    with transaction.atomic():
        with tenancy.scope(b):
            names()
        with tenancy.scope(a), connection.cursor() as cursor, cursor.copy(statement) as copy:
            assert [row[0] for row in copy.rows()] == ["A1", "A2"]
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            assert list(copy.rows()) == []


def test_nothing_can_be_copied_in(a: UUID) -> None:
    copying_in = f"COPY {TABLE} (id, organisation_id, reference) FROM STDIN"
    refused = pytest.raises(psycopg.errors.FeatureNotSupported, match="row-level security")

    with tenancy.scope(a):
        with connection.cursor() as cursor, refused, cursor.copy(copying_in) as copy:
            copy.write_row((uuid4(), a, "A3"))
        assert names() == ["A1", "A2"]


def test_rows_that_stream_are_of_the_scope(a: UUID, b: UUID) -> None:
    with tenancy.scope(a), connection.cursor() as cursor:
        assert list(cursor.stream(NAMES)) == [("A1",), ("A2",)]
    with connection.cursor() as cursor:
        assert list(cursor.stream(NAMES)) == []


def test_rows_fetched_in_pieces_stay_of_the_scope_they_were_asked_in(a: UUID, b: UUID) -> None:
    with tenancy.scope(a):
        rows = Customer.objects.order_by("reference").iterator(chunk_size=1)
        first = next(rows).reference
    with tenancy.scope(b):
        assert [first, *(row.reference for row in rows)] == ["A1", "A2"]


def test_a_cursor_kept_by_the_server_is_refused(a: UUID) -> None:
    with pytest.raises(NotSupportedError, match="outlive"):
        connection.chunked_cursor()


def test_a_pipeline_is_refused(a: UUID) -> None:
    connection.ensure_connection()
    assert connection.connection is not None
    with tenancy.scope(a), pytest.raises(NotSupportedError, match="no room"), connection.connection.pipeline():
        fetch(NAMES)

    connection.close()


@pytest.mark.parametrize(
    "changes", [{"OPTIONS": {"server_side_binding": True}}, {"DISABLE_SERVER_SIDE_CURSORS": False}]
)
def test_options_that_would_lose_the_scope_are_refused(changes: dict[str, Any]) -> None:
    wrapper = DatabaseWrapper({**connection.settings_dict, **changes}, alias="other")

    with pytest.raises(ImproperlyConfigured):
        wrapper.get_connection_params()


# In a transaction --------------------------------------------------------------------------------------------


def test_the_scope_may_change_in_a_transaction_and_back(a: UUID, b: UUID) -> None:
    with transaction.atomic():
        with tenancy.scope(a):
            assert names() == ["A1", "A2"]
            with tenancy.scope(b):
                assert names() == ["B1"]
            assert names() == ["A1", "A2"]
            with tenancy.everywhere("a test looks at both"):
                assert len(names()) == 3
            assert names() == ["A1", "A2"]
        assert names() == []


def test_a_scope_in_a_savepoint_ends_where_the_code_says(a: UUID, b: UUID) -> None:
    with transaction.atomic(), tenancy.scope(a):
        names()
        with transaction.atomic(), tenancy.scope(b):
            assert names() == ["B1"]
        assert names() == ["A1", "A2"]


def test_a_savepoint_that_is_rolled_back_takes_no_scope_with_it(a: UUID, b: UUID) -> None:
    with transaction.atomic(), tenancy.scope(b):
        names()
        with tenancy.scope(a):
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                _fail_after(names)
            # PostgreSQL has gone back to the scope before the savepoint; we have not.
            assert names() == ["A1", "A2"]
        assert names() == ["B1"]


@pytest.mark.parametrize("undo", ["ROLLBACK TO SAVEPOINT here", "ROLLBACK TO SAVEPOINT here; SELECT 1"])
def test_a_savepoint_rolled_back_by_hand_takes_no_scope_with_it(a: UUID, b: UUID, undo: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        with tenancy.scope(b):
            cursor.execute("SAVEPOINT here")
        with tenancy.scope(a):
            names()
            cursor.execute(undo)
            assert names() == ["A1", "A2"]


def test_a_transaction_of_the_driver_takes_no_scope_with_it(a: UUID, b: UUID) -> None:
    with transaction.atomic(), tenancy.scope(b):
        names()
        assert connection.connection is not None
        with tenancy.scope(a):
            with pytest.raises(ZeroDivisionError), connection.connection.transaction():
                _fail_after(names)
            assert names() == ["A1", "A2"]


def test_an_error_in_the_middle_leaves_the_scope_to_the_code(a: UUID, b: UUID) -> None:
    with transaction.atomic(), tenancy.scope(a):
        with pytest.raises(DataError), transaction.atomic(), tenancy.scope(b):
            fetch("SELECT 1 / 0")
        assert names() == ["A1", "A2"]


def test_after_an_error_only_the_rollback_is_heard(a: UUID) -> None:
    with tenancy.scope(a), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SAVEPOINT here")
        with pytest.raises(DataError):
            cursor.execute("SELECT 1 / 0")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            cursor.cursor.execute(NAMES)
        cursor.execute("ROLLBACK TO SAVEPOINT here")

        assert names() == ["A1", "A2"]


def test_an_error_outside_a_transaction_leaves_nothing(a: UUID) -> None:
    with tenancy.scope(a), pytest.raises(DataError):
        fetch("SELECT 1 / 0")

    assert (told(), names()) == ("", [])


def test_what_follows_a_commit_runs_in_the_scope_of_whoever_commits(a: UUID, b: UUID) -> None:
    heard: list[list[str]] = []
    with tenancy.scope(b):
        with transaction.atomic(), tenancy.scope(a):
            names()
            transaction.on_commit(lambda: heard.append(names()))
        assert heard == [["B1"]]


def test_what_follows_a_commit_without_a_scope_sees_nothing(a: UUID) -> None:
    heard: list[list[str]] = []
    with transaction.atomic(), tenancy.scope(a):
        transaction.on_commit(lambda: heard.append(names()))

    assert heard == [[]]


# Connections -------------------------------------------------------------------------------------------------


def _on_a_connection_of_the_pool(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


def _be_interrupted(organisation_id: UUID, sql: str) -> int:
    """Return the server's process whose connection goes back to the pool after a failure."""
    pid: int = fetch("SELECT pg_backend_pid()")[0][0]
    with pytest.raises((ZeroDivisionError, DataError)), transaction.atomic(), tenancy.scope(organisation_id):
        _fail_after(lambda: fetch(sql))
    return pid


@pytest.mark.parametrize("sql", [NAMES, "SELECT 1 / 0"])
def test_a_connection_of_the_pool_brings_no_scope_along(a: UUID, sql: str) -> None:
    look = f"SELECT pg_backend_pid(), current_setting('app.organisation', true), count(id) FROM {TABLE}"  # noqa: S608

    # More often than the pool has connections: each is used again.
    used = {_on_a_connection_of_the_pool(lambda: _be_interrupted(a, sql)) for _ in range(30)}
    seen = [_on_a_connection_of_the_pool(lambda: fetch(look)[0]) for _ in range(30)]

    assert used & {pid for pid, _, _ in seen} == used
    assert {(setting or "", rows) for _, setting, rows in seen} == {("", 0)}


def test_cursors_opened_past_django_are_scoped_as_well(a: UUID) -> None:
    connection.ensure_connection()
    assert connection.connection is not None
    with tenancy.scope(a):
        assert connection.connection.execute(NAMES).fetchall() == [("A1",), ("A2",)]
    assert connection.connection.execute(NAMES).fetchall() == []


def test_a_thread_has_the_scope_it_is_given_and_no_other(a: UUID, b: UUID) -> None:
    seen: dict[str, list[str]] = {}
    gate = threading.Barrier(3, timeout=10)

    def look(name: str, organisation_id: UUID | None) -> None:
        try:
            with tenancy.everywhere("nothing") if organisation_id is None else tenancy.scope(organisation_id):
                gate.wait()
                seen[name] = names()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look, args=one) for one in (("a", a), ("b", b), ("all", None))]
    with tenancy.scope(a):
        bare = threading.Thread(target=lambda: _on_a_connection_of_the_pool(lambda: seen.update(bare=names())))
        bare.start()
        bare.join(10)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    assert seen == {"a": ["A1", "A2"], "b": ["B1"], "all": ["A1", "A2", "B1"], "bare": []}


async def test_tasks_that_take_turns_keep_their_scopes(a: UUID, b: UUID) -> None:
    look = in_database(names)

    async def work(organisation_id: UUID) -> list[list[str]]:
        with tenancy.scope(organisation_id):
            seen = []
            for _ in range(10):
                seen.append(await look())
                await asyncio.sleep(0)
            return seen

    first, second, bare = await asyncio.gather(work(a), work(b), look())

    assert first == [["A1", "A2"]] * 10
    assert second == [["B1"]] * 10
    assert bare == []


# What goes into the text of SQL ------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["", "*", "01890000-0000-7000-8000-00000000aaaa", "'; DROP TABLE x; --", None, 7])
def test_only_a_uuid_can_be_a_scope(bad: Any) -> None:
    with pytest.raises(TypeError), tenancy.scope(bad):
        raise AssertionError

    assert tenancy.find_scope() is None


class _Sly(UUID):
    """A UUID that spells itself otherwise."""

    def __str__(self) -> str:
        return "'; SELECT 1; --"


def test_a_scope_is_written_from_its_number(a: UUID) -> None:
    with tenancy.scope(_Sly(int=a.int)):
        assert told() == str(a)


def test_the_word_for_everywhere_is_no_organisation() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        UUID(scoping.ACROSS)


def test_counting_is_a_statement_like_any_other(a: UUID, b: UUID) -> None:
    with tenancy.scope(b):
        assert count(TABLE) == 1
