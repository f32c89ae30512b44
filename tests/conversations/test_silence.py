"""Nothing that somebody wrote stands in a log line, a metric, a job or an event, whatever happens to it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import prometheus_client
import pytest
from django.db import connection, transaction
from structlog.testing import capture_logs

from apps.ai.services import running
from apps.conversations import events, selectors
from apps.conversations.errors import ClientIdTaken, MessageTooLong, OwnerChanged
from apps.conversations.models import Conversation, Message
from apps.conversations.services import ownership, replying
from apps.conversations.types import MESSAGE_LIMIT
from apps.core import eventbus, jobs
from apps.core.ids import uuid7
from apps.vault.errors import KeyShredded, VaultUnavailable
from tests.conversations import vault
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme", "_silence")

EMAIL = "zoe.winter@example.com"
PHONE = "+49 30 901820"
WRITTEN = f"I am Zoe Winter, write to {EMAIL} or call {PHONE}"
TRACES = ("winter", "example.com", "901820", "zoe")


@pytest.fixture
def _silence(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Let the test run with every line of every level, and find nothing of what was written in them."""
    caplog.set_level("DEBUG")
    # The statements of these tests are debug lines of Django's own, which nobody can switch on in production.
    caplog.set_level("INFO", logger="django.db.backends")
    yield
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    said += "".join(capsys.readouterr()) + prometheus_client.generate_latest().decode()
    assert [trace for trace in TRACES if trace in said.lower()] == []


@pytest.fixture
def conversation(inbox: "Inbox") -> Conversation:
    """Return a conversation in which somebody has said who they are."""
    conversation = start_conversation(inbox)
    write(conversation, WRITTEN)
    conversation.refresh_from_db()
    return conversation


def test_accepting_and_answering_say_nothing_of_it(conversation: Conversation) -> None:
    running.answer_conversation(conversation_id=conversation.id, question_seq=1, job_id=None)

    assert Message.objects.filter(author_kind="ai").count() == 1


def test_screens_are_told_and_the_logs_are_not(inbox: "Inbox", django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        write(start_conversation(inbox), WRITTEN)


def test_an_event_shows_ids_only(conversation: Conversation) -> None:
    message = Message.objects.get()
    event = events.MessageStored(
        organisation_id=conversation.organisation_id,
        conversation_id=conversation.id,
        message_id=message.id,
        stored=message,
    )

    assert "stored" not in repr(event)
    assert event.arguments() == {"conversation_id": conversation.id, "message_id": message.id}
    assert "winter" not in repr(vars(message)).lower()


def test_jobs_and_their_arguments_are_ids(conversation: Conversation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(one)::text FROM core_job one")
        (row,) = cursor.fetchone()

    assert [trace for trace in TRACES if trace in row.lower()] == []


def test_refusals_say_nothing_of_it(conversation: Conversation, ana: "Membership") -> None:
    client_id = uuid4()
    write(conversation, WRITTEN, client_id=client_id)

    with pytest.raises(ClientIdTaken) as taken:
        write(conversation, f"{WRITTEN}!", client_id=client_id)
    with pytest.raises(MessageTooLong) as too_long:
        write(conversation, WRITTEN * 200)

    assert [trace for trace in TRACES for error in (taken, too_long) if trace in str(error.value).lower()] == []


def test_a_vault_that_is_away_or_has_forgotten_says_nothing_of_it(conversation: Conversation) -> None:
    with vault.away(), pytest.raises(VaultUnavailable):
        write(conversation, WRITTEN)
    with vault.away(), pytest.raises(jobs.Postpone):
        running.answer_conversation(conversation_id=conversation.id, question_seq=1, job_id=uuid7())
    vault.erase(conversation)
    with pytest.raises(KeyShredded):
        write(conversation, WRITTEN)


def test_damage_says_nothing_of_it(conversation: Conversation) -> None:
    vault.damage(Message.objects.get())
    vault.damage_tokens(conversation)
    write(conversation, WRITTEN)

    found = selectors.get_conversation(conversation.id)
    assert len(selectors.list_updates(found, after_seq=0).events) == 2


def test_a_listener_that_stumbles_over_it_says_nothing_of_it(
    inbox: "Inbox", django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(event: events.MessageStored) -> None:
        assert event.stored is not None
        raise ZeroDivisionError

    monkeypatch.setitem(eventbus._listeners, events.MessageStored, (stumble,))
    with capture_logs() as lines, django_capture_on_commit_callbacks(execute=True):
        write(start_conversation(inbox), WRITTEN)

    assert [line["event"] for line in lines] == ["event.listener_failed"]
    assert [trace for trace in TRACES if trace in str(lines).lower()] == []


def test_a_run_overtaken_by_a_person_says_nothing_of_it(conversation: Conversation, ana: "Membership") -> None:
    ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    with pytest.raises(OwnerChanged):
        replying.send_answer(
            conversation_id=conversation.id,
            answer_id=uuid7(),
            question_seq=1,
            owner_version=1,
            text="I wrote to [EMAIL_1].",
            citations=[],
            engine="model",
            confidence=0.9,
            now=NOON,
        )

    assert Message.objects.filter(author_kind="ai").count() == 0


def test_text_that_is_too_much_for_the_redactor_is_still_only_kept(inbox: "Inbox", in_acme: "Organisation") -> None:
    conversation = start_conversation(inbox)
    text = f"{EMAIL} " * (MESSAGE_LIMIT // (len(EMAIL) + 1))

    write(conversation, text)

    message = Message.objects.get()
    assert message.original == text.strip()
    assert message.text == " ".join(["[EMAIL_1]"] * (MESSAGE_LIMIT // (len(EMAIL) + 1)))
