"""How the AI answers a conversation, with the real knowledge base and the built-in engine."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from apps.ai.models import Run, RunState
from apps.ai.services import running
from apps.conversations import selectors as conversation_selectors
from apps.conversations.models import Message
from apps.conversations.services import ownership
from apps.core import jobs
from apps.core.ids import uuid7
from apps.core.models import Job
from apps.knowledge.services import documents
from tests.conversations.factories import NOON, start_conversation, write

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

ARTICLE = "Parcels inside the country arrive within two working days. Parcels to islands take six working days."


@pytest.fixture
def knowing(in_acme: "Organisation") -> "Organisation":
    """Let acme know how long delivery takes."""
    documents.save_document(source_name="Help", external_id="delivery", title="Delivery times", body=ARTICLE)
    return in_acme


def answers() -> list[Message]:
    return list(Message.objects.filter(author_kind="ai").order_by("seq"))


def test_a_question_is_answered_from_the_passages_with_a_citation(knowing: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels to islands take?")

    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=None)

    assert run is not None
    (answer,) = answers()
    assert answer.id == run.answer_id
    assert "six working days" in answer.text
    assert "[1]" in answer.text
    assert answer.citations[0]["title"] == "Delivery times"
    assert (run.state, run.outcome, run.engine) == (RunState.POSTED, "answered", "builtin")
    assert {"encode", "search", "draft_first_text", "total"} <= set(run.stage_ms)
    assert run.trace["passages"][0]["n"] == 1


@pytest.mark.parametrize("question", ["Do you repair accordions?", "👍👍👍", "?!"])
def test_what_is_not_known_is_said(knowing: "Organisation", inbox: "Inbox", question: str) -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, question)

    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=None)

    assert run is not None
    (answer,) = answers()
    assert answer.text
    assert answer.citations == []
    assert run.outcome in {"not_found", "small_talk"}


def test_messages_written_meanwhile_are_answered_together(knowing: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    first = write(conversation, "Hello there")
    second = write(conversation, "How long do parcels to islands take?")

    running.answer_conversation(conversation_id=conversation.id, question_seq=first.seq, job_id=uuid7())
    again = running.answer_conversation(conversation_id=conversation.id, question_seq=second.seq, job_id=uuid7())

    assert again is None
    assert len(answers()) == 1
    assert "six working days" in answers()[0].text


def test_a_run_that_is_repeated_after_a_crash_posts_once_in_the_same_place(
    knowing: "Organisation", inbox: "Inbox"
) -> None:
    conversation, job_id = start_conversation(inbox), uuid7()
    asked = write(conversation, "How long do parcels take?")
    crashed = Run.objects.create(
        organisation=knowing, conversation=conversation, job_id=job_id, question_seq=asked.seq, owner_version=1
    )

    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)
    repeated = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)

    assert run is not None
    assert (run.id, run.attempt, run.answer_id) == (crashed.id, 2, crashed.answer_id)
    assert repeated is None
    assert [message.id for message in answers()] == [crashed.answer_id]


def test_a_run_that_keeps_crashing_asks_for_a_person(knowing: "Organisation", inbox: "Inbox") -> None:
    conversation, job_id = start_conversation(inbox), uuid7()
    asked = write(conversation, "How long do parcels take?")
    Run.objects.create(
        organisation=knowing,
        conversation=conversation,
        job_id=job_id,
        question_seq=asked.seq,
        owner_version=1,
        attempt=running.MAX_ATTEMPTS,
    )

    running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)

    conversation.refresh_from_db()
    assert conversation.owner_kind == "nobody"
    assert answers() == []
    assert Run.objects.get().state == RunState.FAILED


def test_a_second_run_waits_while_the_first_may_still_answer(knowing: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels take?")
    Run.objects.create(
        organisation=knowing,
        conversation=conversation,
        job_id=Job.objects.get().id,
        question_seq=asked.seq,
        owner_version=1,
    )

    with pytest.raises(jobs.Postpone):
        running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=uuid7())

    assert answers() == []


def test_a_run_whose_job_is_gone_does_not_block_the_next(knowing: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels take?")
    Run.objects.create(
        organisation=knowing, conversation=conversation, job_id=uuid7(), question_seq=asked.seq, owner_version=1
    )

    running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=uuid7())

    assert len(answers()) == 1


def test_a_conversation_taken_by_a_person_is_left_alone(
    knowing: "Organisation", inbox: "Inbox", ana: "Membership"
) -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels take?")
    ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=uuid4())

    assert run is None
    assert answers() == []


def test_an_answer_is_not_given_twice_to_the_same_question(knowing: "Organisation", inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels take?")
    running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=uuid7())

    assert running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=uuid7()) is None

    conversation = conversation_selectors.get_conversation(conversation.id)
    assert conversation_selectors.find_answered_seq(conversation) == asked.seq
    assert len(answers()) == 1
