"""Who may sit at the desk, and what may they open there?"""

from typing import TYPE_CHECKING

from apps.accounts import policies as account_policies
from apps.accounts import selectors as account_selectors
from apps.accounts.types import Role
from apps.desk.errors import DeskRoleMissing, JoiningRoleMissing, SignInNeeded

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from apps.accounts.models import Membership, User

# Everybody at the desk: whoever talks to a person notices first that they know them, and every join can be undone.
JOINING_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.AGENT})


def access_desk(user: "User | AnonymousUser") -> "Membership":
    """Return the membership under which ``user`` works at the desk.

    Raises ``SignInNeeded``, ``MembershipMissing`` and ``DeskRoleMissing``.
    """
    if not user.is_authenticated:
        raise SignInNeeded
    membership = account_selectors.get_membership(user)
    if not account_policies.can_work_at_desk(membership):
        raise DeskRoleMissing
    return membership


def check_joining(membership: "Membership") -> None:
    """Let pass who may join and part customers, and say who they are. Raises ``JoiningRoleMissing``."""
    if membership.role not in JOINING_ROLES:
        raise JoiningRoleMissing
