"""What is shown when a text cannot be opened? Its state by name, and everything else as ever."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection

from apps.conversations import selectors
from apps.conversations.errors import ClientIdTaken
from apps.conversations.models import Conversation, Message
from apps.conversations.services import replying
from apps.conversations.types import Sealed
from apps.core.models import Job
from apps.customers.models import Customer
from apps.inboxes import services as inbox_services
from apps.inboxes.models import WebSession
from apps.vault.errors import KeyMissing, KeyShredded, VaultUnavailable
from tests.conversations import vault
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")

EMAIL = "zoe.winter@example.com"
WRITTEN = f"Please write to {EMAIL}."


@pytest.fixture
def conversation(inbox: "Inbox") -> Conversation:
    """Return a conversation of two messages."""
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)
    write(conversation, "Thank you")
    conversation.refresh_from_db()
    return conversation


def shown(conversation: Conversation) -> list[tuple[str, Sealed | None]]:
    found = selectors.get_conversation(conversation.id)
    return [(view.text, view.sealed) for view in selectors.list_recent_messages(found, limit=10)]


def state_of_everything() -> tuple[int, ...]:
    return (
        Conversation.objects.count(),
        Message.objects.count(),
        Customer.objects.count(),
        WebSession.objects.count(),
        Job.objects.count(),
    )


def test_while_the_vault_is_away_texts_are_shown_without_personal_details(conversation: Conversation) -> None:
    with vault.away():
        meanwhile = shown(conversation)

    assert meanwhile == [("Please write to [EMAIL_1].", Sealed.UNAVAILABLE), ("Thank you", Sealed.UNAVAILABLE)]
    assert shown(conversation) == [(WRITTEN, None), ("Thank you", None)]


def test_what_was_erased_says_so_and_shows_nothing(conversation: Conversation) -> None:
    vault.erase(conversation)

    assert shown(conversation) == [("", Sealed.ERASED), ("", Sealed.ERASED)]


@pytest.mark.parametrize(
    "touch",
    [vault.damage, lambda message: vault.swap(message, Message.objects.get(seq=2))],
    ids=["byte-changed", "moved-here"],
)
def test_a_damaged_text_says_so_and_the_rest_stays_readable(
    conversation: Conversation, touch: Callable[[Message], None]
) -> None:
    touch(Message.objects.get(seq=1))

    assert shown(conversation) == [("", Sealed.DAMAGED), ("Thank you", None)]


def test_a_ciphertext_that_is_none_says_so_and_the_rest_stays_readable(conversation: Conversation) -> None:
    vault.overwrite(Message.objects.get(seq=1), b"plain bytes")

    assert shown(conversation) == [("", Sealed.DAMAGED), ("Thank you", None)]


def test_damage_is_logged_with_ids_only(conversation: Conversation, caplog: pytest.LogCaptureFixture) -> None:
    message = Message.objects.get(seq=1)
    vault.damage(message)

    shown(conversation)

    (record,) = [record for record in caplog.records if "message.damaged" in record.getMessage()]
    assert record.levelname == "ERROR"
    assert str(message.id) in record.getMessage()
    assert "EMAIL" not in record.getMessage()
    assert "write" not in record.getMessage()


# Writing ---------------------------------------------------------------------------------------------------


def test_while_the_vault_is_away_nothing_is_stored(conversation: Conversation) -> None:
    before = state_of_everything()

    with vault.away(), pytest.raises(VaultUnavailable) as refused:
        write(conversation, "One more thing")

    assert refused.value.retryable is True
    assert state_of_everything() == before


def test_while_the_vault_is_away_no_visitor_comes_into_being(inbox: "Inbox", vera: str) -> None:
    before = state_of_everything()

    with vault.away(), pytest.raises(VaultUnavailable):
        inbox_services.accept_web_message(inbox=inbox, secret=vera, client_id=uuid4(), text=WRITTEN, now=NOON)

    assert state_of_everything() == before


def test_a_message_sent_while_the_vault_was_away_is_stored_when_sent_again(conversation: Conversation) -> None:
    client_id = uuid4()
    with vault.away(), pytest.raises(VaultUnavailable):
        write(conversation, "One more thing", client_id=client_id)

    again = write(conversation, "One more thing", client_id=client_id)

    assert (again.seq, again.is_new) == (3, True)


def test_while_the_vault_is_away_no_agent_and_no_ai_writes(conversation: Conversation, ana: "Membership") -> None:
    before = state_of_everything()

    with vault.away(), pytest.raises(VaultUnavailable):
        replying.send_agent_reply(actor=ana, conversation_id=conversation.id, client_id=uuid4(), text="Hello", now=NOON)
    with vault.away(), pytest.raises(VaultUnavailable):
        replying.send_answer(
            conversation_id=conversation.id,
            answer_id=uuid4(),
            question_seq=2,
            owner_version=1,
            text="Two days.",
            citations=[],
            engine="builtin",
            confidence=0.9,
            now=NOON,
        )

    assert state_of_everything() == before
    conversation.refresh_from_db()
    assert (conversation.owner_version, conversation.last_seq) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_where_no_vault_answers_nothing_is_stored_and_texts_are_shown_redacted(conversation: Conversation) -> None:
    before = state_of_everything()

    with vault.unplugged():
        with pytest.raises(VaultUnavailable):
            write(conversation, "One more thing")
        meanwhile = shown(conversation)

    assert meanwhile == [("Please write to [EMAIL_1].", Sealed.UNAVAILABLE), ("Thank you", Sealed.UNAVAILABLE)]
    assert state_of_everything() == before
    assert write(conversation, "One more thing").seq == 3


def test_nobody_writes_into_the_conversation_of_whoever_was_erased(conversation: Conversation) -> None:
    vault.erase(conversation)
    before = state_of_everything()

    with pytest.raises(KeyShredded):
        write(conversation, "It is me again")

    assert state_of_everything() == before


def test_a_resent_message_that_cannot_be_read_any_more_is_the_same_message(inbox: "Inbox") -> None:
    conversation, client_id = start_conversation(inbox), uuid4()
    first = write(conversation, WRITTEN, client_id=client_id)
    vault.damage(Message.objects.get())

    again = write(conversation, WRITTEN, client_id=client_id)

    assert (again.message_id, again.is_new) == (first.message_id, False)
    assert Message.objects.count() == 1


def test_other_words_under_the_same_id_are_refused_though_they_redact_to_the_same(inbox: "Inbox") -> None:
    conversation, client_id = start_conversation(inbox), uuid4()
    write(conversation, "I am zoe@example.com", client_id=client_id)

    with pytest.raises(ClientIdTaken):
        write(conversation, "I am ZOE@example.com", client_id=client_id)

    assert Message.objects.get().original == "I am zoe@example.com"


# Tokens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [b"", b"\x07 nothing we know"], ids=["none", "unknown"])
def test_damaged_tokens_keep_nobody_from_writing_and_never_mean_something_else(
    conversation: Conversation, stored: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    vault.damage_tokens(conversation, stored=stored)

    write(conversation, "I am somebody.else@example.com now")

    assert Message.objects.get(seq=3).text == "I am [EMAIL_2] now"
    assert shown(conversation)[2] == ("I am somebody.else@example.com now", None)
    assert "conversation.tokens_damaged" in caplog.text
    assert "example.com" not in caplog.text


def test_tokens_whose_key_is_not_in_the_vault_are_not_written_over(conversation: Conversation) -> None:
    # As with a vault restored from a backup that is older than the data, or with a wrong one.
    stored = b"\x01" + b"x" * 60
    vault.damage_tokens(conversation, stored=stored)

    with pytest.raises(KeyMissing):
        write(conversation, "I am somebody.else@example.com now")

    with connection.cursor() as cursor:
        cursor.execute("SELECT tokens FROM conversations_conversation WHERE id = %s", [conversation.id])
        assert bytes(cursor.fetchone()[0]) == stored
    assert Message.objects.filter(seq=3).count() == 0


def test_an_answer_with_a_token_that_was_lost_shows_the_token_and_no_other_value(conversation: Conversation) -> None:
    vault.damage_tokens(conversation)
    write(conversation, "I am somebody.else@example.com now")

    replying.send_answer(
        conversation_id=conversation.id,
        answer_id=uuid4(),
        question_seq=3,
        owner_version=1,
        text="Not [EMAIL_1] but [EMAIL_2].",
        citations=[],
        engine="model",
        confidence=0.9,
        now=NOON,
    )

    assert shown(conversation)[3] == ("Not [EMAIL_1] but somebody.else@example.com.", None)
