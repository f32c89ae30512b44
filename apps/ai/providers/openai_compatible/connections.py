"""How do answers share connections to one endpoint? A store of idle ones, safe between threads.

urllib3's own pool picks the connection inside the request call, too late to give its socket the limits of the
answer; hence its connections, which do the TLS and the HTTP, with this store around them.
"""

import ssl
from collections import deque

import urllib3.connection
import urllib3.util
from urllib3.util import Url

from apps.ai.providers.openai_compatible.patience import Patience, PatientSocket
from apps.core import clock

# Usual servers drop idle connections after 5 to 75 seconds; a drop is noticed before reuse, this only tidies.
IDLE_SECONDS = 15.0
IDLE_CONNECTIONS = 64


class _PlainConnection(urllib3.connection.HTTPConnection):
    idle_since = 0.0

    def connect(self) -> None:
        super().connect()
        # Kept apart as well: http.client forgets its socket as soon as a response says "Connection: close".
        self.sock = self.patient = PatientSocket(self.sock)


class _TlsConnection(urllib3.connection.HTTPSConnection):
    idle_since = 0.0

    def connect(self) -> None:
        super().connect()
        self.sock = self.patient = PatientSocket(self.sock)


Connection = _PlainConnection | _TlsConnection


class ConnectionStore:
    """Connections to one host. ``take`` one for each exchange, then ``give_back`` or ``close`` it."""

    def __init__(self, url: Url, *, connect_seconds: float) -> None:
        self._url = url
        self._connect_seconds = connect_seconds
        self._idle: deque[Connection] = deque()
        # Shared: reading the authorities' certificates takes longer than a handshake.
        self._tls = ssl.create_default_context() if url.scheme == "https" else None

    def take(self, patience: Patience, *, fresh: bool) -> Connection:
        """Return a connected connection ruled by ``patience``; ``fresh`` insists on a new one."""
        connection = None if fresh else self._take_idle()
        if connection is None:
            connection = self._connect()
        connection.patient.patience = patience
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose response was read to its end."""
        if connection.sock is None or len(self._idle) >= IDLE_CONNECTIONS:
            connection.close()
            return
        connection.patient.patience = None
        connection.idle_since = clock.monotonic()
        self._idle.append(connection)

    def close(self) -> None:
        """Close all idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _take_idle(self) -> Connection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                return None
            if connection.is_connected and clock.monotonic() - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def _connect(self) -> Connection:
        assert self._url.host is not None
        host, port, seconds = self._url.host, self._url.port, self._connect_seconds
        connection: Connection
        if self._tls is None:
            connection = _PlainConnection(host, port, timeout=seconds)
        else:
            connection = _TlsConnection(host, port, timeout=seconds, ssl_context=self._tls)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection
