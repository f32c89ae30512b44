"""Migrations can be applied while the suite runs, and still be read years later."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import connections, migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from apps.core.postgres.operations import ProtectTenantTable
from tests.architecture import source

FILES = [path for path in source.list_files("apps", suffix=".py") if path.parent.name == "migrations"]
NAMED = [path for path in FILES if path.name != "__init__.py"]
# What a migration may name never changes meaning: the default of primary keys, and the wall around a tenant's table.
ALLOWED_IMPORTS = ("apps.core.ids", "apps.core.postgres.operations")
OWN_PACKAGES = ("apps", "config", "worker", "launcher", "tests")
CONCURRENT = (AddIndexConcurrently, RemoveIndexConcurrently)
# Builds indexes and checks references beside running work, if it is not in a transaction; can be repeated.
REPEATABLE = (ProtectTenantTable,)
REMOVALS = (migrations.RemoveField, migrations.DeleteModel)
ADDITIONS = (migrations.AddField, migrations.CreateModel, migrations.AlterField)


def _list_migrations() -> list[migrations.Migration]:
    ours = {path.parent.parent.name for path in NAMED}
    found = MigrationLoader(None).disk_migrations
    return [migration for (label, _), migration in sorted(found.items()) if label in ours]


def _flatten(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flatten([*operation.database_operations, *operation.state_operations])
        else:
            yield operation


def _having(*kinds: type[Operation]) -> list[migrations.Migration]:
    return [
        migration
        for migration in _list_migrations()
        if any(isinstance(operation, kinds) for operation in _flatten(migration.operations))
    ]


def test_every_migration_of_the_apps_is_looked_at() -> None:
    assert len(NAMED) >= 9
    assert len(_list_migrations()) == len(NAMED)


def test_migrations_have_a_number_and_a_name_that_says_what_they_do() -> None:
    badly_named = [
        source.show(path)
        for path in NAMED
        if not re.fullmatch(r"\d{4}_[a-z][a-z0-9_]+", path.stem) or "_auto_" in path.stem or "_initial" in path.stem
    ]

    assert badly_named == []


@pytest.mark.parametrize("path", NAMED, ids=source.show)
def test_a_migration_imports_nothing_of_ours_that_may_change(path: Path) -> None:
    imported = [
        f"line {line}: {name}"
        for line, name in source.list_imports(path)
        if name.split(".")[0] in OWN_PACKAGES and not name.startswith(ALLOWED_IMPORTS)
    ]

    assert imported == []


def test_nothing_is_ever_renamed() -> None:
    # Old processes still use the old name while the new ones start; `db_column` renames without that.
    assert [str(migration) for migration in _having(migrations.RenameField, migrations.RenameModel)] == []


def test_an_index_built_beside_running_work_stands_alone_outside_a_transaction() -> None:
    # Alone: should a second step fail, the first could not be repeated.
    for migration in _having(*CONCURRENT):
        assert migration.atomic is False, migration
        assert len(list(_flatten(migration.operations))) == 1, migration


def test_an_index_on_a_table_that_exists_is_built_beside_running_work() -> None:
    blocking = [
        f"{migration} {operation.index.name}"
        for migration in _having(migrations.AddIndex)
        for operation in _flatten(migration.operations)
        if isinstance(operation, migrations.AddIndex) and not isinstance(operation, CONCURRENT)
        if operation.model_name.lower() not in _created_by(migration)
    ]

    assert blocking == []


def _created_by(migration: migrations.Migration) -> set[str]:
    return {
        operation.name.lower()
        for operation in _flatten(migration.operations)
        if isinstance(operation, migrations.CreateModel)
    }


def test_what_is_removed_is_removed_apart_from_what_is_added() -> None:
    both = {str(migration) for migration in _having(*REMOVALS)} & {str(migration) for migration in _having(*ADDITIONS)}

    assert both == set()


def test_only_migrations_without_a_transaction_say_so() -> None:
    # Without a transaction a failure leaves half of it behind; only what runs beside other work needs that.
    reasons = {str(migration) for migration in _having(*CONCURRENT, *REPEATABLE)}

    assert {str(migration) for migration in _list_migrations() if not migration.atomic} <= reasons
    assert {str(migration) for migration in _having(*CONCURRENT) if migration.atomic} == set()


def test_a_table_with_rows_is_walled_in_beside_running_work() -> None:
    blocking = [
        f"{migration} {operation.model_name}"
        for migration in _having(*REPEATABLE)
        if migration.atomic
        for operation in _flatten(migration.operations)
        if isinstance(operation, REPEATABLE) and operation.model_name not in _created_by(migration)
    ]

    assert blocking == []


def test_without_a_transaction_only_what_can_be_repeated_comes_more_than_once() -> None:
    mixed = [
        str(migration)
        for migration in _having(*REPEATABLE)
        if not migration.atomic
        and not all(isinstance(operation, REPEATABLE) for operation in _flatten(migration.operations))
    ]

    assert mixed == []


def test_a_migration_of_data_has_a_test_that_names_it() -> None:
    tests = "\n".join(source.read(path) for path in source.list_modules("tests"))
    untested = [migration for migration in _having(migrations.RunPython) if f'"{migration.name}"' not in tests]

    assert [str(migration) for migration in untested] == []


def test_sql_of_our_own_can_be_undone() -> None:
    for migration in _having(migrations.RunSQL):
        statements = [one for one in _flatten(migration.operations) if isinstance(one, migrations.RunSQL)]
        assert all(statement.reversible for statement in statements), migration


def test_each_app_has_one_newest_migration() -> None:
    loader = MigrationLoader(None)

    assert loader.detect_conflicts() == {}


@pytest.mark.django_db(databases=["owner"])
def test_a_migration_waits_only_briefly_for_a_lock() -> None:
    # A migration that queues for a lock makes everything else queue behind it.
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'")
        milliseconds = cursor.fetchone()[0]

    assert 0 < milliseconds <= 5000
