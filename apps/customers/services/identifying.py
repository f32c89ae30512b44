"""What follows when somebody says who a customer is?

The identities are recorded with the customer, under their own key. Customers with an equal one are joined or
suggested to people, as ``policies.judge_likeness`` rules. All in one transaction: refused or failed, nothing of it
remains. Said again, it changes nothing and writes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.core import eventbus, tenancy
from apps.customers import policies, selectors
from apps.customers.errors import CustomerNotFound, FamilyTooLarge, SomebodyElse, TooManyIdentities
from apps.customers.events import CustomerIdentified
from apps.customers.models import Customer, Fact, Identity, MergeSuggestion
from apps.customers.services import locking, merging, visitors
from apps.customers.types import SAME, CanonicalIdentity, Identified, IdentityKind, Introduction, Level, Reason
from apps.vault.services import indexes as vault_indexes
from apps.vault.services import keys as vault_keys

# A token lives for a day at most, so the same token is never a reason to write.
SEEN_AGAIN_AFTER = timedelta(hours=25)
MOST_AT_ONCE = 20
MOST_KEPT = 200
MOST_ALIKE = 20
# An address that many share says little about any of them; nobody reads a long list.
MOST_SUGGESTED = 5


@dataclass(frozen=True, slots=True)
class _Entry:
    """An identity or fact of an introduction with its blind index."""

    name: str
    value: str
    level: Level | None
    blind_index: bytes


@dataclass(frozen=True, slots=True)
class _Indexed:
    """An introduction, ready to be compared with what is stored."""

    identities: tuple[_Entry, ...]
    facts: tuple[_Entry, ...]
    source: str


@dataclass(frozen=True, slots=True)
class _Pair:
    """The customer just identified and another's equal identity; ``roots`` changes as families are joined."""

    customer_id: UUID
    other: Identity
    levels: dict[tuple[str, bytes], Level]
    roots: dict[UUID, UUID]
    now: datetime

    @property
    def families(self) -> tuple[UUID, UUID]:
        """The roots of the two, as things stand now."""
        return self.roots[self.customer_id], self.roots[self.other.customer_id]

    @property
    def evidence(self) -> bytes:
        """What the two have in common."""
        return bytes(self.other.blind_index)


@transaction.atomic
def resolve_customer(*, introduction: Introduction, now: datetime) -> Customer:
    """Return the customer an introduction names, making a new one for a newcomer, and record what it says.

    Who has no verified external id is always a newcomer. Raises what ``identify_customer`` raises.
    """
    locking.lock_identities(blind_indexes=[entry.blind_index for entry in _index_identities(introduction)])
    customer = selectors.find_customer_by(introduction) or visitors.create_visitor(now=now)
    identify_customer(customer_id=customer.id, introduction=introduction, now=now)
    customer.refresh_from_db()
    return customer


@transaction.atomic
def identify_customer(*, customer_id: UUID, introduction: Introduction, now: datetime) -> Identified:
    """Record what one source says of a customer of the organisation in scope, and who else that may be.

    Raises ``CustomerNotFound``, ``SomebodyElse`` (known under another verified external id), ``TooManyIdentities``,
    ``Contended`` and ``VaultUnavailable``.
    """
    if len(introduction.identities) + len(introduction.facts) > MOST_AT_ONCE:
        raise TooManyIdentities
    indexed = _index(customer_id, introduction)
    if not _has_news(customer_id, indexed, now):
        return Identified(customer_id)
    # Before any lock: should the vault be slow, nobody else waits for it.
    vault_keys.get_key(owner_id=customer_id)
    locking.lock_identities(blind_indexes=[entry.blind_index for entry in indexed.identities])
    alike = _find_alike(customer_id, indexed)
    roots = locking.lock_families(customer_ids=[customer_id, *(row.customer_id for row in alike)])
    if customer_id not in roots:
        raise CustomerNotFound
    _check_external_ids(customer_id, indexed)
    levels = _record_identities(customer_id, indexed, now)
    _record_facts(customer_id, indexed, now)
    merges: list[UUID] = []
    suggestions: list[UUID] = []
    for row in alike:
        if row.customer_id in roots and roots[row.customer_id] != roots[customer_id]:
            _connect(_Pair(customer_id, row, levels, roots, now), merges, suggestions)
    organisation_id = tenancy.current_organisation_id()
    eventbus.publish(CustomerIdentified(organisation_id=organisation_id, customer_id=customer_id))
    return Identified(customer_id, tuple(merges), tuple(suggestions), is_changed=True)


# Comparing --------------------------------------------------------------------------------------------------


def _index(customer_id: UUID, introduction: Introduction) -> _Indexed:
    facts = tuple(
        # With the customer's id: equal names of different people must not look equal.
        _Entry(key, value, None, vault_indexes.blind_index(f"fact:{key}", f"{customer_id}:{value}"))
        for key, value in dict.fromkeys(introduction.facts)
    )
    return _Indexed(_index_identities(introduction), facts, introduction.source)


def _index_identities(introduction: Introduction) -> tuple[_Entry, ...]:
    best: dict[tuple[IdentityKind, str], CanonicalIdentity] = {}
    for one in sorted(introduction.identities, key=lambda one: one.level):
        best[one.kind, one.value] = one
    return tuple(
        _Entry(one.kind.value, one.value, one.level, vault_indexes.blind_index(one.kind.value, one.value))
        for one in best.values()
    )


def _has_news(customer_id: UUID, indexed: _Indexed, now: datetime) -> bool:
    identities = {(row.kind, bytes(row.blind_index)): row for row in _known_identities(customer_id)}
    for entry in indexed.identities:
        row = identities.get((entry.name, entry.blind_index))
        if row is None or entry.level is None or row.level < entry.level or _is_long_ago(row.last_seen_at, now):
            return True
    if not indexed.facts:
        return False
    newest = {row.key: bytes(row.blind_index) for row in _known_facts(customer_id).filter(source=indexed.source)}
    return any(newest.get(entry.name) != entry.blind_index for entry in indexed.facts)


def _known_identities(customer_id: UUID) -> "QuerySet[Identity]":
    return Identity.objects.filter(customer_id=customer_id).defer("value")


def _known_facts(customer_id: UUID) -> "QuerySet[Fact]":
    # Oldest first: in a dictionary by key the newest is what remains.
    return Fact.objects.filter(customer_id=customer_id).defer("value").order_by("last_seen_at", "id")


def _is_long_ago(seen: datetime, now: datetime) -> bool:
    return now - seen > SEEN_AGAIN_AFTER


def _find_alike(customer_id: UUID, indexed: _Indexed) -> list[Identity]:
    """Return others' equal identities, best verified first."""
    found: list[Identity] = []
    for entry in indexed.identities:
        same = Identity.objects.filter(kind=entry.name, blind_index=entry.blind_index).exclude(customer_id=customer_id)
        found += same.defer("value").order_by("-level", "-last_seen_at", "-id")[:MOST_ALIKE]
    return sorted(found, key=lambda row: -row.level)


def _check_external_ids(customer_id: UUID, indexed: _Indexed) -> None:
    """Raise ``SomebodyElse`` when the person is known under another verified external id."""
    known = selectors.list_verified_external_ids([customer_id])[customer_id]
    for entry in indexed.identities:
        is_external = entry.name == IdentityKind.EXTERNAL_ID and entry.level is Level.VERIFIED
        if is_external and known and entry.blind_index not in known:
            raise SomebodyElse


# Recording --------------------------------------------------------------------------------------------------


def _record_identities(customer_id: UUID, indexed: _Indexed, now: datetime) -> dict[tuple[str, bytes], Level]:
    """Store what is new, raise levels; returns the level of each identity of the introduction."""
    known = {(row.kind, bytes(row.blind_index)): row for row in _known_identities(customer_id)}
    levels = {}
    for entry in indexed.identities:
        assert entry.level is not None
        row = known.get((entry.name, entry.blind_index))
        if row is None:
            row = Identity(
                organisation_id=tenancy.current_organisation_id(),
                customer_id=customer_id,
                kind=entry.name,
                value=entry.value,
                blind_index=entry.blind_index,
                level=entry.level.value,
                source=indexed.source,
                first_seen_at=now,
                last_seen_at=now,
            )
            row.save(force_insert=True)
            known[entry.name, entry.blind_index] = row
        elif row.level < entry.level or _is_long_ago(row.last_seen_at, now):
            if row.level < entry.level:
                row.level, row.source = entry.level.value, indexed.source
            row.last_seen_at = now
            row.save(update_fields=["level", "source", "last_seen_at"])
        levels[entry.name, entry.blind_index] = Level(row.level)
    if len(known) > MOST_KEPT:
        raise TooManyIdentities
    return levels


def _record_facts(customer_id: UUID, indexed: _Indexed, now: datetime) -> None:
    customer = Customer.objects.get(id=customer_id)
    changed = ["identified_at"] if customer.identified_at is None else []
    customer.identified_at = customer.identified_at or now
    known = {(row.key, row.source, bytes(row.blind_index)): row for row in _known_facts(customer_id)}
    for entry in indexed.facts:
        row = known.get((entry.name, indexed.source, entry.blind_index))
        if row is not None:
            Fact.objects.filter(id=row.id).update(last_seen_at=now)
        else:
            known[entry.name, indexed.source, entry.blind_index] = _add_fact(customer_id, entry, indexed.source, now)
        if entry.name == "name" and customer.name != entry.value:
            customer.name = entry.value
            changed.append("name")
    if len(known) > MOST_KEPT:
        raise TooManyIdentities
    if changed:
        customer.save(update_fields=changed)


def _add_fact(customer_id: UUID, entry: _Entry, source: str, now: datetime) -> Fact:
    return Fact.objects.create(
        organisation_id=tenancy.current_organisation_id(),
        customer_id=customer_id,
        key=entry.name,
        value=entry.value,
        blind_index=entry.blind_index,
        source=source,
        first_seen_at=now,
        last_seen_at=now,
    )


# Connecting -------------------------------------------------------------------------------------------------


def _connect(pair: _Pair, merges: list[UUID], suggestions: list[UUID]) -> None:
    """Join or suggest as the policy rules, and note which."""
    reason = SAME[IdentityKind(pair.other.kind)]
    verdict = policies.judge_likeness(_compare(pair))
    if verdict is policies.Verdict.JOIN:
        try:
            merge = merging.join_locked(
                first_id=pair.customer_id,
                second_id=pair.other.customer_id,
                roots=pair.roots,
                reason=reason,
                evidence=pair.evidence,
                now=pair.now,
            )
        except FamilyTooLarge:
            verdict = policies.Verdict.SUGGEST
        else:
            merges.append(merge.id)
    if verdict is not policies.Verdict.SUGGEST or len(suggestions) >= MOST_SUGGESTED:
        return
    # Other members of the same two families may have the same in common; one question is enough.
    if not selectors.is_suggested(*pair.families, evidence=pair.evidence):
        suggestions.append(_suggest(pair, reason))


def _suggest(pair: _Pair, reason: Reason) -> UUID:
    low, high = sorted((pair.customer_id, pair.other.customer_id))
    suggestion = MergeSuggestion.objects.create(
        organisation_id=tenancy.current_organisation_id(),
        low_id=low,
        high_id=high,
        reason=reason.value,
        evidence=pair.evidence,
        created_at=pair.now,
    )
    return suggestion.id


def _compare(pair: _Pair) -> policies.Likeness:
    externals = selectors.list_verified_external_ids([pair.customer_id, pair.other.customer_id])
    return policies.Likeness(
        evidence=pair.evidence,
        levels=(pair.levels[pair.other.kind, pair.evidence], Level(pair.other.level)),
        externals=(externals[pair.customer_id], externals[pair.other.customer_id]),
        parted_by=selectors.list_parting_evidence(*pair.families),
    )
