"""Open sockets come back after the broker was away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from django.conf import settings as suite_settings

from apps.core import broker

BROKER_URL: str = suite_settings.REDIS_URL


class Line:
    """A line to the real broker that can be cut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writers: set[asyncio.StreamWriter] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = BROKER_URL.removeprefix("unix://").partition("?")[0]
        far_reader, far_writer = await asyncio.open_unix_connection(target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


@asynccontextmanager
async def line_to_broker(folder: Path) -> AsyncIterator[Line]:
    line = Line(folder / "b.sock")
    server = await asyncio.start_unix_server(line.carry, line.path)
    try:
        yield line
    finally:
        line.cut()
        server.close()


class Recalled:
    """A socket that notes its recall."""

    def __init__(self) -> None:
        self.happened = asyncio.Event()

    async def recall(self) -> None:
        self.happened.set()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(broker, "PING_SECONDS", 0.05)
    monkeypatch.setattr(broker, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(broker, "SPREAD_SECONDS", 0.0)
    monkeypatch.setattr(suite_settings, "REDIS_URL", f"unix://{tmp_path / 'b.sock'}?db=0")
    return tmp_path


async def test_a_socket_is_recalled_after_the_line_to_the_broker_broke(quick: Path) -> None:
    socket = Recalled()
    async with line_to_broker(quick) as line:
        broker.watch(socket)
        await asyncio.sleep(0.2)
        assert not socket.happened.is_set()

        line.cut()
        async with asyncio.timeout(5):
            await socket.happened.wait()
        broker.unwatch(socket)


async def test_a_socket_that_has_gone_is_not_recalled(quick: Path) -> None:
    gone, stays = Recalled(), Recalled()
    async with line_to_broker(quick) as line:
        for socket in (gone, stays):
            broker.watch(socket)
        await asyncio.sleep(0.2)
        broker.unwatch(gone)

        line.cut()
        async with asyncio.timeout(5):
            await stays.happened.wait()
        broker.unwatch(stays)

    assert not gone.happened.is_set()
