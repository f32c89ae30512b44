"""The tenant scope."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from apps.core import clock, tenancy
from apps.customers.models import Customer
from apps.customers.services import visitors as customer_visitors

if TYPE_CHECKING:
    from apps.accounts.models import Organisation


def test_a_query_without_a_scope_raises(db: None) -> None:
    with pytest.raises(tenancy.TenantScopeMissing):
        Customer.objects.count()


def test_a_scope_ends_with_its_block_and_scopes_nest() -> None:
    outer, inner = uuid4(), uuid4()

    with tenancy.scope(outer):
        with tenancy.scope(inner):
            assert tenancy.current_organisation_id() == inner
        assert tenancy.current_organisation_id() == outer

    assert tenancy.find_current_organisation_id() is None


def test_rows_of_another_organisation_do_not_exist(acme: "Organisation", orbis: "Organisation") -> None:
    with tenancy.scope(acme.id):
        customer = customer_visitors.create_visitor(now=clock.now())

    with tenancy.scope(orbis.id):
        assert Customer.objects.filter(id=customer.id).first() is None
        assert Customer.objects.count() == 0
    with tenancy.scope(acme.id):
        assert Customer.objects.get() == customer
