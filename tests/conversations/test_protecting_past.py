"""Messages from before: shown as they are until they are protected, batch by batch, once."""

from io import StringIO
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.conversations import selectors, tasks
from apps.conversations.models import Conversation, Message
from apps.conversations.services import protecting_past
from apps.core import tenancy
from apps.core.models import Job
from apps.privacy.types import GENERATION
from apps.vault import fields
from apps.vault.errors import VaultUnavailable
from tests.conversations import vault
from tests.conversations.factories import answer, start_conversation, write
from tests.conversations.past import store
from tests.customers.factories import identify, introduce

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.usefixtures("in_acme")

EMAIL = "zoe.winter@example.com"
OLD = (
    ("customer", f"Please write to {EMAIL}"),
    ("ai", f"I shall write to {EMAIL}; ours is help@acme.example [1]."),
    ("agent", "Or to zoe@example.org?"),
    ("ai", "Two days [1]."),
)
NEW = [
    "Please write to [EMAIL_1]",
    "I shall write to [EMAIL_1]; ours is help@acme.example [1].",
    "Or to [EMAIL_2]?",
    "Two days [1].",
]


def texts(conversation: Conversation) -> list[str]:
    rows = Message.objects.filter(conversation=conversation, kind="text").order_by("seq")
    return list(rows.values_list("text", flat=True))


def shown(conversation: Conversation) -> list[str]:
    found = selectors.get_conversation(conversation.id)
    return [view.text for view in selectors.list_recent_messages(found, limit=1000)]


def stored() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, text, original, redaction FROM conversations_message ORDER BY id")
        return [tuple(row) for row in cursor.fetchall()]


def test_until_it_is_protected_a_message_shows_its_text(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, *OLD)

    assert shown(conversation) == [text for _, text in OLD]


def test_old_messages_are_redacted_and_show_what_they_showed(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, *OLD)

    done = protecting_past.protect_messages()

    assert done == 4
    assert texts(conversation) == NEW
    assert shown(conversation) == [text for _, text in OLD]
    conversation.refresh_from_db()
    assert conversation.title == NEW[0]
    assert set(Message.objects.values_list("redaction", "customer_id")) == {(GENERATION, conversation.customer_id)}
    # An answer without personal data is kept once.
    assert Message.objects.get(seq=4).original is None


def test_the_report_of_keys_fails_while_messages_stand_in_plain_text(
    inbox: "Inbox", monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests of the vault have columns of their own, whose tables may not be here.
    monkeypatch.setattr(fields, "COLUMNS", [one for one in fields.COLUMNS if one.model is Message])
    store(start_conversation(inbox), *OLD)
    with pytest.raises(CommandError, match="4 rows are not encrypted yet"):
        call_command("report_keys", stdout=StringIO())

    protecting_past.protect_messages()

    call_command("report_keys", stdout=StringIO())


def test_repeating_it_changes_nothing(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, *OLD)
    protecting_past.protect_messages()
    before = stored()

    done = protecting_past.protect_messages()

    assert done == 0
    assert stored() == before


def test_what_an_older_redactor_has_read_is_read_again(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, *OLD)
    protecting_past.protect_messages()
    tokens = Conversation.objects.get(id=conversation.id).tokens
    # The one before overlooked the address in the first message, and read nothing else differently.
    Message.objects.update(redaction=GENERATION - 1)
    Message.objects.filter(seq=1).update(text=OLD[0][1])

    done = protecting_past.protect_messages()

    assert done == 4
    assert texts(conversation) == NEW
    assert shown(conversation) == [text for _, text in OLD]
    assert Conversation.objects.get(id=conversation.id).tokens == tokens


def test_an_answer_keeps_the_tokens_that_only_its_question_explains(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, "my password is Tr0ub4dor and I was born on 12.03.1984")
    answer(conversation, "As you said, [SECRET_1] and [BIRTH_DATE_1].")
    before = texts(conversation), shown(conversation)
    Message.objects.update(redaction=GENERATION - 1)

    done = protecting_past.protect_messages()

    assert done == 2
    assert (texts(conversation), shown(conversation)) == before
    assert before[0][1] == "As you said, [SECRET_1] and [BIRTH_DATE_1]."


def test_what_was_hidden_because_it_was_known_stays_hidden(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, "my name is zrinka vornel")
    write(conversation, "zrinka again")
    Message.objects.filter(seq=2).update(redaction=GENERATION - 1)

    protecting_past.protect_messages()

    assert "zrinka" not in " ".join(texts(conversation))


def test_what_becomes_known_later_is_hidden_in_what_was_written_before(inbox: "Inbox") -> None:
    conversation, elsewhere = start_conversation(inbox), start_conversation(inbox)
    for one in (conversation, elsewhere):
        write(one, "the parcel is for zrinkalith, not for me")
    before = texts(elsewhere)

    identify(conversation.customer_id, introduce(name="Zrinkalith Vornel"))
    tasks.read_again.run(customer_id=str(conversation.customer_id))

    assert texts(conversation) == ["the parcel is for [NAME_1], not for me"]
    assert shown(conversation) == ["the parcel is for zrinkalith, not for me"]
    assert Conversation.objects.get(id=conversation.id).title == "the parcel is for [NAME_1], not for me"
    assert texts(elsewhere) == before == ["the parcel is for zrinkalith, not for me"]
    assert Job.objects.filter(name="conversations.read_again").count() == 1
    assert selectors.count_unprotected() == 0


def test_an_erased_customer_has_nothing_to_be_read_again(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    write(conversation, "the parcel is late")
    before = stored()

    tasks.read_again.run(customer_id=str(uuid4()))

    assert stored() == before


def test_a_key_that_is_not_in_the_vault_keeps_nobody_elses_messages_from_it(inbox: "Inbox") -> None:
    lost, other = start_conversation(inbox), start_conversation(inbox)
    for conversation in (lost, other):
        store(conversation, *OLD)
    protecting_past.protect_messages()
    Message.objects.update(redaction=GENERATION - 1)
    vault.lose_key(lost)
    ids = set(Message.objects.filter(conversation=lost).values_list("id", flat=True))
    kept = [row for row in stored() if row[0] in ids]

    protecting_past.protect_messages()

    assert Message.objects.filter(conversation=other, redaction=GENERATION).count() == 4
    assert [row for row in stored() if row in kept] == kept


def test_a_damaged_message_keeps_nobody_from_the_others(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, *OLD)
    protecting_past.protect_messages()
    Message.objects.update(redaction=GENERATION - 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conversations_message SET original = original || 'x' WHERE seq = 1")
    before = {row[0]: row[1:3] for row in stored()}

    protecting_past.protect_messages()

    assert selectors.count_unprotected() == 0
    assert {row[0]: row[1] for row in stored()} == {key: text for key, (text, _) in before.items()}


def test_what_is_to_be_read_is_found_by_its_index(inbox: "Inbox") -> None:
    start_conversation(inbox)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        unread = Message.objects.filter(redaction__lt=GENERATION).order_by("conversation_id").values("conversation_id")
        plan = unread[:1].explain()

    assert "message_unprotected" in plan


def test_a_new_message_beside_old_ones_shares_their_tokens_in_the_end(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, *OLD)
    write(conversation, "Did you write to zoe@example.org?")

    protecting_past.protect_messages()

    assert texts(conversation) == [
        "Please write to [EMAIL_2]",
        "I shall write to [EMAIL_2]; ours is help@acme.example [1].",
        "Or to [EMAIL_1]?",
        "Two days [1].",
        "Did you write to [EMAIL_1]?",
    ]


def test_what_was_interrupted_goes_on_where_it_stopped(inbox: "Inbox", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protecting_past, "BATCH", 3)
    first, second = start_conversation(inbox), start_conversation(inbox)
    for conversation in (first, second):
        store(conversation, *OLD)

    protecting_past.protect_conversation(conversation_id=first.id)
    left = selectors.count_unprotected()
    done = protecting_past.protect_messages()

    assert (left, done) == (5, 5)
    assert texts(first) == texts(second) == NEW


def test_while_the_vault_is_away_nothing_changes(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    store(conversation, *OLD)

    with vault.away(), pytest.raises(VaultUnavailable):
        protecting_past.protect_messages()

    assert texts(conversation) == [text for _, text in OLD]
    assert selectors.count_unprotected() == 4


def test_messages_of_whoever_was_erased_are_passed_over(inbox: "Inbox") -> None:
    erased, other = start_conversation(inbox), start_conversation(inbox)
    for conversation in (erased, other):
        store(conversation, *OLD)
    vault.erase(erased)

    done = protecting_past.protect_messages()

    assert done == 4
    assert texts(other) == NEW
    assert selectors.count_unprotected() == 4


def test_progress_is_logged_without_a_word_of_them(
    inbox: "Inbox", caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protecting_past, "REPORT_EVERY", 1)
    caplog.set_level("INFO")
    store(start_conversation(inbox), *OLD)

    protecting_past.protect_messages()

    progress = [record.getMessage() for record in caplog.records if "messages.protected" in record.getMessage()]
    assert len(progress) == 2
    assert "example" not in caplog.text


def test_the_task_does_the_organisation_in_scope(inbox: "Inbox", orbis: "Organisation") -> None:
    store(start_conversation(inbox), *OLD)

    with tenancy.scope(orbis.id):
        tasks.protect_messages.run()
    elsewhere = selectors.count_unprotected()
    tasks.protect_messages.run()

    assert (elsewhere, selectors.count_unprotected()) == (4, 0)


def test_the_command_does_every_organisation(inbox: "Inbox") -> None:
    store(start_conversation(inbox), *OLD)
    said = StringIO()

    call_command("protect_messages", stdout=said)

    assert said.getvalue() == f"{inbox.organisation_id}: 4 messages protected\n"
    assert selectors.count_unprotected() == 0


def test_the_command_leaves_it_to_the_worker(inbox: "Inbox") -> None:
    store(start_conversation(inbox), *OLD)

    call_command("protect_messages", queue=True, stdout=StringIO())

    job = Job.objects.get()
    assert (job.name, job.organisation_id) == ("conversations.protect_messages", inbox.organisation_id)
    assert selectors.count_unprotected() == 4


def test_the_command_says_what_to_do_when_the_vault_is_away(inbox: "Inbox") -> None:
    store(start_conversation(inbox), *OLD)

    with vault.away(), pytest.raises(CommandError, match="Repeat the command"):
        call_command("protect_messages", stdout=StringIO())

    assert selectors.count_unprotected() == 4
