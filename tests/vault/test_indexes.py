"""Equal values are found by a hash that nobody can compute without the organisation's key."""

import hashlib
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core import tenancy
from apps.core.tenancy import TenantScopeMissing
from apps.vault.errors import KeyShredded, ValueNotText
from apps.vault.models import DataKey
from apps.vault.services import caching, rotating
from apps.vault.services import keys as vault_keys
from apps.vault.services.indexes import blind_index

pytestmark = pytest.mark.django_db
EMAIL = "vera@example.org"


def test_equal_values_of_a_kind_have_one_index(alpha: UUID) -> None:
    first = blind_index("email", EMAIL)
    caching.cache.clear()

    assert blind_index("email", EMAIL) == first
    assert len(first) == 32
    assert first not in {hashlib.sha256(EMAIL.encode()).digest(), hashlib.sha256(b"email" + EMAIL.encode()).digest()}
    assert DataKey.objects.get().purpose == "index"


def test_another_value_kind_or_organisation_has_another_index(alpha: UUID, beta: UUID) -> None:
    found = [blind_index("email", EMAIL), blind_index("phone", EMAIL), blind_index("email", f"{EMAIL} ")]
    found += [blind_index("e", f"mail{EMAIL}"), blind_index("email", EMAIL.upper())]
    with tenancy.scope(beta):
        found.append(blind_index("email", EMAIL))

    assert len(set(found)) == 6


def test_an_index_survives_a_new_root_key(alpha: UUID, settings: Any) -> None:
    before = blind_index("email", EMAIL)
    settings.VAULT_ROOT_KEYS = {2: bytes(range(1, 33)), **settings.VAULT_ROOT_KEYS}

    rotating.rotate_keys()
    settings.VAULT_ROOT_KEYS = {2: bytes(range(1, 33))}
    caching.cache.clear()

    assert blind_index("email", EMAIL) == before


def test_a_value_that_is_no_text_is_refused_without_showing_it(alpha: UUID) -> None:
    with pytest.raises(ValueNotText) as refused:
        blind_index("name", "Vera \ud800")

    assert "Vera" not in repr(refused.value)
    assert refused.value.__suppress_context__ is True


def test_without_a_scope_there_is_no_index() -> None:
    with pytest.raises(TenantScopeMissing):
        blind_index("email", EMAIL)


def test_the_index_goes_with_the_organisation(alpha: UUID) -> None:
    blind_index("email", EMAIL)

    assert vault_keys.shred_keys(owner_ids=[alpha]) == 1

    with pytest.raises(KeyShredded):
        blind_index("email", EMAIL)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(st.tuples(st.text(max_size=20), st.text(max_size=20)), st.tuples(st.text(max_size=20), st.text(max_size=20)))
def test_only_equal_pairs_have_equal_indexes(alpha: UUID, one: tuple[str, str], two: tuple[str, str]) -> None:
    assert (blind_index(*one) == blind_index(*two)) == (one == two)
