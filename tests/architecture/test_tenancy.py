"""No query touches data of an organisation without naming it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from apps.core import tenancy
from apps.core.ids import uuid7
from apps.core.models import TenantModel
from tests.architecture import source

TENANT_MODELS = [model for model in source.list_models() if issubclass(model, TenantModel)]
TENANT_TABLES = frozenset(model._meta.db_table for model in TENANT_MODELS)
MODULES = [path for path in source.list_modules("apps", "config", "worker") if path.parent.name != "migrations"]
# The manager is defined here, and jobs are read across organisations by design.
OUTSIDE_CORE = [path for path in MODULES if path.parent != source.ROOT / "apps" / "core"]
RAW_SQL = frozenset({"execute", "executemany", "raw", "extra", "copy", "stream"})


def test_there_are_tables_of_tenants() -> None:
    assert len(TENANT_MODELS) >= 8


# Through the manager ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_without_a_scope_no_query_is_even_built(model: type[TenantModel]) -> None:
    with pytest.raises(tenancy.TenantScopeMissing):
        model.objects.all()


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_in_a_scope_every_query_names_the_organisation(model: type[TenantModel]) -> None:
    organisation_id = uuid7()

    with tenancy.scope(organisation_id):
        sql, parameters = model.objects.all().query.sql_with_params()

    assert f'WHERE "{model._meta.db_table}"."organisation_id" = %s' in sql
    assert parameters == (organisation_id,)


def _uses_across_organisations(path: Path) -> Iterator[int]:
    for node in ast.walk(source.parse(path)):
        if isinstance(node, ast.Attribute) and node.attr in {"everywhere", "_base_manager"}:
            yield node.lineno


@pytest.mark.parametrize("path", OUTSIDE_CORE, ids=source.show)
def test_whoever_looks_across_organisations_says_why(path: Path) -> None:
    unexplained = [line for line in _uses_across_organisations(path) if not source.has_comment_above(path, line)]

    assert unexplained == []


# Past the manager ------------------------------------------------------------------------------------------


def _raw_queries(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of SQL written by hand; the text is everything the enclosing function could put into it."""
    constants = _texts_by_name(source.parse(path))
    for function in ast.walk(source.parse(path)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and _is_raw(call):
                names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                parts = [*_texts(function), *(constants[name] for name in sorted(names & constants.keys()))]
                yield call.lineno, " ".join(parts)


def _is_raw(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in RAW_SQL
    return isinstance(call.func, ast.Name) and call.func.id == "RawSQL"


def _texts(tree: ast.AST) -> list[str]:
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _texts_by_name(module: ast.Module) -> dict[str, str]:
    return {
        target.id: " ".join(_texts(statement.value))
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _touches_tenants(text: str) -> bool:
    return any(table in text for table in TENANT_TABLES)


@pytest.mark.parametrize("path", OUTSIDE_CORE, ids=source.show)
def test_sql_by_hand_on_data_of_tenants_names_the_organisation_or_says_why_not(path: Path) -> None:
    unfiltered = [
        line
        for line, text in _raw_queries(path)
        if _touches_tenants(text) and "organisation_id" not in text and not source.has_comment_above(path, line)
    ]

    assert unfiltered == []


def test_the_search_for_sql_by_hand_finds_it() -> None:
    found = {source.show(path) for path in MODULES for _ in _raw_queries(path)}

    assert {"apps/core/jobs.py", "apps/ops/selectors.py"} <= found


# In the database -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_the_database_refuses_a_row_of_no_organisation(model: type[TenantModel], db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT is_nullable FROM information_schema.columns"
            " WHERE table_name = %s AND column_name = 'organisation_id'",
            [model._meta.db_table],
        )
        assert cursor.fetchall() == [("NO",)]


@pytest.mark.parametrize(
    ("setting", "wanted"), [("is_superuser", "off"), ("statement_timeout", "5s"), ("lock_timeout", "2s")]
)
def test_the_application_signs_in_with_few_rights_and_little_patience(db: None, setting: str, wanted: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        assert cursor.fetchone()[0] == wanted


def test_the_application_may_neither_pass_row_security_nor_create_tables(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolbypassrls, rolcreatedb, has_schema_privilege('public', 'CREATE')"
            " FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False)
