"""One timeline for each person: every conversation and channel of everyone they have been merged with."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from apps.conversations import selectors
from apps.conversations.models import Conversation, Message
from apps.conversations.services import receiving
from apps.conversations.types import Channel, Sealed, Timeline
from apps.core import tenancy
from apps.customers.models import Customer
from apps.vault.services import caching
from tests.conversations import vault
from tests.conversations.factories import NOON, start_conversation, write
from tests.conversations.past import store

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")


def another(inbox: "Inbox", customer: Customer, *, channel: Channel = Channel.WEB) -> Conversation:
    return receiving.start_conversation(inbox_id=inbox.id, channel=channel, customer=customer, now=NOON)


def tie(*customers: Customer) -> Customer:
    """Make one family of them, as a merge does, and return its root."""
    root = min(customers, key=lambda one: one.id)
    Customer.objects.filter(id__in=[one.id for one in customers]).update(root=root)
    return Customer.objects.get(id=root.id)


def texts(timeline: Timeline) -> list[str]:
    return [entry.message.text for entry in timeline.entries]


def test_all_conversations_and_channels_of_the_family_stand_in_one_order(inbox: "Inbox") -> None:
    web = start_conversation(inbox)
    letter = another(inbox, web.customer, channel=Channel.EMAIL)
    elsewhere, stranger = start_conversation(inbox), start_conversation(inbox)
    root = tie(web.customer, elsewhere.customer)
    for minute, conversation in enumerate((web, elsewhere, letter, stranger, web)):
        write(conversation, f"message {minute}", minute=minute)

    timeline = selectors.list_timeline(root)

    assert texts(timeline) == ["message 4", "message 2", "message 1", "message 0"]
    assert [entry.channel for entry in timeline.entries] == ["web", "email", "web", "web"]
    assert [entry.conversation_id for entry in timeline.entries] == [web.id, letter.id, elsewhere.id, web.id]
    assert timeline.entries[2].customer_id == elsewhere.customer_id
    assert (timeline.entries[0].title, timeline.entries[0].inbox_id) == ("message 0", inbox.id)
    assert timeline.next is None


def test_any_member_of_the_family_leads_to_it(inbox: "Inbox") -> None:
    first, second = start_conversation(inbox), start_conversation(inbox)
    tie(first.customer, second.customer)
    write(first, "one")
    write(second, "two", minute=1)

    for conversation in (first, second):
        member = Customer.objects.get(id=conversation.customer_id)
        assert texts(selectors.list_timeline(member)) == ["two", "one"]


def test_pages_follow_each_other_without_gap_or_repetition(inbox: "Inbox") -> None:
    first, second = start_conversation(inbox), start_conversation(inbox)
    root = tie(first.customer, second.customer)
    # Two share each minute, so that the cursor also has to tell messages of one time apart.
    for number in range(9):
        write((first, second)[number % 2], f"message {number}", minute=number // 2)
    whole = selectors.list_timeline(root).entries

    pages = [selectors.list_timeline(root, limit=4)]
    pages.append(selectors.list_timeline(root, limit=4, before=pages[0].next))
    pages.append(selectors.list_timeline(root, limit=4, before=pages[1].next))

    assert len(whole) == 9
    assert pages[0].entries + pages[1].entries + pages[2].entries == whole
    assert pages[2].next is None


def test_what_arrives_meanwhile_moves_no_page(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    for number in range(6):
        write(conversation, f"message {number}", minute=number)
    first = selectors.list_timeline(conversation.customer, limit=3)
    write(conversation, "news", minute=10)

    second = selectors.list_timeline(conversation.customer, limit=3, before=first.next)

    assert texts(first) == ["message 5", "message 4", "message 3"]
    assert texts(second) == ["message 2", "message 1", "message 0"]


def test_messages_that_are_not_protected_yet_are_among_them(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, ("customer", "old one"), ("agent", "old two"))
    write(conversation, "new", minute=9)

    assert texts(selectors.list_timeline(conversation.customer)) == ["new", "old two", "old one"]


def test_a_customer_without_messages_has_an_empty_timeline(inbox: "Inbox") -> None:
    assert selectors.list_timeline(start_conversation(inbox).customer) == Timeline((), None)


def test_nothing_of_another_organisation_is_in_it(inbox: "Inbox", orbis: "Organisation") -> None:
    conversation = start_conversation(inbox)
    write(conversation, "of acme")

    with tenancy.scope(orbis.id):
        assert selectors.list_timeline(conversation.customer).entries == ()


def test_texts_of_an_erased_member_say_so_beside_the_others(inbox: "Inbox") -> None:
    erased, other = start_conversation(inbox), start_conversation(inbox)
    root = tie(erased.customer, other.customer)
    write(erased, "gone")
    write(other, "here", minute=1)
    vault.erase(erased)

    timeline = selectors.list_timeline(root)

    assert [(entry.message.text, entry.message.sealed) for entry in timeline.entries] == [
        ("here", None),
        ("", Sealed.ERASED),
    ]


def test_a_page_costs_the_same_queries_whatever_is_on_it(
    inbox: "Inbox", django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    conversations = [start_conversation(inbox) for _ in range(4)]
    root = tie(*(conversation.customer for conversation in conversations))
    for number in range(40):
        write(conversations[number % 4], f"message {number}", minute=number)
    caching.cache.clear()

    with CaptureQueriesContext(connections["keyvault"]) as keys, django_assert_num_queries(3):
        timeline = selectors.list_timeline(root)

    assert len(timeline.entries) == 40
    assert len(keys) == 1


def test_a_page_of_a_long_history_is_read_from_the_index(inbox: "Inbox") -> None:
    conversation, other = start_conversation(inbox), start_conversation(inbox)
    for owner, count in ((conversation, 400), (other, 2000)):
        Message.objects.bulk_create(
            Message(
                organisation_id=inbox.organisation_id,
                conversation=owner,
                customer_id=owner.customer_id,
                seq=seq,
                author_kind="customer",
                text="x" * 40,
                client_id=uuid4(),
                redaction=1,
                created_at=NOON + timedelta(minutes=seq),
            )
            for seq in range(1, count + 1)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_message")
    with CaptureQueriesContext(connection) as queries:
        middle = selectors.list_timeline(conversation.customer, limit=50).next
        selectors.list_timeline(conversation.customer, limit=50, before=middle)
    newest = [query["sql"] for query in queries.captured_queries if "UNION ALL" in query["sql"]][-1]

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS OFF) {newest}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "message_by_customer" in plan
    assert "message_unprotected" in plan
    assert "Seq Scan on conversations_message" not in plan
