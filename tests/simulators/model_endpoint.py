"""Where is a model endpoint to test against? Here: a real HTTP server that speaks the OpenAI dialect, with faults.

``python -m tests.simulators.model_endpoint --port 0`` prints its address; in tests ``running_model_endpoint()`` runs
it in a thread. ``POST /v1/chat/completions``, ``POST /v1/embeddings``, ``GET /v1/models``; ``POST /_control`` changes
its behaviour (see ``model_behaviour``), ``GET /_requests`` tells what it was asked, ``DELETE /_requests`` forgets it.
"""

import argparse
import asyncio
import base64
import contextlib
import http.client
import json
import signal
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from typing import cast

from tests.simulators import model_streams, model_styles
from tests.simulators.model_behaviour import Behaviour, Json

REQUESTS_KEPT = 2_000
MAX_BODY_BYTES = 8 * 1024 * 1024


class Server:
    """The state shared by all connections: behaviour and the record of requests."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: deque[Json] = deque(maxlen=REQUESTS_KEPT)
        self.total = 0
        self.connections = 0

    def record(self, method: str, path: str, headers: dict[str, str], body: Json) -> Json:
        self.total += 1
        entry: Json = {
            "method": method,
            "path": path,
            "headers": headers,
            "body": body,
            "tokens_sent": 0,
            "ended": "",  # "complete", or "gone" when the client left before
            "connection": self.connections,
        }
        self.requests.append(entry)
        return entry


class Connection(asyncio.Protocol):
    """One client connection: requests one after the other, an answer task for each."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._entry: Json = {}
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._server.connections += 1
        self._number = self._server.connections

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None and not self._task.done():
            self._entry["ended"] = self._entry.get("ended") or "gone"
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._start_next()

    def _start_next(self) -> None:
        if self._task is not None and not self._task.done():
            return
        head, found, _ = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        if length > MAX_BODY_BYTES:
            self.transport.close()
            return
        end = len(head) + 4 + length
        if len(self._buffer) < end:
            return
        body = bytes(self._buffer[len(head) + 4 : end])
        del self._buffer[:end]
        method, path, _ = lines[0].split(" ", 2)
        self._task = asyncio.get_running_loop().create_task(self._answer(method, path, headers, body))
        self._task.add_done_callback(self._answered)

    def _answered(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or self.transport.is_closing():
            return
        if task.exception() is not None:
            self.transport.close()
            task.result()
        self._start_next()

    async def _answer(self, method: str, path: str, headers: dict[str, str], raw: bytes) -> None:
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            self.send_json({"error": {"code": "invalid_json"}}, 400)
            return
        route = (method, path.partition("?")[0])
        if route == ("POST", "/_control"):
            self._control(body)
        elif route == ("GET", "/_requests"):
            self.send_json({"total": self._server.total, "requests": list(self._server.requests)})
        elif route == ("DELETE", "/_requests"):
            self._server.requests.clear()
            self.send_json({})
        else:
            await self._answer_as_model(route, headers, body)

    async def _answer_as_model(self, route: tuple[str, str], headers: dict[str, str], body: Json) -> None:
        behaviour = self._server.behaviour
        self._entry = entry = self._server.record(*route, headers, body)
        entry["connection"] = self._number
        if behaviour.api_key and headers.get("authorization") != f"Bearer {behaviour.api_key}":
            said = headers.get("authorization", "")
            self.send_json({"error": {"code": "invalid_api_key", "message": f"Incorrect API key: {said}"}}, 401)
        elif route == ("GET", "/v1/models"):
            names = behaviour.models or ["sim-1"]
            self.send_json({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
        elif route not in (("POST", "/v1/chat/completions"), ("POST", "/v1/embeddings")):
            self.send_json({"error": {"code": "unknown_url", "message": "no such address"}}, 404)
        elif behaviour.models and body.get("model") not in behaviour.models:
            self.send_json({"error": {"code": "model_not_found", "message": "no such model"}}, 404)
        elif route[1].endswith("/embeddings"):
            await self._embed(body)
        else:
            await model_streams.answer_chat(self, behaviour, body, entry)
        entry["ended"] = "complete"

    async def _embed(self, body: Json) -> None:
        fault = self._server.behaviour.next_fault()
        if fault["kind"] != "none":
            await model_streams.answer_with_fault(self, fault)
            return
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        vectors = [model_styles.embedding_of(text, int(body.get("dimensions") or 384)) for text in texts]
        encode = _packed if body.get("encoding_format") == "base64" else list
        items = [{"object": "embedding", "index": n, "embedding": encode(v)} for n, v in enumerate(vectors)]
        tokens = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        self.send_json({"object": "list", "model": body.get("model"), "data": items, "usage": usage})

    def _control(self, changes: Json) -> None:
        if changes.pop("reset", False):
            self._server.behaviour = Behaviour()
        try:
            self._server.behaviour.change(changes)
        except (ValueError, TypeError) as error:
            self.send_json({"error": str(error)}, 400)
            return
        self.send_json(asdict(self._server.behaviour))

    def send_json(self, value: Json, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_body(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def send_body(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def drop(self, *, reset: bool) -> None:
        """Close the connection; with ``reset`` so that the client sees a TCP reset."""
        if reset:
            self.transport.abort()
        else:
            self.transport.close()


class ModelEndpoint:
    """The handle of a running endpoint: its addresses and its controls. ``tls_port`` is 0 without TLS."""

    def __init__(self, port: int, tls_port: int = 0) -> None:
        self.port = port
        self.tls_port = tls_port
        self.url = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.url}/v1"

    def control(self, **changes: object) -> Json:
        """Change the behaviour; returns all of it."""
        return self._call("POST", "/_control", changes)

    def requests(self) -> list[Json]:
        """Return the requests so far, oldest first, without those of the controls."""
        return cast(list[Json], self._call("GET", "/_requests")["requests"])

    def how_last_ended(self, *, within: float = 5.0) -> str:
        """Wait until the last request has ended; "complete", "gone" if the client left, empty if it goes on."""
        until = time.monotonic() + within
        ended = ""
        while not ended and time.monotonic() < until:
            ended = str(self.requests()[-1]["ended"])
        return ended

    def forget(self) -> None:
        """Forget the requests so far."""
        self._call("DELETE", "/_requests")

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            value = cast(Json, json.loads(response.read()))
            assert response.status == 200, value
            return value
        finally:
            connection.close()


@contextlib.contextmanager
def running_model_endpoint(tls: ssl.SSLContext | None = None, **behaviour: object) -> Iterator[ModelEndpoint]:
    """Run an endpoint in a thread of this process for the length of the block, with ``tls`` on a second port too."""
    loop = asyncio.new_event_loop()
    state = Server(Behaviour())
    servers = [loop.run_until_complete(_listen(loop, state, "127.0.0.1", 0))]
    if tls is not None:
        servers.append(loop.run_until_complete(_listen(loop, state, "127.0.0.1", 0, tls)))
    thread = threading.Thread(target=loop.run_forever, name="model-endpoint", daemon=True)
    thread.start()
    try:
        endpoint = ModelEndpoint(*(server.sockets[0].getsockname()[1] for server in servers))
        if behaviour:
            endpoint.control(**behaviour)
        yield endpoint
    finally:
        asyncio.run_coroutine_threadsafe(_shut_down(*servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _listen(
    loop: asyncio.AbstractEventLoop, state: Server, host: str, port: int, tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    return await loop.create_server(lambda: Connection(state), host, port, backlog=1_024, ssl=tls)


async def _shut_down(*servers: asyncio.Server) -> None:
    for server in servers:
        server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


async def _serve(arguments: argparse.Namespace) -> None:
    behaviour = Behaviour(
        first_token_ms=arguments.first_token_ms, token_gap_ms=arguments.token_gap_ms, style=arguments.style
    )
    loop = asyncio.get_running_loop()
    server = await _listen(loop, Server(behaviour), arguments.host, arguments.port)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"listening on http://{host}:{port}/v1", flush=True)  # noqa: T201 - a program's own output
    await stop.wait()
    await _shut_down(server)


def main() -> None:
    """Run as a program until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="A model endpoint for tests and load tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first-token-ms", type=float, default=0.0)
    parser.add_argument("--token-gap-ms", type=float, default=0.0)
    parser.add_argument("--style", choices=("grounded", "obedient"), default="grounded")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
