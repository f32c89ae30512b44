"""What does every task get? The job's lease, the tenant's scope, log context, and an honest end."""

import random
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from celery import Task
from django.db import Error as DatabaseError
from django.db import connections
from prometheus_client import Counter, Histogram

from apps.core import errors, jobs, tenancy
from worker import leases

logger = structlog.get_logger(__name__)

TASKS = Counter(
    "switchboard_tasks", "Tasks by outcome: done, skipped, postponed, failed, crashed.", ["task", "outcome"]
)
TASK_SECONDS = Histogram(
    "switchboard_task_seconds",
    "Running time of tasks.",
    ["task"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60),
)
LONGEST_BACKOFF_SECONDS = 3600
DATABASE_PAUSE_SECONDS = 0.5

if TYPE_CHECKING:
    _Task = Task[..., Any]
else:
    _Task = Task


class SuiteTask(_Task):
    """A task that carries a job by its id. Without ``job_id`` (periodic work) it simply runs.

    The arguments come from the job's row, not from the message. A ``SuiteError`` that is retryable, and any
    unanticipated exception, postpones the job with doubling back-off; a ``SuiteError`` that is not ends it.
    """

    abstract = True
    # Celery would compare the message's arguments with the task's; they come from the job's row.
    typing = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        job_id = kwargs.pop("job_id", None)
        try:
            if job_id is None:
                return super().__call__(*args, **kwargs)
            return self._run_job(UUID(job_id))
        finally:
            # Back to the pool: a thread that waits for its next task must not keep a connection.
            connections.close_all()

    def _run_job(self, job_id: UUID) -> None:
        claim = jobs.claim(job_id)
        if claim is None:
            TASKS.labels(self.name, "skipped").inc()
            return
        started = time.monotonic()
        with ExitStack() as stack:
            stack.enter_context(leases.keeper.holding(claim))
            stack.enter_context(
                structlog.contextvars.bound_contextvars(
                    task=self.name, job_id=str(job_id), organisation_id=str(claim.organisation_id)
                )
            )
            if claim.organisation_id is not None:
                stack.enter_context(tenancy.scope(claim.organisation_id))
            outcome = self._attempt(claim)
        TASKS.labels(self.name, outcome).inc()
        TASK_SECONDS.labels(self.name).observe(time.monotonic() - started)

    def _attempt(self, claim: jobs.Claim) -> str:
        try:
            super().__call__(job_id=claim.job_id, **claim.arguments)
        except jobs.Postpone as postponed:
            _postpone(claim, seconds=postponed.seconds, counts=False, error=postponed.reason)
            return "postponed"
        except errors.SuiteError as error:
            if not error.retryable:
                jobs.bury(claim, error=error.code)
                return "failed"
            _postpone(claim, seconds=error.retry_after or _backoff(claim.attempt), error=error.code)
            return "postponed"
        except Exception as error:
            _postpone(claim, seconds=_backoff(claim.attempt), error=type(error).__name__)
            TASKS.labels(self.name, "crashed").inc()
            raise
        jobs.complete(claim)
        return "done"


def _postpone(claim: jobs.Claim, *, seconds: float, error: str, counts: bool = True) -> None:
    """Give the job back. When it failed because the database is away, that needs the database: so for as long as
    the lease lasts it is tried again. After that the sweep finds the job.
    """
    given_up_at = time.monotonic() + jobs.LEASE_SECONDS
    while True:
        try:
            jobs.postpone(claim, seconds=seconds, error=error, counts=counts)
        except DatabaseError as refusal:
            if time.monotonic() >= given_up_at:
                logger.warning("job.not_given_back", error=type(refusal).__name__)
                return
            connections.close_all()
            time.sleep(DATABASE_PAUSE_SECONDS)
        else:
            return


def _backoff(attempt: int) -> float:
    """Return seconds until the next attempt: 1, 2, 4 … an hour, give or take a fifth."""
    return float(min(2 ** (attempt - 1), LONGEST_BACKOFF_SECONDS)) * random.uniform(0.8, 1.2)  # noqa: S311  not a secret
