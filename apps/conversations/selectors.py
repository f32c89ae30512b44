"""What does a conversation look like? For customers, agents and the AI."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import BooleanField, Count, ExpressionWrapper, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject, Left

from apps.conversations.errors import ConversationNotFound
from apps.conversations.models import Conversation, Message
from apps.conversations.types import (
    MISSED_LIMIT,
    AuthorKind,
    Channel,
    EventName,
    MessageCreated,
    MessageKind,
    MessageView,
    OwnerKind,
    PersonView,
    Sealed,
    Status,
    Timeline,
    TimelineCursor,
    TimelineEntry,
    Updates,
)
from apps.core import tenancy
from apps.customers import selectors as customer_selectors
from apps.privacy.types import GENERATION
from apps.vault import fields as vault_fields
from apps.vault.errors import (
    CiphertextTampered,
    CiphertextUnknown,
    KeyMissing,
    KeyNotInScope,
    KeyShredded,
    VaultUnavailable,
)
from apps.vault.services import keys as vault_keys

if TYPE_CHECKING:
    from apps.customers.models import Customer

logger = structlog.get_logger(__name__)

PAGE_LIMIT = 50
_CUT_TOKEN = re.compile(r"\[[A-Z_]*[0-9]*\Z")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page of a list by activity begins."""

    last_message_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """Conversations by activity, newest first; ``next`` is None on the last page."""

    conversations: tuple[Conversation, ...]
    next: Cursor | None


def get_conversation(conversation_id: UUID) -> Conversation:
    """Return a conversation of the organisation in scope with customer, organisation and owner.

    Raises ``ConversationNotFound``.
    """
    conversation = _with_people().filter(id=conversation_id).first()
    if conversation is None:
        raise ConversationNotFound
    return conversation


def find_latest_conversation(*, customer_id: UUID, inbox_id: UUID) -> Conversation | None:
    """Return the customer's newest conversation in this inbox, or None."""
    conversations = _with_people().filter(customer_id=customer_id, inbox_id=inbox_id)
    return conversations.order_by("-created_at", "-id").first()


def list_conversations(
    *,
    statuses: tuple[Status, ...] = (),
    owner_kinds: tuple[OwnerKind, ...] = (),
    owner_member_id: UUID | None = None,
    before: Cursor | None = None,
    limit: int = PAGE_LIMIT,
) -> Page:
    """Return conversations of the organisation in scope, by last activity, one page at a time (keyset)."""
    conversations = _with_people()
    if statuses:
        conversations = conversations.filter(status__in=[status.value for status in statuses])
    if owner_kinds:
        conversations = conversations.filter(owner_kind__in=[kind.value for kind in owner_kinds])
    if owner_member_id is not None:
        conversations = conversations.filter(owner_member_id=owner_member_id)
    if before is not None:
        older = Q(last_message_at__lt=before.last_message_at)
        conversations = conversations.filter(older | Q(last_message_at=before.last_message_at, id__lt=before.id))
    found = tuple(conversations.order_by("-last_message_at", "-id")[: limit + 1])
    page = found[:limit]
    more = len(found) > limit
    return Page(page, Cursor(page[-1].last_message_at, page[-1].id) if more else None)


def list_updates(conversation: Conversation, *, after_seq: int, limit: int = MISSED_LIMIT) -> Updates:
    """Return the messages after ``after_seq`` in order, at most ``limit``."""
    found = list(_messages(conversation).filter(seq__gt=after_seq).order_by("seq")[: limit + 1])
    frames = tuple(
        MessageCreated(conversation_id=conversation.id, seq=view.seq, message=view)
        for view in _as_views(conversation, found[:limit])
    )
    return Updates(frames, more=len(found) > limit, last_seq=conversation.last_seq)


def list_recent_messages(conversation: Conversation, *, limit: int, before_seq: int | None = None) -> list[MessageView]:
    """Return the newest ``limit`` messages (before ``before_seq``), oldest first."""
    messages = _messages(conversation)
    if before_seq is not None:
        messages = messages.filter(seq__lt=before_seq)
    newest = list(messages.order_by("-seq")[:limit])
    return _as_views(conversation, newest[::-1])


def list_texts_before(conversation: Conversation, *, seq: int, limit: int) -> list[Message]:
    """Return the newest ``limit`` text messages up to and including ``seq``, oldest first, without their originals."""
    texts = Message.objects.filter(conversation=conversation, kind=MessageKind.TEXT.value, seq__lte=seq)
    return list(reversed(texts.defer("original").order_by("-seq")[:limit]))


def find_answered_seq(conversation: Conversation) -> int:
    """Return the ``seq`` up to which the customer has been answered; 0 when nobody ever has."""
    answered = Message.objects.filter(conversation=conversation).aggregate(up_to=Max("answers_seq"))
    return answered["up_to"] or 0


def get_message_created(*, conversation_id: UUID, message_id: UUID) -> MessageCreated:
    """Return the frame that announces a message. Raises ``ConversationNotFound``."""
    conversation = get_conversation(conversation_id)
    return as_created(conversation, _messages(conversation).get(id=message_id))


def as_created(conversation: Conversation, message: Message) -> MessageCreated:
    """Wrap a message into its durable frame."""
    return MessageCreated(conversation_id=conversation.id, seq=message.seq, message=as_view(conversation, message))


def as_view(conversation: Conversation, message: Message) -> MessageView:
    """Return a message as shown. ``conversation`` carries organisation and customer, so they are not queried."""
    return _as_view(conversation, message, *read_text(message))


def read_text(message: Message) -> tuple[str, Sealed | None]:
    """Return a message as it was written, or what can be shown in its place and why."""
    try:
        return message.text if message.original is None else message.original, None
    except VaultUnavailable:
        return message.text, Sealed.UNAVAILABLE
    except KeyShredded:
        return "", Sealed.ERASED
    except (CiphertextTampered, CiphertextUnknown, KeyMissing, KeyNotInScope) as error:
        logger.error(
            "message.damaged",
            message_id=str(message.id),
            conversation_id=str(message.conversation_id),
            error=type(error).__name__,
        )
        return "", Sealed.DAMAGED


def _as_views(conversation: Conversation, messages: Sequence[Message]) -> list[MessageView]:
    _load_keys(messages)
    return [as_view(conversation, message) for message in messages]


def _load_keys(messages: Iterable[Message]) -> None:
    """Have the keys of these messages at hand, with one query. What cannot be opened says so when it is read."""
    key_ids: set[UUID] = set()
    for message in messages:
        try:
            key_ids.update(vault_fields.list_key_ids(message))
        except (CiphertextTampered, CiphertextUnknown):
            continue
    try:
        vault_keys.load_keys(key_ids)
    except VaultUnavailable as error:
        logger.warning("messages.vault_away", error=type(error).__name__)


def _as_view(conversation: Conversation, message: Message, text: str, sealed: Sealed | None) -> MessageView:
    return MessageView.model_validate(
        {
            "id": message.id,
            "seq": message.seq,
            "kind": message.kind,
            "author": PersonView(kind=message.author_kind, name=_author_name(conversation, message)),
            "text": text,
            "sealed": sealed,
            "event": message.event,
            "citations": message.citations,
            "engine": message.engine,
            "confidence": message.confidence,
            "client_id": message.client_id,
            "created_at": message.created_at,
        }
    )


def owner_view(conversation: Conversation) -> PersonView:
    """Return who answers this conversation, as the customer sees them."""
    if conversation.owner_kind == OwnerKind.AI:
        return PersonView(kind=OwnerKind.AI.value, name=conversation.organisation.assistant_name)
    member = conversation.owner_member
    return PersonView(kind=conversation.owner_kind, name="" if member is None else member.user.get_short_name())


def _author_name(conversation: Conversation, message: Message) -> str:
    if message.author_kind == AuthorKind.AI:
        return conversation.organisation.assistant_name
    if message.author_kind == AuthorKind.CUSTOMER:
        return str(conversation.customer)
    # Agents, and events that an agent brought about.
    return "" if message.author_member is None else message.author_member.user.get_short_name()


def _with_people() -> "QuerySet[Conversation]":
    # Without the tokens: who needs them reads them under the lock.
    return Conversation.objects.select_related("customer", "organisation", "owner_member__user").defer("tokens")


def _messages(conversation: Conversation) -> "QuerySet[Message]":
    return Message.objects.filter(conversation=conversation).select_related("author_member__user")


def list_conversation_ids(*, customer_id: UUID) -> list[UUID]:
    """Return the ids of all conversations of a person, whichever of their customers had them; oldest first."""
    customer = customer_selectors.get_customer(customer_id)
    rows = Conversation.objects.filter(customer__in=customer_selectors.list_family(customer))
    return list(rows.order_by("id").values_list("id", flat=True))


def find_unprotected(*, after: UUID | None = None) -> UUID | None:
    """Return the first conversation (after ``after``) with a message that today's redactor has not read, or None."""
    rows = Message.objects.filter(redaction__lt=GENERATION)
    if after is not None:
        rows = rows.filter(conversation_id__gt=after)
    return rows.order_by("conversation_id").values_list("conversation_id", flat=True).first()


def count_unprotected() -> int:
    """Return how many messages of the organisation in scope today's redactor has not read."""
    return Message.objects.filter(redaction__lt=GENERATION).count()


def list_unprotected_organisations() -> list[UUID]:
    """Return the organisations with messages that today's redactor has not read. For operators."""
    # An operator's question about all organisations; it reads ids only.
    with tenancy.everywhere("finds the organisations whose old messages are to be protected"):
        # As above: which organisations have such rows.
        return list(
            Message.everywhere.filter(redaction__lt=GENERATION).values_list("organisation_id", flat=True).distinct()
        )


# Lists ----------------------------------------------------------------------------------------------------

UNDONE = (Status.OPEN.value, Status.WAITING.value)
SNIPPET_LENGTH = 160
# A person's conversation whose person is gone waits for somebody just as one that was never taken.
_NEEDS_PERSON = Q(owner_kind=OwnerKind.NOBODY.value) | Q(owner_kind=OwnerKind.PERSON.value, owner_member=None)


@dataclass(frozen=True, slots=True)
class WaitingCursor:
    """Where the next page of a list by waiting time begins."""

    since: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Conversations that need a person, longest waiting first; ``next`` is None on the last page."""

    conversations: tuple[Conversation, ...]
    next: WaitingCursor | None


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """How many conversations are not closed, and in whose hands they are."""

    needs_person: int
    mine: int
    ai: int
    open: int


@dataclass(frozen=True, slots=True)
class LastText:
    """The beginning of a conversation's newest text."""

    author_kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LatestEvent:
    """What last happened to a conversation, by whom (empty: by nobody in particular) and when."""

    name: EventName
    actor: str
    at: datetime


def list_waiting(*, after: WaitingCursor | None = None, limit: int = PAGE_LIMIT) -> WaitingPage:
    """Return what needs a person in the organisation in scope, longest waiting first (keyset)."""
    since = Coalesce("waiting_since", "last_message_at")
    waiting = _with_people().filter(_NEEDS_PERSON, status__in=UNDONE)
    waiting = waiting.annotate(since=since)
    if after is not None:
        waiting = waiting.filter(Q(since__gt=after.since) | Q(since=after.since, id__gt=after.id))
    found = tuple(waiting.order_by("since", "id")[: limit + 1])
    page = found[:limit]
    if len(found) <= limit:
        return WaitingPage(page, None)
    last = page[-1]
    return WaitingPage(page, WaitingCursor(last.waiting_since or last.last_message_at, last.id))


def count_open(*, member_id: UUID) -> OpenCounts:
    """Count the open conversations of the organisation in scope, as ``member_id`` sees them."""
    counts = Conversation.objects.filter(status__in=UNDONE).aggregate(
        needs_person=Count("id", filter=_NEEDS_PERSON),
        mine=Count("id", filter=Q(owner_member_id=member_id)),
        ai=Count("id", filter=Q(owner_kind=OwnerKind.AI.value)),
        open=Count("id"),
    )
    return OpenCounts(**counts)


def as_last_text(message: Message) -> LastText:
    """Return the beginning of a text, as ``list_last_texts`` does."""
    return LastText(message.author_kind, cut_text(message.text, SNIPPET_LENGTH))


def cut_text(text: str, length: int) -> str:
    """Return the beginning of a redacted text, without half a token at its end."""
    return text if len(text) <= length else _CUT_TOKEN.sub("", text[:length])


def list_last_texts(conversation_ids: Iterable[UUID]) -> dict[UUID, LastText]:
    """Return the beginning of each conversation's newest text; conversations without one are left out."""
    newest = Message.objects.filter(conversation=OuterRef("id"), kind=MessageKind.TEXT.value).order_by("-seq")
    as_json = newest.values(json=JSONObject(author_kind="author_kind", text=Left("text", SNIPPET_LENGTH + 1)))
    rows = Conversation.objects.filter(id__in=list(conversation_ids)).values_list("id", Subquery(as_json[:1]))
    return {
        conversation_id: LastText(last["author_kind"], cut_text(last["text"], SNIPPET_LENGTH))
        for conversation_id, last in rows
        if last is not None
    }


def list_last_seqs(*, owner_member_id: UUID, limit: int) -> dict[UUID, int]:
    """Return the newest seq of each open conversation this member owns, newest activity first."""
    owned = Conversation.objects.filter(owner_member_id=owner_member_id, status__in=UNDONE)
    return dict(owned.order_by("-last_message_at", "-id").values_list("id", "last_seq")[:limit])


def list_of_customer(customer: "Customer", *, except_id: UUID, limit: int) -> list[Conversation]:
    """Return the other conversations of a person, of the whole family's: the open ones first, by newest activity."""
    family = customer_selectors.list_family(customer)
    others = _with_people().filter(customer__in=family).exclude(id=except_id)
    is_closed = ExpressionWrapper(Q(status=Status.CLOSED.value), output_field=BooleanField())
    return list(others.order_by(is_closed, "-last_message_at", "-id")[:limit])


def search_conversations(*, words: Iterable[str], limit: int) -> list[Conversation]:
    """Return conversations whose title or customer reference contains every word, newest activity first."""
    found = _with_people()
    for word in words:
        found = found.filter(Q(title__icontains=word) | Q(customer__reference__icontains=word))
    return list(found.order_by("-last_message_at", "-id")[:limit])


def find_conversation(conversation_id: UUID) -> Conversation | None:
    """Return a conversation of the organisation in scope, or None."""
    return _with_people().filter(id=conversation_id).first()


def find_latest_answer(conversation: Conversation) -> MessageView | None:
    """Return the AI's newest answer in this conversation, or None."""
    answers = _messages(conversation).filter(author_kind=AuthorKind.AI.value, kind=MessageKind.TEXT.value)
    answer = answers.order_by("-seq").first()
    return None if answer is None else as_view(conversation, answer)


def find_latest_event(conversation: Conversation, *, names: Iterable[EventName]) -> LatestEvent | None:
    """Return the newest event of one of these names in this conversation, or None."""
    events = _messages(conversation).filter(event__name__in=[name.value for name in names])
    event = events.order_by("-seq").first()
    if event is None or event.event is None:
        return None
    actor = "" if event.author_member is None else event.author_member.user.get_short_name()
    return LatestEvent(EventName(event.event["name"]), actor, event.created_at)


# Timeline -------------------------------------------------------------------------------------------------

# A range of the index for each customer, and only then sorted together: a page costs the same in a long history. Rows
# that are not protected yet do not name their customer; once all are, that part finds an empty index.
_NEWEST = """
    SELECT found.id, found.created_at
      FROM unnest(%(family)s::uuid[]) AS member (id)
     CROSS JOIN LATERAL (
           SELECT message.id, message.created_at
             FROM conversations_message AS message
            WHERE message.organisation_id = %(organisation)s AND message.customer_id = member.id
              AND (message.created_at, message.id) < (%(at)s::timestamptz, %(message)s::uuid)
            ORDER BY message.created_at DESC, message.id DESC LIMIT %(limit)s) AS found
    UNION ALL
    SELECT message.id, message.created_at
      FROM conversations_message AS message
      JOIN conversations_conversation AS conversation ON conversation.id = message.conversation_id
     WHERE message.organisation_id = %(organisation)s AND message.redaction = 0
       AND conversation.customer_id = ANY (%(family)s::uuid[])
       AND (message.created_at, message.id) < (%(at)s::timestamptz, %(message)s::uuid)
     ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""


def list_timeline(
    customer_root: "Customer", *, before: TimelineCursor | None = None, limit: int = PAGE_LIMIT
) -> Timeline:
    """Return all that happened with a person, newest first: every conversation and channel of the whole family.

    Any member of the family will do. One page at a time (keyset); keys are opened with one query.
    """
    family = [row["id"] for row in customer_selectors.list_family(customer_root)]
    wanted: dict[str, Any] = {
        "family": family,
        "organisation": tenancy.current_organisation_id(),
        "at": "infinity" if before is None else before.at,
        "message": UUID(int=0) if before is None else before.message_id,
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, wanted)
        ids = [message_id for message_id, _ in cursor.fetchall()]
    people = ("author_member__user", "conversation__customer", "conversation__organisation")
    rows = Message.objects.select_related(*people).defer("conversation__tokens").in_bulk(ids[:limit])
    messages = [rows[message_id] for message_id in ids[:limit] if message_id in rows]
    _load_keys(messages)
    end = TimelineCursor(messages[-1].created_at, messages[-1].id) if messages and len(ids) > limit else None
    return Timeline(tuple(_as_entry(message) for message in messages), end)


def _as_entry(message: Message) -> TimelineEntry:
    conversation = message.conversation
    return TimelineEntry(
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        inbox_id=conversation.inbox_id,
        channel=Channel(conversation.channel),
        title=conversation.title,
        message=as_view(conversation, message),
    )
