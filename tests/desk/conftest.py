"""Who sits at the desk in these tests?"""

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.types import Role
from tests.desk.factories import make_member

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation


@pytest.fixture(autouse=True)
def unhashed_files(settings: Settings) -> None:
    """Let pages name their static files without collecting them first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def ben(acme: "Organisation") -> "Membership":
    """Return ana's colleague."""
    return make_member(acme, "Ben", Role.AGENT)


@pytest.fixture
def author(acme: "Organisation") -> "Membership":
    """Return a member of acme whose role has no desk."""
    return make_member(acme, "Olive", Role.AUTHOR)


@pytest.fixture
def as_ana(ana: "Membership") -> Client:
    """Return a browser in which ana is signed in."""
    browser = Client()
    browser.force_login(ana.user)
    return browser
