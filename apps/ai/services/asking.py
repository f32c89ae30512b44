"""How is a question asked outside a chat? As a conversation of its own, answered in the calling process."""

from uuid import UUID

from apps.ai.errors import AnswerMissing
from apps.ai.models import Run
from apps.ai.services import running
from apps.ai.types import Asked, AskedCitation
from apps.conversations import selectors as conversation_selectors
from apps.conversations.services import receiving
from apps.conversations.types import Channel
from apps.core import clock
from apps.customers.services import visitors as customer_visitors
from apps.inboxes import selectors as inbox_selectors
from apps.inboxes.errors import InboxNotFound


def ask(*, question: str, client_id: UUID) -> Asked:
    """Ask as a new visitor of the first inbox of the organisation in scope, and return the answer.

    Raises ``MessageEmpty``, ``MessageTooLong``, ``InboxNotFound``, ``AnswerMissing``.
    """
    inbox = next(iter(inbox_selectors.list_inboxes()), None)
    if inbox is None:
        raise InboxNotFound("This organisation has no inbox yet.")
    receiving.clean_text(question)
    now = clock.now()
    conversation = receiving.start_conversation(
        inbox_id=inbox.id, channel=Channel.WEB, customer=customer_visitors.create_visitor(now=now), now=now
    )
    accepted = receiving.receive_message(
        conversation_id=conversation.id,
        client_id=client_id,
        text=question,
        now=now,
        wants_answer=False,
    )
    run = running.answer_conversation(conversation_id=conversation.id, question_seq=accepted.seq, job_id=None)
    if run is None:
        raise AnswerMissing
    return _as_asked(run)


def _as_asked(run: Run) -> Asked:
    message = conversation_selectors.get_message_created(
        conversation_id=run.conversation_id, message_id=run.answer_id
    ).message
    citations = tuple(
        AskedCitation(n=cited.n, document_id=cited.document_id, title=cited.title, passage=cited.passage)
        for cited in message.citations
    )
    return Asked(
        answer=message.text,
        citations=citations,
        confidence=message.confidence or 0.0,
        engine=message.engine,
        stage_ms=run.stage_ms,
        conversation_id=run.conversation_id,
    )
