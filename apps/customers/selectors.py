"""What is known of a customer, and who is the same person?"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import structlog
from django.db.models import F, Q

from apps.core import tenancy
from apps.customers.errors import CustomerNotFound
from apps.customers.models import Customer, Fact, Identity, Merge, MergeSuggestion, TokenSecret
from apps.customers.types import (
    CanonicalIdentity,
    Conflict,
    FactView,
    IdentityKind,
    IdentityView,
    Introduction,
    Level,
    SuggestionState,
)
from apps.privacy.types import KnownIdentities
from apps.vault.errors import CiphertextTampered, CiphertextUnknown, KeyMissing, KeyNotInScope, KeyShredded
from apps.vault.services import indexes as vault_indexes
from apps.vault.services import keys as vault_keys

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = structlog.get_logger(__name__)

RowT = TypeVar("RowT", Identity, Fact)
PAGE_LIMIT = 50
# Shorter ones are ordinary numbers and words: redacting each 7 would help nobody.
TELLING_EXTERNAL_ID = 6


def get_customer(customer_id: UUID) -> Customer:
    """Return a customer of the organisation in scope. Raises ``CustomerNotFound``."""
    customer = Customer.objects.filter(id=customer_id).first()
    if customer is None:
        raise CustomerNotFound
    return customer


# Families ---------------------------------------------------------------------------------------------------


def list_family(customer: Customer) -> "QuerySet[Customer, Any]":
    """Return the ids of all customers taken for this person, as a subquery: ``filter(customer__in=list_family(…))``.

    A person's timeline is the union of these customers' conversations; nothing is ever moved between them.
    """
    if customer.root_id is None:
        return Customer.objects.filter(id=customer.id).values("id")
    return Customer.objects.filter(root_id=customer.root_id).values("id")


def list_merges(customer: Customer) -> list[Merge]:
    """Return every merge this customer's family has seen, the undone ones too, newest first."""
    family = list_family(customer)
    merges = Merge.objects.filter(Q(low__in=family) | Q(high__in=family))
    return list(merges.select_related("merged_by__user", "undone_by__user").order_by("-merged_at", "-id"))


def list_suggestions(*, customer: Customer | None = None, limit: int = PAGE_LIMIT) -> list[MergeSuggestion]:
    """Return what waits for a decision, newest first; of one family, or of the organisation in scope.

    What has been joined in another way meanwhile is left out, and comes back should that be undone.
    """
    waiting = MergeSuggestion.objects.filter(state=SuggestionState.OPEN.value)
    waiting = waiting.exclude(low__root_id=F("high__root_id")).select_related("low", "high")
    if customer is not None:
        family = list_family(customer)
        waiting = waiting.filter(Q(low__in=family) | Q(high__in=family))
    return list(waiting.order_by("-created_at", "-id")[:limit])


def list_parting_evidence(first_root: UUID, second_root: UUID) -> frozenset[bytes]:
    """Return the evidence on which people have kept these two families apart: undone merges, dismissed suggestions."""
    between = _between(first_root, second_root)
    undone = Merge.objects.filter(between, undone_at__isnull=False)
    dismissed = MergeSuggestion.objects.filter(between, state=SuggestionState.DISMISSED.value)
    rows = [*undone.values_list("evidence", flat=True), *dismissed.values_list("evidence", flat=True)]
    return frozenset(bytes(evidence) for evidence in rows)


def is_suggested(first_root: UUID, second_root: UUID, *, evidence: bytes) -> bool:
    """Tell whether these two families were ever suggested to people on this evidence."""
    return MergeSuggestion.objects.filter(_between(first_root, second_root), evidence=evidence).exists()


def _between(first_root: UUID, second_root: UUID) -> Q:
    def ends(low: UUID, high: UUID) -> Q:
        return (Q(low_id=low) | Q(low__root_id=low)) & (Q(high_id=high) | Q(high__root_id=high))

    return ends(first_root, second_root) | ends(second_root, first_root)


# What is known ----------------------------------------------------------------------------------------------


def list_identities(customer: Customer, *, skips_unreadable: bool = False) -> list[IdentityView]:
    """Return all identities of the person, best verified first; erased ones are left out. Opens the family's keys."""
    rows = Identity.objects.filter(customer__in=list_family(customer)).order_by("-level", "-last_seen_at", "-id")
    return [
        IdentityView(
            customer_id=row.customer_id,
            kind=IdentityKind(row.kind),
            value=value,
            level=Level(row.level),
            source=row.source,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
        )
        for row, value in _opened(rows, skips_unreadable=skips_unreadable)
    ]


def list_facts(customer: Customer, *, skips_unreadable: bool = False) -> list[FactView]:
    """Return everything that was said about the person, newest first; erased facts are left out.

    Opens the family's keys.
    """
    rows = Fact.objects.filter(customer__in=list_family(customer)).order_by("key", "-last_seen_at", "-id")
    return [
        FactView(
            customer_id=row.customer_id,
            key=row.key,
            value=value,
            source=row.source,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
        )
        for row, value in _opened(rows, skips_unreadable=skips_unreadable)
    ]


def list_conflicts(customer: Customer) -> list[Conflict]:
    """Return where sources or merged customers disagree: facts, and verified external ids. Opens the family's keys.

    What one source said of one customer earlier is its past, not a conflict.
    """
    values: defaultdict[str, dict[str, None]] = defaultdict(dict)
    current: set[tuple[UUID, str, str]] = set()
    for fact in list_facts(customer):
        if (fact.customer_id, fact.key, fact.source) not in current:
            current.add((fact.customer_id, fact.key, fact.source))
            values[fact.key][fact.value] = None
    for identity in list_identities(customer):
        if identity.kind is IdentityKind.EXTERNAL_ID and identity.level is Level.VERIFIED:
            values[identity.kind.value][identity.value] = None
    return [Conflict(key, tuple(said)) for key, said in sorted(values.items()) if len(said) > 1]


def find_known_identities(customer: Customer) -> KnownIdentities:
    """Return what redaction should look for in this customer's texts. Asks nothing for a visitor without identities."""
    if customer.root_id is None and customer.identified_at is None:
        return KnownIdentities()
    by_kind: defaultdict[str, dict[str, None]] = defaultdict(dict)
    # One that cannot be read must not keep the others from being looked for.
    for identity in list_identities(customer, skips_unreadable=True):
        by_kind[identity.kind.value][identity.value] = None
    names = dict.fromkeys(fact.value for fact in list_facts(customer, skips_unreadable=True) if fact.key == "name")
    return KnownIdentities(
        names=tuple(names),
        emails=tuple(by_kind[IdentityKind.EMAIL]),
        phones=tuple(by_kind[IdentityKind.PHONE]),
        others=tuple(one for one in by_kind[IdentityKind.EXTERNAL_ID] if len(one) >= TELLING_EXTERNAL_ID),
    )


def _opened(rows: "QuerySet[RowT]", *, skips_unreadable: bool = False) -> "list[tuple[RowT, str]]":
    """Return rows with their values, without those whose key has been shredded: part of a family may be erased."""
    found = list(rows)
    vault_keys.load_keys_of(found)
    opened = []
    for row in found:
        try:
            opened.append((row, row.value))
        except KeyShredded:
            continue
        except (CiphertextTampered, CiphertextUnknown, KeyMissing, KeyNotInScope) as error:
            if not skips_unreadable:
                raise
            logger.error("customer.damaged", row=f"{row._meta.label} {row.pk}", error=type(error).__name__)
    return opened


# Who is it --------------------------------------------------------------------------------------------------


def find_customer_by(introduction: Introduction) -> Customer | None:
    """Return the customer with the introduction's verified external id, the one seen last; None for a newcomer."""
    external_id = introduction.external_id
    if external_id is None:
        return None
    index = vault_indexes.blind_index(external_id.kind.value, external_id.value)
    return find_verified(kind=external_id.kind, blind_index=index)


def find_verified(*, kind: IdentityKind, blind_index: bytes) -> Customer | None:
    """Return the customer of whom this identity is verified, the one seen last; or None."""
    rows = Identity.objects.filter(kind=kind.value, blind_index=blind_index, level=Level.VERIFIED.value)
    newest = rows.select_related("customer").order_by("-last_seen_at", "-id").first()
    return None if newest is None else newest.customer


def list_with_identity(identity: CanonicalIdentity, *, limit: int = PAGE_LIMIT) -> list[tuple[Customer, Level]]:
    """Return the customers of whom this very identity is known, and how well, best verified first."""
    index = vault_indexes.blind_index(identity.kind.value, identity.value)
    rows = (
        Identity.objects.filter(kind=identity.kind.value, blind_index=index).defer("value").select_related("customer")
    )
    return [(row.customer, Level(row.level)) for row in rows.order_by("-level", "-last_seen_at", "-id")[:limit]]


def is_somebody_else(customer: Customer, introduction: Introduction) -> bool:
    """Tell whether the introduction names another person than the one this customer is known to be."""
    external_id = introduction.external_id
    if external_id is None or (customer.root_id is None and customer.identified_at is None):
        return False
    known = list_verified_external_ids([customer.id])[customer.id]
    return bool(known) and vault_indexes.blind_index(external_id.kind.value, external_id.value) not in known


def list_verified_external_ids(customer_ids: Iterable[UUID]) -> dict[UUID, frozenset[bytes]]:
    """Return for each customer the blind indexes of the verified external ids in its family."""
    wanted = list(customer_ids)
    roots = {one.id: one.root_id or one.id for one in Customer.objects.filter(id__in=wanted).only("id", "root_id")}
    families = Q(customer_id__in=roots.values()) | Q(customer__root_id__in=roots.values())
    rows = Identity.objects.filter(families, kind=IdentityKind.EXTERNAL_ID.value, level=Level.VERIFIED.value)
    found: defaultdict[UUID, set[bytes]] = defaultdict(set)
    for customer_id, root_id, index in rows.values_list("customer_id", "customer__root_id", "blind_index"):
        found[root_id or customer_id].add(bytes(index))
    return {one: frozenset(found[roots[one]]) for one in wanted if one in roots}


# Visitor tokens ---------------------------------------------------------------------------------------------


def list_token_secrets() -> list[TokenSecret]:
    """Return the active secrets of the organisation in scope, newest first."""
    return list(TokenSecret.objects.filter(retired_at=None).order_by("-created_at", "-id"))


def list_known_ids(customer_ids: Collection[UUID]) -> list[UUID]:
    """Return those of the ids that are customers, whichever organisation they belong to."""
    # Across organisations on purpose: the vault sweeps the keys of all of them.
    with tenancy.everywhere("the vault asks which owners of keys exist"):
        return list(Customer.everywhere.filter(id__in=customer_ids).values_list("id", flat=True))
