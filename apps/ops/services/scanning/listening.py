"""What passes through a Valkey and is never kept? Two ears for each: what is published, and every command."""

import re
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from redis.exceptions import RedisError

from apps.ops.services.scanning.search import Search
from apps.ops.services.scanning.stores import MARK, Store
from apps.ops.services.scanning.valkey import connect

_POLL_SECONDS = 0.05
_READY_SECONDS = 10.0
_HEARD_SECONDS = 10.0
_ESCAPED = re.compile(rb"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


class Ear(Store):
    """Listens in a thread of its own from ``plant`` to ``finish``; two controls prove that it did all the time."""

    controls: ClassVar[tuple[str, ...]] = ("heard at the beginning", "heard at the end")

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self._search: Search | None = None
        self._tokens: Mapping[str, str] = {}
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def plant(self, tokens: Mapping[str, str]) -> None:
        self._tokens = tokens

    def begin(self, search: Search) -> None:
        """Start to listen, and say the first control."""
        self._search = search
        self._thread = threading.Thread(target=self._listen, name=self.name, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _READY_SECONDS
        while not self._ready.wait(_POLL_SECONDS) and self._thread.is_alive() and time.monotonic() < deadline:
            pass
        if self._ready.is_set():
            self._say("heard at the beginning")

    def finish(self) -> None:
        """Say the last control, wait until it was heard, and stop."""
        if self._thread is None or self._search is None:
            return
        if self._ready.is_set():
            self._say("heard at the end")
        report = self._search.store(self.name)
        deadline = time.monotonic() + _HEARD_SECONDS
        while report.blind_for and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self.remove()

    def remove(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_HEARD_SECONDS)
            self._thread = None

    def search(self, search: Search) -> None:
        """Nothing is kept, so there is nothing to read afterwards."""

    def _say(self, control: str) -> None:
        if control in self._tokens:
            with connect(self.url) as client:
                client.publish(f"{MARK}:ear", self._tokens[control])

    def _listen(self) -> None:
        assert self._search is not None
        report = self._search.store(self.name)
        try:
            for place, heard in self.hear(self._ready.set, self._stop.is_set):
                report.items += 1
                self._search.look(self.name, place, heard)
        except (RedisError, OSError) as error:
            # From here on it is deaf.
            report.unread.append(f"stopped listening: {type(error).__name__}")

    @abstractmethod
    def hear(self, is_ready: Callable[[], None], is_over: Callable[[], bool]) -> Iterator[tuple[str, bytes]]:
        """Yield what passes, and where. Calls ``is_ready`` when nothing will be missed any more."""


class PublishedEar(Ear):
    """Everything that is published on any channel, as its subscribers get it."""

    def hear(self, is_ready: Callable[[], None], is_over: Callable[[], bool]) -> Iterator[tuple[str, bytes]]:
        with connect(self.url) as client, client.pubsub() as subscription:
            subscription.psubscribe("*")
            while not is_over():
                message = subscription.get_message(timeout=_POLL_SECONDS)
                if message is None:
                    continue
                if message["type"] == "psubscribe":
                    is_ready()
                elif message["type"] == "pmessage":
                    channel = message["channel"]
                    yield f"channel {channel.decode(errors='replace')}", channel + b"\0" + message["data"]


class CommandEar(Ear):
    """Every command with its arguments: also what is set and gone again before anyone looks."""

    def hear(self, is_ready: Callable[[], None], is_over: Callable[[], bool]) -> Iterator[tuple[str, bytes]]:
        with connect(self.url) as client:
            connection = client.connection_pool.get_connection()
            try:
                connection.send_command("MONITOR")
                connection.read_response()
                is_ready()
                while not is_over():
                    if connection.can_read(timeout=_POLL_SECONDS):
                        yield from _read_command(connection.read_response(disable_decoding=True))
            finally:
                # What it still says is of no use to another command.
                connection.disconnect()
                client.connection_pool.release(connection)


def _read_command(line: bytes) -> Iterator[tuple[str, bytes]]:
    parts = [_unescape(quoted) for quoted in _QUOTED.findall(line)]
    if parts:
        shown = b" ".join(parts[:2])[:80].decode(errors="replace")
        yield shown, b"\0".join(parts)


def _unescape(quoted: bytes) -> bytes:
    if b"\\" not in quoted:
        return quoted
    return _ESCAPED.sub(lambda found: _replace(found[1]), quoted)


def _replace(code: bytes) -> bytes:
    if len(code) > 1:
        return bytes([int(code[1:], 16)])
    return _PLAIN.get(code, code)
