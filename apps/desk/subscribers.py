"""Whose screens change when a conversation or a customer does? Those of every member who may work at the desk."""

from uuid import UUID

from apps.accounts import policies as account_policies
from apps.accounts import selectors as account_selectors
from apps.conversations.events import MessageStored
from apps.core import push
from apps.customers import selectors as customer_selectors
from apps.customers.events import ClaimWithdrawn, CustomerIdentified, CustomersMerged, MergeUndone
from apps.desk.selectors import conversations as selectors
from apps.desk.selectors import people
from apps.desk.wire import ConversationUpdated, CustomerChanged


def push_summary(event: MessageStored) -> None:
    """Send the conversation's row to the desks of its organisation."""
    if event.stored is None:
        summary = selectors.get_summary(event.conversation_id)
    else:
        summary = selectors.summarise_after(event.stored)
    _push(ConversationUpdated(conversation=summary))


def push_identity(event: CustomerIdentified) -> None:
    """Tell the desks of whom something new is known."""
    _push_change(event.customer_id)


def push_withdrawal(event: ClaimWithdrawn) -> None:
    """Tell the desks of whom something is known no more."""
    _push_change(event.customer_id)


def push_merge(event: CustomersMerged) -> None:
    """Tell the desks who has become one person."""
    _push_change(event.root_id)


def push_undo(event: MergeUndone) -> None:
    """Tell the desks who are two people again."""
    _push_change(event.low_id, event.high_id)


def _push_change(*customer_ids: UUID) -> None:
    families = [people.list_family_ids(customer_selectors.get_customer(one)) for one in customer_ids]
    _push(CustomerChanged(customer_ids=tuple(member for family in families for member in family)))


def _push(frame: ConversationUpdated | CustomerChanged) -> None:
    for member in account_selectors.list_active_members():
        if account_policies.can_work_at_desk(member):
            push.durable(push.member_group(member.id), frame)
