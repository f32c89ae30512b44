"""What does a conversation look like? For customers, agents and the AI."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject, Left

from apps.conversations.errors import ConversationNotFound
from apps.conversations.models import Conversation, Message
from apps.conversations.types import (
    MISSED_LIMIT,
    AuthorKind,
    EventName,
    MessageCreated,
    MessageKind,
    MessageView,
    OwnerKind,
    PersonView,
    Status,
    Updates,
)

PAGE_LIMIT = 50


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
    messages = _messages(conversation).filter(seq__gt=after_seq).order_by("seq")[: limit + 1]
    views = tuple(as_created(conversation, message) for message in messages)
    return Updates(views[:limit], more=len(views) > limit, last_seq=conversation.last_seq)


def list_recent_messages(conversation: Conversation, *, limit: int, before_seq: int | None = None) -> list[MessageView]:
    """Return the newest ``limit`` messages (before ``before_seq``), oldest first."""
    messages = _messages(conversation)
    if before_seq is not None:
        messages = messages.filter(seq__lt=before_seq)
    newest = list(messages.order_by("-seq")[:limit])
    return [as_view(conversation, message) for message in reversed(newest)]


def list_texts_before(conversation: Conversation, *, seq: int, limit: int) -> list[Message]:
    """Return the newest ``limit`` text messages up to and including ``seq``, oldest first."""
    texts = Message.objects.filter(conversation=conversation, kind=MessageKind.TEXT.value, seq__lte=seq)
    return list(reversed(texts.order_by("-seq")[:limit]))


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
    """Return a message as shown. ``conversation`` carries organisation and customer, so nothing is queried."""
    return MessageView.model_validate(
        {
            "id": message.id,
            "seq": message.seq,
            "kind": message.kind,
            "author": PersonView(kind=message.author_kind, name=_author_name(conversation, message)),
            "text": message.text,
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
    return Conversation.objects.select_related("customer", "organisation", "owner_member__user")


def _messages(conversation: Conversation) -> "QuerySet[Message]":
    return Message.objects.filter(conversation=conversation).select_related("author_member__user")


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


def list_last_texts(conversation_ids: Iterable[UUID]) -> dict[UUID, LastText]:
    """Return the beginning of each conversation's newest text; conversations without one are left out."""
    newest = Message.objects.filter(conversation=OuterRef("id"), kind=MessageKind.TEXT.value).order_by("-seq")
    as_json = newest.values(json=JSONObject(author_kind="author_kind", text=Left("text", SNIPPET_LENGTH)))
    rows = Conversation.objects.filter(id__in=list(conversation_ids)).values_list("id", Subquery(as_json[:1]))
    return {conversation_id: LastText(**last) for conversation_id, last in rows if last is not None}


def list_last_seqs(*, owner_member_id: UUID, limit: int) -> dict[UUID, int]:
    """Return the newest seq of each open conversation this member owns, newest activity first."""
    owned = Conversation.objects.filter(owner_member_id=owner_member_id, status__in=UNDONE)
    return dict(owned.order_by("-last_message_at", "-id").values_list("id", "last_seq")[:limit])


def list_of_customer(customer_id: UUID, *, except_id: UUID, limit: int) -> list[Conversation]:
    """Return the other conversations of a customer, newest activity first."""
    others = _with_people().filter(customer_id=customer_id).exclude(id=except_id)
    return list(others.order_by("-last_message_at", "-id")[:limit])


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
