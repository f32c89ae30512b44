"""What does the desk show, in which order, and at what price?"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from apps.conversations.errors import ConversationNotFound
from apps.conversations.events import MessageStored
from apps.conversations.models import Conversation, Message
from apps.core import eventbus, tenancy
from apps.core.ids import uuid7
from apps.desk import services
from apps.desk.selectors import conversations as selectors
from apps.desk.types import ConversationSummary, Counts, View
from tests.conversations import vault
from tests.conversations.factories import NOON, start_conversation, write
from tests.desk.factories import answer, asked, closed, taken, waiting

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")


def titles(member: "Membership", view: View) -> list[str]:
    return [row.title for row in selectors.list_rows(member=member, view=view).rows]


@pytest.fixture
def every_kind(in_acme: "Organisation", inbox: "Inbox", ana: "Membership", ben: "Membership") -> None:
    waiting(inbox, "waits since ten", minute=10)
    waiting(inbox, "waits since five", minute=5)
    taken(inbox, ana, "of mine", minute=7)
    taken(inbox, ben, "of a colleague", minute=8)
    asked(inbox, "of the ai", minute=9)
    closed(inbox, ana, "over", minute=11)


@pytest.mark.usefixtures("every_kind")
def test_each_list_holds_what_its_name_says(ana: "Membership") -> None:
    assert titles(ana, View.MINE) == ["of mine"]
    assert titles(ana, View.AI) == ["of the ai"]
    assert titles(ana, View.CLOSED) == ["over"]


@pytest.mark.usefixtures("every_kind")
def test_whoever_waits_longest_stands_first(ana: "Membership") -> None:
    assert titles(ana, View.NEEDS_PERSON) == ["waits since five", "waits since ten"]


@pytest.mark.usefixtures("every_kind")
def test_open_conversations_stand_by_activity(ana: "Membership") -> None:
    assert titles(ana, View.OPEN) == ["waits since ten", "of the ai", "of a colleague", "of mine", "waits since five"]


@pytest.mark.usefixtures("every_kind")
def test_counts_agree_with_the_lists(ana: "Membership") -> None:
    assert selectors.get_counts(ana) == Counts(needs_person=2, mine=1, ai=1, open=5, unread=1)


def test_a_conversation_whose_person_is_gone_needs_a_person(
    inbox: "Inbox", ana: "Membership", ben: "Membership"
) -> None:
    conversation = taken(inbox, ben, "left behind")

    Conversation.objects.filter(id=conversation.id).update(owner_member=None)

    assert titles(ana, View.NEEDS_PERSON) == ["left behind"]
    assert selectors.get_counts(ana).needs_person == 1


@pytest.mark.parametrize("view", [View.NEEDS_PERSON, View.OPEN])
def test_pages_follow_each_other_without_gap_or_repetition(view: View, inbox: "Inbox", ana: "Membership") -> None:
    # Two share each minute, so that the cursor also has to tell rows of one time apart.
    for number in range(7):
        waiting(inbox, f"question {number}", minute=number // 2)
    whole = selectors.list_rows(member=ana, view=view).rows

    first = selectors.list_rows(member=ana, view=view, limit=3)
    second = selectors.list_rows(member=ana, view=view, limit=3, cursor=first.next)
    third = selectors.list_rows(member=ana, view=view, limit=3, cursor=second.next)

    assert len(whole) == 7
    assert first.rows + second.rows + third.rows == whole
    assert third.next is None


def test_a_row_shows_the_newest_text_and_who_wrote_it(inbox: "Inbox", ana: "Membership") -> None:
    conversation = asked(inbox, "Where is my parcel?")
    answer(conversation, "It is on its way [1].", minute=1)

    (row,) = selectors.list_rows(member=ana, view=View.OPEN).rows

    assert row.title == "Where is my parcel?"
    assert row.snippet is not None
    assert (row.snippet.author_kind, row.snippet.text) == ("ai", "It is on its way [1].")
    assert row.reference == str(conversation.customer)
    assert (row.owner.kind, row.owner.name, row.owner.member_id) == ("ai", "Alba", None)
    assert (row.channel, row.status, row.last_seq, row.waiting_since) == ("web", "waiting", 2, None)


def test_a_row_shows_only_the_beginning_of_a_long_text(inbox: "Inbox", ana: "Membership") -> None:
    asked(inbox, "x" * 4000)

    (row,) = selectors.list_rows(member=ana, view=View.OPEN).rows

    assert row.snippet is not None
    assert row.snippet.text == "x" * 160


def test_a_conversation_without_a_message_has_a_row(inbox: "Inbox", ana: "Membership") -> None:
    start_conversation(inbox)

    (row,) = selectors.list_rows(member=ana, view=View.OPEN).rows

    assert (row.title, row.snippet, row.last_seq) == ("", None, 0)


def test_what_a_member_has_read_comes_with_the_rows(inbox: "Inbox", ana: "Membership", ben: "Membership") -> None:
    conversation = taken(inbox, ana)
    services.mark_read(member=ana, conversation_id=conversation.id, seq=2)
    write(conversation, "Hello?", minute=3)

    assert selectors.list_rows(member=ana, view=View.OPEN).read == {conversation.id: 2}
    assert selectors.list_rows(member=ben, view=View.OPEN).read == {}
    assert selectors.get_counts(ana).unread == 1
    services.mark_read(member=ana, conversation_id=conversation.id, seq=3)
    assert selectors.get_counts(ana).unread == 0


@pytest.mark.parametrize("rows", [1, 12])
def test_a_page_of_any_length_costs_three_queries(
    rows: int, inbox: "Inbox", ana: "Membership", django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(rows):
        taken(inbox, ana, f"question {number}")

    with django_assert_num_queries(3):
        page = selectors.list_rows(member=ana, view=View.OPEN)

    assert len(page.rows) == rows


def test_counts_cost_three_queries(
    inbox: "Inbox", ana: "Membership", django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        taken(inbox, ana, f"question {number}")

    with django_assert_num_queries(3):
        selectors.get_counts(ana)


def test_details_cost_four_queries_however_much_there_is(
    inbox: "Inbox", ana: "Membership", django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    conversation = asked(inbox)
    answer(conversation, "Soon [1].")
    for number in range(4):
        earlier = asked(inbox, f"earlier {number}", minute=number)
        Conversation.objects.filter(id=earlier.id).update(customer=conversation.customer)

    with django_assert_num_queries(4):
        details = selectors.get_details(conversation.id)

    assert [row.title for row in details.earlier] == ["earlier 3", "earlier 2", "earlier 1", "earlier 0"]
    assert details.answer is not None
    assert [citation.title for citation in details.answer.citations] == ["Parcels"]


def test_a_page_of_messages_costs_two_queries(
    inbox: "Inbox", django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    conversation = asked(inbox)
    for number in range(9):
        write(conversation, f"line {number}", minute=number)

    with django_assert_num_queries(2):
        page = selectors.list_older_messages(conversation.id)

    assert [event.seq for event in page.events] == list(range(1, 11))
    assert (page.more, page.last_seq) == (False, 10)


def test_older_messages_come_page_by_page(inbox: "Inbox") -> None:
    conversation = asked(inbox)
    for number in range(69):
        write(conversation, f"line {number}", minute=number)

    newest = selectors.list_older_messages(conversation.id)
    oldest = selectors.list_older_messages(conversation.id, before_seq=newest.events[0].seq)

    assert [event.seq for event in newest.events] == list(range(21, 71))
    assert (newest.more, oldest.more) == (True, False)
    assert [event.seq for event in oldest.events] == list(range(1, 21))


def search_ids(text: str) -> list[UUID]:
    return [row.id for row in selectors.search_rows(text)]


def test_a_conversation_is_found_by_words_of_its_title(inbox: "Inbox") -> None:
    kettle = asked(inbox, "The travel kettle leaks")
    asked(inbox, "The travel lamp is dark")

    assert search_ids("KETTLE travel") == [kettle.id]
    assert search_ids("kettle lamp") == []


def test_a_conversation_is_found_by_its_reference_as_it_is_spoken(inbox: "Inbox") -> None:
    kettle = asked(inbox, "The travel kettle leaks")
    asked(inbox, "The travel lamp is dark")
    reference = kettle.customer.reference

    assert search_ids(reference.lower()) == [kettle.id]
    assert search_ids(f"Visitor {reference}") == [kettle.id]


def test_a_conversation_is_found_by_its_address(inbox: "Inbox") -> None:
    kettle = asked(inbox, "The travel kettle leaks")

    assert search_ids(f"https://desk.example/desk/c/{kettle.id}/?view=open") == [kettle.id]
    assert search_ids(str(uuid7())) == []


def test_no_words_find_the_newest_conversations(inbox: "Inbox") -> None:
    older = asked(inbox, "first", minute=1)
    newer = asked(inbox, "second", minute=2)

    assert search_ids("  ") == [newer.id, older.id]


def test_nothing_of_another_organisation_is_found(inbox: "Inbox", orbis: "Organisation") -> None:
    kettle = asked(inbox, "The travel kettle leaks")

    with tenancy.scope(orbis.id):
        assert search_ids("kettle") == []
        assert search_ids(str(kettle.id)) == []
        with pytest.raises(ConversationNotFound):
            selectors.get_summary(kettle.id)


def test_a_summary_is_what_the_list_shows(inbox: "Inbox", ana: "Membership") -> None:
    conversation = waiting(inbox)

    summary: ConversationSummary = selectors.get_summary(conversation.id)

    assert selectors.list_rows(member=ana, view=View.NEEDS_PERSON).rows == (summary,)


# What is told to open desks --------------------------------------------------------------------------------


@pytest.fixture
def in_hand(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Return the messages that listeners are handed, in order."""
    handed: list[Message] = []
    wired = dict(eventbus._listeners)
    monkeypatch.setattr(eventbus, "_listeners", wired | {MessageStored: (lambda event: handed.append(event.stored),)})
    return handed


def test_a_row_made_from_what_is_in_hand_is_the_row_that_would_be_read(
    inbox: "Inbox",
    ana: "Membership",
    in_hand: list[Message],
    django_assert_num_queries: DjangoAssertNumQueries,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        conversation = asked(inbox, "Please write to zoe@example.com")
        services.send_reply(
            actor=ana,
            conversation_id=conversation.id,
            client_id=uuid7(),
            text="I have written to zoe@example.com",
            expected_owner_version=1,
            now=NOON,
        )

    assert [message.kind for message in in_hand] == ["text", "event", "text"]
    with django_assert_num_queries(0):
        row = selectors.summarise_after(in_hand[-1])
    assert row == selectors.get_summary(conversation.id)
    assert row.snippet is not None
    assert (row.title, row.snippet.text) == ("Please write to [EMAIL_1]", "I have written to [EMAIL_1]")
    assert selectors.summarise_after(in_hand[1]) == row


def away(_conversation: Conversation) -> AbstractContextManager[None]:
    return vault.away()


def erased(conversation: Conversation) -> AbstractContextManager[None]:
    vault.erase(conversation)
    return nullcontext()


def damaged(conversation: Conversation) -> AbstractContextManager[None]:
    vault.damage(Message.objects.get(conversation=conversation, seq=1))
    return nullcontext()


@pytest.mark.parametrize(
    ("trouble", "texts"),
    [
        (away, [("Write to [EMAIL_1]", "unavailable"), ("Hello?", "unavailable")]),
        (erased, [("", "erased"), ("", "erased")]),
        (damaged, [("", "damaged"), ("Hello?", None)]),
    ],
    ids=["away", "erased", "damaged"],
)
def test_texts_that_cannot_be_opened_have_a_state_and_break_no_page(
    inbox: "Inbox",
    ana: "Membership",
    trouble: Callable[[Conversation], AbstractContextManager[None]],
    texts: list[tuple[str, str | None]],
) -> None:
    conversation = asked(inbox, "Write to zoe@example.com")
    write(conversation, "Hello?", minute=1)

    with trouble(conversation):
        page = selectors.list_older_messages(conversation.id)
        rows = selectors.list_rows(member=ana, view=View.OPEN).rows
        details = selectors.get_details(conversation.id)

    assert [(event.message.text, event.message.sealed) for event in page.events] == texts
    assert [row.title for row in rows] == ["Write to [EMAIL_1]"]
    assert details.summary.title == "Write to [EMAIL_1]"
