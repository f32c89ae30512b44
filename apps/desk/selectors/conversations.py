"""What does the desk show? Read models for lists, counts, conversations and what stands beside them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from apps.conversations import selectors as conversation_selectors
from apps.conversations.types import MessageCreated, MessageKind, OwnerKind, Status
from apps.desk.models import ReadMark
from apps.desk.selectors import people
from apps.desk.types import (
    ConversationSummary,
    Counts,
    Details,
    ListCursor,
    ListPage,
    MessagePage,
    OwnerView,
    Snippet,
    View,
)

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.conversations.models import Conversation, Message

PAGE_SIZE = 50
EARLIER_LIMIT = 10
SEARCH_LIMIT = 20
# Nobody answers more at once; beyond it the unread mark in the window's title stops counting.
OWNED_LIMIT = 500
# How agents read a reference aloud, and so what they type, without it being part of what is stored.
_SPOKEN = "visitor"

_UNDONE = (Status.OPEN, Status.WAITING)


def list_rows(
    *, member: "Membership", view: View, cursor: ListCursor | None = None, limit: int = PAGE_SIZE
) -> ListPage:
    """Return a page of a list: what needs a person by waiting time, longest first; the others by activity."""
    if view is View.NEEDS_PERSON:
        return _list_waiting(member, cursor, limit)
    page = conversation_selectors.list_conversations(
        statuses=(Status.CLOSED,) if view is View.CLOSED else _UNDONE,
        owner_kinds=(OwnerKind.AI,) if view is View.AI else (),
        owner_member_id=member.id if view is View.MINE else None,
        before=None if cursor is None else conversation_selectors.Cursor(cursor.at, cursor.id),
        limit=limit,
    )
    end = None if page.next is None else ListCursor(page.next.last_message_at, page.next.id)
    return _as_page(member, page.conversations, end)


def get_counts(member: "Membership") -> Counts:
    """Return how many conversations each list holds for this member, and how many of their own have news."""
    counts = conversation_selectors.count_open(member_id=member.id)
    last_seqs = conversation_selectors.list_last_seqs(owner_member_id=member.id, limit=OWNED_LIMIT)
    read = _read_marks(member, last_seqs)
    unread = sum(1 for conversation_id, seq in last_seqs.items() if seq > read.get(conversation_id, 0))
    return Counts(needs_person=counts.needs_person, mine=counts.mine, ai=counts.ai, open=counts.open, unread=unread)


def get_summary(conversation_id: UUID) -> ConversationSummary:
    """Return the row of one conversation. Raises ``ConversationNotFound``."""
    return _summarise([conversation_selectors.get_conversation(conversation_id)])[0]


def summarise_after(message: "Message") -> ConversationSummary:
    """Return the row of a message's conversation right after the message was stored, from what is in hand."""
    if message.kind == MessageKind.TEXT:
        last = conversation_selectors.as_last_text(message)
        return _as_summary(message.conversation, last)
    return _summarise([message.conversation])[0]


def get_details(conversation_id: UUID) -> Details:
    """Return what stands beside an open conversation. Raises ``ConversationNotFound``."""
    conversation = conversation_selectors.get_conversation(conversation_id)
    customer = conversation.customer
    others = conversation_selectors.list_of_customer(customer, except_id=conversation.id, limit=EARLIER_LIMIT)
    summary, *earlier = _summarise([conversation, *others])
    answer = conversation_selectors.find_latest_answer(conversation)
    return Details(summary, people.get_profile(customer), customer.created_at, answer, tuple(earlier))


def list_older_messages(conversation_id: UUID, *, before_seq: int | None = None) -> MessagePage:
    """Return the newest messages (before ``before_seq``), oldest first. Raises ``ConversationNotFound``."""
    conversation = conversation_selectors.get_conversation(conversation_id)
    views = conversation_selectors.list_recent_messages(conversation, limit=PAGE_SIZE, before_seq=before_seq)
    events = tuple(
        MessageCreated(conversation_id=conversation.id, seq=message.seq, message=message) for message in views
    )
    return MessagePage(events, more=bool(events) and events[0].seq > 1, last_seq=conversation.last_seq)


def list_newer_messages(conversation_id: UUID, *, after_seq: int) -> MessagePage:
    """Return the messages after ``after_seq`` in order. Raises ``ConversationNotFound``."""
    conversation = conversation_selectors.get_conversation(conversation_id)
    updates = conversation_selectors.list_updates(conversation, after_seq=after_seq)
    return MessagePage(updates.events, more=updates.more, last_seq=updates.last_seq)


def find_read_seq(*, member: "Membership", conversation_id: UUID) -> int:
    """Return how far ``member`` has read a conversation; 0 when never opened."""
    return _read_marks(member, [conversation_id]).get(conversation_id, 0)


def search_rows(text: str) -> tuple[ConversationSummary, ...]:
    """Return conversations by words of their title or reference, or the one whose id was pasted."""
    words = [word for word in text.replace("/", " ").split() if word.lower() != _SPOKEN]
    for word in words:
        found = _find_by_id(word)
        if found is not None:
            return _summarise([found])
    return _summarise(conversation_selectors.search_conversations(words=words, limit=SEARCH_LIMIT))


def _list_waiting(member: "Membership", cursor: ListCursor | None, limit: int) -> ListPage:
    after = None if cursor is None else conversation_selectors.WaitingCursor(cursor.at, cursor.id)
    waiting = conversation_selectors.list_waiting(after=after, limit=limit)
    end = None if waiting.next is None else ListCursor(waiting.next.since, waiting.next.id)
    return _as_page(member, waiting.conversations, end)


def _find_by_id(word: str) -> "Conversation | None":
    try:
        conversation_id = UUID(word)
    except ValueError:
        return None
    return conversation_selectors.find_conversation(conversation_id)


def _as_page(member: "Membership", conversations: "Iterable[Conversation]", end: ListCursor | None) -> ListPage:
    rows = _summarise(conversations)
    return ListPage(rows, _read_marks(member, [row.id for row in rows]), end)


def _read_marks(member: "Membership", conversation_ids: Iterable[UUID]) -> dict[UUID, int]:
    marks = ReadMark.objects.filter(member=member, conversation_id__in=list(conversation_ids))
    return dict(marks.values_list("conversation_id", "seq"))


def _summarise(conversations: "Iterable[Conversation]") -> tuple[ConversationSummary, ...]:
    listed = list(conversations)
    texts = conversation_selectors.list_last_texts([one.id for one in listed]) if listed else {}
    return tuple(_as_summary(conversation, texts.get(conversation.id)) for conversation in listed)


def _as_summary(conversation: "Conversation", last: conversation_selectors.LastText | None) -> ConversationSummary:
    owner = conversation_selectors.owner_view(conversation)
    return ConversationSummary(
        id=conversation.id,
        title=conversation.title,
        reference=str(conversation.customer),
        channel=conversation.channel,
        status=conversation.status,
        owner=OwnerView(kind=owner.kind, name=owner.name, member_id=conversation.owner_member_id),
        owner_version=conversation.owner_version,
        last_seq=conversation.last_seq,
        snippet=None if last is None else Snippet(author_kind=last.author_kind, text=last.text),
        last_message_at=conversation.last_message_at,
        waiting_since=conversation.waiting_since,
        created_at=conversation.created_at,
    )
