"""Which customer is meant? Found by an exact identity, or among the latest by reference or name.

Names are encrypted, so nobody can search them all: those of the latest conversations are opened and compared.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from apps.conversations import selectors as conversation_selectors
from apps.customers import selectors as customer_selectors
from apps.customers.types import CanonicalIdentity, Level
from apps.desk.selectors import people
from apps.desk.types import Found
from apps.vault.errors import VaultUnavailable

if TYPE_CHECKING:
    from apps.customers.models import Customer

FOUND_LIMIT = 10
# So many latest conversations are looked through; each different customer in them costs one name to open.
RECENT_LIMIT = 200
SHORTEST = 2
# How agents read a reference aloud, without it being part of what is stored.
_SPOKEN = "visitor"


def find_customers(
    *, text: str, identities: Iterable[CanonicalIdentity], besides: UUID | None = None
) -> tuple[Found, ...]:
    """Return customers with one of these identities, or whose reference or name has every word of the text.

    One of each family, best match first; nobody of the family of the customer ``besides``. Raises
    ``CustomerNotFound`` when there is no such customer.
    """
    taken = set() if besides is None else {_root_of(customer_selectors.get_customer(besides))}
    words = [word for word in _fold(text).split() if word != _SPOKEN]
    if len("".join(words)) < SHORTEST:
        return ()
    found: list[Found] = []
    for customer, by, level in (*_find_by_identity(identities), *_find_by_words(words)):
        if _root_of(customer) not in taken and len(found) < FOUND_LIMIT:
            taken.add(_root_of(customer))
            found.append(Found(people.as_person(customer), by, level))
    return tuple(found)


def _find_by_identity(identities: Iterable[CanonicalIdentity]) -> "Iterator[tuple[Customer, str, Level | None]]":
    for identity in identities:
        with suppress(VaultUnavailable):
            for customer, level in customer_selectors.list_with_identity(identity, limit=FOUND_LIMIT):
                yield customer, identity.kind.value, level


def _find_by_words(words: list[str]) -> "Iterator[tuple[Customer, str, Level | None]]":
    # The reference is searched in all conversations, however old.
    listed = conversation_selectors.search_conversations(words=words, limit=FOUND_LIMIT)
    recent = conversation_selectors.list_conversations(limit=RECENT_LIMIT).conversations
    customers = {one.customer_id: one.customer for one in (*listed, *recent)}
    people.unlock(customers)
    for customer in customers.values():
        if all(word in _fold(customer.reference) for word in words):
            yield customer, "reference", None
    for customer in customers.values():
        if all(word in _fold(people.as_person(customer).name) for word in words):
            yield customer, "name", None


def _root_of(customer: "Customer") -> UUID:
    return customer.root_id or customer.id


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
