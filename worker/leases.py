"""Who keeps a running job ours? One thread per worker process that renews all held leases every two seconds."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.db import connections

from apps.core import jobs

logger = structlog.get_logger(__name__)


class LeaseKeeper:
    """Renews the leases of the claims entered into it. Thread-safe; its thread runs only while something is held."""

    def __init__(self) -> None:
        self._held: dict[UUID, jobs.Claim] = {}
        self._lock = threading.Lock()
        self._something_held = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, claim: jobs.Claim) -> Iterator[None]:
        """Keep the lease inside the block."""
        with self._lock:
            self._held[claim.job_id] = claim
            self._something_held.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(claim.job_id, None)
                if not self._held:
                    self._something_held.clear()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._something_held.wait()
            pause.wait(jobs.RENEW_SECONDS)
            self._renew()

    def _renew(self) -> None:
        with self._lock:
            held = list(self._held.values())
        try:
            ours = jobs.renew(held)
        except DatabaseError as error:
            # The database being away must not end the thread; a lease that runs out meanwhile is another worker's.
            logger.warning("lease.renewal_failed", error=type(error).__name__, held=len(held))
            return
        finally:
            connections.close_all()
        for claim in held:
            if claim.job_id not in ours and claim.job_id in self._held:
                logger.warning("lease.lost", job=claim.name, job_id=str(claim.job_id))


keeper = LeaseKeeper()


def _forget_after_fork() -> None:
    # The thread stays in the parent; a forked pool process starts its own.
    global keeper
    keeper = LeaseKeeper()


os.register_at_fork(after_in_child=_forget_after_fork)
