"""No query touches data of an organisation without naming it, and the database holds to it as well."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

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


# Across organisations -----------------------------------------------------------------------------------------
# Whoever works across organisations stands here, with the reason given in the code. One more line is a decision.

ACROSS = {
    ("apps/accounts/selectors.py", "signing in is what decides the scope"),
    ("apps/accounts/services.py", "the key is what decides the scope"),
    ("apps/accounts/services.py", "whether a person works elsewhere shows only across organisations"),
    ("apps/ai/selectors.py", "finds the organisations whose old traces are to be sealed"),
    ("apps/conversations/selectors.py", "finds the organisations whose old messages are to be protected"),
    ("apps/core/admin.py", "the admin shows operators all organisations"),
    ("apps/core/postgres/operations.py", "a migration of data: {code.__module__}"),
    ("apps/core/postgres/operations.py", "validating a reference between tables"),
    ("apps/customers/selectors.py", "the vault asks which owners of keys exist"),
    ("apps/vault/services/pairing.py", "see under which keys the oldest rows lie"),
    ("apps/vault/services/reporting.py", "count what is encrypted, for an operator"),
    ("apps/inboxes/selectors.py", "the inbox's public id is what decides the scope"),
}


def _is_opening(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "tenancy.everywhere"


def _list_openings(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(source.parse(path)):
        if _is_opening(node):
            reason = ast.unparse(node.args[0])
            yield source.show(path), reason.removeprefix("f")[1:-1]


def test_whoever_works_across_organisations_is_known_with_the_reason() -> None:
    assert {opening for path in MODULES for opening in _list_openings(path)} == ACROSS


def _uses_of_every_row(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"everywhere", "_base_manager"}:
            yield from [node.lineno] if ast.unparse(node.value) != "tenancy" else []


def _lines_in_the_open(path: Path) -> set[int]:
    return {
        line
        for node in ast.walk(source.parse(path))
        if isinstance(node, ast.With) and any(_is_opening(item.context_expr) for item in node.items)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


@pytest.mark.parametrize("path", OUTSIDE_CORE, ids=source.show)
def test_the_manager_of_every_row_is_used_only_where_the_wall_is_open(path: Path) -> None:
    outside = [line for line in _uses_of_every_row(source.parse(path)) if line not in _lines_in_the_open(path)]

    assert outside == []


SETTING_THE_SCOPE = {
    "apps/core/postgres/scoping.py",
    "apps/core/postgres/operations.py",  # the policies read it
    "apps/ops/services/scanning/databases.py",  # a connection of its own, which searches everything for plain text
}


@pytest.mark.parametrize("path", MODULES, ids=source.show)
def test_the_setting_of_the_scope_is_made_in_one_place(path: Path) -> None:
    # Set anywhere else it could outlive its statement, or be somebody else's.
    texts = [node.value for node in ast.walk(source.parse(path)) if isinstance(node, ast.Constant)]
    naming = [text for text in texts if isinstance(text, str) and "app.organisation" in text and "\n" not in text]

    assert naming == [] or source.show(path) in SETTING_THE_SCOPE


def test_what_is_cached_belongs_to_no_organisation() -> None:
    # A key of a cache is behind no wall; an entry of an organisation would have to name it.
    caching = {
        source.show(path)
        for path in MODULES
        if any(name.startswith("django.core.cache") for _, name in source.list_imports(path))
    }

    assert caching == {
        "apps/core/pulse.py",  # when a queue was last served
        "apps/ops/selectors.py",  # whether the cache keeps what it is given
    }


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


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_the_database_shows_rows_of_the_scope_only(model: type[TenantModel], db: None) -> None:
    # A new table gets this by `ProtectTenantTable` in the migration that creates it.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity, pg_has_role(relowner, 'USAGE') FROM pg_class"
            " WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        assert cursor.fetchone() == (True, True, False)
        cursor.execute(
            "SELECT policyname, permissive, roles::text, cmd, qual = with_check, qual FROM pg_policies"
            " WHERE schemaname = 'public' AND tablename = %s ORDER BY policyname DESC",
            [model._meta.db_table],
        )
        policies = cursor.fetchall()

    assert [policy[:5] for policy in policies] == [
        ("within_organisation", "PERMISSIVE", "{public}", "ALL", True),
        ("across_organisations", "PERMISSIVE", "{public}", "ALL", True),
    ]
    assert "organisation_id = ( SELECT" in policies[0][5]
    assert "= '*'::text" in policies[1][5]


def test_no_other_table_has_a_column_of_tenants(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE a.attname = 'organisation_id' AND c.relkind IN ('r', 'p')"
            " AND c.relnamespace = 'public'::regnamespace AND NOT c.relforcerowsecurity"
            # Tables that tests of the vault make: what encryption keeps apart must be seen without the wall.
            " AND NOT starts_with(c.relname, 'letters_')"
        )
        # Jobs are read across organisations by the workers, and carry ids only.
        assert cursor.fetchall() == [("core_job",)]


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
