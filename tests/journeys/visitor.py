"""Who writes to a suite under test? One visitor over a real socket, who remembers every frame and when it came."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self, TypeVar
from urllib.request import Request, urlopen
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

Frame = dict[str, Any]
Message = dict[str, Any]
Found = TypeVar("Found")


class Visitor:
    """One browser tab without the browser. ``async with`` opens the socket and says hello."""

    def __init__(self, url: str, inbox_id: str, *, session: str | None = None) -> None:
        self.url = url
        self.inbox_id = inbox_id
        self.session = session or f"s_{secrets.token_urlsafe(32)}"
        self.frames: list[tuple[float, Frame]] = []
        self.messages: dict[int, Message] = {}
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.leave()

    @property
    def last_seq(self) -> int:
        """The newest message before any hole."""
        return next(seq for seq in range(len(self.messages) + 1) if seq + 1 not in self.messages)

    async def open(self) -> Frame:
        """Connect and introduce; returns the welcome."""
        await self.connect()
        await self.say({"type": "hello", "protocol": 1, "session": self.session, "last_seq": self.last_seq})
        return await self.frame("welcome")

    async def connect(self, *, origin: str | None = None) -> None:
        """Connect without a word; a browser would name the page's ``origin``."""
        address = f"{self.url.replace('http', 'ws', 1)}/ws/chat/{self.inbox_id}/"
        self._socket = await connect(
            address,
            origin=None if origin is None else Origin(origin),
            max_size=None,
            compression=None,
            ping_interval=None,
        )
        self._reader = asyncio.create_task(self._read(self._socket))

    async def leave(self) -> None:
        """Close the socket, if it is still there."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            with suppress(asyncio.CancelledError):
                await self._reader

    def drop(self) -> None:
        """Cut the connection as a failing network does: no closing handshake."""
        assert self._socket is not None
        self._socket.transport.abort()

    async def say(self, frame: Frame) -> None:
        await self.say_raw(json.dumps(frame))

    async def say_raw(self, text: str | bytes) -> None:
        assert self._socket is not None
        await self._socket.send(text)

    async def send(self, text: str, *, client_id: str | None = None) -> str:
        """Write a message; returns its client id."""
        client_id = client_id or str(uuid4())
        await self.say({"type": "message.send", "client_id": client_id, "text": text})
        return client_id

    async def frame(self, kind: str, *, within: float = 15.0, **matching: object) -> Frame:
        """Return the first frame of this type that has these values, waiting for it."""

        def find() -> Frame | None:
            listed = (frame for _, frame in self.frames if frame["type"] == kind)
            return next((frame for frame in listed if matching.items() <= frame.items()), None)

        return await self.until(find, within=within)

    async def answer(self, *, number: int = 1, within: float = 15.0) -> Message:
        """Return the n-th answer of the AI, waiting for it."""
        return await self.until(lambda: (self.texts_of("ai") + [None] * number)[number - 1], within=within)

    async def until(self, find: Callable[[], Found | None], *, within: float = 15.0) -> Found:
        """Wait until something is found in what has arrived. Raises TimeoutError with the latest frames."""
        try:
            async with asyncio.timeout(within), self._news:
                while not (found := find()):
                    await self._news.wait()
                return found
        except TimeoutError:
            latest = [frame for _, frame in self.frames[-5:]]
            raise TimeoutError(f"not seen within {within:g} s; latest frames: {latest}") from None

    async def closing_code(self, *, within: float = 15.0) -> int:
        """Wait until the server closes the socket; returns the code it gave."""
        assert self._socket is not None
        await asyncio.wait_for(self._socket.wait_closed(), within)
        assert self._socket.close_code is not None
        return self._socket.close_code

    def texts_of(self, author_kind: str) -> list[Message]:
        """Return the text messages of one kind of author, in order."""
        return [
            message
            for _, message in sorted(self.messages.items())
            if message["kind"] == "text" and message["author"]["kind"] == author_kind
        ]

    def deltas_of(self, answer_id: str) -> list[tuple[float, Frame]]:
        """Return the streamed pieces of one answer with their times."""
        return [
            (at, frame)
            for at, frame in self.frames
            if frame["type"] == "answer.delta" and frame["answer_id"] == answer_id
        ]

    def fetch_updates(self, after: int = 0) -> Frame:
        """Fetch messages over HTTP, as a client does that has missed some. Raises ``HTTPError``, ``OSError``."""
        address = f"{self.url}/api/v1/chat/{self.inbox_id}/updates?after={after}"
        request = Request(address, headers={"Authorization": f"Session {self.session}"})  # noqa: S310  our own suite
        with urlopen(request, timeout=10) as response:  # noqa: S310
            page: Frame = json.loads(response.read())
        return page

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in socket:
                await self._take(json.loads(text))
        async with self._news:
            self._news.notify_all()

    async def _take(self, frame: Frame) -> None:
        self.frames.append((time.perf_counter(), frame))
        created = [frame] if frame["type"] == "message.created" else frame.get("events", [])
        for event in created:
            self.messages[event["seq"]] = event["message"]
        async with self._news:
            self._news.notify_all()
