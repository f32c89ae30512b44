"""Which failures do conversations name?"""

from apps.conversations.types import MESSAGE_LIMIT
from apps.core import errors


class ConversationNotFound(errors.NotFound):
    code = "conversation.not_found"
    default_message = "There is no such conversation."


class MessageEmpty(errors.Invalid):
    code = "message.empty"
    default_message = "There is nothing in this message. Write a few words and send it again."


class MessageTooLong(errors.TooLarge):
    code = "message.too_long"
    default_message = (
        f"This message is longer than {MESSAGE_LIMIT:,} characters. Please shorten it or send it in two parts."
    )


class ClientIdTaken(errors.Conflict):
    code = "message.client_id_taken"
    default_message = "A different message was already sent under this id."


class OwnerChanged(errors.Conflict):
    code = "conversation.owner_changed"
    default_message = "Somebody else has taken over this conversation in the meantime."


class ConversationClosed(errors.Conflict):
    code = "conversation.closed"
    default_message = "This conversation is closed."


class CursorUnreadable(errors.Invalid):
    code = "cursor.unreadable"
    default_message = "This cursor was not made by this list. Begin without one."
