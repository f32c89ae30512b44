"""What happens when a customer writes."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from apps.conversations.errors import ClientIdTaken, ConversationNotFound, MessageEmpty, MessageTooLong
from apps.conversations.models import Conversation, Message
from apps.conversations.services import closing, receiving
from apps.conversations.types import Status
from apps.core import tenancy
from apps.core.models import Job
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox


def test_a_message_is_stored_with_the_next_number(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)

    first = write(conversation, "Hello")
    second = write(conversation, "Anyone there?")

    assert (first.seq, second.seq) == (1, 2)
    conversation.refresh_from_db()
    assert conversation.last_seq == 2
    assert conversation.waiting_since == NOON
    assert conversation.title == "Hello"


def test_a_message_asks_for_an_answer_in_the_same_transaction(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)

    accepted = write(conversation, "Where is my parcel?")

    job = Job.objects.get()
    assert job.name == "ai.answer_conversation"
    assert job.arguments == {"conversation_id": str(conversation.id), "question_seq": accepted.seq}
    assert job.organisation_id == in_acme.id


def test_a_resent_message_is_the_same_message(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation, client_id = start_conversation(inbox), uuid4()
    first = write(conversation, "Hello", client_id=client_id)

    again = write(conversation, "Hello", client_id=client_id)

    assert again.message_id == first.message_id
    assert (first.is_new, again.is_new) == (True, False)
    assert Message.objects.count() == 1
    assert Job.objects.count() == 1


def test_another_text_under_the_same_id_is_refused(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation, client_id = start_conversation(inbox), uuid4()
    write(conversation, "Hello", client_id=client_id)

    with pytest.raises(ClientIdTaken):
        write(conversation, "Goodbye", client_id=client_id)

    assert Message.objects.get().text == "Hello"


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00\x00", "\u0007", "\ufffd \ufffd"])
def test_a_message_of_nothing_is_refused(in_acme: "Organisation", inbox: "Inbox", text: str) -> None:
    conversation = start_conversation(inbox)

    with pytest.raises(MessageEmpty):
        write(conversation, text)

    assert Message.objects.count() == 0
    assert Job.objects.count() == 0


def test_a_message_may_have_4000_characters_and_not_one_more(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)

    write(conversation, "x" * 4000)
    with pytest.raises(MessageTooLong):
        write(conversation, "x" * 4001)

    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("  hi \r\n there\r", "hi \n there"),
        ("a\x00b\ud800c", "abc"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("👩‍👩‍👧 🇩🇪", "👩‍👩‍👧 🇩🇪"),
        ("مرحبا", "مرحبا"),
    ],
)
def test_text_is_kept_as_written_but_for_controls(
    in_acme: "Organisation", inbox: "Inbox", text: str, stored: str
) -> None:
    conversation = start_conversation(inbox)

    write(conversation, text)

    assert Message.objects.get().text == stored


def test_writing_to_a_closed_conversation_opens_it_again(
    in_acme: "Organisation", inbox: "Inbox", ana: "Membership"
) -> None:
    conversation = start_conversation(inbox)
    write(conversation, "Hello")
    closing.close_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    accepted = write(conversation, "One more thing")

    conversation.refresh_from_db()
    assert conversation.status == Status.OPEN
    events = [message.event["name"] for message in Message.objects.order_by("seq") if message.event]
    assert events == ["conversation.closed", "conversation.reopened"]
    assert accepted.seq == 4


def test_a_conversation_of_another_organisation_is_not_found(
    acme: "Organisation", orbis: "Organisation", inbox: "Inbox"
) -> None:
    with tenancy.scope(acme.id):
        conversation = start_conversation(inbox)

    with tenancy.scope(orbis.id), pytest.raises(ConversationNotFound):
        write(conversation, "Hello")

    with tenancy.scope(acme.id):
        assert Message.objects.count() == 0


def test_a_long_first_line_becomes_a_short_title(in_acme: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)

    write(conversation, "word " * 100)

    title = Conversation.objects.get().title
    assert len(title) == receiving.TITLE_LENGTH
    assert title.endswith("…")
