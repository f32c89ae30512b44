"""Secrets for visitor tokens in the admin."""

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.core import tenancy
from apps.customers.models import TokenSecret
from apps.customers.services import token_secrets
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

ADD = reverse("admin:customers_tokensecret_add")
LIST = reverse("admin:customers_tokensecret_changelist")


@pytest.fixture
def operator(db: None) -> Client:
    """Return the operator's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("operator@switchboard.example", PASSWORD, name="Operator"))
    return client


def test_a_secret_is_shown_when_it_is_made_and_never_again(operator: Client, in_acme: "Organisation") -> None:
    shown = operator.post(ADD, {"organisation": str(in_acme.id), "name": "Website"}).content.decode()

    secret = TokenSecret.objects.get()
    later = [LIST, reverse("admin:customers_tokensecret_change", args=[secret.id])]
    later.append(reverse("admin:customers_tokensecret_history", args=[secret.id]))
    pages = "".join(operator.get(page).content.decode() for page in later)
    assert secret.secret in shown
    assert secret.prefix in pages
    assert secret.secret[8:] not in pages


def test_a_fourth_secret_is_refused_in_words(operator: Client, in_acme: "Organisation") -> None:
    for name in ("One", "Two", "Three"):
        token_secrets.create_token_secret(name=name)

    response = operator.post(ADD, {"organisation": str(in_acme.id), "name": "Four"})

    assert "three active secrets already" in response.content.decode()
    assert TokenSecret.objects.count() == 3


def test_secrets_are_retired_from_the_list(operator: Client, acme: "Organisation", orbis: "Organisation") -> None:
    made = []
    for organisation in (acme, orbis):
        with tenancy.scope(organisation.id):
            made.append(token_secrets.create_token_secret(name="Website"))

    operator.post(LIST, {"action": "retire", "_selected_action": [str(one.id) for one in made[:1]]})

    with tenancy.scope(acme.id):
        assert TokenSecret.objects.filter(retired_at=None).count() == 0
    with tenancy.scope(orbis.id):
        assert TokenSecret.objects.filter(retired_at=None).count() == 1


def test_a_secret_is_not_deleted(operator: Client, in_acme: "Organisation") -> None:
    made = token_secrets.create_token_secret(name="Website")

    response = operator.post(reverse("admin:customers_tokensecret_delete", args=[made.id]), {"post": "yes"})

    assert response.status_code == 403
    assert TokenSecret.objects.count() == 1
