"""Who is told when a conversation changes? Everyone who has it open."""

from apps.conversations import selectors
from apps.conversations.events import MessageStored
from apps.core import push


def push_message(event: MessageStored) -> None:
    """Send the new message to the conversation's open screens."""
    if event.stored is None:
        frame = selectors.get_message_created(conversation_id=event.conversation_id, message_id=event.message_id)
    else:
        frame = selectors.as_created(event.stored.conversation, event.stored)
    push.durable(push.conversation_group(event.conversation_id), frame)
