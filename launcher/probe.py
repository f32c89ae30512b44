"""Is the suite ready? Asked over HTTP without blocking the supervisor's loop."""

import socket
import time
from dataclasses import dataclass, field
from selectors import EVENT_READ, BaseSelector

_ANSWER_SECONDS = 5.0


@dataclass
class Probe:
    """Repeated requests for one path until it answers 200."""

    address: tuple[str, int]
    path: str
    selector: BaseSelector
    ready: bool = False
    reason: str = "it did not answer"
    _connection: socket.socket | None = None
    _answer: bytes = b""
    _asked_at: float = field(default=0.0)

    def tick(self, pause: float = 0.3) -> None:
        """Asks again if it is time."""
        now = time.monotonic()
        if self._connection is not None and now - self._asked_at > _ANSWER_SECONDS:
            self.reason = f"no answer within {_ANSWER_SECONDS:.0f} s"
            self._close()
        if self._connection is None and now - self._asked_at > pause:
            self._ask(now)

    def _ask(self, now: float) -> None:
        self._asked_at, self._answer = now, b""
        host, port = self.address
        request = f"GET {self.path} HTTP/1.0\r\nHost: {_in_url(host)}:{port}\r\nConnection: close\r\n\r\n"
        try:
            # We hold the listening socket ourselves, so connecting never waits for the web process.
            self._connection = socket.create_connection(self.address, timeout=1.0)
            self._connection.sendall(request.encode())
            self._connection.settimeout(0)
        except OSError as error:
            self.reason = f"cannot connect: {error.strerror or error}"
            self._connection = None
            return
        self.selector.register(self._connection, EVENT_READ, self)

    def read(self) -> None:
        """Takes what has arrived; called when the selector says so."""
        assert self._connection is not None
        try:
            chunk = self._connection.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            self.reason = f"connection broke: {error.strerror or error}"
            chunk = b""
        self._answer += chunk
        if not chunk:
            self._judge()
            self._close()

    def _judge(self) -> None:
        head, _, body = self._answer.decode(errors="replace").partition("\r\n\r\n")
        words = head.partition("\r\n")[0].split(" ", 2)
        if len(words) < 2:
            return
        self.ready = words[1] == "200"
        self.reason = f"{self.path} says {words[1]}: {' '.join(body.split())[:300]}"

    def _close(self) -> None:
        if self._connection is not None:
            self.selector.unregister(self._connection)
            self._connection.close()
            self._connection = None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
