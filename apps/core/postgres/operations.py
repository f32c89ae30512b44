"""What does a migration say to keep a table's rows within their organisation?

Migrations may import this module. What it does to a database must not change: a better wall is a new operation.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState, StateApps

from apps.core import tenancy

_ORGANISATION = "organisation_id"
# Sub-selects, so that they are evaluated once for a statement and not for each row.
_SCOPE = "nullif(nullif(current_setting('app.organisation', true), ''), '*')::uuid"
_WITHIN = f"{_ORGANISATION} = (SELECT {_SCOPE})"
# PostgreSQL guesses that IS NOT NULL holds for nearly every row. So policies do not change how many rows a query, which
# names its organisation anyway, is thought to find; with a comparison here it would be thought to find hardly any.
_ACROSS = "(SELECT 1 WHERE current_setting('app.organisation', true) = '*') IS NOT NULL"
_POLICIES = {"within_organisation": _WITHIN, "across_organisations": _ACROSS}


class ProtectTenantTable(Operation):
    """Show and take rows of the organisation in scope only, and let them point only to rows of the same one.

    Stands after the operation that creates the table. On a table with rows it belongs into a migration with
    ``atomic = False``: then nothing it does blocks writers for long, and all of it can be repeated.
    ``is_referenced`` says that other tenant tables may point to this one.
    """

    reversible = True

    def __init__(self, model_name: str, *, is_referenced: bool = False) -> None:
        self.model_name = model_name
        self.is_referenced = is_referenced

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.model_name], {"is_referenced": self.is_referenced}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: Django knows neither policies nor references of two columns."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if self.is_referenced:
            _index_identity(schema_editor, model)
        for field in _references(model):
            _refer_within_organisation(schema_editor, field)
        _raise_wall(schema_editor, model)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        _take_wall_down(schema_editor, model)
        for field in _references(model):
            schema_editor.execute(f"ALTER TABLE {_table(model)} DROP CONSTRAINT IF EXISTS {_reference_name(field)}")
            schema_editor.execute(schema_editor._create_fk_sql(model, field, "_fk_%(to_table)s_%(to_column)s"))  # type: ignore[attr-defined]
        if self.is_referenced:
            schema_editor.execute(f"DROP INDEX IF EXISTS {_identity_name(model)}")

    def describe(self) -> str:
        return f"Keep rows of {self.model_name} within their organisation"


class RunAcrossOrganisations(migrations.RunPython):
    """``RunPython`` that sees the rows of all organisations. Otherwise not even the owner of the tables sees any."""

    def __init__(self, code: Callable[[StateApps, Any], None], reverse_code: Any = None, **options: Any) -> None:
        super().__init__(_across(code), reverse_code and _across(reverse_code), **options)


def _across(code: Callable[[StateApps, Any], None]) -> Callable[[StateApps, Any], None]:
    def run(apps: StateApps, schema_editor: Any) -> None:
        with tenancy.everywhere(f"a migration of data: {code.__module__}"):
            code(apps, schema_editor)

    return run


def _table(model: type[models.Model]) -> str:
    return f'"{model._meta.db_table}"'


def _identity_name(model: type[models.Model]) -> str:
    return f'"{model._meta.db_table}_in_organisation"'


def _reference_name(field: "models.ForeignKey[Any, Any]") -> str:
    return f'"{field.model._meta.db_table}_{field.column}_within"'


def _references(model: type[models.Model]) -> "Iterator[models.ForeignKey[Any, Any]]":
    """Yield the columns that point to other tenant tables and are checked by the database."""
    for field in model._meta.local_fields:
        is_checked = getattr(field, "db_constraint", False)
        if is_checked and isinstance(field, models.ForeignKey) and _is_of_tenants(field.related_model):
            yield field


def _is_of_tenants(model: type[models.Model]) -> bool:
    return any(field.attname == _ORGANISATION for field in model._meta.local_fields)


def _index_identity(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model]) -> None:
    name = _identity_name(model)
    beside = "" if schema_editor.connection.in_atomic_block else "CONCURRENTLY"
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        found = cursor.fetchone()
    if found == (False,):
        # Left behind by an attempt that was interrupted.
        schema_editor.execute(f"DROP INDEX {beside} {name}")
    if found != (True,):
        schema_editor.execute(f"CREATE UNIQUE INDEX {beside} {name} ON {_table(model)} ({_ORGANISATION}, id)")


def _refer_within_organisation(schema_editor: BaseDatabaseSchemaEditor, field: "models.ForeignKey[Any, Any]") -> None:
    """Replace a foreign key by one that holds the organisation as well: checks of foreign keys pass by policies."""
    table, target, name = _table(field.model), _table(field.related_model), _reference_name(field)
    schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    schema_editor.execute(
        f'ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({_ORGANISATION}, "{field.column}")'
        f" REFERENCES {target} ({_ORGANISATION}, id) DEFERRABLE INITIALLY DEFERRED NOT VALID"
    )
    # Both tables may be behind the wall already, and rows that are not seen cannot be compared.
    with tenancy.everywhere("validating a reference between tables"):
        schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    _drop_plain_reference(schema_editor, field)


def _drop_plain_reference(schema_editor: BaseDatabaseSchemaEditor, field: "models.ForeignKey[Any, Any]") -> None:
    table = field.model._meta.db_table
    for name in schema_editor._constraint_names(field.model, [field.column], foreign_key=True):  # type: ignore[attr-defined]
        schema_editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    # In the migration that creates the table, Django adds its foreign keys only at the end.
    schema_editor.deferred_sql = [
        statement
        for statement in schema_editor.deferred_sql
        if not (
            isinstance(statement, Statement)
            and statement.template == schema_editor.sql_create_fk
            and statement.references_column(table, field.column)
        )
    ]


def _raise_wall(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model]) -> None:
    table = _table(model)
    for name, condition in _POLICIES.items():
        schema_editor.execute(f"DROP POLICY IF EXISTS {name} ON {table}")
        schema_editor.execute(f"CREATE POLICY {name} ON {table} USING ({condition}) WITH CHECK ({condition})")
    schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def _take_wall_down(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model]) -> None:
    table = _table(model)
    schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for name in _POLICIES:
        schema_editor.execute(f"DROP POLICY IF EXISTS {name} ON {table}")
