"""Under which membership does somebody work?"""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from apps.accounts import selectors, services
from apps.accounts.errors import MembershipMissing, OrganisationNotFound
from apps.accounts.models import Membership, Organisation, User
from apps.accounts.types import Role
from apps.core import tenancy

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries


def _join(organisation: Organisation, user: User, role: Role = Role.AGENT) -> Membership:
    return services.save_member(
        organisation=organisation, email=user.email, name=user.name, role=role, password="correct horse battery"
    )


def test_a_member_is_found_with_user_and_organisation(
    ana: Membership, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    with django_assert_num_queries(1):
        found = selectors.get_membership(ana.user)
        names = (found.user.name, found.organisation.name)

    assert (found.id, *names) == (ana.id, "Ana", "Acme Rail")


def test_of_two_memberships_the_older_one_counts(ana: Membership, orbis: Organisation) -> None:
    _join(orbis, ana.user, Role.ADMIN)

    assert selectors.get_membership(ana.user).id == ana.id


def test_when_the_older_one_ends_the_next_counts(ana: Membership, orbis: Organisation) -> None:
    second = _join(orbis, ana.user)
    with tenancy.scope(ana.organisation_id):
        Membership.objects.filter(id=ana.id).update(is_active=False)

    assert selectors.get_membership(ana.user).id == second.id


def test_who_left_has_no_membership(ana: Membership) -> None:
    with tenancy.scope(ana.organisation_id):
        Membership.objects.update(is_active=False)

    assert selectors.find_membership(ana.user) is None
    with pytest.raises(MembershipMissing):
        selectors.get_membership(ana.user)


def test_who_may_no_longer_sign_in_has_no_membership(ana: Membership) -> None:
    User.objects.filter(id=ana.user_id).update(is_active=False)

    assert selectors.find_membership(ana.user) is None


def test_in_an_organisation_that_is_switched_off_nobody_works(ana: Membership) -> None:
    Organisation.objects.filter(id=ana.organisation_id).update(is_active=False)

    assert selectors.find_membership(ana.user) is None


def test_a_person_without_an_organisation_has_no_membership(db: None) -> None:
    user = User.objects.create_user("nobody@acme.example", "correct horse battery", name="Nobody")

    with pytest.raises(MembershipMissing):
        selectors.get_membership(user)


def test_active_members_are_listed_by_name_and_only_ones_own(
    adam: Membership, ana: Membership, oskar: Membership
) -> None:
    gone = services.save_member(
        organisation=ana.organisation, email="gone@acme.example", name="Aaron", role=Role.AGENT, password="x" * 12
    )
    with tenancy.scope(ana.organisation_id):
        Membership.objects.filter(id=gone.id).update(is_active=False)

        assert [member.user.name for member in selectors.list_active_members()] == ["Adam", "Ana"]


def test_an_organisation_is_found_by_id_and_by_slug(acme: Organisation) -> None:
    assert selectors.get_organisation(acme.id) == acme
    assert selectors.get_organisation_by_slug("acme") == acme


def test_an_organisation_that_is_switched_off_or_unknown_is_not_found(acme: Organisation) -> None:
    Organisation.objects.update(is_active=False)

    with pytest.raises(OrganisationNotFound):
        selectors.get_organisation(acme.id)
    with pytest.raises(OrganisationNotFound):
        selectors.get_organisation(uuid4())
    with pytest.raises(OrganisationNotFound, match="acme"):
        selectors.get_organisation_by_slug("acme")
