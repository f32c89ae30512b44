"""Is it worth asking this endpoint at all? A circuit breaker for one process.

It opens when half of at least ten calls within thirty seconds failed, lets one probe through every fifteen
seconds, and closes when a probe succeeds. A probe that never reports holds the next one back no longer.
"""

import threading
from collections import deque
from collections.abc import Callable

from apps.core import clock

WINDOW_SECONDS = 30.0
PROBE_SECONDS = 15.0
MINIMUM_CALLS = 10
FAILURE_SHARE = 0.5


class CircuitBreaker:
    """Shared by all answers of a process. ``allows_call`` before each call, ``record`` its outcome after."""

    def __init__(self, *, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._calls: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._next_probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self._next_probe_at is not None

    def allows_call(self) -> bool:
        """Return whether to call now. While open, true once per probe interval."""
        with self._lock:
            if self._next_probe_at is None:
                return True
            now = self._now()
            if now < self._next_probe_at:
                return False
            self._next_probe_at = now + PROBE_SECONDS
            return True

    def record(self, *, succeeded: bool) -> None:
        """Note an outcome. Answers that were cancelled before any text say nothing and are not recorded."""
        with self._lock:
            now = self._now()
            if self._next_probe_at is not None:
                self._settle_probe(now, succeeded=succeeded)
                return
            self._calls.append((now, succeeded))
            self._failures += not succeeded
            while self._calls[0][0] < now - WINDOW_SECONDS:
                self._failures -= not self._calls.popleft()[1]
            if len(self._calls) >= MINIMUM_CALLS and self._failures >= FAILURE_SHARE * len(self._calls):
                self._next_probe_at = now + PROBE_SECONDS

    def _settle_probe(self, now: float, *, succeeded: bool) -> None:
        if succeeded:
            self._next_probe_at = None
            self._calls.clear()
            self._failures = 0
        else:
            self._next_probe_at = now + PROBE_SECONDS
