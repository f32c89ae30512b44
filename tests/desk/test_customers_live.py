"""Do open windows learn who is who, and only those of the organisation?"""

from typing import TYPE_CHECKING, Any

import pytest
from channels.db import database_sync_to_async

from apps.accounts.models import Membership
from apps.core import tenancy
from apps.customers.models import Customer
from apps.customers.services import merging, withdrawing
from apps.customers.types import Level
from tests.customers.factories import NOON, identify, introduce, make_customer
from tests.desk.test_consumers import Window, at_desk

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keyvault"])


@pytest.fixture
def pair(acme: "Organisation") -> tuple[Customer, Customer]:
    with tenancy.scope(acme.id):
        return make_customer(), make_customer()


async def in_scope(customer: Customer, call: Any, *args: Any, **kwargs: Any) -> Any:
    def scoped() -> Any:
        with tenancy.scope(customer.organisation_id):
            return call(*args, **kwargs)

    return await database_sync_to_async(scoped)()


async def heard_of(window: Window) -> list[str]:
    return sorted((await window.hear_of("customer.changed"))["customer_ids"])


async def test_windows_learn_who_was_identified(ana: Membership, pair: tuple[Customer, Customer]) -> None:
    vera, _ = pair

    async with at_desk(ana) as window:
        await in_scope(vera, identify, vera.id, introduce(email="vera@example.org"))

        assert await heard_of(window) == [str(vera.id)]


async def test_windows_learn_what_was_taken_back(ana: Membership, pair: tuple[Customer, Customer]) -> None:
    vera, _ = pair
    await in_scope(vera, identify, vera.id, introduce(name="Vera", level=Level.CLAIMED, source="agent"))

    async with at_desk(ana) as window:
        claim = {"customer_id": vera.id, "key": "name", "value": "Vera", "source": "agent"}
        await in_scope(vera, withdrawing.withdraw_fact, **claim)

        assert await heard_of(window) == [str(vera.id)]


async def test_windows_learn_who_was_joined_and_who_was_parted(
    ana: Membership, pair: tuple[Customer, Customer]
) -> None:
    both = [str(one.id) for one in pair]

    async with at_desk(ana) as window:
        merge = await in_scope(
            pair[0], merging.merge_customers, first_id=pair[0].id, second_id=pair[1].id, actor=ana, now=NOON
        )
        after_the_join = await heard_of(window)
        await in_scope(pair[0], merging.undo_merge, merge_id=merge.id, actor=ana, now=NOON)
        after_the_undo = await heard_of(window)

    assert (after_the_join, after_the_undo) == (both, both)


async def test_windows_of_another_organisation_hear_nothing(oskar: Membership, pair: tuple[Customer, Customer]) -> None:
    async with at_desk(oskar) as window:
        await in_scope(
            pair[0], merging.merge_customers, first_id=pair[0].id, second_id=pair[1].id, actor=None, now=NOON
        )

        assert await window.communicator.receive_nothing(timeout=0.5)
