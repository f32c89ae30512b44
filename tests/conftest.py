"""What do all tests share? One database for each test process, and the cast.

acme is an organisation, ana its agent, adam its admin, vera a visitor of its web chat; oskar is an agent of another
organisation, orbis.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase

from apps.accounts import services as account_services
from apps.accounts.types import Role
from apps.core import tenancy
from apps.inboxes import services as inbox_services
from apps.vault.services import caching
from tests.environment import WORKER

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PASSWORD = "correct horse battery"
VERA_SECRET = "s_" + "v" * 43


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no browser, loudly, unless they are required."""
    if CHROMIUM is not None:
        return
    required = os.environ.get("SWITCHBOARD_BROWSER_TESTS") == "required"
    for item in items:
        if item.get_closest_marker("browser") is None:
            continue
        if required:
            raise pytest.UsageError("Browser tests are required here, but no Chromium was found.")
        item.add_marker(pytest.mark.skip(reason="NO BROWSER: Chromium is not installed, this was NOT tested"))


# Every test with a database has both: the data's, and that of the keys to the data.
TransactionTestCase.databases = {"default", "keyvault"}


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """Create this process's databases as their owners, migrate them, and let the tests in as the application role."""
    with django_db_blocker.unblock(), ExitStack() as made:
        for owner, app, migrated in (("owner", "default", None), ("keyvault_owner", "keyvault", "vault")):
            made.enter_context(_database(connections[owner], connections[app], migrated))
        yield


@contextmanager
def _database(owner: Any, app: Any, migrated: str | None) -> Iterator[None]:
    # With the process id: two runs in one checkout must not drop each other's database.
    name = f"test_switchboard_{WORKER}_{os.getpid()}"
    with owner.cursor() as cursor:
        for left in _databases_left_behind(cursor):
            cursor.execute(f'DROP DATABASE IF EXISTS "{left}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    usual = owner.settings_dict["NAME"]
    owner.close()
    app.close_pool()
    for connection in (owner, app):
        connection.settings_dict["NAME"] = name
    call_command("migrate", *filter(None, [migrated]), database=owner.alias, verbosity=0, interactive=False)
    with owner.cursor() as cursor:
        # Tests that commit clean up by TRUNCATE, which the application itself may not.
        cursor.execute("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO switchboard_app")
    owner.close()
    yield
    app.close()
    app.close_pool()
    owner.close()
    owner.settings_dict["NAME"] = usual
    with owner.cursor() as cursor:
        # Threads of the tests may still hold connections; the pool ends them in a moment.
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"' if _is_unused(cursor, name) else "SELECT 1")
    owner.close()


def _databases_left_behind(cursor: Any) -> list[str]:
    """Return the test databases of processes that are gone."""
    cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_switchboard\\_%%'")
    names = [row[0] for row in cursor.fetchall()]
    return [name for name in names if not _is_running(name.rpartition("_")[2]) and _is_unused(cursor, name)]


def _is_running(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_unused(cursor: Any, name: str) -> bool:
    cursor.execute("SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = %s", [name])
    return bool(cursor.fetchone()[0])


@pytest.fixture
def acme(db: None) -> "Organisation":
    """Return an organisation that nobody is in scope of yet."""
    return account_services.save_organisation(
        slug="acme", name="Acme Rail", assistant_name="Alba", greeting="Hello.", locale="en"
    )


@pytest.fixture
def orbis(db: None) -> "Organisation":
    """Return another organisation."""
    return account_services.save_organisation(slug="orbis", name="Orbis Ferries", locale="en")


@pytest.fixture
def in_acme(acme: "Organisation") -> Iterator["Organisation"]:
    """Work in acme's scope."""
    with tenancy.scope(acme.id):
        yield acme


def _member(organisation: "Organisation", name: str, role: Role) -> "Membership":
    email = f"{name.lower()}@{organisation.slug}.example"
    membership = account_services.save_member(
        organisation=organisation, email=email, name=name, role=role, password=PASSWORD
    )
    with tenancy.scope(organisation.id):
        membership.refresh_from_db(from_queryset=type(membership).objects.select_related("user", "organisation"))
    return membership


@pytest.fixture
def ana(acme: "Organisation") -> "Membership":
    """Return an agent of acme."""
    return _member(acme, "Ana", Role.AGENT)


@pytest.fixture
def adam(acme: "Organisation") -> "Membership":
    """Return an admin of acme."""
    return _member(acme, "Adam", Role.ADMIN)


@pytest.fixture
def oskar(orbis: "Organisation") -> "Membership":
    """Return an agent of orbis."""
    return _member(orbis, "Oskar", Role.AGENT)


@pytest.fixture
def inbox(acme: "Organisation") -> "Inbox":
    """Return acme's web chat."""
    return inbox_services.save_inbox(organisation=acme, name="Website")


@pytest.fixture
def vera() -> str:
    """Return the session secret of a visitor of acme's web chat who has not written yet."""
    return VERA_SECRET


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    """Begin each test with empty caches: no test reads what another has left, nor opens with its keys."""
    cache.clear()
    caching.cache.clear()
