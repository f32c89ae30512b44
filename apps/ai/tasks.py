"""The AI's door from the queue."""

from typing import Any
from uuid import UUID

from celery import shared_task

from apps.ai.services import running


@shared_task(name="ai.answer_conversation", queue="ai")
def answer_conversation(*, job_id: UUID, conversation_id: str, question_seq: int, **_later: Any) -> None:
    """Answer what a customer wrote."""
    running.answer_conversation(conversation_id=UUID(conversation_id), question_seq=question_seq, job_id=job_id)
