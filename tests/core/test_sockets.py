"""What every socket does, whoever is behind it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID, uuid4

import pytest
from channels.testing import WebsocketCommunicator
from django.db import OperationalError, connection
from pydantic import BaseModel, Field, TypeAdapter
from pytest_django import Settings

from apps.core import errors, push, tenancy
from apps.core.sockets import BAD_FRAMES_ALLOWED, FRAME_LIMIT, Inbound, Outbound, Ping, SuiteConsumer, in_database
from tests.core.factories import read_counter

ORGANISATION_ID = UUID("01890000-0000-7000-8000-00000000aaaa")
UNREADABLE = "frame.unreadable"


class Introduce(Inbound):
    """Say hello; ``group`` is joined."""

    type: Literal["introduce"]
    group: str | None = None
    name: str = Field(default="", max_length=60_000)


class Ask(Inbound):
    """Ask for something that goes wrong."""

    type: Literal["ask.anything"]
    client_id: UUID | None = None
    about: Literal["scope", "limit", "database", "away"]


class Told(Outbound):
    """Answers."""

    type: Literal["told"] = "told"
    text: str


class Slow(errors.TooMany):
    code = "tiny.slow"


TinyFrame = Annotated[Introduce | Ask | Ping, Field(discriminator="type")]


class TinyConsumer(SuiteConsumer):
    """A socket of these tests."""

    kind = "tiny"
    frames: ClassVar[TypeAdapter[Any]] = TypeAdapter(TinyFrame)

    async def on_introduce(self, frame: Introduce) -> None:
        self.organisation_id = ORGANISATION_ID
        self.introduced()
        await (self.join(frame.group) if frame.group else asyncio.sleep(0))
        await self.say(Told(text=f"welcome {frame.name}".strip()))

    async def on_ask_anything(self, frame: Ask) -> None:
        await self.say(Told(text=await getattr(self, f"_{frame.about}")()))

    async def _scope(self) -> str:
        own = tenancy.find_current_organisation_id()
        in_thread = await in_database(tenancy.find_current_organisation_id)()
        return f"{own} {in_thread}"

    async def _limit(self) -> str:
        raise Slow(retry_after=1.5)

    async def _away(self) -> str:
        raise errors.Unavailable

    async def _database(self) -> str:
        raise OperationalError("the connection is closed")


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Let Channels look after the connections of its threads, which it does for every socket."""


@pytest.fixture
async def socket() -> AsyncIterator[WebsocketCommunicator]:
    """Return an open socket that has not introduced itself."""
    communicator = WebsocketCommunicator(TinyConsumer.as_asgi(), "/tiny/")
    assert (await communicator.connect())[0] is True
    yield communicator
    await communicator.disconnect()


async def _ask(socket: WebsocketCommunicator, text: str) -> dict[str, Any]:
    await socket.send_to(text_data=text)
    answer: dict[str, Any] = await socket.receive_json_from(timeout=5)
    return answer


async def _read_close_code(socket: WebsocketCommunicator) -> int:
    output = await socket.receive_output(timeout=5)
    assert output["type"] == "websocket.close"
    return int(output["code"])


# Frames ----------------------------------------------------------------------------------------------------


async def test_a_ping_is_answered(socket: WebsocketCommunicator) -> None:
    assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}


@pytest.mark.parametrize(
    "frame",
    [
        " ",
        "hello",
        "{",
        '{"type": "ping"',
        "[]",
        '["ping"]',
        "null",
        "3",
        '"ping"',
        "{}",
        '{"type": null}',
        '{"type": 1}',
        '{"type": ["ping"]}',
        '{"type": "nothing.we.know"}',
        '{"type": "__class__"}',
        '{"type": "ping", "surplus": 1}',
        '{"type": "ask.anything"}',
        '{"type": "ask.anything", "about": "everything"}',
        '{"type": "ask.anything", "about": "scope", "client_id": "not-an-id"}',
        '{"type": "ask.anything", "about": "scope", "client_id": {"a": 1}}',
        '{"type": "\\ud83d"}',
        '{"type": "ping", "\\ud83d": 1}',
        '{"type": "ask.anything", "about": "\\ud83d"}',
        '{"type": "ping\\u0000"}',
        '{"type": NaN}',
        "9" * 10_000,
        "[" * 30_000,
        '{"a":' * 12_000,
    ],
    ids=lambda frame: frame[:24],
)
async def test_a_frame_we_cannot_read_is_refused_and_the_socket_stays_usable(
    socket: WebsocketCommunicator, frame: str
) -> None:
    answer = await _ask(socket, frame)

    assert (answer["type"], answer["code"]) == ("error", UNREADABLE)
    assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}


@pytest.mark.parametrize(
    ("sent", "read"), [("a\\ud83db", "a\ufffdb"), ("\\ude00", "\ufffd"), ("\\ud83d\\ude00", "😀"), ("\\u00eb", "ë")]
)
async def test_half_a_character_costs_that_character_and_not_the_frame(
    socket: WebsocketCommunicator, sent: str, read: str
) -> None:
    answer = await _ask(socket, f'{{"type": "introduce", "name": "{sent}"}}')

    assert answer == {"type": "told", "text": f"welcome {read}"}


async def test_a_frame_of_the_limit_is_read_and_one_byte_more_closes_the_socket(socket: WebsocketCommunicator) -> None:
    frame = '{"type": "ping"}'

    assert await _ask(socket, frame.ljust(FRAME_LIMIT)) == {"type": "pong"}
    await socket.send_to(text_data=frame.ljust(FRAME_LIMIT + 1))

    assert await _read_close_code(socket) == 4413


def test_the_web_server_is_told_the_same_limit() -> None:
    procfile = (Path(__file__).parents[2] / "Procfile").read_text()

    assert f"--websocket-max-message-size {FRAME_LIMIT} --websocket-max-frame-size {FRAME_LIMIT} " in procfile


async def test_an_empty_frame_is_refused_and_the_socket_stays_usable(socket: WebsocketCommunicator) -> None:
    await socket.send_input({"type": "websocket.receive", "text": ""})

    assert (await socket.receive_json_from())["code"] == UNREADABLE
    assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}


async def test_a_binary_frame_is_refused_and_the_socket_stays_usable(socket: WebsocketCommunicator) -> None:
    await socket.send_to(bytes_data=b'{"type": "ping"}')

    assert (await socket.receive_json_from())["code"] == UNREADABLE
    assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}


async def test_a_refusal_does_not_repeat_a_long_frame(socket: WebsocketCommunicator) -> None:
    answer = await _ask(socket, json.dumps({"type": "x" * 60_000}))

    assert answer["code"] == UNREADABLE
    assert len(answer["text"]) < 1000


async def test_a_refusal_names_the_client_id_it_answers(socket: WebsocketCommunicator) -> None:
    client_id = str(uuid4())

    answer = await _ask(socket, json.dumps({"type": "ask.anything", "client_id": client_id}))

    assert answer["client_id"] == client_id


async def test_too_many_frames_we_cannot_read_close_the_socket(socket: WebsocketCommunicator) -> None:
    closed = read_counter("switchboard_sockets_closed_total", kind="tiny", code="4400")
    for _ in range(BAD_FRAMES_ALLOWED + 1):
        assert (await _ask(socket, "{"))["code"] == UNREADABLE

    assert await _read_close_code(socket) == 4400
    assert read_counter("switchboard_sockets_closed_total", kind="tiny", code="4400") == closed + 1


async def test_refusals_of_frames_we_can_read_do_not_count_as_bad_frames(socket: WebsocketCommunicator) -> None:
    for _ in range(BAD_FRAMES_ALLOWED + 1):
        assert (await _ask(socket, '{"type": "ask.anything", "about": "limit"}'))["code"] == "tiny.slow"

    assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}


# Handlers --------------------------------------------------------------------------------------------------


async def test_a_named_failure_is_told_in_its_words_and_the_socket_stays_usable(
    socket: WebsocketCommunicator,
) -> None:
    client_id = str(uuid4())

    answer = await _ask(socket, json.dumps({"type": "ask.anything", "about": "limit", "client_id": client_id}))

    assert answer == {
        "type": "error",
        "code": "tiny.slow",
        "text": "That was a little fast. Please wait a moment.",
        "client_id": client_id,
        "retry_after": 1.5,
    }
    assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}


async def test_whatever_may_succeed_later_says_when_to_try_again(socket: WebsocketCommunicator) -> None:
    answer = await _ask(socket, '{"type": "ask.anything", "about": "away"}')

    assert (answer["code"], answer["retry_after"]) == ("service.unavailable", 2.0)


async def test_before_it_is_known_a_socket_has_no_scope_and_afterwards_its_own(
    socket: WebsocketCommunicator,
) -> None:
    before = await _ask(socket, '{"type": "ask.anything", "about": "scope"}')
    await _ask(socket, '{"type": "introduce"}')
    after = await _ask(socket, '{"type": "ask.anything", "about": "scope"}')

    assert before["text"] == "None None"
    assert after["text"] == f"{ORGANISATION_ID} {ORGANISATION_ID}"


async def test_a_database_that_is_away_is_told_and_the_socket_stays_usable(socket: WebsocketCommunicator) -> None:
    client_id = str(uuid4())

    answer = await _ask(socket, json.dumps({"type": "ask.anything", "about": "database", "client_id": client_id}))

    assert (answer["code"], answer["client_id"]) == ("service.unavailable", client_id)
    assert answer["retry_after"] > 0
    assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}


@pytest.mark.django_db(transaction=True)
async def test_database_calls_of_sockets_run_in_their_own_threads_and_return_connections() -> None:
    def ask_database() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 41 + 1")
            return int(cursor.fetchone()[0])

    answers = await asyncio.gather(*(in_database(ask_database)() for _ in range(50)))

    assert answers == [42] * 50


# Groups ----------------------------------------------------------------------------------------------------


class Note(BaseModel):
    """A pushed frame."""

    type: Literal["note"] = "note"
    text: str


async def test_what_is_pushed_to_a_joined_group_is_sent_as_it_is(socket: WebsocketCommunicator) -> None:
    group = push.conversation_group(uuid4())
    await _ask(socket, json.dumps({"type": "introduce", "group": group}))

    push.transient(group, Note(text="<b>Zoë</b>"))

    assert await socket.receive_json_from(timeout=5) == {"type": "note", "text": "<b>Zoë</b>"}


# Time ------------------------------------------------------------------------------------------------------


async def _open() -> WebsocketCommunicator:
    communicator = WebsocketCommunicator(TinyConsumer.as_asgi(), "/tiny/")
    assert (await communicator.connect())[0] is True
    return communicator


async def test_without_hello_in_time_the_socket_is_closed(settings: Settings) -> None:
    settings.SOCKET_HELLO_SECONDS = 0.1
    socket = await _open()

    assert await _read_close_code(socket) == 4408
    await socket.disconnect()


async def test_frames_that_are_not_hello_do_not_stop_the_clock(settings: Settings) -> None:
    settings.SOCKET_HELLO_SECONDS = 0.1
    socket = await _open()
    await _ask(socket, '{"type": "ping"}')

    assert await _read_close_code(socket) == 4408
    await socket.disconnect()


async def test_a_socket_that_falls_silent_is_closed(settings: Settings) -> None:
    settings.SOCKET_HELLO_SECONDS, settings.SOCKET_IDLE_SECONDS = 0.1, 0.3
    socket = await _open()
    await _ask(socket, '{"type": "introduce"}')

    assert await _read_close_code(socket) == 4408
    await socket.disconnect()


async def test_a_socket_that_pings_stays_open(settings: Settings) -> None:
    settings.SOCKET_HELLO_SECONDS, settings.SOCKET_IDLE_SECONDS = 0.1, 0.4
    socket = await _open()
    await _ask(socket, '{"type": "introduce"}')

    for _ in range(6):
        assert await socket.receive_nothing(timeout=0.15) is True
        assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}
    await socket.disconnect()


async def test_more_frames_than_the_pace_allows_close_the_socket(settings: Settings) -> None:
    settings.SOCKET_FRAMES_PER_MINUTE = 10
    socket = await _open()
    for _ in range(10):
        assert await _ask(socket, '{"type": "ping"}') == {"type": "pong"}

    await socket.send_to(text_data='{"type": "ping"}')

    assert await _read_close_code(socket) == 4429
    await socket.disconnect()


async def test_frames_after_the_end_are_answered_with_nothing_more(settings: Settings) -> None:
    settings.SOCKET_FRAMES_PER_MINUTE = 10
    socket = await _open()
    for _ in range(14):
        await socket.send_to(text_data='{"type": "ping"}')

    outputs = [await socket.receive_output(timeout=5) for _ in range(11)]

    assert outputs[-1]["type"] == "websocket.close"
    assert await socket.receive_nothing(timeout=0.2) is True
    await socket.disconnect()


async def test_open_sockets_are_counted() -> None:
    before = read_counter("switchboard_sockets", kind="tiny")

    socket = await _open()
    while_open = read_counter("switchboard_sockets", kind="tiny")
    await socket.disconnect()

    assert while_open == before + 1
    assert read_counter("switchboard_sockets", kind="tiny") == before
