"""Tasks that run by the clock and belong to no app."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from apps.core import jobs, pulse
from worker.queues import URGENT


@shared_task(name="worker.ring_due_jobs", queue=URGENT, acks_late=False)
def ring_due_jobs(**_later: object) -> None:
    """Ring for jobs whose worker died or whose message was lost."""
    jobs.ring_due_jobs()


@shared_task(name="worker.pulse", acks_late=False)
def record_pulse(*, queue: str, **_later: object) -> None:
    """Show that the workers of ``queue`` consume."""
    pulse.record(queue)


@worker_ready.connect
def _record_first_pulse(sender: Any, **_signal: object) -> None:
    # The first canary comes only after an interval; a worker that has just begun to consume counts at once.
    for queue in sender.task_consumer.queues:
        pulse.record(queue.name)
