"""How long do we wait for an endpoint, and who may stop us? Limits checked at every single read of a socket.

A time-out set once on a socket starts anew with each byte, so an endpoint that trickles could hold a worker
as long as it likes. Here each read asks the limits of the answer in progress, headers and chunk sizes too.
"""

import io
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from apps.ai.errors import ModelStalled
from apps.core import clock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

# A waiting read wakes this often to see whether it was cancelled: quick enough to feel immediate, and ten
# wake-ups a second cost nothing worth measuring.
CANCEL_CHECK_SECONDS = 0.1
SEND_SECONDS = 2.0


class AnswerCancelled(Exception):
    """The caller no longer wants this answer."""


class Patience:
    """The limits of one answer. ``text_arrived`` moves the limit for the next piece; keep-alives do not."""

    __slots__ = ("_cancel_check_at", "_cancelled", "_gap_seconds", "_idle_until", "_total_until")

    def __init__(
        self,
        *,
        first_token_seconds: float,
        gap_seconds: float,
        deadline: float,
        cancelled: Callable[[], bool],
    ) -> None:
        self._gap_seconds = gap_seconds
        self._total_until = deadline
        self._cancelled = cancelled
        self._cancel_check_at = 0.0
        self._idle_until = clock.monotonic() + first_token_seconds

    def text_arrived(self) -> None:
        self._idle_until = clock.monotonic() + self._gap_seconds

    def wait_at_most(self, seconds: float) -> None:
        """Shorten the wait for what comes next (the tail of a finished answer, the body of an error)."""
        self._idle_until = min(self._idle_until, clock.monotonic() + seconds)

    def allows(self, seconds: float) -> bool:
        """Whether ``seconds`` can pass before a limit is reached."""
        return clock.monotonic() + seconds < min(self._idle_until, self._total_until)

    def next_wait(self) -> float:
        """Return how long a read may block. Raises ModelStalled at a limit, AnswerCancelled if told."""
        now = clock.monotonic()
        if now >= self._cancel_check_at:
            if self._cancelled():
                raise AnswerCancelled
            self._cancel_check_at = now + CANCEL_CHECK_SECONDS
        if now >= self._total_until:
            raise ModelStalled("The model endpoint did not finish its answer in time.")
        if now >= self._idle_until:
            raise ModelStalled("The model endpoint sent no text in time.")
        return min(self._total_until - now, self._idle_until - now, CANCEL_CHECK_SECONDS)


class PatientSocket:
    """A connected socket whose every wait is ruled by the ``patience`` of the answer that uses it just now.

    It has the few methods that http.client and urllib3 call. Reading goes on after a time-out, which the
    standard library's own file object over a socket refuses.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._readers = 0
        self._closed = False
        self._timeout = sock.gettimeout()
        self.patience: Patience | None = None
        self.reader: io.BufferedReader | None = None

    def makefile(self, mode: str, *_: object, **__: object) -> io.BufferedReader:
        """Return a new reader; it also stays at hand as ``reader``, for the body behind the headers."""
        assert mode == "rb", "http.client reads bytes"
        self._readers += 1
        self.reader = io.BufferedReader(_PatientReader(self), 16_384)
        return self.reader

    def receive_into(self, buffer: "WriteableBuffer") -> int:
        assert self.patience is not None, "a connection is used by one answer at a time"
        while True:
            seconds = self.patience.next_wait()
            # settimeout is a system call, and the slice is nearly always the same.
            if seconds != self._timeout:
                self._timeout = seconds
                self._sock.settimeout(seconds)
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                continue

    def sendall(self, data: "ReadableBuffer") -> None:
        # A request is a few kilobytes: it fits the kernel's buffer, or the other side has stopped reading.
        self._timeout = SEND_SECONDS
        self._sock.settimeout(SEND_SECONDS)
        self._sock.sendall(data)

    def settimeout(self, _seconds: float | None) -> None:
        """Leave it: ``patience`` decides, read by read."""

    def fileno(self) -> int:
        return self._sock.fileno()

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        """Close now, or when the response still being read is closed (http.client relies on that)."""
        self._closed = True
        if self._readers <= 0:
            self._sock.close()

    def reader_closed(self) -> None:
        self._readers -= 1
        if self._closed and self._readers <= 0:
            self._sock.close()


class _PatientReader(io.RawIOBase):
    def __init__(self, sock: PatientSocket) -> None:
        self._socket = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        return self._socket.receive_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._socket.reader_closed()
