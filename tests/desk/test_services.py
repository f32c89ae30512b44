"""What happens when an agent acts on a conversation that may have changed since they looked?"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from apps.conversations.errors import ConversationClosed, ConversationNotFound, MessageEmpty, MessageTooLong
from apps.conversations.models import Conversation, Message
from apps.conversations.services import closing, ownership
from apps.conversations.types import Accepted
from apps.core import tenancy
from apps.desk import services
from apps.desk.errors import ChangedMeanwhile
from apps.desk.selectors import conversations as selectors
from apps.desk.types import Deed
from tests.conversations.factories import NOON
from tests.desk.factories import asked, closed, take, taken, waiting

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")


def reply(
    actor: "Membership",
    conversation: Conversation,
    version: int,
    *,
    text: str = "Hello",
    client_id: UUID | None = None,
    now: datetime = NOON,
) -> Accepted:
    return services.send_reply(
        actor=actor,
        conversation_id=conversation.id,
        client_id=client_id or uuid4(),
        text=text,
        expected_owner_version=version,
        now=now,
    )


def texts(conversation: Conversation) -> list[str]:
    messages = Message.objects.filter(conversation=conversation, kind="text").order_by("seq")
    return [message.text for message in messages]


def test_a_reply_takes_the_conversation_from_the_ai(inbox: "Inbox", ana: "Membership") -> None:
    conversation = asked(inbox)

    accepted = reply(ana, conversation, conversation.owner_version)

    conversation.refresh_from_db()
    assert (accepted.seq, accepted.is_new) == (3, True)
    assert (conversation.owner_kind, conversation.owner_member_id) == ("person", ana.id)
    assert texts(conversation) == ["Where is my parcel?", "Hello"]


def test_a_reply_sent_again_is_one_message(inbox: "Inbox", ana: "Membership") -> None:
    conversation = asked(inbox)
    client_id = uuid4()
    first = reply(ana, conversation, 1, client_id=client_id)

    again = reply(ana, conversation, 1, client_id=client_id)

    assert (again.message_id, again.is_new) == (first.message_id, False)
    assert texts(conversation) == ["Where is my parcel?", "Hello"]


def test_a_reply_sent_again_after_a_colleague_took_over_is_still_known(
    inbox: "Inbox", ana: "Membership", ben: "Membership"
) -> None:
    conversation = asked(inbox)
    client_id = uuid4()
    first = reply(ana, conversation, 1, client_id=client_id)
    take(conversation, ben)

    again = reply(ana, conversation, 1, client_id=client_id)

    conversation.refresh_from_db()
    assert again.message_id == first.message_id
    assert conversation.owner_member_id == ben.id


def test_a_reply_against_a_colleague_who_took_over_is_asked_about(
    inbox: "Inbox", ana: "Membership", ben: "Membership"
) -> None:
    conversation = asked(inbox)
    take(conversation, ben)

    with pytest.raises(ChangedMeanwhile) as refused:
        reply(ana, conversation, 1, now=NOON + timedelta(seconds=5))

    assert refused.value.message == "Ben took this conversation 5 s ago."
    assert refused.value.question == "Send your reply anyway?"
    assert refused.value.owner_version == conversation.owner_version
    conversation.refresh_from_db()
    assert conversation.owner_member_id == ben.id
    assert texts(conversation) == ["Where is my parcel?"]


def test_a_reply_that_names_the_new_owner_is_sent(inbox: "Inbox", ana: "Membership", ben: "Membership") -> None:
    conversation = asked(inbox)
    take(conversation, ben)

    reply(ana, conversation, conversation.owner_version)

    conversation.refresh_from_db()
    assert conversation.owner_member_id == ana.id
    assert texts(conversation) == ["Where is my parcel?", "Hello"]


def test_a_change_that_talks_over_nobody_is_not_asked_about(inbox: "Inbox", ana: "Membership") -> None:
    conversation = asked(inbox)
    ownership.request_person(conversation_id=conversation.id, now=NOON)

    reply(ana, conversation, 1)

    assert texts(conversation) == ["Where is my parcel?", "Hello"]


def test_an_agent_is_not_asked_about_themselves(inbox: "Inbox", ana: "Membership") -> None:
    conversation = asked(inbox)
    take(conversation, ana)

    reply(ana, conversation, 1)

    assert texts(conversation) == ["Where is my parcel?", "Hello"]


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=1), "just now"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(minutes=7), "7 min ago"),
        (timedelta(hours=3, minutes=5), "3 h ago"),
        (timedelta(days=2, hours=1), "2 d ago"),
    ],
)
def test_the_question_says_how_long_ago(
    age: timedelta, words: str, inbox: "Inbox", ana: "Membership", ben: "Membership"
) -> None:
    conversation = asked(inbox)
    take(conversation, ben)

    with pytest.raises(ChangedMeanwhile, match=f"Ben took this conversation {words}"):
        reply(ana, conversation, 1, now=NOON + age)


def test_a_reply_to_what_a_colleague_closed_is_asked_about(
    inbox: "Inbox", ana: "Membership", ben: "Membership"
) -> None:
    conversation = asked(inbox)
    closing.close_conversation(actor=ben, conversation_id=conversation.id, now=NOON)

    with pytest.raises(ChangedMeanwhile) as refused:
        reply(ana, conversation, 1, now=NOON + timedelta(minutes=2))

    assert refused.value.message == "Ben closed this conversation 2 min ago."
    assert refused.value.question == "Reopen it and send your reply?"
    assert texts(conversation) == ["Where is my parcel?"]


def test_a_confirmed_reply_reopens_the_conversation(inbox: "Inbox", ana: "Membership") -> None:
    conversation = closed(inbox, ana)

    reply(ana, conversation, conversation.owner_version)

    conversation.refresh_from_db()
    assert (conversation.status, conversation.owner_member_id) == ("waiting", ana.id)
    assert texts(conversation) == ["Thank you", "Hello"]


@pytest.mark.parametrize(("text", "error"), [(" \n ", MessageEmpty), ("x" * 4001, MessageTooLong)])
def test_a_reply_that_cannot_be_stored_changes_nothing(
    text: str, error: type[Exception], inbox: "Inbox", ana: "Membership"
) -> None:
    conversation = asked(inbox)

    with pytest.raises(error):
        reply(ana, conversation, 1, text=text)

    conversation.refresh_from_db()
    assert (conversation.owner_kind, conversation.last_seq) == ("ai", 1)


def test_taking_from_the_ai_can_be_undone(inbox: "Inbox", ana: "Membership") -> None:
    conversation = asked(inbox)

    undo = services.take_conversation(actor=ana, conversation_id=conversation.id, expected_owner_version=1, now=NOON)

    conversation.refresh_from_db()
    assert undo == (Deed.RETURN,)
    assert (conversation.owner_kind, conversation.owner_member_id) == ("person", ana.id)


def test_a_place_in_the_queue_cannot_be_given_back(inbox: "Inbox", ana: "Membership") -> None:
    conversation = waiting(inbox)

    undo = services.take_conversation(actor=ana, conversation_id=conversation.id, expected_owner_version=2, now=NOON)

    assert undo == ()


def test_taking_what_a_colleague_has_just_taken_is_asked_about(
    inbox: "Inbox", ana: "Membership", ben: "Membership"
) -> None:
    conversation = waiting(inbox)
    take(conversation, ben)

    with pytest.raises(ChangedMeanwhile, match=r"Ben took this conversation 9 s ago\.") as refused:
        services.take_conversation(
            actor=ana,
            conversation_id=conversation.id,
            expected_owner_version=2,
            now=NOON + timedelta(seconds=9),
        )

    conversation.refresh_from_db()
    assert refused.value.question == "Take it over?"
    assert conversation.owner_member_id == ben.id


def test_a_closed_conversation_cannot_be_taken(inbox: "Inbox", ana: "Membership") -> None:
    conversation = closed(inbox, ana)

    with pytest.raises(ConversationClosed):
        services.take_conversation(
            actor=ana,
            conversation_id=conversation.id,
            expected_owner_version=conversation.owner_version,
            now=NOON,
        )


def test_returning_to_the_ai_can_be_undone_by_whoever_had_it(
    inbox: "Inbox", ana: "Membership", ben: "Membership"
) -> None:
    mine, theirs = taken(inbox, ana), taken(inbox, ben)

    undo_mine = services.return_to_ai(actor=ana, conversation_id=mine.id, expected_owner_version=2, now=NOON)
    undo_theirs = services.return_to_ai(actor=ana, conversation_id=theirs.id, expected_owner_version=2, now=NOON)

    mine.refresh_from_db()
    assert (undo_mine, undo_theirs) == ((Deed.TAKE,), ())
    assert (mine.owner_kind, mine.owner_member_id) == ("ai", None)


def test_closing_can_be_undone_with_its_owner(inbox: "Inbox", ana: "Membership") -> None:
    mine, of_the_ai = taken(inbox, ana), asked(inbox)

    undo_mine = services.close_conversation(actor=ana, conversation_id=mine.id, expected_owner_version=2, now=NOON)
    undo_other = services.close_conversation(
        actor=ana, conversation_id=of_the_ai.id, expected_owner_version=1, now=NOON
    )

    mine.refresh_from_db()
    assert (undo_mine, undo_other) == ((Deed.REOPEN, Deed.TAKE), (Deed.REOPEN,))
    assert mine.status == "closed"


def test_reopening_can_be_undone(inbox: "Inbox", ana: "Membership") -> None:
    conversation = closed(inbox, ana)

    undo = services.reopen_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    conversation.refresh_from_db()
    assert undo == (Deed.CLOSE,)
    assert conversation.status == "open"


def test_what_was_read_stays_read(inbox: "Inbox", ana: "Membership") -> None:
    conversation = taken(inbox, ana)

    services.mark_read(member=ana, conversation_id=conversation.id, seq=2)
    services.mark_read(member=ana, conversation_id=conversation.id, seq=1)

    assert selectors.find_read_seq(member=ana, conversation_id=conversation.id) == 2


def test_nobody_has_read_what_is_not_written(inbox: "Inbox", ana: "Membership") -> None:
    conversation = asked(inbox)

    services.mark_read(member=ana, conversation_id=conversation.id, seq=99)

    assert selectors.find_read_seq(member=ana, conversation_id=conversation.id) == 1


def test_nothing_is_marked_in_another_organisation(inbox: "Inbox", ana: "Membership", orbis: "Organisation") -> None:
    conversation = asked(inbox)

    with tenancy.scope(orbis.id), pytest.raises(ConversationNotFound):
        services.mark_read(member=ana, conversation_id=conversation.id, seq=1)

    assert selectors.find_read_seq(member=ana, conversation_id=conversation.id) == 0
