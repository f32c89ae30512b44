"""Whose lists change when a conversation does? Those of every member who may work at the desk."""

from apps.accounts import policies as account_policies
from apps.accounts import selectors as account_selectors
from apps.conversations.events import MessageStored
from apps.core import push
from apps.desk import selectors
from apps.desk.wire import ConversationUpdated


def push_summary(event: MessageStored) -> None:
    """Send the conversation's row to the desks of its organisation."""
    frame = ConversationUpdated(conversation=selectors.get_summary(event.conversation_id))
    for member in account_selectors.list_active_members():
        if account_policies.can_work_at_desk(member):
            push.durable(push.member_group(member.id), frame)
