"""What happens when a visitor comes to an inbox?"""

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.conversations import selectors as conversation_selectors
from apps.conversations.services import ownership, receiving
from apps.conversations.types import Accepted, Channel
from apps.core import tenancy
from apps.customers import services as customer_services
from apps.inboxes import selectors
from apps.inboxes.errors import OriginRefused, SessionRejected
from apps.inboxes.models import Inbox, WebSession
from apps.inboxes.types import Visit

if TYPE_CHECKING:
    from apps.accounts.models import Organisation

_SECRET_FORM = re.compile(r"s_[A-Za-z0-9_-]{43}")


@transaction.atomic
def save_inbox(*, organisation: "Organisation", name: str, **fields: Any) -> Inbox:
    """Create the inbox called ``name`` or bring it up to date. Raises Django's ``ValidationError``."""
    with tenancy.scope(organisation.id):
        inbox = Inbox.objects.filter(name=name).first() or Inbox(organisation=organisation, name=name)
        for field, value in fields.items():
            setattr(inbox, field, value)
        inbox.full_clean()
        inbox.save()
    return inbox


def check_origin(inbox: Inbox, *, origin: str | None, host: str) -> None:
    """Let our own pages, the inbox's listed origins and programs without an origin pass. Raises ``OriginRefused``.

    A program can send any origin; the check protects visitors' browsers from foreign pages (RFC 6455, section 10.2).
    """
    if origin is None or urlsplit(origin).netloc == host or origin in inbox.allowed_origins:
        return
    raise OriginRefused


def find_visit(*, inbox: Inbox, secret: str) -> Visit | None:
    """Return the visit this session secret belongs to, or None before the first message; stores nothing.

    Raises ``SessionRejected`` when the secret cannot be one.
    """
    session = selectors.find_session(inbox=inbox, secret_hash=_hash(secret))
    if session is None:
        return None
    conversation = conversation_selectors.find_latest_conversation(customer_id=session.customer_id, inbox_id=inbox.id)
    return selectors.as_visit(session, None if conversation is None else conversation.id)


def accept_web_message(
    *,
    inbox: Inbox,
    secret: str,
    client_id: UUID,
    text: str,
    now: datetime,
    new_conversation_id: UUID | None = None,
) -> tuple[Visit, Accepted]:
    """Store what a visitor wrote; the first message also creates session, customer and conversation.

    A conversation that has to be created gets ``new_conversation_id``, so that its visitor can listen beforehand.
    The browser made the secret itself, so repeating the call after a lost acknowledgement finds the same session.
    Raises ``SessionRejected`` and what ``receive_message`` raises; nothing is created then.
    """
    receiving.clean_text(text)
    try:
        with transaction.atomic():
            return _accept(inbox, _hash(secret), client_id, text, new_conversation_id, now)
    except IntegrityError as error:
        # Two first messages of one browser at the same moment: the other one has made the session.
        if "session_secret_once" not in str(error):
            raise
        with transaction.atomic():
            return _accept(inbox, _hash(secret), client_id, text, new_conversation_id, now)


@transaction.atomic
def request_person(*, inbox: Inbox, secret: str, now: datetime, new_conversation_id: UUID | None = None) -> Visit:
    """Let the visitor's conversation wait for a person, starting one if there is none. Raises ``SessionRejected``."""
    visit = _ensure_conversation(inbox, _hash(secret), new_conversation_id, now)
    assert visit.conversation_id is not None
    ownership.request_person(conversation_id=visit.conversation_id, now=now)
    return visit


def _accept(
    inbox: Inbox, secret_hash: bytes, client_id: UUID, text: str, new_id: UUID | None, now: datetime
) -> tuple[Visit, Accepted]:
    visit = _ensure_conversation(inbox, secret_hash, new_id, now)
    assert visit.conversation_id is not None
    accepted = receiving.receive_message(conversation_id=visit.conversation_id, client_id=client_id, text=text, now=now)
    return visit, accepted


def _ensure_conversation(inbox: Inbox, secret_hash: bytes, new_id: UUID | None, now: datetime) -> Visit:
    session = selectors.find_session(inbox=inbox, secret_hash=secret_hash)
    if session is None:
        session = WebSession.objects.create(
            organisation_id=inbox.organisation_id,
            inbox=inbox,
            customer=customer_services.create_visitor(now=now),
            secret_hash=secret_hash,
        )
    conversation = conversation_selectors.find_latest_conversation(customer_id=session.customer_id, inbox_id=inbox.id)
    if conversation is None:
        conversation = receiving.start_conversation(
            inbox_id=inbox.id, channel=Channel.WEB, customer=session.customer, now=now, conversation_id=new_id
        )
    return selectors.as_visit(session, conversation.id)


def _hash(secret: str) -> bytes:
    if not _SECRET_FORM.fullmatch(secret):
        raise SessionRejected
    return hashlib.sha256(secret.encode()).digest()
