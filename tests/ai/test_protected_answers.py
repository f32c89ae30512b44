"""A model, prompts, search and traces never meet personal data; the customer's answer has it back."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from pytest_django import Settings

from apps.ai.models import Run, RunState
from apps.ai.services import asking, composing, engines, running
from apps.ai.types import Answer
from apps.conversations import selectors as conversation_selectors
from apps.conversations.models import Conversation, Message
from apps.conversations.services import ownership
from apps.conversations.types import MessageView
from apps.core import jobs
from apps.core.ids import uuid7
from apps.core.models import Job
from apps.knowledge.services import documents
from apps.vault.errors import VaultUnavailable
from tests.conversations import vault
from tests.conversations.factories import NOON, start_conversation, write
from tests.conversations.past import store
from tests.simulators.model_endpoint import ModelEndpoint, running_model_endpoint

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.inboxes.models import Inbox

EMAIL = "zoe.winter@example.com"
ARTICLE = "Parcels to islands take six working days. Tell us your e-mail address and we write to you."


@pytest.fixture(scope="module")
def _endpoint() -> Iterator[ModelEndpoint]:
    with running_model_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def model(_endpoint: ModelEndpoint, settings: Settings) -> Iterator[ModelEndpoint]:
    """Let a model write the answers."""
    _endpoint.control(reset=True)
    _endpoint.forget()
    settings.LLM_BASE_URL, settings.LLM_API_KEY, settings.LLM_MODEL = _endpoint.base_url, "key", "sim-1"
    engines._model_engine.cache_clear()
    yield _endpoint
    engines._model_engine.cache_clear()


@pytest.fixture(autouse=True)
def _knowing(in_acme: "Organisation") -> None:
    documents.save_document(source_name="Help", external_id="delivery", title="Delivery times", body=ARTICLE)


@contextmanager
def losing_the_vault_in_mid_answer() -> Iterator[None]:
    """Let the vault go away, with every key out of the cache, when the answer is written and not yet stored."""
    compose = composing.compose_answer

    def compose_and_lose_the_vault(**wanted: Any) -> Answer:
        written = compose(**wanted)
        stack.enter_context(vault.away())
        return written

    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(composing, "compose_answer", compose_and_lose_the_vault)
        yield


def answer(conversation: Conversation, seq: int) -> MessageView:
    running.answer_conversation(conversation_id=conversation.id, question_seq=seq, job_id=uuid7())
    found = conversation_selectors.find_latest_answer(conversation_selectors.get_conversation(conversation.id))
    assert found is not None
    return found


def test_the_model_sees_tokens_and_the_customer_the_real_values(model: ModelEndpoint, inbox: "Inbox") -> None:
    model.control(style="fixed", text="I write to [EMAIL_1] about islands [1], not to [EMAIL_9].")
    conversation = start_conversation(inbox)
    asked = write(conversation, f"How long do parcels to islands take? Write to {EMAIL}.")

    shown = answer(conversation, asked.seq)

    said = json.dumps(model.requests())
    assert EMAIL not in said
    assert "[EMAIL_1]" in said
    assert shown.text == f"I write to {EMAIL} about islands [1], not to (e-mail address)."
    assert Message.objects.get(id=shown.id).text == "I write to [EMAIL_1] about islands [1], not to (e-mail address)."
    assert shown.engine == "model"


def test_earlier_turns_reach_the_model_redacted(model: ModelEndpoint, inbox: "Inbox") -> None:
    model.control(style="fixed", text="To [EMAIL_1] [1].")
    conversation = start_conversation(inbox)
    first = write(conversation, f"My e-mail address is {EMAIL}.")
    answer(conversation, first.seq)
    model.forget()
    second = write(conversation, "Where do you write to?", minute=1)

    answer(conversation, second.seq)

    said = json.dumps(model.requests())
    assert EMAIL not in said
    assert said.count("[EMAIL_1]") >= 2


def test_what_was_written_before_messages_were_redacted_reaches_the_model_redacted(
    model: ModelEndpoint, inbox: "Inbox"
) -> None:
    model.control(style="fixed", text="To [EMAIL_1] [1].")
    conversation = start_conversation(inbox)
    store(conversation, ("customer", f"I am {EMAIL}"), ("ai", f"Hello {EMAIL}"))
    asked = write(conversation, "How long do parcels to islands take?", minute=9)

    shown = answer(conversation, asked.seq)

    assert EMAIL not in json.dumps(model.requests())
    assert shown.text == f"To {EMAIL} [1]."
    assert conversation_selectors.count_unprotected() == 0


def test_the_trace_of_a_run_is_encrypted(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels to islands take?")
    answer(conversation, asked.seq)

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(one)::text FROM ai_run one")
        (stored,) = cursor.fetchone()

    trace = Run.objects.get().trace
    assert trace["passages"][0]["title"] == "Delivery times"
    assert "Delivery" not in stored
    assert '"trace":{}' in stored


def test_the_built_in_engine_finds_the_answer_beside_an_address(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, f"I am {EMAIL}: how long do parcels to islands take?")

    shown = answer(conversation, asked.seq)

    assert "six working days" in shown.text
    assert "[EMAIL" not in shown.text


def test_a_question_that_is_nothing_but_an_address_is_not_searched_for(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, EMAIL)

    answer(conversation, asked.seq)

    assert Run.objects.get().trace["considered"] == 0


def test_while_the_vault_is_away_the_run_waits_and_then_answers(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels to islands take?")
    job_id = Job.objects.get().id

    with vault.away(), pytest.raises(jobs.Postpone):
        running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)
    meanwhile = (Run.objects.count(), Message.objects.count())
    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)

    assert meanwhile == (0, 1)
    assert run is not None
    assert (run.state, run.attempt) == (RunState.POSTED, 1)


def test_a_vault_that_goes_away_while_the_model_writes_costs_the_attempt_and_not_the_answer(
    inbox: "Inbox",
) -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels to islands take?")
    job_id = Job.objects.get().id

    with losing_the_vault_in_mid_answer(), pytest.raises(jobs.Postpone):
        running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)
    meanwhile = Message.objects.count()
    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)

    assert meanwhile == 1
    assert run is not None
    assert (run.state, run.attempt, Message.objects.count()) == (RunState.POSTED, 2, 2)


def test_a_question_asked_outside_a_chat_says_that_the_vault_is_away(inbox: "Inbox") -> None:
    with vault.away(), pytest.raises(VaultUnavailable):
        asking.ask(question="How long do parcels take?", client_id=uuid7())

    assert Message.objects.count() == 0


def test_a_question_of_whoever_was_erased_meanwhile_is_not_answered(inbox: "Inbox") -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels to islands take?")
    vault.erase(conversation)

    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=uuid7())

    assert run is None
    assert Message.objects.filter(author_kind="ai").count() == 0
    assert Run.objects.count() == 0


def test_a_person_who_takes_over_while_the_vault_is_away_keeps_the_conversation(
    inbox: "Inbox", ana: "Membership"
) -> None:
    conversation = start_conversation(inbox)
    asked = write(conversation, "How long do parcels to islands take?")
    job_id = Job.objects.get().id
    with vault.away(), pytest.raises(jobs.Postpone):
        running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)
    ownership.take_conversation(actor=ana, conversation_id=conversation.id, now=NOON)

    run = running.answer_conversation(conversation_id=conversation.id, question_seq=asked.seq, job_id=job_id)

    assert run is None
    assert Message.objects.filter(author_kind="ai").count() == 0
