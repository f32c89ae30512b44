"""What happens when a visitor comes to an inbox?"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.conversations import selectors as conversation_selectors
from apps.conversations.services import ownership, receiving
from apps.conversations.types import Accepted, Channel
from apps.core import tenancy
from apps.customers import selectors as customer_selectors
from apps.customers.services import identifying as customer_identifying
from apps.customers.services import locking as customer_locking
from apps.customers.services import tokens as customer_tokens
from apps.customers.services import visitors as customer_visitors
from apps.inboxes import selectors
from apps.inboxes.errors import OriginRefused, SessionChanged, SessionRejected
from apps.inboxes.models import Inbox, WebSession
from apps.inboxes.types import Visit

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.customers.models import Customer
    from apps.customers.types import Introduction

T = TypeVar("T")
_SECRET_FORM = re.compile(r"s_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who writes: the browser's secret, what its page's token said, and the customer it was welcomed as."""

    secret_hash: bytes
    introduction: "Introduction | None"
    known_as: UUID | None


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


def read_visitor_token(*, inbox: Inbox, token: str, now: datetime) -> "Introduction":
    """Return what the page's token says about its visitor. Raises a ``TokenRejected`` that says what is wrong."""
    audiences = frozenset({str(inbox.id), str(inbox.organisation_id)})
    return customer_tokens.verify_token(token=token, audiences=audiences, now=now)


def introduce_visitor(*, inbox: Inbox, secret: str, introduction: "Introduction", now: datetime) -> Visit | None:
    """Let the session belong to the person its page's token names; returns their visit as ``find_visit`` does.

    A visitor whom nobody knew keeps the conversation. On a session of somebody else a fresh visit begins, and what
    was said before stays where it is. Of a newcomer nothing is stored before the first message. Raises
    ``SessionRejected``, ``SessionChanged``, and what ``identify_customer`` raises; nothing is changed then.
    """
    secret_hash = _hash(secret)
    session = _unless_overtaken(lambda: _introduce(inbox, secret_hash, introduction, now))
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
    introduction: "Introduction | None" = None,
    known_as: UUID | None = None,
) -> tuple[Visit, Accepted]:
    """Store what a visitor wrote; the first message also creates session, customer and conversation.

    A conversation that has to be created gets ``new_conversation_id``, so that its visitor can listen beforehand.
    The browser made the secret itself, so repeating the call after a lost acknowledgement finds the same session.
    ``introduction`` is what the visitor's token said, ``known_as`` the customer they were welcomed as. Raises
    ``SessionRejected``, ``SessionChanged`` and what ``receive_message`` raises; nothing is created then.
    """
    receiving.clean_text(text)
    caller = Caller(_hash(secret), introduction, known_as)
    return _unless_overtaken(lambda: _accept(inbox, caller, client_id, text, new_conversation_id, now))


def request_person(
    *,
    inbox: Inbox,
    secret: str,
    now: datetime,
    new_conversation_id: UUID | None = None,
    introduction: "Introduction | None" = None,
    known_as: UUID | None = None,
) -> Visit:
    """Let the visitor's conversation wait for a person, starting one if there is none.

    Raises ``SessionRejected`` and ``SessionChanged``.
    """
    caller = Caller(_hash(secret), introduction, known_as)
    return _unless_overtaken(lambda: _request(inbox, caller, new_conversation_id, now))


def _unless_overtaken(work: Callable[[], T]) -> T:
    """Do ``work`` in a transaction, and once more if another tab of this browser has just made the session."""
    try:
        with transaction.atomic():
            return work()
    except IntegrityError as error:
        if "session_secret_once" not in str(error):
            raise
    with transaction.atomic():
        return work()


def _request(inbox: Inbox, caller: Caller, new_id: UUID | None, now: datetime) -> Visit:
    visit = _ensure_conversation(inbox, caller, new_id, now)
    assert visit.conversation_id is not None
    ownership.request_person(conversation_id=visit.conversation_id, now=now)
    return visit


def _accept(
    inbox: Inbox, caller: Caller, client_id: UUID, text: str, new_id: UUID | None, now: datetime
) -> tuple[Visit, Accepted]:
    visit = _ensure_conversation(inbox, caller, new_id, now)
    assert visit.conversation_id is not None
    accepted = receiving.receive_message(conversation_id=visit.conversation_id, client_id=client_id, text=text, now=now)
    return visit, accepted


def _ensure_conversation(inbox: Inbox, caller: Caller, new_id: UUID | None, now: datetime) -> Visit:
    session = _ensure_session(inbox, caller, now)
    found = conversation_selectors.find_latest_conversation(customer_id=session.customer_id, inbox_id=inbox.id)
    if found is None:
        # A known customer may be writing from two browsers at this moment: the second one finds what the first made.
        customer_locking.lock_families(customer_ids=[session.customer_id])
        found = conversation_selectors.find_latest_conversation(customer_id=session.customer_id, inbox_id=inbox.id)
    if found is None:
        found = receiving.start_conversation(
            inbox_id=inbox.id, channel=Channel.WEB, customer=session.customer, now=now, conversation_id=new_id
        )
    return selectors.as_visit(session, found.id)


def _ensure_session(inbox: Inbox, caller: Caller, now: datetime) -> WebSession:
    if caller.known_as is None and caller.introduction is not None:
        session = _introduce(inbox, caller.secret_hash, caller.introduction, now)
        if session is None:
            customer = customer_identifying.resolve_customer(introduction=caller.introduction, now=now)
            session = _open_session(inbox, caller.secret_hash, customer)
        return session
    session = selectors.find_session(inbox=inbox, secret_hash=caller.secret_hash)
    if caller.known_as is not None and (session is None or session.customer_id != caller.known_as):
        raise SessionChanged(retry_after=1.0)
    return session or _open_session(inbox, caller.secret_hash, customer_visitors.create_visitor(now=now))


def _introduce(inbox: Inbox, secret_hash: bytes, introduction: "Introduction", now: datetime) -> WebSession | None:
    session = selectors.find_session(inbox=inbox, secret_hash=secret_hash)
    if session is None:
        known = customer_selectors.find_customer_by(introduction)
        if known is None:
            return None
        session = _open_session(inbox, secret_hash, known)
    if customer_selectors.is_somebody_else(session.customer, introduction):
        session = _hand_over(session, customer_identifying.resolve_customer(introduction=introduction, now=now))
    customer_identifying.identify_customer(customer_id=session.customer_id, introduction=introduction, now=now)
    return session


def _open_session(inbox: Inbox, secret_hash: bytes, customer: "Customer") -> WebSession:
    return WebSession.objects.create(
        organisation_id=inbox.organisation_id, inbox=inbox, customer=customer, secret_hash=secret_hash
    )


def _hand_over(session: WebSession, customer: "Customer") -> WebSession:
    """Let the browser's session belong to somebody else from here on."""
    unchanged = WebSession.objects.filter(id=session.id, customer_id=session.customer_id)
    if not unchanged.update(customer=customer):
        # Another tab was faster, with a token of its own.
        raise SessionChanged(retry_after=1.0)
    session.customer = customer
    return session


def _hash(secret: str) -> bytes:
    if not _SECRET_FORM.fullmatch(secret):
        raise SessionRejected
    return hashlib.sha256(secret.encode()).digest()
