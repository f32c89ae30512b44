"""Which inbox is this, and who is knocking?"""

from uuid import UUID

from apps.core import tenancy
from apps.inboxes.errors import InboxNotFound
from apps.inboxes.models import Inbox, WebSession
from apps.inboxes.types import Visit


def get_inbox(inbox_id: UUID) -> Inbox:
    """Return an active inbox with its organisation. Raises ``InboxNotFound``."""
    with tenancy.everywhere("the inbox's public id is what decides the scope"):
        inbox = Inbox.everywhere.select_related("organisation").filter(id=inbox_id, is_active=True).first()
    if inbox is None or not inbox.organisation.is_active:
        raise InboxNotFound
    return inbox


def list_inboxes() -> list[Inbox]:
    """Return the active inboxes of the organisation in scope, oldest first."""
    return list(Inbox.objects.filter(is_active=True).order_by("created_at", "id"))


def find_session(*, inbox: Inbox, secret_hash: bytes) -> WebSession | None:
    """Return the session of this browser with this inbox, or None before its first message."""
    return WebSession.objects.select_related("customer").filter(inbox=inbox, secret_hash=secret_hash).first()


def as_visit(session: WebSession, conversation_id: UUID | None) -> Visit:
    """Return what doors hold of a session."""
    return Visit(session.id, session.organisation_id, session.inbox_id, session.customer_id, conversation_id)
