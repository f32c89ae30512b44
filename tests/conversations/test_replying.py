"""What happens when the AI or an agent answers."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from apps.conversations.errors import ClientIdTaken, OwnerChanged
from apps.conversations.models import Conversation, Message
from apps.conversations.services import ownership, replying
from apps.conversations.types import Accepted, Citation, OwnerKind, Status
from apps.core.ids import uuid7
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from uuid import UUID

    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox


def answer(conversation: Conversation, answer_id: "UUID", *, owner_version: int = 1) -> Accepted:
    citation = Citation(n=1, document_id=uuid7(), passage_id=uuid7(), title="Delivery", passage="Two days.")
    return replying.send_answer(
        conversation_id=conversation.id,
        answer_id=answer_id,
        question_seq=conversation.last_seq,
        owner_version=owner_version,
        text="Two days [1].",
        citations=[citation],
        engine="builtin",
        confidence=0.9,
        now=NOON,
    )


def test_an_answer_is_stored_with_its_citations_and_waits_for_the_customer(
    in_acme: "Organisation", inbox: "Inbox"
) -> None:
    conversation = start_conversation(inbox)
    write(conversation, "How long is delivery?")

    accepted = answer(conversation, answer_id := uuid7())

    message = Message.objects.get(id=answer_id)
    assert accepted.seq == message.seq == 2
    assert message.citations[0]["title"] == "Delivery"
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING
    assert conversation.waiting_since is None


def test_a_repeated_answer_is_stored_once(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation, answer_id = start_conversation(inbox), uuid7()
    first = answer(conversation, answer_id)

    again = answer(conversation, answer_id)

    assert (first.seq, again.seq, again.is_new) == (1, 1, False)
    assert Message.objects.count() == 1


def test_the_ai_does_not_talk_over_a_person(in_acme: "Organisation", inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)
    ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)
    before = Message.objects.count()

    with pytest.raises(OwnerChanged):
        answer(conversation, uuid7(), owner_version=1)

    assert Message.objects.count() == before


def test_an_answer_begun_before_a_hand_over_and_back_is_refused(
    in_acme: "Organisation", inbox: "Inbox", ana: "Membership"
) -> None:
    conversation = start_conversation(inbox)
    ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)
    ownership.return_to_ai(conversation_id=conversation.id, now=NOON)

    with pytest.raises(OwnerChanged):
        answer(conversation, uuid7(), owner_version=1)


def test_an_agent_who_replies_becomes_the_owner(in_acme: "Organisation", inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)

    replying.send_agent_reply(actor=ana, conversation_id=conversation.id, client_id=uuid4(), text="Ana here.", now=NOON)

    conversation.refresh_from_db()
    assert (conversation.owner_kind, conversation.owner_member_id) == (OwnerKind.PERSON, ana.id)
    assert [message.author_kind for message in Message.objects.order_by("seq")] == ["system", "agent"]


def test_an_agents_reply_is_stored_once_for_each_client_id(
    in_acme: "Organisation", inbox: "Inbox", ana: "Membership"
) -> None:
    conversation, client_id = start_conversation(inbox), uuid4()
    for _ in range(2):
        replying.send_agent_reply(
            actor=ana, conversation_id=conversation.id, client_id=client_id, text="Ana here.", now=NOON
        )

    with pytest.raises(ClientIdTaken):
        replying.send_agent_reply(
            actor=ana, conversation_id=conversation.id, client_id=client_id, text="Other.", now=NOON
        )

    assert Message.objects.filter(author_kind="agent").count() == 1
