"""The admin works for the operator of a deployment, page by page."""

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from apps.accounts.models import ApiKey, Membership
from apps.core import tenancy
from apps.inboxes.models import Inbox
from tests.architecture.cast import Cast, make_cast

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

OURS = sorted(
    (model for model in admin.site._registry if model.__module__.startswith("apps.")),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def cast(acme: "Organisation", orbis: "Organisation", inbox: Inbox) -> Cast:
    """Return everybody."""
    return make_cast(acme, orbis, inbox)


@pytest.fixture
def operator(cast: Cast) -> Client:
    """Return the operator's browser; a page that fails raises here."""
    client = Client()
    client.force_login(cast.users["operator"])
    return client


def _address(model: type[models.Model], page: str, *parts: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=parts)


def _first(model: type[models.Model]) -> models.Model | None:
    with tenancy.everywhere("an operator sees both organisations"):
        return model._base_manager.order_by("pk").first()


def test_there_are_pages_to_look_at() -> None:
    assert len(OURS) >= 6


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_a_list_is_shown(operator: Client, model: type[models.Model]) -> None:
    assert operator.get(_address(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_a_list_can_be_searched_and_sorted(operator: Client, model: type[models.Model]) -> None:
    # Without fields to search in, the words are ignored.
    assert operator.get(_address(model, "changelist"), {"q": "acme", "o": "1"}).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_thing_is_shown_with_its_history_and_what_would_go_with_it(
    operator: Client, model: type[models.Model], page: str
) -> None:
    thing = _first(model)

    statuses = [operator.get(_address(model, page, one.pk)).status_code for one in [thing] if one is not None]

    # 403 where this cannot be done here.
    assert set(statuses) <= {200, 403}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_a_form_for_a_new_thing_is_shown_where_one_can_be_made(operator: Client, model: type[models.Model]) -> None:
    assert operator.get(_address(model, "add")).status_code in {200, 403}


def _filled_form(client: Client, address: str) -> dict[str, Any]:
    form = client.get(address).context["adminform"].form
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: _as_typed(value) for name, value in values.items() if value not in (None, False)}


def _as_typed(value: Any) -> Any:
    return "on" if value is True else value.pk if isinstance(value, models.Model) else value


@pytest.mark.parametrize("model", [Membership, Inbox, ApiKey], ids=lambda model: model._meta.label)
def test_a_thing_of_an_organisation_can_be_saved_again(operator: Client, model: type[models.Model]) -> None:
    thing = _first(model)
    assert thing is not None
    address = _address(model, "change", thing.pk)

    response = operator.post(address, _filled_form(operator, address))

    assert (response.status_code, response["Location"]) == (302, _address(model, "changelist"))


def test_an_inbox_can_be_made_and_its_name_is_taken_only_once(operator: Client, cast: Cast) -> None:
    wanted = {"organisation": str(cast.acme.id), "name": "Help", "channel": "web", "is_active": "on"}
    made = operator.post(_address(Inbox, "add"), wanted)

    again = operator.post(_address(Inbox, "add"), wanted)

    assert made.status_code == 302
    assert (again.status_code, again.context["adminform"].form.is_valid()) == (200, False)
    with tenancy.scope(cast.acme.id):
        assert Inbox.objects.filter(name="Help").count() == 1


def test_the_secret_of_a_key_is_nowhere_to_be_seen(operator: Client, cast: Cast) -> None:
    with tenancy.scope(cast.acme.id):
        key = ApiKey.objects.order_by("pk")[0]
    pages = [_address(ApiKey, "changelist"), _address(ApiKey, "change", key.pk)]

    shown = "".join(operator.get(page).content.decode() for page in pages)

    assert key.prefix in shown
    assert "secret_hash" not in shown
    assert bytes(key.secret_hash).hex() not in shown
