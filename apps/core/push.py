"""How does a message reach open screens? The one door to the channel layer.

Sending never blocks the caller: a thread with its own event loop sends in order. Delivery is at most once; durable
messages carry ``conversation_id`` and ``seq``, and a client that sees a hole fetches what it missed.
"""

import asyncio
import os
import threading
from collections import deque
from dataclasses import dataclass
from uuid import UUID

import structlog
from channels.layers import get_channel_layer
from django.db import transaction
from prometheus_client import Counter
from pydantic import BaseModel

from apps.core import clock

logger = structlog.get_logger(__name__)

# Beyond this many unsent messages the newest are dropped and counted; clients recover by seq.
QUEUE_LIMIT = 20_000
SEND_SECONDS = 2.0
# A durable message is offered again while the channel layer is away; then clients find the hole by seq.
RETRY_SECONDS = 10.0
PAUSE_SECONDS = 0.25

DROPPED = Counter("switchboard_push_dropped", "Messages to screens that were not sent.", ["reason"])
SENT = Counter("switchboard_push_sent", "Messages handed to the channel layer.")


def conversation_group(conversation_id: UUID) -> str:
    """Return the group of everyone who has this conversation open."""
    return f"conversation.{conversation_id.hex}"


def member_group(member_id: UUID) -> str:
    """Return the group of all desk sockets of one member."""
    return f"member.{member_id.hex}"


def durable(group: str, message: BaseModel) -> None:
    """Send after the current transaction commits (at once when there is none)."""
    text = message.model_dump_json()
    transaction.on_commit(lambda: _sender.put(group, text, keep_seconds=RETRY_SECONDS))


def transient(group: str, message: BaseModel) -> None:
    """Send now. For what may be lost: typing, answer deltas."""
    _sender.put(group, message.model_dump_json(), keep_seconds=0.0)


class _Sender:
    """A queue drained in order by one coroutine in a thread of its own, started on first use in each process."""

    def __init__(self) -> None:
        self._queue: deque[_Parcel] = deque()
        self._start_lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def put(self, group: str, text: str, *, keep_seconds: float) -> None:
        if len(self._queue) >= QUEUE_LIMIT:
            DROPPED.labels("queue full").inc()
            return
        self._queue.append(_Parcel(group, text, clock.monotonic() + keep_seconds))
        loop, wake = self._running()
        loop.call_soon_threadsafe(wake.set)

    def _running(self) -> tuple[asyncio.AbstractEventLoop, asyncio.Event]:
        with self._start_lock:
            if self._loop is None or self._wake is None:
                self._loop = asyncio.new_event_loop()
                self._wake = asyncio.Event()
                threading.Thread(target=self._run, args=(self._loop, self._wake), name="push", daemon=True).start()
            return self._loop, self._wake

    def _run(self, loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._drain(wake))

    async def _drain(self, wake: asyncio.Event) -> None:
        layer = get_channel_layer()
        while True:
            await wake.wait()
            wake.clear()
            while self._queue:
                if await self._send(layer, self._queue[0]):
                    self._queue.popleft()
                else:
                    await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self, layer: object, parcel: "_Parcel") -> bool:
        """Return whether the parcel is dealt with: sent, or too old to be worth another attempt."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await layer.group_send(parcel.group, {"type": "wire.forward", "text": parcel.text})  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001  the channel layer being away must not end the sending thread
            if clock.monotonic() < parcel.keep_until:
                return False
            DROPPED.labels("channel layer").inc()
            logger.warning("push.failed", group=parcel.group, error=type(error).__name__)
        else:
            SENT.inc()
        return True


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A message on its way, and until when (monotonic seconds) it is worth sending again."""

    group: str
    text: str
    keep_until: float


_sender = _Sender()


def _forget_after_fork() -> None:
    # A thread does not survive fork; the child starts its own on first use.
    global _sender
    _sender = _Sender()


os.register_at_fork(after_in_child=_forget_after_fork)
