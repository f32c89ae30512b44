"""Who may do what? Decided by role, in one place."""

from typing import TYPE_CHECKING
from uuid import UUID

from apps.accounts.errors import ApiKeyRejected, ScopeMissing
from apps.accounts.models import ApiKey
from apps.accounts.types import Role, Scope

if TYPE_CHECKING:
    from apps.accounts.models import Membership

DESK_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.AGENT})
ADMIN_ROLES = frozenset({Role.OWNER, Role.ADMIN})


def can_work_at_desk(membership: "Membership") -> bool:
    """Tell whether this member may read and answer conversations."""
    return membership.is_active and membership.role in DESK_ROLES


def can_administer(membership: "Membership") -> bool:
    """Tell whether this member may change settings, members and keys."""
    return membership.is_active and membership.role in ADMIN_ROLES


def access_by_key(key: object, scope: Scope) -> UUID:
    """Return the organisation a program works on; ``key`` is what authentication found.

    Raises ``ApiKeyRejected`` without a key and ``ScopeMissing``.
    """
    if not isinstance(key, ApiKey):
        raise ApiKeyRejected("This address is for programs; send an API key.")
    if scope.value not in key.scopes:
        raise ScopeMissing(f"This API key does not have the scope {scope.value}.")
    return key.organisation_id
