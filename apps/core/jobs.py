"""How does work leave the request? As a row in the same transaction; the queue is only the doorbell.

Losing every message in the queue loses nothing: ``ring_due_jobs`` rings again for every row that is due and that
nobody holds. A worker holds a job by a lease which it renews; when it dies, the lease runs out and the job is rung
again with a higher fence.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from celery import Task, current_app
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from kombu.exceptions import OperationalError
from prometheus_client import Counter

from apps.core import tenancy
from apps.core.models import Job

logger = structlog.get_logger(__name__)

LEASE_SECONDS = 6
RENEW_SECONDS = 2
MAX_ATTEMPTS = 12
# A ring that nobody answered is repeated after this long: a message lost with the broker costs seconds, and a busy
# worker is not rung at every sweep.
UNANSWERED_SECONDS = 8
SWEEP_BATCH = 500

RINGS_FAILED = Counter("switchboard_job_rings_failed", "Doorbell messages the broker did not take.")
JOBS_DEAD = Counter("switchboard_jobs_dead", "Jobs given up after too many attempts.", ["name"])


class UnknownJob(LookupError):
    """A job names a task that no app defines. A programming error."""


class Postpone(Exception):
    """Raised by a task whose turn has not come: give the job back and try again in ``seconds``."""

    def __init__(self, *, seconds: float, reason: str) -> None:
        self.seconds = seconds
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job held by this worker. ``fence`` proves that it is still ours."""

    job_id: UUID
    fence: int
    attempt: int
    name: str
    organisation_id: UUID | None
    arguments: Mapping[str, Any]


_loading = threading.Lock()


@cache
def _load_tasks() -> None:
    # A web process has not imported the apps' task modules; without this their names are unknown there.
    current_app.loader.import_default_modules()


def find_task(name: str) -> "Task[..., Any]":
    """Return the task called ``name``. Raises ``UnknownJob``."""
    # A thread that came a moment later must not look before the first has loaded them all.
    with _loading:
        _load_tasks()
    task = current_app.tasks.get(name)
    if task is None:
        raise UnknownJob(f"No app defines a task called {name!r}.")
    return task


def enqueue(name: str, *, run_at: datetime | None = None, **arguments: Any) -> Job:
    """Write a job into the current transaction and ring for it after commit.

    ``arguments`` are ids and small plain values, never personal data. ``run_at`` delays the first attempt.
    Raises ``UnknownJob``; raises ``RuntimeError`` outside a transaction, because then a crash could lose the job.
    """
    find_task(name)
    if not connection.in_atomic_block:
        raise RuntimeError(f"Job {name} was enqueued outside a transaction.")
    values: dict[str, Any]
    if run_at is None:
        values = {"ring_at": Now() + timedelta(seconds=UNANSWERED_SECONDS)}
    else:
        values = {"run_at": run_at, "ring_at": run_at}
    job = Job.objects.create(
        name=name,
        organisation_id=tenancy.find_current_organisation_id(),
        arguments={key: str(value) if isinstance(value, UUID) else value for key, value in arguments.items()},
        **values,
    )
    if run_at is None:
        transaction.on_commit(lambda: ring(job.id, name))
    return job


def ring(job_id: UUID, name: str, *, in_seconds: float = 0.0) -> bool:
    """Wake a worker for the job, now or ``in_seconds``.

    Returns False if the broker did not take the message; the sweeper rings again.
    """
    try:
        delay: dict[str, Any] = {"countdown": in_seconds} if in_seconds else {}
        find_task(name).apply_async(kwargs={"job_id": str(job_id)}, retry=False, **delay)
    except (OperationalError, OSError) as error:
        RINGS_FAILED.inc()
        logger.warning("job.ring_failed", job_id=str(job_id), job=name, error=type(error).__name__)
        return False
    return True


def claim(job_id: UUID) -> Claim | None:
    """Take the lease on a due job, or return None when it is gone, dead, not due or held by another worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE core_job
               SET lease_until = clock_timestamp() + make_interval(secs => %s), fence = fence + 1,
                   attempts = attempts + 1
             WHERE id = %s AND dead_at IS NULL AND attempts < %s AND run_at <= clock_timestamp()
               AND (lease_until IS NULL OR lease_until < clock_timestamp())
            RETURNING fence, attempts, name, organisation_id, arguments
            """,
            [LEASE_SECONDS, job_id, MAX_ATTEMPTS],
        )
        row = cursor.fetchone()
    if row is None:
        _bury_exhausted(job_id)
        return None
    fence, attempt, name, organisation_id, arguments = row
    return Claim(job_id, fence, attempt, name, organisation_id, json.loads(arguments))


def renew(claims: Iterable[Claim]) -> set[UUID]:
    """Extend the leases of these claims; return the ids of those that are still ours."""
    held = list(claims)
    if not held:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE core_job AS job SET lease_until = clock_timestamp() + make_interval(secs => %s)
              FROM unnest(%s::uuid[], %s::int[]) AS held (id, fence)
             WHERE job.id = held.id AND job.fence = held.fence
            RETURNING job.id
            """,
            [LEASE_SECONDS, [claim.job_id for claim in held], [claim.fence for claim in held]],
        )
        return {row[0] for row in cursor.fetchall()}


def complete(held: Claim) -> bool:
    """Delete the finished job. Returns False when another worker took it over in the meantime."""
    return Job.objects.filter(id=held.job_id, fence=held.fence).delete()[0] == 1


def postpone(held: Claim, *, seconds: float, counts: bool = True, error: str = "") -> None:
    """Give the job back, due again in ``seconds``. ``counts=False`` for waiting that is nobody's failure."""
    if counts and held.attempt >= MAX_ATTEMPTS:
        bury(held, error=error)
        return
    due = Now() + timedelta(seconds=seconds)
    Job.objects.filter(id=held.job_id, fence=held.fence).update(
        run_at=due,
        ring_at=due,
        lease_until=None,
        last_error=error[:200],
        attempts=F("attempts") if counts else F("attempts") - 1,
    )
    if seconds < UNANSWERED_SECONDS:
        # Sooner than the sweeper would come by.
        ring(held.job_id, held.name, in_seconds=seconds)


def bury(held: Claim, *, error: str) -> None:
    """Give up on the job; it stays for the operator to see."""
    _bury(Job.objects.filter(id=held.job_id, fence=held.fence), held.job_id, held.name, error)


def is_open(job_id: UUID) -> bool:
    """Tell whether the job may still run."""
    return Job.objects.filter(id=job_id, dead_at=None).exists()


def ring_due_jobs() -> int:
    """Ring for every due job that nobody holds and whose last ring went unanswered; return how many were rung."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS MATERIALIZED (
                   SELECT id FROM core_job
                    WHERE dead_at IS NULL AND ring_at <= clock_timestamp() AND run_at <= clock_timestamp()
                      AND (lease_until IS NULL OR lease_until < clock_timestamp())
                    ORDER BY ring_at LIMIT %s FOR UPDATE SKIP LOCKED)
            UPDATE core_job AS job SET ring_at = clock_timestamp() + make_interval(secs => %s)
              FROM due WHERE job.id = due.id
            RETURNING job.id, job.name, job.attempts, job.fence
            """,
            # Materialised, because a sub-select with LIMIT may be run again for each row.
            [SWEEP_BATCH, UNANSWERED_SECONDS],
        )
        due = cursor.fetchall()
    for job_id, name, attempts, fence in due:
        if attempts >= MAX_ATTEMPTS:
            _bury_exhausted(job_id)
        elif not _ring_known(job_id, name, fence):
            break
    return len(due)


def _ring_known(job_id: UUID, name: str, fence: int) -> bool:
    try:
        return ring(job_id, name)
    except UnknownJob:
        # An older version wrote it. It must not keep the others from being rung.
        _bury(Job.objects.filter(id=job_id, fence=fence), job_id, name, "unknown task")
        return True


def _bury_exhausted(job_id: UUID) -> None:
    """Bury a job every attempt of which took its worker down: nobody was left to say so."""
    exhausted = Job.objects.filter(id=job_id, attempts__gte=MAX_ATTEMPTS, lease_until__lt=Now())
    name = exhausted.values_list("name", flat=True).first()
    if name is not None:
        _bury(exhausted, job_id, name, "worker lost")


def _bury(jobs: "QuerySet[Job]", job_id: UUID, name: str, error: str) -> None:
    buried = jobs.filter(dead_at=None).update(dead_at=Now(), lease_until=None, last_error=error[:200])
    if buried:
        JOBS_DEAD.labels(name).inc()
        logger.error("job.dead", job=name, job_id=str(job_id), error=error)
