"""People as agents meet them: known, joined, suggested, erased."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from apps.conversations.models import Conversation
from apps.conversations.services import receiving
from apps.conversations.types import Channel
from apps.customers.models import Customer, Merge, MergeSuggestion
from apps.customers.services import merging
from apps.customers.types import Level
from apps.vault.services import keys as vault_keys
from tests.customers.factories import NOON, identify, introduce, make_customer

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.inboxes.models import Inbox


def known(
    name: str | None = None,
    *,
    email: str | None = None,
    external_id: str | None = None,
    level: Level = Level.VERIFIED,
    source: str = "visitor_token",
) -> Customer:
    """Return a customer of whom this is known."""
    customer = make_customer()
    said = introduce(name=name, email=email, external_id=external_id, level=level, source=source)
    identify(customer.id, said)
    customer.refresh_from_db()
    return customer


def joined(first: Customer, second: Customer, actor: "Membership | None" = None, *, minute: int = 0) -> Merge:
    """Let ``actor`` join two customers."""
    merge = merging.merge_customers(
        first_id=first.id, second_id=second.id, actor=actor, now=NOON + timedelta(minutes=minute)
    )
    for customer in (first, second):
        customer.refresh_from_db()
    return merge


def suggested() -> tuple[Customer, Customer, MergeSuggestion]:
    """Return Vera, somebody who says she has Vera's address, and the suggestion that follows."""
    vera = known("Vera", email="vera@example.org")
    other = known("V. Lund", email="vera@example.org", level=Level.CLAIMED, source="visitor")
    return vera, other, MergeSuggestion.objects.get()


def talk(
    inbox: "Inbox", customer: Customer, *texts: str, minute: int = 0, channel: Channel = Channel.WEB
) -> Conversation:
    """Return a conversation in which the customer has written these texts, a minute after another."""
    conversation = receiving.start_conversation(inbox_id=inbox.id, channel=channel, customer=customer, now=NOON)
    for number, text in enumerate(texts):
        receiving.receive_message(
            conversation_id=conversation.id,
            client_id=uuid4(),
            text=text,
            now=NOON + timedelta(minutes=minute + number),
            wants_answer=False,
        )
    conversation.refresh_from_db()
    return conversation


def erase(*customer_ids: UUID) -> None:
    """Destroy these customers' keys."""
    vault_keys.shred_keys(owner_ids=list(customer_ids))
