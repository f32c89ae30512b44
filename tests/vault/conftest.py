"""Tables for the tests' own models, two organisations, and a look at what is really stored."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, models
from django.test.utils import CaptureQueriesContext

from apps.core import tenancy
from apps.vault import fields, selectors
from tests.vault.letters import Card, Letter

Peek = Callable[[models.Model, str], bytes | None]


@pytest.fixture(scope="session")
def _letter_tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        owner = connections["owner"]
        with owner.schema_editor() as editor:
            for model in (Letter, Card):
                editor.create_model(model)
        with owner.cursor() as cursor:
            cursor.execute("GRANT TRUNCATE ON letters_letter, letters_card TO switchboard_app")
        owner.close()
    yield
    fields.COLUMNS[:] = [column for column in fields.COLUMNS if column.model not in (Letter, Card)]


@pytest.fixture
def letters(_letter_tables: None, db: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    """Have the tables of letters and cards, and a folder for files."""
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = storages
    yield
    # A test that commits is cleaned up table by table, but only those of installed apps.
    Letter.everywhere.all().delete()
    Card.everywhere.all().delete()


@pytest.fixture
def alpha() -> Iterator[UUID]:
    """Work in the scope of an organisation."""
    organisation_id = uuid4()
    with tenancy.scope(organisation_id):
        yield organisation_id


@pytest.fixture
def beta() -> UUID:
    """Return another organisation."""
    return uuid4()


@pytest.fixture
def peek() -> Peek:
    """Read a column as it is stored."""

    def look(row: models.Model, column: str) -> bytes | None:
        with connection.cursor() as cursor:
            statement = f'SELECT "{column}" FROM "{row._meta.db_table}" WHERE id = %s'  # noqa: S608  names of ours
            cursor.execute(statement, [row.pk])
            found = cursor.fetchone()[0]
            return None if found is None else bytes(found)

    return look


@pytest.fixture
def command_environment() -> Callable[[str], dict[str, str]]:
    """Return the environment in which a command of its own process finds this test's databases."""

    def build(root_keys: str) -> dict[str, str]:
        found = {**os.environ, "VAULT_ROOT_KEYS": root_keys}
        for alias, name in (("default", "DATABASE_URL"), ("keyvault", "KEYVAULT_DATABASE_URL")):
            database = connections[alias].settings_dict["NAME"]
            found[name] = re.sub(r"/[a-z]+\?", f"/{database}?", os.environ[name], count=1)
        return found

    return build


@pytest.fixture
def keyvault_away() -> Iterator[Callable[[], None]]:
    """Return a call that makes the database of keys unreachable until the test ends."""
    connection = connections["keyvault"]
    usual = connection.settings_dict["HOST"], connection.settings_dict["OPTIONS"]

    def point_to(host: str, options: dict[str, Any]) -> None:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["HOST"], connection.settings_dict["OPTIONS"] = host, options

    def go() -> None:
        point_to("/nowhere", {**usual[1], "host": "/nowhere"})

    yield go
    point_to(*usual)
    selectors.reopen()


@pytest.fixture
def keyvault_queries() -> CaptureQueriesContext:
    """Count what is asked of the database of keys."""
    return CaptureQueriesContext(connections["keyvault"])
