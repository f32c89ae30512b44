"""Jobs for tests: a task that only exists here, and looks at rows and at the queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Celery, shared_task
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from prometheus_client import REGISTRY
from redis import Redis

from apps.core import jobs
from apps.core.models import Job
from worker.celery import app

NOTE = "tests.note"
QUEUE = "bulk"


@shared_task(name=NOTE, queue=QUEUE)
def note(**_later: Any) -> None:
    """Do nothing; only its name is needed."""


@shared_task(name="tests.note_page", queue=QUEUE)
def note_page(*, job_id: UUID, page: int, **_later: Any) -> None:
    """Do nothing, with arguments that the message does not carry."""


def make_job(**values: Any) -> Job:
    """Write a job that is due, as ``enqueue`` would, without ringing for it."""
    job = Job.objects.create(name=NOTE, **values)
    job.refresh_from_db()
    return job


def claim_job(job: Job) -> jobs.Claim:
    """Claim a job that must be free."""
    claim = jobs.claim(job.id)
    assert claim is not None
    return claim


def let_lease_run_out(job_id: UUID) -> None:
    """Bring the job into the state it has when its worker died some time ago."""
    Job.objects.filter(id=job_id).update(lease_until=Now() - timedelta(seconds=1))


def open_broker() -> "Redis":
    """Return a connection to the queue's server."""
    return Redis.from_url(settings.REDIS_URL)


def count_rings() -> int:
    """Return how many messages lie in the test queue."""
    with open_broker() as broker:
        return int(broker.llen(QUEUE))


def clear_rings() -> None:
    """Empty the test queue."""
    with open_broker() as broker:
        broker.delete(QUEUE)


def read_counter(metric: str, **labels: str) -> float:
    """Return the value of a metric of this process."""
    return REGISTRY.get_sample_value(metric, labels) or 0.0


@contextmanager
def broker_away() -> Iterator[None]:
    """Let everything rung inside the block find no broker, with the connection options of the settings."""
    # Tasks are looked for once in each process, and must be ours.
    jobs.find_task(NOTE)
    elsewhere = Celery("elsewhere", broker="redis+socket:///nowhere/broker.sock", set_as_current=False)
    elsewhere.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    elsewhere.set_current()
    try:
        yield
    finally:
        app.set_current()


def enqueue_note(**arguments: Any) -> Job:
    """Enqueue in a transaction of its own."""
    with transaction.atomic():
        return jobs.enqueue(NOTE, **arguments)
