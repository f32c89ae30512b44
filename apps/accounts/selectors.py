"""Which organisation, which member, which key?"""

from collections.abc import Collection
from uuid import UUID

from apps.accounts.errors import MembershipMissing, OrganisationNotFound
from apps.accounts.models import Membership, Organisation, User
from apps.core import tenancy


def get_organisation(organisation_id: UUID) -> Organisation:
    """Return an active organisation. Raises ``OrganisationNotFound``."""
    organisation = Organisation.objects.filter(id=organisation_id, is_active=True).first()
    if organisation is None:
        raise OrganisationNotFound
    return organisation


def get_organisation_by_slug(slug: str) -> Organisation:
    """Return an active organisation by its short name. Raises ``OrganisationNotFound`` naming the slug."""
    organisation = Organisation.objects.filter(slug=slug, is_active=True).first()
    if organisation is None:
        raise OrganisationNotFound(f"There is no organisation called {slug!r}.")
    return organisation


def find_membership(user: User) -> Membership | None:
    """Return the first active membership of a signed-in user, oldest first, with user and organisation loaded."""
    with tenancy.everywhere("signing in is what decides the scope"):
        memberships = Membership.everywhere.select_related("user", "organisation")
        return (
            memberships.filter(user=user, user__is_active=True, is_active=True, organisation__is_active=True)
            .order_by("created_at", "id")
            .first()
        )


def get_membership(user: User) -> Membership:
    """Return the membership a signed-in user works under. Raises ``MembershipMissing``."""
    membership = find_membership(user)
    if membership is None:
        raise MembershipMissing
    return membership


def list_active_members() -> list[Membership]:
    """Return the active members of the organisation in scope, with their users, by name."""
    members = Membership.objects.select_related("user").filter(is_active=True, user__is_active=True)
    return list(members.order_by("user__name", "id"))


def find_organisation_by_slug(slug: str) -> Organisation | None:
    """Return an active organisation by its short name, or None."""
    return Organisation.objects.filter(slug=slug, is_active=True).first()


def list_known_ids(organisation_ids: Collection[UUID]) -> list[UUID]:
    """Return those of the ids that are organisations."""
    return list(Organisation.objects.filter(id__in=organisation_ids).values_list("id", flat=True))
