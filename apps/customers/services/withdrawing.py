"""What follows when somebody takes back what they have said about a customer?

Only a claim can be taken back: what a channel has carried or somebody has proven stays true whoever regrets it. With
the claim go the suggestions that rest on it; joins stay, and have their own undo.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.core import eventbus, tenancy
from apps.customers.errors import ClaimNotFound, CustomerNotFound
from apps.customers.events import ClaimWithdrawn
from apps.customers.models import Customer, Fact, Identity, MergeSuggestion
from apps.customers.services import locking
from apps.customers.types import CanonicalIdentity, Level, SuggestionState
from apps.vault.services import indexes as vault_indexes
from apps.vault.services import keys as vault_keys


@transaction.atomic
def withdraw_identity(*, customer_id: UUID, identity: CanonicalIdentity, source: str) -> None:
    """Take back what a source has claimed of a person, whichever of the family it was said of.

    Raises ``CustomerNotFound``, ``ClaimNotFound``, ``Contended`` and ``VaultUnavailable``.
    """
    index = vault_indexes.blind_index(identity.kind.value, identity.value)
    locking.lock_identities(blind_indexes=[index])
    family = _lock_family(customer_id)
    claims = Identity.objects.filter(
        customer_id__in=family,
        kind=identity.kind.value,
        blind_index=index,
        level=Level.CLAIMED.value,
        source=source,
    )
    claimed = list(claims.values_list("customer_id", flat=True))
    if not claimed:
        raise ClaimNotFound
    claims.delete()
    resting = Q(low_id__in=claimed) | Q(high_id__in=claimed)
    MergeSuggestion.objects.filter(resting, evidence=index, state=SuggestionState.OPEN.value).delete()
    _announce(customer_id)


@transaction.atomic
def withdraw_fact(*, customer_id: UUID, key: str, value: str, source: str) -> None:
    """Take back what a source has said of a person under this key, such as a name.

    Raises ``CustomerNotFound``, ``ClaimNotFound``, ``Contended``, ``KeyShredded`` and ``VaultUnavailable``.
    """
    family = _lock_family(customer_id)
    # Made with each customer's id, so that equal names of different people do not look equal.
    indexes = [vault_indexes.blind_index(f"fact:{key}", f"{one}:{value}") for one in family]
    said = Fact.objects.filter(customer_id__in=family, key=key, source=source, blind_index__in=indexes)
    of = list(said.values_list("customer_id", flat=True))
    if not of:
        raise ClaimNotFound
    said.delete()
    if key == "name":
        _rename(of)
    _announce(customer_id)


def _lock_family(customer_id: UUID) -> list[UUID]:
    roots = locking.lock_families(customer_ids=[customer_id])
    if customer_id not in roots:
        raise CustomerNotFound
    root_id = roots[customer_id]
    return list(Customer.objects.filter(Q(id=root_id) | Q(root_id=root_id)).values_list("id", flat=True))


def _rename(customer_ids: list[UUID]) -> None:
    """Call these customers as the latest source that is left does, or nothing."""
    rest = list(Fact.objects.filter(customer_id__in=customer_ids, key="name").order_by("last_seen_at", "id"))
    vault_keys.load_keys_of(rest)
    names = {fact.customer_id: fact.value for fact in rest}
    for customer in Customer.objects.filter(id__in=customer_ids):
        customer.name = names.get(customer.id)
        customer.save(update_fields=["name"])


def _announce(customer_id: UUID) -> None:
    eventbus.publish(ClaimWithdrawn(organisation_id=tenancy.current_organisation_id(), customer_id=customer_id))
