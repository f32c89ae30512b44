"""Where do identifiers come from? Time-ordered UUIDs, so that indexes grow at their right-hand end."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """Return a version 7 UUID (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then a counter and random bits.

    Strictly increasing within one process: the 12 bits after the version hold the sub-millisecond fraction
    (method 3 of section 6.2) and are stepped on when two calls fall into the same fraction.
    """
    global _last
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    tick = (milliseconds << 12) | (rest * 4096 // 1_000_000)
    with _lock:
        tick = max(tick, _last + 1)
        _last = tick
    random_bits = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = ((tick >> 12) << 80) | (0x7 << 76) | ((tick & 0xFFF) << 64) | (0b10 << 62) | random_bits
    return UUID(int=value)
