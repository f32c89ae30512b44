"""What has the AI done, and what is it doing?"""

from uuid import UUID

from apps.ai.models import Run, RunState
from apps.core import tenancy


def find_run_of_job(job_id: UUID | None) -> Run | None:
    """Return the run that this job began, or None."""
    return None if job_id is None else Run.objects.filter(job_id=job_id).first()


def find_active_run(conversation_id: UUID) -> Run | None:
    """Return the run that is answering this conversation, or None."""
    return Run.objects.filter(conversation_id=conversation_id, state=RunState.RUNNING).first()


def find_run_of_answer(answer_id: UUID) -> Run | None:
    """Return the run behind an answer, or None."""
    return Run.objects.filter(answer_id=answer_id).first()


def list_organisations_with_plain_traces() -> list[UUID]:
    """Return the organisations with traces that are not encrypted yet. For operators."""
    # An operator's question about all organisations; it reads ids only.
    with tenancy.everywhere("finds the organisations whose old traces are to be sealed"):
        # As above: which organisations have such rows.
        return list(Run.everywhere.exclude(plain_trace={}).values_list("organisation_id", flat=True).distinct())
