"""What each role may do."""

import pytest

from apps.accounts import policies
from apps.accounts.models import Membership
from apps.accounts.types import Role

TABLE = {
    Role.OWNER: {"desk", "administer"},
    Role.ADMIN: {"desk", "administer"},
    Role.AGENT: {"desk"},
    Role.AUTHOR: set(),
    Role.OFFICER: set(),
    Role.AUDITOR: set(),
}


def _granted(membership: Membership) -> set[str]:
    answers = {
        "desk": policies.can_work_at_desk(membership),
        "administer": policies.can_administer(membership),
    }
    return {right for right, granted in answers.items() if granted}


def test_the_table_has_every_role() -> None:
    assert set(TABLE) == set(Role)


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_table_says(role: Role) -> None:
    assert _granted(Membership(role=role.value)) == TABLE[role]


@pytest.mark.parametrize("role", Role)
def test_who_left_may_do_nothing_whatever_their_role(role: Role) -> None:
    assert _granted(Membership(role=role.value, is_active=False)) == set()
