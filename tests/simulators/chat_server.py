"""A small stand-in for the visitor's chat socket, so that the widget can be developed and tested without the suite.

It speaks the visitor protocol, keeps conversations in memory, serves static files and pages on the same port, streams
canned answers, and misbehaves on demand (`Faults`). By hand: `python tests/simulators/chat_server.py --port 8899`.
"""

import argparse
import asyncio
import contextlib
import json
import mimetypes
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Frame = dict[str, Any]

STATIC_ROOT = Path(__file__).resolve().parents[2] / "static"
INBOX_ID = "0197f1a0-0000-7000-8000-000000000001"
PAGE_SIZE = 100
LONGEST_MESSAGE = 4000
PROFILE = {
    "name": "Website",
    "greeting": "Hello! Ask about orders, delivery, returns or our coffee.",
    "organisation": "Harbour Roast",
    "assistant": "Juniper",
}
CITATIONS = [
    {
        "n": 1,
        "document_id": "0197f1a0-0000-7000-8000-0000000000d1",
        "passage_id": "0197f1a0-0000-7000-8000-0000000000e1",
        "title": "Returns and refunds",
        "passage": "You can return unopened bags within **30 days**. We pay the return label.\n\n"
        "Refunds reach your account within 5 working days after the parcel arrives with us.",
    },
    {
        "n": 2,
        "document_id": "0197f1a0-0000-7000-8000-0000000000d2",
        "passage_id": "0197f1a0-0000-7000-8000-0000000000e2",
        "title": "Opened coffee",
        "passage": "Opened bags can't be resold. If the coffee was stale or damaged, write to us and we replace it.",
    },
]
ANSWER = (
    "You can return unopened bags within **30 days**; we pay the return label. [1]\n\n"
    "- Print the label from your order page\n- Drop the parcel at any post office\n\n"
    "Opened bags can't go back, but we replace coffee that arrived stale or damaged. [2]"
)


@dataclass
class Faults:
    """What goes wrong next. Counters count down; switches stay until they are turned off."""

    cut_before_ack: int = 0  # commit the message, then cut the socket instead of acknowledging
    hide_created: int = 0  # commit, but do not forward the event: the client must find the hole
    refuse_sends: int = 0  # answer sends with an error and store nothing
    refuse_connections: int | None = None  # close code for every new socket
    unreachable: bool = False  # answer the handshake with 503
    fail_updates: int = 0  # answer the updates endpoint with 503
    silent: bool = False  # the AI does not answer at all


@dataclass
class Conversation:
    """One visitor session with its gapless messages and the sockets that follow it."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    messages: list[Frame] = field(default_factory=list)
    owner: Frame = field(default_factory=lambda: {"kind": "ai", "name": PROFILE["assistant"]})
    seq_by_client_id: dict[str, int] = field(default_factory=dict)
    sockets: set[ServerConnection] = field(default_factory=set)

    def append(self, *, author: Frame, text: str = "", **more: Any) -> Frame:
        """Commit one message and return its message.created event."""
        seq = len(self.messages) + 1
        message = {
            "id": str(uuid.uuid4()), "seq": seq, "kind": "text", "author": author, "text": text, "event": None,
            "citations": [], "engine": "", "confidence": None, "client_id": None,
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }  # fmt: skip
        event = {"type": "message.created", "conversation_id": self.id, "seq": seq, "message": message | more}
        self.messages.append(event)
        return event

    def append_event(self, event: Frame) -> Frame:
        return self.append(author={"kind": "system", "name": ""}, kind="event", event=event)


class ChatServer:
    """The simulator. Use `running_chat_server()`; the public methods may be called from any thread."""

    def __init__(self, *, pages: dict[str, str] | None = None, static_root: Path = STATIC_ROOT) -> None:
        self.pages = dict(pages or {})
        self.static_root = static_root
        self.faults = Faults()
        self.answer = ANSWER
        self.citations = CITATIONS
        self.piece_delay = 0.03
        self.profile = dict(PROFILE)
        self.requests: list[str] = []
        self.received: list[Frame] = []
        self.conversations: dict[str, Conversation] = {}
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def only_conversation(self) -> Conversation:
        (conversation,) = self.conversations.values()
        return conversation

    async def start(self, port: int = 0) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = await serve(
            self._serve_socket, "127.0.0.1", port, process_request=self._serve_http, max_size=65_536
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        for task in self._answering:
            task.cancel()
        if self._server:
            self._server.close(close_connections=True)
            await self._server.wait_closed()

    def drop_connections(self) -> None:
        """Cut every socket without a close handshake, as a lost network does."""
        assert self._loop
        self._loop.call_soon_threadsafe(self._abort_all)

    def hold_answers(self) -> None:
        """Let answers stop after their second piece until `release_answers()`."""
        assert self._loop
        self._loop.call_soon_threadsafe(self._may_go_on.clear)

    def release_answers(self) -> None:
        assert self._loop
        self._loop.call_soon_threadsafe(self._may_go_on.set)

    def post(self, *, author: Frame, text: str, **more: Any) -> None:
        """Say something into the only conversation, as an agent or the AI."""
        self._run(self._publish(self.only_conversation, author=author, text=text, **more))

    def change_owner(self, kind: str, name: str) -> None:
        self._run(self._set_owner(self.only_conversation, {"kind": kind, "name": name}))

    def send_frame(self, frame: Frame) -> None:
        """Send any frame to every socket of the only conversation."""
        conversation = self.only_conversation
        self._run(self._forward(conversation, {"conversation_id": conversation.id} | frame))

    def _run(self, coroutine: Any) -> None:
        assert self._loop
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    def _abort_all(self) -> None:
        for conversation in self.conversations.values():
            for socket in list(conversation.sockets):
                socket.transport.abort()

    # HTTP

    def _serve_http(self, _connection: ServerConnection, request: Request) -> Response | None:
        address = urlsplit(request.path)
        self.requests.append(address.path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return _response(HTTPStatus.SERVICE_UNAVAILABLE, b"") if self.faults.unreachable else None
        if address.path.endswith("/updates"):
            return self._updates(request, int(parse_qs(address.query)["after"][0]))
        if address.path in self.pages:
            return _response(HTTPStatus.OK, self.pages[address.path].encode(), "text/html; charset=utf-8")
        path = (self.static_root / address.path.removeprefix("/static/")).resolve()
        if path.is_relative_to(self.static_root) and path.is_file():
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return _response(HTTPStatus.OK, path.read_bytes(), kind)
        return _response(HTTPStatus.NOT_FOUND, b"not found")

    def _updates(self, request: Request, after: int) -> Response:
        session = request.headers.get("Authorization", "").removeprefix("Session ")
        conversation = self.conversations.get(session)
        if self.faults.fail_updates or conversation is None or self.faults.unreachable:
            self.faults.fail_updates = max(0, self.faults.fail_updates - 1)
            return _response(HTTPStatus.SERVICE_UNAVAILABLE, b"")
        events = conversation.messages[after : after + PAGE_SIZE]
        last_seq = len(conversation.messages)
        body = {"events": events, "more": last_seq > after + len(events), "last_seq": last_seq}
        return _response(HTTPStatus.OK, json.dumps(body).encode(), "application/json")

    # The socket

    async def _serve_socket(self, socket: ServerConnection) -> None:
        if self.faults.refuse_connections:
            await socket.close(self.faults.refuse_connections)
            return
        with contextlib.suppress(ConnectionClosed):
            hello = json.loads(await asyncio.wait_for(socket.recv(), timeout=5))
            self.received.append(hello)
            conversation = self.conversations.setdefault(hello["session"], Conversation())
            conversation.sockets.add(socket)
            try:
                await socket.send(json.dumps(self._welcome(conversation, hello["last_seq"])))
                async for text in socket:
                    frame = json.loads(text)
                    self.received.append(frame)
                    await self._take(conversation, socket, frame)
            finally:
                conversation.sockets.discard(socket)

    def _welcome(self, conversation: Conversation, last_seq: int) -> Frame:
        events = conversation.messages[last_seq : last_seq + PAGE_SIZE]
        return {
            "type": "welcome", "conversation_id": conversation.id if conversation.messages else None,
            "last_seq": len(conversation.messages), "events": events,
            "more": len(conversation.messages) > last_seq + len(events),
            "owner": conversation.owner, "inbox": self.profile, "heartbeat": 25,
        }  # fmt: skip

    async def _take(self, conversation: Conversation, socket: ServerConnection, frame: Frame) -> None:
        match frame["type"]:
            case "ping":
                await socket.send('{"type":"pong"}')
            case "message.send":
                await self._accept_message(conversation, socket, frame)
            case "person.request":
                event = conversation.append_event({"name": "person.requested", "owner": {"kind": "nobody", "name": ""}})
                conversation.owner = {"kind": "nobody", "name": ""}
                accepted = {"type": "person.accepted", "client_id": frame["client_id"]}
                await socket.send(json.dumps(accepted | {"conversation_id": conversation.id}))
                await self._forward(conversation, event)

    async def _accept_message(self, conversation: Conversation, socket: ServerConnection, frame: Frame) -> None:
        client_id, text = frame["client_id"], frame["text"].strip()
        refusal = self._refusal(text)
        if refusal:
            await socket.send(json.dumps({"type": "error", "client_id": client_id, "retry_after": None} | refusal))
            return
        is_new = client_id not in conversation.seq_by_client_id
        if is_new:
            event = conversation.append(author={"kind": "customer", "name": ""}, text=text, client_id=client_id)
            conversation.seq_by_client_id[client_id] = event["seq"]
        event = conversation.messages[conversation.seq_by_client_id[client_id] - 1]
        if self.faults.cut_before_ack:
            self.faults.cut_before_ack -= 1
            socket.transport.abort()
            return
        await socket.send(json.dumps(_accepted(conversation, client_id, event)))
        if not is_new:
            return
        if self.faults.hide_created:
            self.faults.hide_created -= 1
        else:
            await self._forward(conversation, event)
        if conversation.owner["kind"] == "ai" and not self.faults.silent:
            task = asyncio.create_task(self._answer(conversation))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    def _refusal(self, text: str) -> Frame | None:
        if len(text) > LONGEST_MESSAGE:
            return {"code": "message.too_long", "text": "A message can have up to 4,000 characters."}
        if self.faults.refuse_sends:
            self.faults.refuse_sends -= 1
            return {"code": "message.refused", "text": "This message could not be taken. Please try again."}
        return None

    async def _answer(self, conversation: Conversation) -> None:
        answer = {"conversation_id": conversation.id, "answer_id": str(uuid.uuid4()), "attempt": 1}
        await self._forward(conversation, {"type": "answer.state", "state": "thinking"} | answer)
        await asyncio.sleep(self.piece_delay * 8)
        await self._forward(conversation, {"type": "answer.state", "state": "writing"} | answer)
        for offset in range(0, len(self.answer), 9):
            piece = self.answer[offset : offset + 9]
            await self._forward(conversation, {"type": "answer.delta", "offset": offset, "text": piece} | answer)
            await asyncio.sleep(self.piece_delay)
            if offset:
                await self._may_go_on.wait()
        cited = [citation for citation in self.citations if f"[{citation['n']}]" in self.answer]
        await self._publish(
            conversation, author={"kind": "ai", "name": PROFILE["assistant"]}, text=self.answer,
            id=answer["answer_id"], citations=cited, engine="builtin", confidence=0.82,
        )  # fmt: skip

    async def _publish(self, conversation: Conversation, **message: Any) -> None:
        event = conversation.append(**message)
        if self.faults.hide_created:
            self.faults.hide_created -= 1
            return
        await self._forward(conversation, event)

    async def _set_owner(self, conversation: Conversation, owner: Frame) -> None:
        conversation.owner = owner
        await self._forward(conversation, conversation.append_event({"name": "owner.changed", "owner": owner}))

    async def _forward(self, conversation: Conversation, frame: Frame) -> None:
        for socket in list(conversation.sockets):
            with contextlib.suppress(ConnectionClosed):
                await socket.send(json.dumps(frame))


def _accepted(conversation: Conversation, client_id: str, event: Frame) -> Frame:
    return {
        "type": "message.accepted", "client_id": client_id, "message_id": event["message"]["id"],
        "conversation_id": conversation.id, "seq": event["seq"],
    }  # fmt: skip


def _response(status: HTTPStatus, body: bytes, kind: str = "text/plain") -> Response:
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close",
                       "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"})  # fmt: skip
    return Response(status.value, status.phrase, headers, body)


def fill(conversation: Conversation, *, count: int) -> None:
    """Give a conversation a past of `count` messages over three days, questions and cited answers in turn."""
    begin = datetime.now(UTC) - timedelta(days=3)
    for index in range(count):
        moment = (begin + timedelta(days=2.9) * index / count).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if index % 2:
            conversation.append(author={"kind": "ai", "name": PROFILE["assistant"]}, text=ANSWER, citations=CITATIONS,
                                engine="builtin", confidence=0.8, created_at=moment)  # fmt: skip
        else:
            author = {"kind": "customer", "name": ""}
            conversation.append(author=author, text=f"Question number {index + 1}?", created_at=moment)


@contextlib.contextmanager
def running_chat_server(*, pages: dict[str, str] | None = None, port: int = 0) -> Iterator[ChatServer]:
    """A simulator on a free port, in a thread of its own, for the length of the with block."""
    server = ChatServer(pages=pages)
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def live(finished: asyncio.Event) -> None:
        await server.start(port)
        started.set()
        await finished.wait()
        await server.stop()

    finished = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(live(finished)), daemon=True)
    thread.start()
    try:
        assert started.wait(timeout=10), "the chat simulator did not start"
        yield server
    finally:
        loop.call_soon_threadsafe(finished.set)
        thread.join(timeout=10)
        loop.close()


DEVELOPMENT_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Widget</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/shared/tokens.css"><link rel="stylesheet" href="/static/shared/base.css">
<h1>A page with a chat</h1>
<script type="module" src="/static/inboxes/widget.js"></script><switchboard-chat inbox="{inbox}"></switchboard-chat>"""


def main() -> None:
    """Serve a page with the widget until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8899)
    parsed = parser.parse_args()

    async def live() -> None:
        server = ChatServer(pages={"/": DEVELOPMENT_PAGE.format(inbox=INBOX_ID)})
        await server.start(parsed.port)
        await asyncio.get_running_loop().create_future()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(live())


if __name__ == "__main__":
    main()
