"""Tasks that run by the clock and belong to no app."""

from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready, worker_shutdown

from apps.core import errors, pulse
from apps.knowledge.services import encoding
from worker.queues import AI
from worker.sweeping import sweeper

logger = structlog.get_logger(__name__)


@shared_task(name="worker.pulse", acks_late=False)
def record_pulse(*, queue: str, **_later: object) -> None:
    """Show that the workers of ``queue`` consume."""
    pulse.record(queue)


@worker_ready.connect
def _start_sweeping(**_signal: object) -> None:
    sweeper.start()


@worker_shutdown.connect
def _stop_sweeping(**_signal: object) -> None:
    sweeper.stop()


@worker_ready.connect
def _record_first_pulse(sender: Any, **_signal: object) -> None:
    names = {queue.name for queue in sender.task_consumer.queues}
    if AI in names:
        _warm_up()
    # The first canary comes only after an interval; a worker that has just begun to consume counts at once.
    for name in names:
        pulse.record(name)


def _warm_up() -> None:
    """Load the encoder before the suite counts as ready, so that the first customer does not wait for it."""
    try:
        encoding.warm_up()
    except errors.SuiteError as error:
        # Search goes by words alone then, and every answer's trace says so.
        logger.warning("encoder.cold", reason=error.message)
