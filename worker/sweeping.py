"""Who rings again for jobs whose worker died or whose message was lost? Every worker process, in a thread of its own.

Were it a task of its own, it would wait for the beat, the broker and one certain worker, and after a crash those may
be the ones that are away. Several sweeps at once do no harm: a row is rung by one of them (SKIP LOCKED), and then not
again before its ring went unanswered.
"""

import random
import threading

import structlog
from django.db import Error as DatabaseError
from django.db import connections

from apps.core import jobs

logger = structlog.get_logger(__name__)

SWEEP_SECONDS = 3.0


class Sweeper:
    """Sweeps at once and then every ``SWEEP_SECONDS``, with some jitter, until the process ends."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the sweep under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._stopping.clear()

    def _run(self) -> None:
        while True:
            sweep()
            # Processes that started together must not sweep together.
            if self._stopping.wait(SWEEP_SECONDS * random.uniform(0.8, 1.2)):  # noqa: S311  not a secret
                return


def sweep() -> None:
    """Ring for the jobs that are due. A database that is away is told to the log, and asked again next time."""
    try:
        jobs.ring_due_jobs()
    except DatabaseError as error:
        logger.warning("sweep.failed", error=type(error).__name__)
    finally:
        connections.close_all()


sweeper = Sweeper()
