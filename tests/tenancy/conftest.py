"""Two organisations that look the same."""

from typing import TYPE_CHECKING

import pytest

from tests.tenancy.factories import Twin, make_twin

if TYPE_CHECKING:
    from apps.accounts.models import Organisation


@pytest.fixture
def ours(acme: "Organisation") -> Twin:
    """Return acme, with everything it has."""
    return make_twin(acme)


@pytest.fixture
def theirs(orbis: "Organisation") -> Twin:
    """Return orbis, which has the same."""
    return make_twin(orbis)
