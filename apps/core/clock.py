"""What time is it? One place to ask, so that tests can answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    if _source is not None:
        return _source()
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds on a clock that never goes backwards. For durations and deadlines, never for storage."""
    return time.monotonic()


@contextmanager
def reading(source: Callable[[], datetime]) -> Iterator[None]:
    """Let ``now()`` answer from ``source`` inside the block (tests, replays)."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
