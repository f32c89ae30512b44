"""What happens when an agent acts on what is on their screen? First, a look at what has changed since."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Greatest

from apps.conversations import selectors as conversation_selectors
from apps.conversations.services import closing, ownership, protecting, receiving, recording, replying
from apps.conversations.types import Accepted, EventName, OwnerKind, Status
from apps.core import tenancy
from apps.customers import selectors as customer_selectors
from apps.customers.errors import MergeNotFound
from apps.customers.services import identifying, merging, withdrawing
from apps.customers.types import CanonicalIdentity, Introduction
from apps.desk.errors import ChangedMeanwhile
from apps.desk.models import ReadMark
from apps.desk.types import Deed

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.conversations.models import Conversation

# What agents enter is what somebody said; nobody has proven it.
SOURCE = "agent"
_DEEDS = {EventName.OWNER_CHANGED: "took", EventName.CLOSED: "closed"}
_JUST_NOW_SECONDS = 3


@transaction.atomic
def send_reply(
    *,
    actor: "Membership",
    conversation_id: UUID,
    client_id: UUID,
    text: str,
    expected_owner_version: int,
    now: datetime,
) -> Accepted:
    """Post a reply, once for each ``client_id``; a closed conversation opens again.

    Raises what ``send_agent_reply`` raises, and ``ChangedMeanwhile`` when a colleague took or closed the
    conversation after ``expected_owner_version``.
    """
    cleaned = receiving.clean_text(text)
    prepared = protecting.prepare_message(conversation_id=conversation_id, text=cleaned)
    conversation = recording.lock_conversation(conversation_id)
    if receiving.find_sent(conversation, client_id, cleaned) is None:
        closed = conversation.status == Status.CLOSED
        question = "Reopen it and send your reply?" if closed else "Send your reply anyway?"
        _check_unchanged(conversation, actor, expected_owner_version, question=question, now=now)
        if closed:
            closing.reopen_conversation(actor=actor, conversation_id=conversation_id, now=now)
    return replying.send_agent_reply(
        actor=actor, conversation_id=conversation_id, client_id=client_id, text=text, now=now, prepared=prepared
    )


@transaction.atomic
def take_conversation(
    *, actor: "Membership", conversation_id: UUID, expected_owner_version: int, now: datetime
) -> tuple[Deed, ...]:
    """Make ``actor`` the owner and return what undoes it.

    Raises ``ChangedMeanwhile``, ``ConversationClosed`` and ``ConversationNotFound``.
    """
    conversation = recording.lock_conversation(conversation_id)
    _check_unchanged(conversation, actor, expected_owner_version, question="Take it over?", now=now)
    ownership.take_conversation(actor=actor, conversation_id=conversation_id, now=now)
    # A place in the queue, or a colleague's hands, cannot be given back.
    return (Deed.RETURN,) if conversation.owner_kind == OwnerKind.AI else ()


@transaction.atomic
def return_to_ai(
    *, actor: "Membership", conversation_id: UUID, expected_owner_version: int, now: datetime
) -> tuple[Deed, ...]:
    """Let the AI answer again and return what undoes it.

    Raises ``ChangedMeanwhile``, ``ConversationClosed`` and ``ConversationNotFound``.
    """
    conversation = recording.lock_conversation(conversation_id)
    _check_unchanged(conversation, actor, expected_owner_version, question="Return it to the AI?", now=now)
    ownership.return_to_ai(conversation_id=conversation_id, now=now)
    return (Deed.TAKE,) if conversation.owner_member_id == actor.id else ()


@transaction.atomic
def close_conversation(
    *, actor: "Membership", conversation_id: UUID, expected_owner_version: int, now: datetime
) -> tuple[Deed, ...]:
    """Close it and return what undoes that. Raises ``ChangedMeanwhile`` and ``ConversationNotFound``."""
    conversation = recording.lock_conversation(conversation_id)
    _check_unchanged(conversation, actor, expected_owner_version, question="Close it?", now=now)
    closing.close_conversation(actor=actor, conversation_id=conversation_id, now=now)
    return (Deed.REOPEN, Deed.TAKE) if conversation.owner_member_id == actor.id else (Deed.REOPEN,)


def reopen_conversation(*, actor: "Membership", conversation_id: UUID, now: datetime) -> tuple[Deed, ...]:
    """Open it again and return what undoes that. Raises ``ConversationNotFound``."""
    closing.reopen_conversation(actor=actor, conversation_id=conversation_id, now=now)
    return (Deed.CLOSE,)


def mark_read(*, member: "Membership", conversation_id: UUID, seq: int) -> None:
    """Remember that ``member`` has seen messages up to ``seq``. Raises ``ConversationNotFound``."""
    conversation = conversation_selectors.get_conversation(conversation_id)
    seen = min(seq, conversation.last_seq)
    marks = ReadMark.objects.filter(member=member, conversation_id=conversation.id)
    if marks.update(seq=Greatest("seq", seen)):
        return
    ReadMark.objects.get_or_create(
        organisation_id=tenancy.current_organisation_id(),
        member=member,
        conversation_id=conversation.id,
        defaults={"seq": seen},
    )


def undo_join(*, actor: "Membership", customer_id: UUID, merge_id: UUID, now: datetime) -> None:
    """Take back a join of this customer's family, and of no other.

    Raises ``CustomerNotFound``, ``MergeNotFound``, ``MergeAlreadyUndone`` and ``Contended``.
    """
    customer = customer_selectors.get_customer(customer_id)
    if merge_id not in {merge.id for merge in customer_selectors.list_merges(customer)}:
        raise MergeNotFound
    merging.undo_merge(merge_id=merge_id, actor=actor, now=now)


def describe_customer(
    *,
    customer_id: UUID,
    identities: tuple[CanonicalIdentity, ...],
    facts: tuple[tuple[str, str], ...],
    now: datetime,
) -> None:
    """Record what an agent says of a customer. Raises what ``identify_customer`` raises."""
    introduction = Introduction(SOURCE, identities, facts)
    identifying.identify_customer(customer_id=customer_id, introduction=introduction, now=now)


@transaction.atomic
def withdraw_claim(
    *, customer_id: UUID, identities: tuple[CanonicalIdentity, ...], facts: tuple[tuple[str, str], ...]
) -> None:
    """Take back what agents have said of a customer. Raises what ``withdraw_identity`` and ``withdraw_fact`` raise."""
    for identity in identities:
        withdrawing.withdraw_identity(customer_id=customer_id, identity=identity, source=SOURCE)
    for key, value in facts:
        withdrawing.withdraw_fact(customer_id=customer_id, key=key, value=value, source=SOURCE)


def _check_unchanged(
    conversation: "Conversation",
    actor: "Membership",
    expected_owner_version: int,
    *,
    question: str,
    now: datetime,
) -> None:
    if conversation.owner_version == expected_owner_version:
        return
    colleague_owns = conversation.owner_kind == OwnerKind.PERSON and conversation.owner_member_id != actor.id
    if conversation.status != Status.CLOSED and not colleague_owns:
        # The AI, nobody, or the same agent in another window: nobody is talked over.
        return
    name = EventName.OWNER_CHANGED if colleague_owns else EventName.CLOSED
    event = conversation_selectors.find_latest_event(conversation, names=[name])
    who = "Somebody" if event is None or not event.actor else event.actor
    when = "" if event is None else f" {_age(now - event.at)}"
    raise ChangedMeanwhile(
        f"{who} {_DEEDS[name]} this conversation{when}.",
        question=question,
        owner_version=conversation.owner_version,
    )


def _age(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    if seconds < _JUST_NOW_SECONDS:
        return "just now"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
