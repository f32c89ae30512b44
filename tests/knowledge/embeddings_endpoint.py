"""A real HTTP server that answers like an embeddings endpoint, or as told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSIONS = 8


@dataclass(slots=True)
class Reply:
    """One answer out of the ordinary."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Endpoint:
    """What was asked so far, and the replies to give before ordinary answers begin."""

    url: str
    replies: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def vector_of(text: str) -> list[float]:
    """Return a vector that differs with the text and is not of length 1."""
    return [float(len(text) % (7 + position) + 1) for position in range(DIMENSIONS)]


@contextmanager
def embeddings_endpoint() -> Iterator[Endpoint]:
    """Serve on a free port inside the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    endpoint = Endpoint(url=f"http://127.0.0.1:{server.server_address[1]}/v1")
    server.endpoint = endpoint  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        endpoint: Endpoint = self.server.endpoint  # type: ignore[attr-defined]
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        endpoint.requests.append(request)
        endpoint.keys.append(self.headers.get("Authorization", ""))
        reply = endpoint.replies.pop(0) if endpoint.replies else _ordinary(request["input"])
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _ordinary(texts: list[str]) -> Reply:
    rows = [{"index": index, "embedding": vector_of(text)} for index, text in enumerate(texts)]
    # The order of rows is not promised; the index counts.
    return Reply(body=json.dumps({"data": rows[::-1]}).encode())
