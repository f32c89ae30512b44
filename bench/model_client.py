"""What does reading one streamed model answer cost in CPU, against merely receiving the same bytes?

``python -m bench.model_client`` starts the simulated endpoint as a process of its own, has it stream answers of 60
pieces, and compares the process time of the client with that of a bare socket loop in the same run.
"""

import argparse
import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from uuid import UUID

from apps.ai.providers.openai_compatible.client import ModelProvider
from apps.ai.types import DraftRequest, GroundingPassage
from tests.simulators.model_endpoint import ModelEndpoint

PIECES = 60
TEXT = " ".join(f"word{number}" for number in range(PIECES))


def main() -> None:
    """Print CPU milliseconds per answer for both and their ratio; with ``--json FILE`` write them too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100, help="answers per round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts")
    parser.add_argument("--json", help="write the figures to this file")
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    with _endpoint() as endpoint:
        endpoint.control(style="fixed", text=TEXT)
        for name, gap_ms in (("pieces 2 ms apart", 2.0), ("all pieces at once", 0.0)):
            endpoint.control(token_gap_ms=gap_ms)
            figures[name] = _compare(endpoint, arguments.answers if gap_ms else 500, arguments.rounds)
    print(f"{'one answer of 60 pieces':28}{'floor':>10}{'client':>10}{'ratio':>8}{'peak/s':>9}")
    for name, row in figures.items():
        print(
            f"{name:28}{row['floor_ms']:>7.2f} ms{row['client_ms']:>7.2f} ms{row['ratio']:>8.2f}"
            f"{1000 / row['client_ms']:>9.0f}"
        )
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path given by hand
            json.dump(figures, file, indent=2)


def _compare(endpoint: ModelEndpoint, answers: int, rounds: int) -> dict[str, float]:
    provider = ModelProvider(base_url=endpoint.base_url, api_key="", model="sim-1")
    request = _request()
    _read_with_client(provider, request)
    sent = json.dumps(endpoint.requests()[-1]["body"]).encode()
    raw = _RawClient(endpoint.port, sent)
    floors, clients = [], []
    for _ in range(rounds):
        floors.append(_cpu_ms(raw.read_answer, answers))
        clients.append(_cpu_ms(lambda: _read_with_client(provider, request), answers))
    floor, client = sorted(floors)[rounds // 2], sorted(clients)[rounds // 2]
    raw.close()
    provider.close()
    return {"floor_ms": floor, "client_ms": client, "ratio": client / floor}


def _cpu_ms(read: Callable[[], None], answers: int) -> float:
    started = time.process_time()
    for _ in range(answers):
        read()
    return (time.process_time() - started) * 1000 / answers


def _read_with_client(provider: ModelProvider, request: DraftRequest) -> None:
    stream = provider.stream(request, deadline=time.monotonic() + 30, cancelled=lambda: False)
    pieces = list(stream)
    assert "".join(pieces) == TEXT, pieces


class _RawClient:
    """The floor: send the same request, receive until the end of the body, look at nothing."""

    def __init__(self, port: int, body: bytes) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self._request = head.encode() + body

    def read_answer(self) -> None:
        self._socket.sendall(self._request)
        while not self._socket.recv(65_536).endswith(b"0\r\n\r\n"):
            pass

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def _endpoint() -> Iterator[ModelEndpoint]:
    command = [sys.executable, "-m", "tests.simulators.model_endpoint", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = urlsplit(process.stdout.readline().rpartition(" ")[2].strip()).port
        assert port is not None
        try:
            yield ModelEndpoint(port)
        finally:
            process.terminate()


def _request() -> DraftRequest:
    text = "You can return an item within 30 days of delivery. Refunds take 5 working days. " * 10
    passages = tuple(
        GroundingPassage(n, UUID(int=n), UUID(int=n), "Returns", "Refunds", text, 1.0, 0.9, 0.7) for n in range(1, 9)
    )
    return DraftRequest("How long do refunds take?", (), passages, "en", "Acme", "Ada")


if __name__ == "__main__":
    main()
