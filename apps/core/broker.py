"""Was the broker away? Then open sockets may have missed what was pushed, and must come back to fetch it.

The channel layer reconnects by itself and says nothing; what was published in between is gone. A connection of our
own, pinged every second, breaks with the broker and so tells for certain.
"""

import asyncio
import random
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from prometheus_client import Counter
from redis import asyncio as redis
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

PING_SECONDS = 1.0
# The channel layer needs a moment to subscribe again before clients are worth welcoming.
SETTLE_SECONDS = 1.5
# Clients are not sent away all at once, or they would all come back at once.
SPREAD_SECONDS = 2.0

OUTAGES = Counter("switchboard_broker_outages", "Times the broker was away while sockets were open.")


class Recallable(Protocol):
    """A socket that can be told to come back."""

    async def recall(self) -> None: ...


class _Watch:
    """Watches the broker for the sockets of one event loop, as long as there are any."""

    def __init__(self) -> None:
        self.sockets: set[Recallable] = set()
        self._task: asyncio.Task[None] | None = None
        self._recalls: set[asyncio.Task[None]] = set()

    def add(self, socket: Recallable) -> None:
        self.sockets.add(socket)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def discard(self, socket: Recallable) -> None:
        self.sockets.discard(socket)
        if not self.sockets and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        was_away = False
        while True:
            client = redis.from_url(settings.REDIS_URL, single_connection_client=True, retry_on_timeout=False)  # type: ignore[no-untyped-call]
            try:
                await client.ping()
                if was_away:
                    await self._recall_all()
                    was_away = False
                while True:
                    await asyncio.sleep(PING_SECONDS)
                    await client.ping()
            except (RedisError, OSError) as error:
                if not was_away:
                    OUTAGES.inc()
                    logger.warning("broker.away", error=type(error).__name__, sockets=len(self.sockets))
                was_away = True
                await asyncio.sleep(PING_SECONDS / 2)
            finally:
                await client.aclose()

    async def _recall_all(self) -> None:
        await asyncio.sleep(SETTLE_SECONDS)
        logger.info("broker.back", sockets=len(self.sockets))
        for socket in tuple(self.sockets):
            task = asyncio.create_task(_recall_later(socket))
            self._recalls.add(task)
            task.add_done_callback(self._recalls.discard)


async def _recall_later(socket: Recallable) -> None:
    await asyncio.sleep(random.uniform(0, SPREAD_SECONDS))  # noqa: S311  spreads load, guards nothing
    await socket.recall()


_watches: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch]" = WeakKeyDictionary()


def watch(socket: Recallable) -> None:
    """Recall ``socket`` whenever the broker has been away, until ``unwatch``."""
    _watches.setdefault(asyncio.get_running_loop(), _Watch()).add(socket)


def unwatch(socket: Recallable) -> None:
    """Forget ``socket``."""
    found = _watches.get(asyncio.get_running_loop())
    if found is not None:
        found.discard(socket)
