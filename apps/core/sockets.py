"""What do all sockets share? Introduction in time, parsed frames, named refusals, a bounded pace, group forwarding."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Literal, ParamSpec, TypeVar
from uuid import UUID

import structlog
from asgiref.sync import SyncToAsync
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from prometheus_client import Counter, Gauge
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from redis.exceptions import RedisError

from apps.core import broker, clock, errors, tenancy

logger = structlog.get_logger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

CLOSE_BAD_FRAMES = 4400
CLOSE_NO_HELLO = 4408
CLOSE_TOO_LARGE = 4413
CLOSE_TOO_MANY = 4429
# Our own code: autobahn refuses to send 1012, which would say the same.
CLOSE_COME_BACK = 4012
# A client that sends this many frames we cannot read is not one of ours.
BAD_FRAMES_ALLOWED = 5
# In bytes. The web server is told the same (Procfile) and closes with 1009 before a frame is read; this holds for any
# other server in its place.
FRAME_LIMIT = 64 * 1024
AWAY_RETRY_SECONDS = 2.0
# A refusal names the problem; it does not send a long frame back.
REASON_LIMIT = 200

# Half of a character outside the basic plane: JSON can spell it ("\ud83d"), but no text can hold it.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

SOCKETS = Gauge("switchboard_sockets", "Open sockets.", ["kind"], multiprocess_mode="livesum")
CLOSED = Counter("switchboard_sockets_closed", "Sockets closed by the server.", ["kind", "code"])

# Database calls of all sockets of a process share these threads; the connections beyond them are for its pages.
_threads = ThreadPoolExecutor(max_workers=max(2, settings.DATABASE_POOL_SIZE * 2 // 3), thread_name_prefix="socket-db")


class FrameUnreadable(errors.Invalid):
    code = "frame.unreadable"
    default_message = "This frame is not one of the messages this socket understands."


class Inbound(BaseModel):
    """Base of frames from clients: unknown fields are refused, so that a typing error does not pass in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Outbound(BaseModel):
    """Base of frames to clients."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ping(Inbound):
    """Keeps the connection open through proxies."""

    type: Literal["ping"]


class Pong(Outbound):
    """Answers a ping."""

    type: Literal["pong"] = "pong"


class ErrorFrame(Outbound):
    """A refusal in the user's words. The socket stays usable."""

    type: Literal["error"] = "error"
    code: str
    text: str
    client_id: UUID | None = None
    retry_after: float | None = None


def in_database(call: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Make a service or selector awaitable. Runs in a bounded set of threads with the caller's tenant scope."""
    # Not thread-sensitive: that would send the database calls of all sockets through one thread.
    return _InDatabase(call, thread_sensitive=False, executor=_threads)


class _InDatabase(SyncToAsync[P, R]):
    """Gives the thread's connection back to the pool after each call: the next one may run in another thread."""

    def thread_handler(self, loop: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().thread_handler(loop, *args, **kwargs)  # type: ignore[no-untyped-call]
        finally:
            connections.close_all()


class SuiteConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Base of socket doors. A subclass names its frames and has one ``on_<type>`` method for each.

    ``organisation_id`` is set once the socket is known; from then on every handler runs in its tenant scope.
    """

    kind: ClassVar[str]
    frames: ClassVar[TypeAdapter[Any]]
    organisation_id: UUID | None = None

    async def connect(self) -> None:
        self._introduced = False
        self._ended = False
        self._bad_frames = 0
        self._window_start = clock.monotonic()
        self._window_frames = 0
        self._last_heard = clock.monotonic()
        self._groups: set[str] = set()
        self._watchdog = asyncio.create_task(self._watch())
        SOCKETS.labels(self.kind).inc()
        broker.watch(self)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        self._watchdog.cancel()
        broker.unwatch(self)
        SOCKETS.labels(self.kind).dec()
        for group in tuple(self._groups):
            await self.leave(group)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._ended:
            return
        self._last_heard = clock.monotonic()
        if not self._within_pace():
            await self.close_with(CLOSE_TOO_MANY)
            return
        if text_data is not None and len(text_data.encode(errors="surrogatepass")) > FRAME_LIMIT:
            await self.close_with(CLOSE_TOO_LARGE)
            return
        client_id = None
        try:
            raw = self._decode(text_data)
            client_id = _client_id(raw)
            frame = self._parse(raw)
            await self._handle(frame)
        except errors.SuiteError as error:
            await self._refuse(error, client_id)
        except (OperationalError, InterfaceError) as error:
            # The database is away or full. Nothing was stored; the client keeps what it has and tries again.
            logger.warning("socket.database_away", error=type(error).__name__)
            await self._refuse(errors.Unavailable(retry_after=AWAY_RETRY_SECONDS), client_id)
        except RedisError as error:
            # The channel layer is away: this socket would hear nothing. What was sent is stored; coming back shows it.
            logger.warning("socket.broker_away", error=type(error).__name__)
            await self.recall()

    async def wire_forward(self, event: dict[str, Any]) -> None:
        """Send what ``core.push`` has put into a group, as it is."""
        await self.send(text_data=event["text"])

    async def say(self, frame: BaseModel) -> None:
        """Send one frame to this socket."""
        await self.send(text_data=frame.model_dump_json())

    async def join(self, group: str) -> None:
        """Receive what is pushed to ``group``. Whoever calls this has authorised it."""
        self._groups.add(group)
        await self.channel_layer.group_add(group, self.channel_name)

    async def leave(self, group: str) -> None:
        """Stop receiving what is pushed to ``group``."""
        self._groups.discard(group)
        await self.channel_layer.group_discard(group, self.channel_name)

    async def close_with(self, code: int) -> None:
        """Close, and count why."""
        self._ended = True
        CLOSED.labels(self.kind, str(code)).inc()
        await self.close(code=code)

    async def recall(self) -> None:
        """Send the client away to come back: what was pushed meanwhile may not have reached it."""
        if not self._ended:
            await self.close_with(CLOSE_COME_BACK)

    async def refuse_entry(self, error: errors.SuiteError) -> None:
        """Say why this socket is not for the client, and close it with the error's code."""
        await self._refuse(error, None)
        await self.close_with(error.close_code)

    def introduced(self) -> None:
        """Tell the watchdog that the client has said who it is."""
        self._introduced = True

    async def on_ping(self, frame: Ping) -> None:
        await self.say(Pong())

    async def _handle(self, frame: BaseModel) -> None:
        handler = getattr(self, f"on_{frame.type.replace('.', '_')}")  # type: ignore[attr-defined]
        if self.organisation_id is None:
            await handler(frame)
            return
        with tenancy.scope(self.organisation_id):
            await handler(frame)

    async def _refuse(self, error: errors.SuiteError, client_id: UUID | None) -> None:
        retry_after = error.retry_after
        if retry_after is None and error.retryable:
            # Clients keep what they sent and send it again only if they are told when.
            retry_after = AWAY_RETRY_SECONDS
        await self.say(ErrorFrame(code=error.code, text=error.message, client_id=client_id, retry_after=retry_after))
        if isinstance(error, FrameUnreadable):
            self._bad_frames += 1
            if self._bad_frames > BAD_FRAMES_ALLOWED:
                await self.close_with(CLOSE_BAD_FRAMES)

    def _decode(self, text_data: str | None) -> dict[str, Any]:
        if text_data is None:
            raise FrameUnreadable("This socket understands text frames with JSON, not binary ones.")
        try:
            raw = json.loads(text_data)
        except (ValueError, RecursionError):
            raise FrameUnreadable("This frame is not JSON.") from None
        if not isinstance(raw, dict):
            raise FrameUnreadable("A frame is one JSON object.")
        return {name: _whole(value) for name, value in raw.items()}

    def _parse(self, raw: dict[str, Any]) -> BaseModel:
        try:
            return self.frames.validate_python(raw)  # type: ignore[no-any-return]
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "type"
            raise FrameUnreadable(f"{where}: {first['msg'][:REASON_LIMIT]}.") from None

    def _within_pace(self) -> bool:
        now = clock.monotonic()
        if now - self._window_start >= 60:
            self._window_start, self._window_frames = now, 0
        self._window_frames += 1
        return bool(self._window_frames <= settings.SOCKET_FRAMES_PER_MINUTE)

    async def _watch(self) -> None:
        await asyncio.sleep(settings.SOCKET_HELLO_SECONDS)
        if not self._introduced:
            await self.close_with(CLOSE_NO_HELLO)
            return
        while True:
            quiet = clock.monotonic() - self._last_heard
            if quiet >= settings.SOCKET_IDLE_SECONDS:
                await self.close_with(CLOSE_NO_HELLO)
                return
            await asyncio.sleep(settings.SOCKET_IDLE_SECONDS - quiet)


def _whole(value: Any) -> Any:
    """Return ``value`` with U+FFFD for half characters: a client that cut an emoji in two loses that one only."""
    return _LONE_SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _client_id(raw: dict[str, Any]) -> UUID | None:
    try:
        return UUID(str(raw.get("client_id")))
    except ValueError:
        return None
