"""One value, one token, one meaning: in any order of messages, and when many write at once."""

import threading
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.conversations import selectors
from apps.conversations.models import Conversation, Message
from apps.conversations.services import protecting, protecting_past, receiving, recording, replying
from apps.core import tenancy
from apps.privacy.services import restoring
from apps.privacy.types import TOKEN_PATTERN, TokenTable
from tests.conversations.factories import NOON, answer, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

VALUES = (
    "zoe.winter@example.com",
    "ben@example.org",
    "+49 30 901820",
    "+44 20 7946 0018",
    "4111 1111 1111 1111",
    "10.20.30.40",
)
PIECES = st.one_of(
    st.sampled_from(VALUES), st.sampled_from(["Hello", "my parcel", "please", "[EMAIL_1]", "[PHONE_2]", "and"])
)
MESSAGES = st.lists(
    st.tuples(st.sampled_from(["customer", "agent", "ai"]), st.lists(PIECES, min_size=1, max_size=4)),
    min_size=1,
    max_size=8,
)


def tokens_of(conversation: Conversation) -> TokenTable:
    return TokenTable.from_json(Conversation.objects.get(id=conversation.id).tokens)


def say(conversation: Conversation, author: str, text: str, ana: "Membership") -> None:
    if author == "customer":
        receiving.receive_message(conversation_id=conversation.id, client_id=uuid4(), text=text, now=NOON)
    elif author == "agent":
        replying.send_agent_reply(actor=ana, conversation_id=conversation.id, client_id=uuid4(), text=text, now=NOON)
    else:
        Conversation.objects.filter(id=conversation.id).update(owner_kind="ai", owner_member=None)
        answer(conversation, text)


@given(messages=MESSAGES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tokens_are_stable_and_restore_exactly_in_any_order_of_messages(
    in_acme: "Organisation", inbox: "Inbox", ana: "Membership", messages: list[tuple[str, list[str]]]
) -> None:
    conversation = start_conversation(inbox)
    meanings: dict[str, str | None] = {}
    for author, pieces in messages:
        say(conversation, author, ", ".join(pieces), ana)
        known = tokens_of(conversation)
        # No token ever changes its meaning.
        assert {token: known.get_value(token) for token in meanings} == meanings
        meanings = {row[2]: row[3] for row in known.to_json()["values"]}

    tokens = tokens_of(conversation)
    assert len(set(meanings.values())) == len(meanings)
    rows = Message.objects.filter(conversation=conversation, kind="text").order_by("seq")
    people = [row for row in rows if row.author_kind != "ai"]
    assert [restoring.restore(row.text, tokens) for row in people] == [row.original for row in people]
    assert [value for row in rows for value in VALUES if value in row.text] == []
    written = [", ".join(pieces) for author, pieces in messages if author != "ai"]
    assert [row.original for row in people] == written


@pytest.mark.usefixtures("in_acme")
def test_a_message_prepared_before_old_ones_were_read_again_gets_tokens_of_its_own(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, "I am first@example.com")
    prepared = protecting.prepare_message(conversation_id=conversation.id, text="I am second@example.com")
    # A newer redactor finds what was overlooked, and gives out the next token, without another message.
    Message.objects.update(redaction=0, original=None, text="I am first@example.com, or other@example.com")
    protecting_past.protect_messages()

    with transaction.atomic():
        settled = protecting.settle(recording.lock_conversation(conversation.id), prepared)

    assert settled.text == "I am [EMAIL_3]"
    assert restoring.restore("[EMAIL_2] [EMAIL_3]", settled.tokens) == "other@example.com second@example.com"


@pytest.mark.django_db(transaction=True)
def test_two_messages_at_once_never_give_one_token_two_meanings(acme: "Organisation", inbox: "Inbox") -> None:
    with tenancy.scope(acme.id):
        conversation = start_conversation(inbox)
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            start.wait(timeout=10)
            with tenancy.scope(acme.id):
                for turn in range(5):
                    text = f"I am writer{number}-{turn}@example.com, with shared{turn}@example.com"
                    receiving.receive_message(conversation_id=conversation.id, client_id=uuid4(), text=text, now=NOON)
        except BaseException as error:  # noqa: BLE001  shown below
            failures.append(error)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)

    assert failures == []
    with tenancy.scope(acme.id):
        tokens = tokens_of(conversation)
        rows = list(Message.objects.filter(conversation=conversation).order_by("seq"))
        shown = selectors.list_recent_messages(selectors.get_conversation(conversation.id), limit=100)
        assert [row.seq for row in rows] == list(range(1, 41))
        assert [restoring.restore(row.text, tokens) for row in rows] == [view.text for view in shown]
        # 40 addresses of their own and 5 that all share.
        assert len(tokens) == 45
        assert {token for row in rows for token in TOKEN_PATTERN.findall(row.text)} == {
            f"[EMAIL_{number}]" for number in range(1, 46)
        }
