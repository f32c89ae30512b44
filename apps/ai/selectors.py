"""What has the AI done, and what is it doing?"""

from uuid import UUID

from apps.ai.models import Run, RunState


def find_run_of_job(job_id: UUID | None) -> Run | None:
    """Return the run that this job began, or None."""
    return None if job_id is None else Run.objects.filter(job_id=job_id).first()


def find_active_run(conversation_id: UUID) -> Run | None:
    """Return the run that is answering this conversation, or None."""
    return Run.objects.filter(conversation_id=conversation_id, state=RunState.RUNNING).first()


def find_run_of_answer(answer_id: UUID) -> Run | None:
    """Return the run behind an answer, or None."""
    return Run.objects.filter(answer_id=answer_id).first()
