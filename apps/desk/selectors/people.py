"""Who is this? What is known of a person, put together from everything that was said of them.

A key that is away, destroyed or wrong hides what it opens and says why; the rest is shown all the same.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import structlog

from apps.conversations.types import Sealed
from apps.core import tenancy
from apps.customers import selectors as customer_selectors
from apps.customers.types import SAME, FactView, IdentityKind, IdentityView, Level, Reason
from apps.desk.types import Disagreement, KnownIdentity, Person, Profile, Said, SuggestedMerge
from apps.vault import selectors as vault_selectors
from apps.vault.errors import (
    CiphertextTampered,
    CiphertextUnknown,
    KeyMissing,
    KeyNotInScope,
    KeyShredded,
    VaultUnavailable,
)
from apps.vault.services import indexes as vault_indexes
from apps.vault.services import keys as vault_keys
from apps.vault.types import Purpose

if TYPE_CHECKING:
    from apps.customers.models import Customer, MergeSuggestion

T = TypeVar("T")
logger = structlog.get_logger(__name__)

_KINDS = {reason: kind for kind, reason in SAME.items()}


@dataclass(frozen=True, slots=True)
class Known:
    """What was said of a family, or why it cannot be read."""

    identities: tuple[IdentityView, ...] = ()
    facts: tuple[FactView, ...] = ()
    sealed: Sealed | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A profile, what it was made of, and which of the customers asked about were erased."""

    profile: Profile
    known: Known
    family: tuple[UUID, ...]
    erased: frozenset[UUID]


def list_family_ids(customer: "Customer") -> tuple[UUID, ...]:
    """Return the ids of all customers taken for this person, oldest first. Asks nothing for whoever is alone."""
    if customer.root_id is None:
        return (customer.id,)
    return tuple(sorted(row["id"] for row in customer_selectors.list_family(customer)))


def unlock(owner_ids: Collection[UUID]) -> frozenset[UUID]:
    """Have the keys of these customers at hand; returns the customers whose data was erased.

    With the vault away nothing is at hand, and whoever reads is told so.
    """
    try:
        keys = vault_selectors.find_keys_of(
            organisation_id=tenancy.current_organisation_id(), owner_ids=owner_ids, purpose=Purpose.DATA
        )
        vault_keys.load_keys(key.id for key in keys)
    except VaultUnavailable as error:
        logger.warning("customers.vault_away", error=type(error).__name__)
        return frozenset()
    return frozenset(key.owner_id for key in keys if key.shredded_at is not None)


def as_person(customer: "Customer", *, erased: Collection[UUID] = ()) -> Person:
    """Return how a line names a customer. ``unlock`` first what many lines need."""
    name, sealed = _read(lambda: customer.name or "", customer.id, "")
    if customer.id in erased:
        sealed = Sealed.ERASED
    return Person(id=customer.id, reference=str(customer), name=name, since=customer.created_at, sealed=sealed)


def get_profile(customer: "Customer") -> Profile:
    """Return what is known of the person a customer belongs to. Asks nothing for a visitor nobody has identified."""
    return read_person(customer).profile


def read_person(customer: "Customer", *, besides: Collection[UUID] = ()) -> Reading:
    """Return the profile with what it was made of; the keys of the customers ``besides`` are at hand afterwards."""
    if customer.root_id is None and customer.identified_at is None:
        erased = unlock(besides) if besides else frozenset()
        profile = Profile(person=as_person(customer), root_id=customer.id, size=1)
        return Reading(profile, Known(), (customer.id,), erased)
    family = list_family_ids(customer)
    suggestions = customer_selectors.list_suggestions(customer=customer)
    erased = unlock({*family, *besides, *(end for one in suggestions for end in (one.low_id, one.high_id))})
    known = read_known(customer)
    return Reading(_as_profile(customer, family, suggestions, known, erased), known, family, erased)


def read_known(customer: "Customer") -> Known:
    """Return what was said of a customer's family, each source's latest word only, newest first."""

    def read() -> Known:
        identities = customer_selectors.list_identities(customer)
        facts = {(fact.customer_id, fact.key, fact.source): fact for fact in reversed(_list_facts(customer))}
        latest = sorted(facts.values(), key=lambda fact: fact.last_seen_at, reverse=True)
        return Known(tuple(identities), tuple(latest))

    known, sealed = _read(read, customer.id, Known())
    return known if sealed is None else Known(sealed=sealed)


def join_identities(views: Iterable[IdentityView]) -> tuple[KnownIdentity, ...]:
    """Return each identity once, best verified first, with everybody who gave it."""
    given: dict[tuple[IdentityKind, str], list[IdentityView]] = {}
    for view in sorted(views, key=lambda view: -view.level):
        given.setdefault((view.kind, view.value), []).append(view)
    return tuple(
        KnownIdentity(
            kind=kind,
            value=value,
            level=same[0].level,
            sources=tuple(dict.fromkeys(view.source for view in same)),
            seen_at=max(view.last_seen_at for view in same),
        )
        for (kind, value), same in given.items()
    )


def list_said(known: Iterable[Known]) -> dict[str, tuple[Said, ...]]:
    """Return by key what was said under it, each value with its sources: names, languages, verified external ids."""
    said: defaultdict[str, defaultdict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for one in known:
        for fact in one.facts:
            said[fact.key][fact.value][fact.source] = None
        for identity in one.identities:
            if identity.kind is IdentityKind.EXTERNAL_ID and identity.level is Level.VERIFIED:
                said[identity.kind.value][identity.value][identity.source] = None
    return {key: tuple(Said(value, tuple(by)) for value, by in values.items()) for key, values in said.items()}


def list_disagreements(said: dict[str, tuple[Said, ...]]) -> tuple[Disagreement, ...]:
    """Return the keys under which different things were said."""
    return tuple(Disagreement(key, values) for key, values in sorted(said.items()) if len(values) > 1)


def _as_profile(
    customer: "Customer",
    family: tuple[UUID, ...],
    suggestions: "list[MergeSuggestion]",
    known: Known,
    erased: frozenset[UUID],
) -> Profile:
    said = list_said([known])
    person = as_person(customer, erased=erased)
    names = said.get("name", ())
    if not person.name and names:
        # Another of the family has said it.
        person = Person(person.id, person.reference, names[0].value, person.since, person.sealed)
    # What differs is named with the disagreements, external ids with the identities.
    facts = [(key, *values) for key, values in said.items() if len(values) == 1 and key != IdentityKind.EXTERNAL_ID]
    return Profile(
        person=person,
        root_id=customer.root_id or customer.id,
        size=len(family),
        identities=join_identities(known.identities),
        facts=tuple(facts),
        disagreements=list_disagreements(said),
        suggestions=_as_suggested(suggestions, frozenset(family), known, erased),
        sealed=known.sealed or (Sealed.ERASED if erased.issuperset(family) else None),
    )


def _as_suggested(
    suggestions: "list[MergeSuggestion]", family: frozenset[UUID], known: Known, erased: frozenset[UUID]
) -> tuple[SuggestedMerge, ...]:
    shared = _list_shared(suggestions, known)
    lines = []
    for one in suggestions:
        mine, other = (one.low, one.high) if one.low_id in family else (one.high, one.low)
        same = shared.get(bytes(one.evidence))
        lines.append(
            SuggestedMerge(
                id=one.id,
                mine_id=mine.id,
                other=as_person(other, erased=erased),
                reason=Reason(one.reason),
                value="" if same is None else same.value,
                level=None if same is None else same.level,
                sources=() if same is None else same.sources,
            )
        )
    return tuple(lines)


def _list_shared(suggestions: "list[MergeSuggestion]", known: Known) -> dict[bytes, KnownIdentity]:
    """Return this side's identities by blind index, as far as suggestions speak of their kind."""
    kinds = {_KINDS.get(Reason(one.reason)) for one in suggestions}
    return {
        vault_indexes.blind_index(identity.kind.value, identity.value): identity
        for identity in join_identities(known.identities)
        if identity.kind in kinds
    }


def _list_facts(customer: "Customer") -> list[FactView]:
    return sorted(customer_selectors.list_facts(customer), key=lambda fact: fact.last_seen_at, reverse=True)


def _read(read: Callable[[], T], customer_id: UUID, nothing: T) -> tuple[T, Sealed | None]:
    """Return what can be read, or ``nothing`` and why."""
    try:
        return read(), None
    except VaultUnavailable:
        return nothing, Sealed.UNAVAILABLE
    except KeyShredded:
        return nothing, Sealed.ERASED
    except (CiphertextTampered, CiphertextUnknown, KeyMissing, KeyNotInScope) as error:
        logger.error("customer.damaged", customer_id=str(customer_id), error=type(error).__name__)
        return nothing, Sealed.DAMAGED
