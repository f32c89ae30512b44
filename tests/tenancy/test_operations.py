"""What a migration says raises the wall around a table, takes it down again, and sees all rows where it moves data."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections, migrations, models
from django.db.migrations.state import ProjectState

from apps.core import tenancy
from apps.core.ids import uuid7
from apps.core.postgres.operations import ProtectTenantTable, RunAcrossOrganisations

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "keyvault"])

TABLE, CHILD = "vehicles_train", "vehicles_coach"


def _organisation() -> Any:
    return models.ForeignKey("vehicles.Company", on_delete=models.CASCADE, related_name="+")


def _fields(**more: Any) -> list[tuple[str, Any]]:
    return [("id", models.UUIDField(primary_key=True, default=uuid7)), *more.items()]


CREATE_COMPANY = migrations.CreateModel("Company", _fields())
CREATE_TRAIN = migrations.CreateModel("Train", _fields(organisation=_organisation()))
CREATE_COACH = migrations.CreateModel(
    "Coach",
    _fields(
        organisation=_organisation(),
        train=models.ForeignKey("vehicles.Train", on_delete=models.CASCADE, related_name="+"),
        before=models.ForeignKey("vehicles.Coach", null=True, on_delete=models.SET_NULL, related_name="+"),
    ),
)
PROTECT = [ProtectTenantTable("train", is_referenced=True), ProtectTenantTable("coach", is_referenced=True)]


class Railway:
    """A database in which migrations are applied one after the other."""

    def __init__(self) -> None:
        self.state = ProjectState()
        self.owner = connections["owner"]

    def apply(self, *operations: Any, atomic: bool) -> None:
        with self.owner.schema_editor(atomic=atomic) as editor:
            for operation in operations:
                before = self.state.clone()
                operation.state_forwards("vehicles", self.state)
                operation.database_forwards("vehicles", editor, before, self.state)

    def undo(self, operation: Any) -> None:
        with self.owner.schema_editor(atomic=False) as editor:
            operation.database_backwards("vehicles", editor, self.state, self.state)

    def fetch(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.owner.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def describe(self) -> dict[str, list[Any]]:
        """Return everything the operation is about."""
        tables = f"('{TABLE}'::regclass, '{CHILD}'::regclass)"
        return {
            "walls": self.fetch(f"SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid IN {tables} ORDER BY 1"),  # noqa: S608, E501
            "policies": self.fetch("SELECT tablename, policyname FROM pg_policies WHERE tablename LIKE 'vehicles%%' ORDER BY 1, 2"),  # noqa: E501
            "references": self.fetch(f"SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE contype = 'f' AND conrelid IN {tables} ORDER BY 1"),  # noqa: S608, E501
            "indexes": self.fetch("SELECT indexdef FROM pg_indexes WHERE indexname LIKE 'vehicles%%in_organisation' ORDER BY 1"),  # noqa: E501
        }  # fmt: skip


@pytest.fixture
def railway(transactional_db: None) -> Iterator[Railway]:
    """Return a database without any of these tables."""
    railway = Railway()
    railway.apply(CREATE_COMPANY, atomic=True)
    yield railway
    for table in (CHILD, TABLE, "vehicles_company"):
        railway.fetch(f"DROP TABLE IF EXISTS {table}")


def _reference(column: str, target: str) -> tuple[str, bool]:
    key = f"FOREIGN KEY (organisation_id, {column}) REFERENCES {target}(organisation_id, id)"
    return f"{key} DEFERRABLE INITIALLY DEFERRED", True


_TO_COMPANY = (
    "FOREIGN KEY (organisation_id) REFERENCES vehicles_company(id) DEFERRABLE INITIALLY DEFERRED",
    True,
)
PROTECTED = {
    "walls": [(CHILD, True, True), (TABLE, True, True)],
    "policies": [
        (table, policy) for table in (CHILD, TABLE) for policy in ("across_organisations", "within_organisation")
    ],
    "references": sorted(
        [_reference("before_id", CHILD), _reference("train_id", TABLE), _TO_COMPANY, _TO_COMPANY],
    ),
    "indexes": [
        (f"CREATE UNIQUE INDEX {table}_in_organisation ON public.{table} USING btree (organisation_id, id)",)
        for table in (CHILD, TABLE)
    ],
}


def test_a_new_table_is_protected_by_the_migration_that_creates_it(railway: Railway) -> None:
    railway.apply(CREATE_TRAIN, PROTECT[0], CREATE_COACH, PROTECT[1], atomic=True)

    assert railway.describe() == PROTECTED


def test_a_table_with_rows_is_protected_beside_running_work_and_again(railway: Railway) -> None:
    railway.apply(CREATE_TRAIN, CREATE_COACH, atomic=True)
    _fill(railway)

    railway.apply(*PROTECT, atomic=False)
    railway.apply(*PROTECT, atomic=False)

    assert railway.describe() == PROTECTED
    assert railway.fetch(f"SELECT * FROM {CHILD}") == []  # noqa: S608  a constant


def test_what_is_undone_is_as_it_was(railway: Railway) -> None:
    railway.apply(CREATE_TRAIN, CREATE_COACH, atomic=True)
    before = railway.describe()
    railway.apply(*PROTECT, atomic=False)

    for operation in reversed(PROTECT):
        railway.undo(operation)

    assert railway.describe() == before


def test_rows_that_already_point_across_the_border_stop_the_migration(railway: Railway) -> None:
    railway.apply(CREATE_TRAIN, CREATE_COACH, atomic=True)
    _fill(railway)
    railway.fetch("INSERT INTO vehicles_company (id) VALUES (%s)", other := uuid7())
    railway.fetch(f"UPDATE {CHILD} SET organisation_id = %s", other)  # noqa: S608  a constant

    with pytest.raises(Exception, match="train_id_within"):
        railway.apply(*PROTECT, atomic=False)

    assert railway.fetch(f"SELECT count(*) FROM {CHILD}") == [(1,)]  # noqa: S608  a constant


def test_moving_data_sees_the_rows_of_all(railway: Railway) -> None:
    railway.apply(CREATE_TRAIN, CREATE_COACH, atomic=True)
    _fill(railway)
    railway.apply(*PROTECT, atomic=False)
    seen: list[int] = []

    def move(apps: Any, schema_editor: Any) -> None:
        trains = apps.get_model("vehicles", "Train").objects.using(schema_editor.connection.alias)
        seen.append(trains.count())

    railway.apply(migrations.RunPython(move), RunAcrossOrganisations(move), atomic=True)

    assert seen == [0, 1]
    assert tenancy.find_scope() is None


def _fill(railway: Railway) -> None:
    company, train = uuid7(), uuid7()
    railway.fetch("INSERT INTO vehicles_company (id) VALUES (%s)", company)
    railway.fetch(f"INSERT INTO {TABLE} (id, organisation_id) VALUES (%s, %s)", train, company)  # noqa: S608
    railway.fetch(
        f"INSERT INTO {CHILD} (id, organisation_id, train_id) VALUES (%s, %s, %s)",  # noqa: S608
        uuid7(),
        company,
        train,
    )


def test_the_operation_is_written_as_it_was_read() -> None:
    name, arguments, options = ProtectTenantTable("train", is_referenced=True).deconstruct()

    assert (name, arguments, options) == ("ProtectTenantTable", ["train"], {"is_referenced": True})
