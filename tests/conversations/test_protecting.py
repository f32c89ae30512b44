"""Messages are kept twice: redacted for whatever searches and thinks, as written for those who talk."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.conversations import selectors
from apps.conversations.models import Conversation, Message
from apps.conversations.services import closing, receiving, replying
from apps.conversations.types import Citation, MessageView
from apps.core.ids import uuid7
from apps.privacy.types import GENERATION, TokenTable
from apps.vault.services import caching
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")

EMAIL = "zoe.winter@example.com"
WRITTEN = f"Please write to {EMAIL}."
REDACTED = "Please write to [EMAIL_1]."
CONTACT = Citation(
    n=1, document_id=uuid7(), passage_id=uuid7(), title="Contact", passage="Our address is help@acme.example."
)


def answer(conversation: Conversation, text: str, *citations: Citation) -> Message:
    conversation.refresh_from_db()
    accepted = replying.send_answer(
        conversation_id=conversation.id,
        answer_id=uuid7(),
        question_seq=conversation.last_seq,
        owner_version=conversation.owner_version,
        text=text,
        citations=citations,
        engine="model",
        confidence=0.9,
        now=NOON,
    )
    return Message.objects.get(id=accepted.message_id)


def views(conversation: Conversation) -> list[MessageView]:
    found = selectors.get_conversation(conversation.id)
    return [frame.message for frame in selectors.list_updates(found, after_seq=0).events]


def test_what_a_customer_writes_is_kept_redacted_and_as_written(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)

    write(conversation, WRITTEN)

    message = Message.objects.get()
    assert (message.text, message.original) == (REDACTED, WRITTEN)
    assert (message.customer_id, message.redaction) == (conversation.customer_id, GENERATION)


def test_what_a_customer_writes_is_encrypted_even_where_nothing_is_personal(inbox: "Inbox") -> None:
    write(start_conversation(inbox), "Hello there")

    message = Message.objects.get()
    assert (message.text, message.original) == ("Hello there", "Hello there")
    assert Message.objects.filter(original=None).count() == 0


def test_what_an_agent_writes_is_kept_redacted_and_as_written(inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)

    replying.send_agent_reply(actor=ana, conversation_id=conversation.id, client_id=uuid4(), text=WRITTEN, now=NOON)

    message = Message.objects.get(kind="text")
    assert (message.text, message.original) == (REDACTED, WRITTEN)


def test_no_column_of_the_database_holds_the_address(inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)
    answer(conversation, "I wrote to [EMAIL_1].")
    replying.send_agent_reply(actor=ana, conversation_id=conversation.id, client_id=uuid4(), text=WRITTEN, now=NOON)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row_to_json(one)::text FROM conversations_message one"
            " UNION ALL SELECT row_to_json(one)::text FROM conversations_conversation one"
            " UNION ALL SELECT row_to_json(one)::text FROM core_job one"
        )
        stored = "\n".join(row[0] for row in cursor.fetchall())

    assert "EMAIL_1" in stored
    assert EMAIL not in stored
    assert EMAIL.encode().hex() not in stored


def test_title_preview_and_search_see_the_redacted_text_only(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)

    conversation.refresh_from_db()
    assert conversation.title == REDACTED
    assert selectors.list_last_texts([conversation.id])[conversation.id].text == REDACTED
    assert selectors.search_conversations(words=["zoe.winter"], limit=5) == []
    assert [one.id for one in selectors.search_conversations(words=["write"], limit=5)] == [conversation.id]


@pytest.mark.parametrize("lead", range(receiving.TITLE_LENGTH - 14, receiving.TITLE_LENGTH + 1))
def test_neither_title_nor_preview_ends_in_half_a_token(inbox: "Inbox", lead: int) -> None:
    conversation = start_conversation(inbox)

    write(conversation, f"{'x' * lead} {EMAIL} " + "y" * 200)

    conversation.refresh_from_db()
    preview = selectors.list_last_texts([conversation.id])[conversation.id].text
    assert conversation.title.replace("[EMAIL_1]", "").strip("x y…") == ""
    assert preview.replace("[EMAIL_1]", "").strip("x y") == ""


def test_the_same_value_has_the_same_token_whoever_writes_it(inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)
    write(conversation, "or to zoe@example.org")
    replying.send_agent_reply(
        actor=ana, conversation_id=conversation.id, client_id=uuid4(), text="ZOE@example.org or first?", now=NOON
    )

    texts = Message.objects.filter(kind="text").order_by("seq").values_list("text", flat=True)
    assert list(texts) == [REDACTED, "or to [EMAIL_2]", "[EMAIL_2] or first?"]


def test_tokens_are_those_of_one_conversation(inbox: "Inbox") -> None:
    first, second = start_conversation(inbox), start_conversation(inbox)
    write(first, "I am at one@example.com")

    write(second, "I am at two@example.com")

    second.refresh_from_db()
    assert TokenTable.from_json(second.tokens).get_value("[EMAIL_1]") == "two@example.com"


def test_people_see_what_was_written_and_what_the_answer_means(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)
    answered = answer(conversation, "I wrote to [EMAIL_1].")

    assert [view.text for view in views(conversation)] == [WRITTEN, f"I wrote to {EMAIL}."]
    assert {view.sealed for view in views(conversation)} == {None}
    assert answered.text == "I wrote to [EMAIL_1]."


def test_an_answer_without_personal_data_is_kept_once(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)

    answered = answer(conversation, "Two days [1].")

    assert (answered.text, answered.original) == ("Two days [1].", None)
    assert views(conversation)[1].text == "Two days [1]."


def test_what_the_cited_passages_say_is_public(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)

    answered = answer(conversation, "Write to help@acme.example [1], not to other@acme.example.", CONTACT)

    assert answered.text == "Write to help@acme.example [1], not to [EMAIL_2]."
    assert answered.original == "Write to help@acme.example [1], not to other@acme.example."


def test_a_customer_cannot_write_a_token_of_ours(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)

    write(conversation, "What is [EMAIL_1]?")

    message = Message.objects.get(seq=2)
    assert message.text == "What is [TEXT_1]?"
    assert views(conversation)[1].text == "What is [EMAIL_1]?"


def test_a_conversation_that_opens_again_keeps_its_tokens(inbox: "Inbox", ana: "Membership") -> None:
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)
    closing.close_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    write(conversation, f"Still {EMAIL}, and zoe@example.org")

    assert Message.objects.get(seq=4).text == "Still [EMAIL_1], and [EMAIL_2]"


def test_a_resent_message_is_recognised_by_what_was_written(inbox: "Inbox") -> None:
    conversation, client_id = start_conversation(inbox), uuid4()
    first = write(conversation, WRITTEN, client_id=client_id)

    again = write(conversation, WRITTEN, client_id=client_id)

    assert (again.message_id, again.is_new) == (first.message_id, False)


def test_the_vault_is_asked_once_for_a_new_visitor_and_then_no_more(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)

    with CaptureQueriesContext(connections["keyvault"]) as first:
        write(conversation, WRITTEN)
    with CaptureQueriesContext(connections["keyvault"]) as later:
        write(conversation, "And another thing")
        answer(conversation, "I wrote to [EMAIL_1].")
        shown = views(conversation)

    assert [query["sql"] for query in first if "INSERT" in query["sql"] and "datakey" in query["sql"]][1:] == []
    assert len(later) == 0
    assert len(shown) == 3


def test_a_page_of_messages_opens_its_keys_with_one_query(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    for number in range(30):
        write(conversation, f"{number} {EMAIL}")
    caching.cache.clear()

    with CaptureQueriesContext(connections["keyvault"]) as queries:
        shown = views(conversation)

    assert len(shown) == 30
    assert len(queries) == 1
