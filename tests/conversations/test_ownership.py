"""Who answers, and how that changes hands."""

from typing import TYPE_CHECKING

import pytest

from apps.conversations.errors import ConversationClosed
from apps.conversations.models import Message
from apps.conversations.services import closing, ownership
from apps.conversations.types import OwnerKind, Status
from apps.core.models import Job
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox


def test_taking_it_twice_is_recorded_once(in_acme: "Organisation", inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)

    for _ in range(2):
        ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    conversation.refresh_from_db()
    assert conversation.owner_version == 2
    event = Message.objects.get().event
    assert event == {"name": "owner.changed", "owner": {"kind": "person", "name": "Ana"}}


def test_another_agent_may_take_it_over(
    in_acme: "Organisation", inbox: "Inbox", ana: "Membership", adam: "Membership"
) -> None:
    conversation = start_conversation(inbox)
    ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    ownership.take_conversation(actor=adam, conversation_id=conversation.id, now=NOON)

    conversation.refresh_from_db()
    assert (conversation.owner_member_id, conversation.owner_version) == (adam.id, 3)


def test_asking_for_a_person_silences_the_ai(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)

    ownership.request_person(conversation_id=conversation.id, now=NOON)
    ownership.request_person(conversation_id=conversation.id, now=NOON)
    write(conversation, "Hello?")

    conversation.refresh_from_db()
    assert conversation.owner_kind == OwnerKind.NOBODY
    assert conversation.waiting_since == NOON
    assert [message.seq for message in Message.objects.order_by("seq")] == [1, 2]
    assert Job.objects.count() == 0


def test_returning_it_to_the_ai_answers_what_is_open(
    in_acme: "Organisation", inbox: "Inbox", ana: "Membership"
) -> None:
    conversation = start_conversation(inbox)
    ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)
    question = write(conversation, "How long is delivery?")

    ownership.return_to_ai(conversation_id=conversation.id, now=NOON)

    job = Job.objects.get()
    assert job.arguments["question_seq"] == question.seq


def test_a_closed_conversation_cannot_be_taken(in_acme: "Organisation", inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)
    closing.close_conversation(actor=ana, conversation_id=conversation.id, now=NOON)
    before = Message.objects.count()

    with pytest.raises(ConversationClosed):
        ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    assert Message.objects.count() == before


def test_closing_and_reopening_are_recorded_once_each(
    in_acme: "Organisation", inbox: "Inbox", ana: "Membership"
) -> None:
    conversation = start_conversation(inbox)

    for step in (closing.close_conversation, closing.close_conversation, closing.reopen_conversation):
        step(actor=ana, conversation_id=conversation.id, now=NOON)

    conversation.refresh_from_db()
    assert conversation.status == Status.OPEN
    assert conversation.last_seq == 2
