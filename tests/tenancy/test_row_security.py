"""The database keeps organisations apart, whatever a statement says and wherever it runs (test I2)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from celery import shared_task
from django.db import IntegrityError, ProgrammingError, connection, connections, models, transaction
from django.db.models import Count, Max
from django.db.models.expressions import RawSQL

from apps.accounts.models import Membership
from apps.conversations.models import Conversation, Message
from apps.core import jobs, tenancy
from apps.core.models import Job, TenantModel
from apps.customers.models import Customer
from tests.tenancy.factories import TENANT_MODELS, Twin, count, fetch

TABLES = [model._meta.db_table for model in TENANT_MODELS]
FILLED = "conversations_message"


@contextmanager
def no_scope() -> Iterator[None]:
    yield


def organisations(sql: str) -> set[Any]:
    """Return the first column of what the database shows."""
    return {row[0] for row in fetch(sql)}


# Every table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_sees_the_rows_of_its_scope_only(ours: Twin, theirs: Twin, table: str) -> None:
    sql = f'SELECT organisation_id FROM "{table}"'  # noqa: S608  names of our tables
    with tenancy.scope(ours.id):
        assert organisations(sql) <= {ours.id}
    with tenancy.scope(theirs.id):
        assert organisations(sql) <= {theirs.id}
    assert organisations(sql) == set()


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_that_asks_for_foreign_rows_gets_none(ours: Twin, theirs: Twin, table: str) -> None:
    with tenancy.scope(ours.id):
        assert fetch(f'SELECT 1 FROM "{table}" WHERE organisation_id = %s', [theirs.id]) == []  # noqa: S608


@pytest.mark.parametrize("table", TABLES)
def test_without_a_scope_nothing_can_be_changed_or_deleted(ours: Twin, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET organisation_id = organisation_id')  # noqa: S608
        changed = cursor.rowcount
        cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608
        deleted = cursor.rowcount

    assert (changed, deleted) == (0, 0)


def test_the_twins_have_a_row_in_nearly_every_table(ours: Twin) -> None:
    # Else the tests above would look at nothing.
    with tenancy.scope(ours.id):
        filled = {table for table in TABLES if count(table)}

    assert len(filled) >= 14
    assert {"ai_run", "accounts_apikey", "conversations_message", "customers_customer", "desk_readmark"} <= filled
    assert {"inboxes_websession", "knowledge_passagevector", "knowledge_posting"} <= filled


# Every way to read -------------------------------------------------------------------------------------------


def _by_orm() -> set[Any]:
    return set(Message.everywhere.values_list("organisation_id", flat=True))


def _by_raw_query() -> set[Any]:
    return {row.organisation_id for row in Message.everywhere.raw(f"SELECT * FROM {FILLED}")}  # noqa: S608


def _by_extra() -> set[Any]:
    rows = Message.everywhere.extra(where=["1 = 1 OR organisation_id IS NOT NULL"], select={"whose": "organisation_id"})
    return set(rows.values_list("whose", flat=True))


def _by_raw_expression() -> set[Any]:
    inner = RawSQL(f"SELECT organisation_id FROM {FILLED}", ())  # noqa: S608, S611  a constant
    return set(Membership.everywhere.filter(organisation_id__in=inner).values_list("organisation_id", flat=True))


def _by_aggregate() -> set[Any]:
    rows = Message.everywhere.values("organisation_id").annotate(number=Count("id"), last=Max("seq"))
    return {row["organisation_id"] for row in rows}


def _by_union() -> set[Any]:
    one, other = Message.everywhere.filter(seq=1), Message.everywhere.filter(seq__gte=1)
    return set(one.union(other, all=True).values_list("organisation_id", flat=True))


def _by_window() -> set[Any]:
    return organisations(f"SELECT first_value(organisation_id) OVER (PARTITION BY id) FROM {FILLED}")  # noqa: S608


def _by_join() -> set[Any]:
    return organisations(
        f"SELECT m.organisation_id FROM accounts_organisation o LEFT JOIN {FILLED} m ON true"  # noqa: S608
        " WHERE m.id IS NOT NULL"
    )


def _by_common_table() -> set[Any]:
    return organisations(f"WITH m AS MATERIALIZED (SELECT * FROM {FILLED}) SELECT organisation_id FROM m")  # noqa: S608


def _by_view() -> set[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE TEMPORARY VIEW seen AS SELECT * FROM {FILLED}")  # noqa: S608
    return organisations("SELECT organisation_id FROM seen")


def _by_prepared_statement() -> set[Any]:
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        cursor.execute(f"PREPARE prepared AS SELECT organisation_id FROM {FILLED}")  # noqa: S608
    return organisations("EXECUTE prepared")


def _by_cursor_in_sql() -> set[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DECLARE kept CURSOR FOR SELECT organisation_id FROM {FILLED}")  # noqa: S608
        cursor.execute("FETCH ALL FROM kept")
        rows = cursor.fetchall()
        cursor.execute("CLOSE kept")
    return {row[0] for row in rows}


def _by_code_in_the_database() -> set[Any]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS taken (organisation_id uuid)")
        cursor.execute("TRUNCATE taken")
        cursor.execute(
            f"DO $$ BEGIN INSERT INTO taken SELECT organisation_id FROM {FILLED}; END $$"  # noqa: S608  a constant
        )
    return organisations("SELECT organisation_id FROM taken")


def _by_copy() -> set[Any]:
    with connection.cursor() as cursor, cursor.copy(f"COPY {FILLED} (organisation_id) TO STDOUT") as copy:
        copy.set_types(["uuid"])
        return {row[0] for row in copy.rows()}


WAYS: list[Callable[[], set[Any]]] = [
    _by_orm,
    _by_raw_query,
    _by_extra,
    _by_raw_expression,
    _by_aggregate,
    _by_union,
    _by_window,
    _by_join,
    _by_common_table,
    _by_view,
    _by_prepared_statement,
    _by_cursor_in_sql,
    _by_code_in_the_database,
    _by_copy,
]


@pytest.mark.parametrize("read", WAYS, ids=lambda read: read.__name__)
def test_however_it_is_read_a_foreign_row_is_not_there(ours: Twin, theirs: Twin, read: Callable[[], set[Any]]) -> None:
    seen = []
    for scope in (tenancy.scope(ours.id), tenancy.scope(theirs.id), no_scope(), tenancy.scope(ours.id)):
        with scope:
            seen.append(read())

    assert seen == [{ours.id}, {theirs.id}, set(), {ours.id}]


@pytest.mark.parametrize("read", WAYS, ids=lambda read: read.__name__)
def test_everywhere_means_everywhere(ours: Twin, theirs: Twin, read: Callable[[], set[Any]]) -> None:
    with tenancy.everywhere("a test looks at both"):
        assert read() == {ours.id, theirs.id}


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "keyvault"])
def test_a_view_made_by_the_owner_of_the_tables_shows_no_more(ours: Twin, theirs: Twin) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"CREATE VIEW seen_by_all AS SELECT * FROM {FILLED}")  # noqa: S608
    try:
        with tenancy.scope(ours.id):
            assert organisations("SELECT organisation_id FROM seen_by_all") == {ours.id}
        assert organisations("SELECT organisation_id FROM seen_by_all") == set()
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("DROP VIEW seen_by_all")


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "keyvault"])
def test_the_owner_of_the_tables_is_bound_as_well(ours: Twin) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {FILLED}")  # noqa: S608
        assert cursor.fetchone() == (0,)
        with tenancy.scope(ours.id):
            cursor.execute(f"SELECT count(*) FROM {FILLED}")  # noqa: S608
            assert cursor.fetchone() == (1,)


# Everywhere code runs ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_coroutine_takes_its_scope_along_and_loses_it(ours: Twin, theirs: Twin) -> None:
    look = sync_to_async(_by_orm)

    with tenancy.scope(ours.id):
        within = await look()
        with tenancy.scope(theirs.id):
            nested = await look()
        again = await look()
    outside = await look()
    await sync_to_async(connections.close_all)()

    assert (within, nested, again, outside) == ({ours.id}, {theirs.id}, {ours.id}, set())


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_was_told_nothing_sees_nothing(ours: Twin) -> None:
    seen: list[set[Any]] = []

    def look() -> None:
        try:
            seen.append(_by_orm())
        finally:
            connections.close_all()

    with tenancy.scope(ours.id):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(10)

    assert seen == [set()]


_SEEN_BY_TASK: list[set[Any]] = []


@shared_task(name="tests.look_around")
def _look_around(**_later: object) -> None:
    _SEEN_BY_TASK.append(_by_orm())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whose", ["ours", "nobody"])
def test_a_task_works_in_the_scope_of_its_job_and_without_one_sees_nothing(
    ours: Twin, theirs: Twin, whose: str
) -> None:
    organisation_id, expected = {"ours": (ours.id, {ours.id}), "nobody": (None, set())}[whose]
    job = Job.objects.create(name="tests.look_around", organisation_id=organisation_id)
    _SEEN_BY_TASK.clear()

    jobs.find_task("tests.look_around")(job_id=str(job.id))

    assert [expected] == _SEEN_BY_TASK


@pytest.mark.django_db(transaction=True)
def test_periodic_work_sees_nothing_unless_it_says_what_for(ours: Twin) -> None:
    _SEEN_BY_TASK.clear()

    jobs.find_task("tests.look_around")()

    assert [set()] == _SEEN_BY_TASK


# Writing -----------------------------------------------------------------------------------------------------


REFUSED = "violates row-level security policy"


def _insert(organisation_id: Any) -> None:
    Customer.everywhere.create(organisation_id=organisation_id, reference="FOREIGN")


def _assert_refused(work: Callable[[], Any], *twins: Twin) -> None:
    """Check that the database refuses, and that both organisations have what they had."""
    before = [_sizes(twin) for twin in twins]
    with pytest.raises(ProgrammingError, match=REFUSED), transaction.atomic():
        work()
    assert [_sizes(twin) for twin in twins] == before


def _sizes(twin: Twin) -> list[int]:
    with tenancy.scope(twin.id):
        return [count(table) for table in TABLES]


def test_without_a_scope_nothing_can_be_inserted(ours: Twin) -> None:
    _assert_refused(partial(_insert, ours.id), ours)


def test_nothing_can_be_inserted_for_another_organisation(ours: Twin, theirs: Twin) -> None:
    with tenancy.scope(ours.id):
        _assert_refused(partial(_insert, theirs.id), ours, theirs)


def test_a_row_cannot_be_given_to_another_organisation(ours: Twin, theirs: Twin) -> None:
    with tenancy.scope(ours.id):
        _assert_refused(lambda: Message.everywhere.update(organisation_id=theirs.id), ours, theirs)


def test_foreign_rows_can_be_neither_changed_nor_deleted(ours: Twin, theirs: Twin) -> None:
    with tenancy.scope(ours.id):
        changed = Message.everywhere.filter(id=theirs.message.id).update(text="Changed")
        deleted, _ = Message.everywhere.filter(id=theirs.message.id).delete()

    assert (changed, deleted) == (0, 0)
    with tenancy.scope(theirs.id):
        assert Message.objects.get(id=theirs.message.id).text == theirs.message.text


def test_a_foreign_row_cannot_be_overwritten_by_its_id(ours: Twin, theirs: Twin) -> None:
    with tenancy.scope(ours.id):
        _assert_upsert_refused(theirs)

    with tenancy.scope(theirs.id):
        assert Customer.objects.get(id=theirs.customer.id).reference == theirs.customer.reference


def _assert_upsert_refused(theirs: Twin) -> None:
    upsert = (
        "INSERT INTO customers_customer (id, organisation_id, reference) VALUES (%s, %s, 'STOLEN')"
        " ON CONFLICT (id) DO UPDATE SET reference = 'STOLEN'"
    )
    with pytest.raises(ProgrammingError, match=REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(upsert, [theirs.customer.id, tenancy.current_organisation_id()])


# References --------------------------------------------------------------------------------------------------
# PostgreSQL checks foreign keys past all policies, so the key itself holds the organisation.


def _references() -> list[Any]:
    return [
        pytest.param(model, field, id=f"{model._meta.label}.{field.name}")
        for model in TENANT_MODELS
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and issubclass(field.related_model, TenantModel)
    ]


def _constraints_of(table: str) -> list[tuple[list[str], str]]:
    return [
        (columns, definition)
        for columns, definition in fetch(
            "SELECT array(SELECT attname::text FROM unnest(conkey) key JOIN pg_attribute"
            " ON attrelid = conrelid AND attnum = key), pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f' AND convalidated AND conrelid = %s::regclass",
            [table],
        )
    ]


# Not checked row by row, see apps/knowledge/models.py.
UNCHECKED = {("knowledge_posting", "passage_id")}


@pytest.mark.parametrize(("model", "field"), _references())
def test_a_reference_to_a_table_of_tenants_holds_the_organisation(db: None, model: Any, field: Any) -> None:
    table = model._meta.db_table
    found = [definition for columns, definition in _constraints_of(table) if field.column in columns]
    wanted = (
        f"FOREIGN KEY (organisation_id, {field.column})"
        f" REFERENCES {field.related_model._meta.db_table}(organisation_id, id) DEFERRABLE INITIALLY DEFERRED"
    )

    assert found == ([] if (table, field.column) in UNCHECKED else [wanted])


@pytest.mark.parametrize("scope", ["ours", "everywhere"])
def test_a_message_cannot_be_put_into_a_conversation_of_another_organisation(
    ours: Twin, theirs: Twin, scope: str
) -> None:
    scopes = {"ours": tenancy.scope(ours.id), "everywhere": tenancy.everywhere("even an operator cannot")}
    messages = Message.everywhere.filter(id=ours.message.id)
    with scopes[scope], pytest.raises(IntegrityError, match="conversation_id_within"), transaction.atomic():
        _update_and_check(messages, conversation_id=theirs.conversation.id, seq=7)

    with tenancy.scope(ours.id):
        assert Message.objects.get().conversation_id == ours.conversation.id
    with tenancy.scope(theirs.id):
        assert Message.objects.get().conversation_id == theirs.conversation.id


def _update_and_check(rows: "models.QuerySet[Any]", **changes: Any) -> None:
    rows.update(**changes)
    connection.check_constraints()


def test_a_conversation_cannot_be_given_to_a_member_of_another_organisation(ours: Twin, theirs: Twin) -> None:
    refused = pytest.raises(IntegrityError, match="owner_member_id_within")

    with tenancy.scope(ours.id), refused, transaction.atomic():
        _update_and_check(Conversation.objects.all(), owner_kind="person", owner_member_id=theirs.member.id)

    with tenancy.scope(ours.id):
        assert Conversation.objects.get().owner_member_id is None


def test_who_is_deleted_is_still_taken_off_their_conversations(ours: Twin) -> None:
    with tenancy.scope(ours.id):
        Conversation.objects.update(owner_kind="person", owner_member_id=ours.member.id)
        Membership.objects.get(id=ours.member.id).delete()
        connection.check_constraints()

        assert Conversation.objects.get().owner_member_id is None


# The cost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_a_policy_asks_for_the_scope_once_and_not_for_each_row(ours: Twin, table: str) -> None:
    with tenancy.scope(ours.id):
        plan = "\n".join(row[0] for row in fetch(f'EXPLAIN SELECT organisation_id FROM "{table}"'))  # noqa: S608

    filters = [line for line in plan.splitlines() if "Filter" in line and "One-Time" not in line]
    assert sum(line.strip().startswith("InitPlan") for line in plan.splitlines()) == 2
    assert filters != []
    assert [line for line in filters if "current_setting" in line] == []


INDEXED = {
    "vector_graph_wordllama": (
        "SELECT passage_id FROM knowledge_passagevector"
        " WHERE organisation_id = %(organisation_id)s AND encoder_key = 'wordllama-l2-supercat:256:1'"
        " ORDER BY embedding::halfvec(256) <#> %(vector)s::halfvec(256) LIMIT 5"
    ),
    "vector_by_organisation": (
        "SELECT passage_id FROM knowledge_passagevector"
        " WHERE organisation_id = %(organisation_id)s AND encoder_key = 'x'"
    ),
    "Index Only Scan using knowledge_posting_pkey": (
        "SELECT passage_id, frequency, length FROM knowledge_posting"
        " WHERE organisation_id = %(organisation_id)s AND term = 'refund'"
    ),
    "conversation_by_activity": (
        "SELECT id FROM conversations_conversation WHERE organisation_id = %(organisation_id)s AND status = 'open'"
        " ORDER BY last_message_at DESC, id DESC LIMIT 5"
    ),
}


@pytest.mark.parametrize("index", INDEXED)
def test_indexes_are_used_behind_the_wall(ours: Twin, index: str) -> None:
    # Only operators that cannot tell what they compare may run before a policy; those of the indexes are such.
    parameters = {"organisation_id": ours.id, "vector": str([0.1] * 256)}
    with tenancy.scope(ours.id), transaction.atomic():
        with connection.cursor() as cursor:
            # Few rows make every way cheap; what is left open is only whether the policy permits the index.
            for other in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{other} = off")
        plan = "\n".join(row[0] for row in fetch(f"EXPLAIN {INDEXED[index]}", parameters))

    assert index in plan
