"""Who may do what? Decided by role, in one place."""

from typing import TYPE_CHECKING

from apps.accounts.types import Role

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
