"""Who may open which socket? Every socket times everybody; a socket without an entry fails."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connections

from apps.accounts.models import Membership, Organisation, User
from apps.core import tenancy
from apps.inboxes.models import Inbox
from config.asgi import application
from config.sockets import UnknownSocket
from tests.architecture.cast import MARKER, Cast, make_cast

if TYPE_CHECKING:
    from collections.abc import Callable

with_database = pytest.mark.django_db(transaction=True)

HOST = "localhost"
OWN_PAGE = f"http://{HOST}"
FOREIGN_PAGES = (
    "https://evil.example",
    "null",
    "https://shop.example.evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    f"http://{HOST}.evil.example",
)
VISITOR_SOCKET = "ws/chat/<uuid:inbox_id>/"
DESK_SOCKET = "ws/desk/"
ELSEWHERE = "everything else"

# What the first frame says; a number is the code that the socket is closed with.
TABLE: dict[str, dict[str, tuple[str, int | None]]] = {
    VISITOR_SOCKET: dict.fromkeys(
        ("anonymous", "visitor", "agent", "author", "admin", "other agent", "operator", "program"), ("welcome", None)
    ),
    DESK_SOCKET: {
        "anonymous": ("desk.sign_in_needed", 4401),
        "visitor": ("desk.sign_in_needed", 4401),
        "agent": ("desk.welcome", None),
        "author": ("desk.role_missing", 4403),
        "admin": ("desk.welcome", None),
        "other agent": ("desk.welcome", None),
        "operator": ("membership.missing", 4403),
        "program": ("desk.sign_in_needed", 4401),
    },
    ELSEWHERE: {},
}


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Let Channels look after the connections of its threads, which it does for every socket."""


@pytest.fixture
def cast(acme: Organisation, orbis: Organisation, inbox: Inbox) -> Cast:
    """Return everybody."""
    return make_cast(acme, orbis, inbox)


def _walk(app: Any, prefix: str = "") -> Iterator[str]:
    if getattr(app, "consumer_class", None) is UnknownSocket:
        yield ELSEWHERE
    elif isinstance(app, URLRouter):
        for route in app.routes:
            yield from _walk(route.callback, prefix + str(route.pattern))
    elif inner := getattr(app, "application", None) or getattr(app, "inner", None):
        yield from _walk(inner, prefix)
    else:
        yield prefix


def _headers(cast: Cast, who: str, origin: str | None) -> list[tuple[bytes, bytes]]:
    headers = [(b"host", HOST.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if who in cast.users:
        cookie = cast.open_client(who).cookies[settings.SESSION_COOKIE_NAME]
        headers.append((b"cookie", f"{cookie.key}={cookie.value}".encode()))
    if who in cast.keys:
        headers.append((b"authorization", f"Bearer {cast.keys[who]}".encode()))
    return headers


def _socket(path: str, headers: list[tuple[bytes, bytes]]) -> WebsocketCommunicator:
    return WebsocketCommunicator(application, path, headers=headers)


async def _first_word(socket: WebsocketCommunicator) -> str:
    output = await socket.receive_output(timeout=10)
    if output["type"] == "websocket.close":
        return f"closed with {output['code']}"
    frame: dict[str, Any] = json.loads(output["text"])
    return str(frame["code"] if frame["type"] == "error" else frame["type"])


async def _first_word_and_code(socket: WebsocketCommunicator) -> tuple[str, int | None]:
    word = await _first_word(socket)
    if word.endswith("welcome"):
        return word, None
    output = await socket.receive_output(timeout=10)
    return f"{word}{output.get('text', '')}", output.get("code")


async def _close_code(socket: WebsocketCommunicator) -> int:
    output = await socket.receive_output(timeout=10)
    assert output["type"] == "websocket.close"
    return int(output["code"])


async def _open_visitor(socket: WebsocketCommunicator, secret: str) -> dict[str, Any]:
    assert (await socket.connect(timeout=10))[0] is True
    await socket.send_json_to({"type": "hello", "protocol": 1, "session": secret, "last_seq": 0})
    frame: dict[str, Any] = await socket.receive_json_from(timeout=10)
    return frame


async def _in_thread(work: "Callable[[], Any]") -> Any:
    def work_and_return_connections() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(work_and_return_connections)


async def _change(cast: Cast, change: "Callable[[], Any]") -> None:
    def change_in_scope() -> None:
        with tenancy.scope(cast.acme.id):
            change()

    await _in_thread(change_in_scope)


# The matrix ------------------------------------------------------------------------------------------------


def test_every_socket_has_an_entry() -> None:
    routes = list(_walk(application.application_mapping["websocket"]))

    assert sorted(routes) == sorted(TABLE)


@with_database
async def test_the_desk_opens_for_those_whose_role_includes_it(cast: Cast) -> None:
    seen = {}
    for who in TABLE[DESK_SOCKET]:
        socket = _socket("/ws/desk/", await _in_thread(partial(_headers, cast, who, OWN_PAGE)))
        await socket.connect(timeout=10)
        seen[who] = await _first_word_and_code(socket)
        await socket.disconnect()

    assert seen == TABLE[DESK_SOCKET]


@with_database
async def test_the_chat_opens_for_everybody_and_shows_only_ones_own(cast: Cast) -> None:
    welcomes = {}
    for who in TABLE[VISITOR_SOCKET]:
        socket = _socket(f"/ws/chat/{cast.inbox.id}/", await _in_thread(partial(_headers, cast, who, OWN_PAGE)))
        welcomes[who] = await _open_visitor(socket, cast.visitors.get(who, "s_" + "0" * 43))
        await socket.disconnect()

    assert {who: (welcome["type"], None) for who, welcome in welcomes.items()} == TABLE[VISITOR_SOCKET]
    assert [who for who, welcome in welcomes.items() if MARKER in json.dumps(welcome)] == ["visitor"]


@with_database
async def test_the_secret_of_another_inbox_opens_nothing_here(cast: Cast) -> None:
    socket = _socket(f"/ws/chat/{cast.inbox.id}/", [(b"host", HOST.encode())])

    welcome = await _open_visitor(socket, cast.visitors["other visitor"])

    assert (welcome["conversation_id"], welcome["events"]) == (None, [])
    await socket.disconnect()


@with_database
async def test_an_agent_of_another_organisation_can_watch_nothing_of_ours(cast: Cast) -> None:
    headers = await _in_thread(lambda: _headers(cast, "other agent", OWN_PAGE))
    socket = _socket("/ws/desk/", headers)
    await socket.connect(timeout=10)
    await socket.receive_json_from(timeout=10)

    await socket.send_json_to({"type": "watch", "conversation_id": str(cast.conversation_id), "last_seq": 0})

    assert await _first_word(socket) == "conversation.not_found"
    await socket.disconnect()


@with_database
async def test_an_agent_can_watch_what_is_ours(cast: Cast) -> None:
    headers = await _in_thread(lambda: _headers(cast, "agent", OWN_PAGE))
    socket = _socket("/ws/desk/", headers)
    await socket.connect(timeout=10)
    await socket.receive_json_from(timeout=10)

    await socket.send_json_to({"type": "watch", "conversation_id": str(cast.conversation_id), "last_seq": 0})

    watching = await socket.receive_json_from(timeout=10)
    assert watching["type"] == "watching"
    assert MARKER in json.dumps(watching)
    await socket.disconnect()


# Pages -----------------------------------------------------------------------------------------------------


@with_database
async def test_the_chat_opens_from_our_pages_listed_pages_and_programs_only(cast: Cast) -> None:
    await _change(cast, lambda: Inbox.objects.update(allowed_origins=["https://shop.example"]))
    allowed = dict.fromkeys((None, OWN_PAGE, "https://shop.example"), ("welcome", None))
    refused = dict.fromkeys(FOREIGN_PAGES, ("origin.refused", 4403))
    seen = {}
    for origin in allowed | refused:
        socket = _socket(f"/ws/chat/{cast.inbox.id}/", _headers(cast, "anonymous", origin))
        await socket.connect(timeout=10)
        await socket.send_json_to({"type": "hello", "protocol": 1, "session": cast.visitors["visitor"]})
        seen[origin] = await _first_word_and_code(socket)
        await socket.disconnect()

    assert seen == allowed | refused


@with_database
async def test_the_desk_does_not_open_from_a_foreign_page_whoever_is_signed_in(cast: Cast) -> None:
    opened = []
    for origin in (*FOREIGN_PAGES, "https://shop.example"):
        socket = _socket("/ws/desk/", await _in_thread(partial(_headers, cast, "agent", origin)))
        opened.append((await socket.connect(timeout=10))[0])
        await socket.disconnect()

    assert set(opened) == {False}


# What is not there ------------------------------------------------------------------------------------------


def _switch_off_inbox(cast: Cast) -> None:
    with tenancy.scope(cast.acme.id):
        Inbox.objects.update(is_active=False)


def _switch_off_organisation(cast: Cast) -> None:
    Organisation.objects.filter(id=cast.acme.id).update(is_active=False)


@with_database
@pytest.mark.parametrize("switch_off", [_switch_off_inbox, _switch_off_organisation])
async def test_a_chat_that_is_switched_off_does_not_open(cast: Cast, switch_off: "Callable[[Cast], None]") -> None:
    await _in_thread(lambda: switch_off(cast))
    socket = _socket(f"/ws/chat/{cast.inbox.id}/", [(b"host", HOST.encode())])
    await socket.connect(timeout=10)

    assert await _first_word(socket) == "inbox.not_found"
    assert await _close_code(socket) == 4404
    await socket.disconnect()


@with_database
async def test_a_chat_that_does_not_exist_does_not_open(cast: Cast) -> None:
    socket = _socket(f"/ws/chat/{uuid4()}/", [(b"host", HOST.encode())])
    await socket.connect(timeout=10)

    assert await _first_word(socket) == "inbox.not_found"
    assert await _close_code(socket) == 4404
    await socket.disconnect()


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/ws/", "/ws/chat/", "/ws/chat/not-an-id/", "/ws/desk/more/", "/ws/desk", "/desk/"]
)
async def test_an_address_without_a_socket_refuses_quietly(path: str) -> None:
    socket = _socket(path, [(b"host", HOST.encode()), (b"origin", OWN_PAGE.encode())])

    assert (await socket.connect(timeout=10))[0] is False
    await socket.disconnect()


# Those who lose their place ---------------------------------------------------------------------------------


def _leave(cast: Cast) -> None:
    with tenancy.scope(cast.acme.id):
        Membership.objects.filter(user=cast.users["agent"]).update(is_active=False)


def _become_author(cast: Cast) -> None:
    with tenancy.scope(cast.acme.id):
        Membership.objects.filter(user=cast.users["agent"]).update(role="author")


def _lose_account(cast: Cast) -> None:
    User.objects.filter(id=cast.users["agent"].pk).update(is_active=False)


@with_database
@pytest.mark.parametrize(
    ("lose", "code"), [(_leave, 4403), (_become_author, 4403), (_lose_account, 4401), (_switch_off_organisation, 4403)]
)
async def test_who_loses_their_place_can_open_nothing_more(
    cast: Cast, lose: "Callable[[Cast], None]", code: int
) -> None:
    headers = await _in_thread(lambda: _headers(cast, "agent", OWN_PAGE))
    socket = _socket("/ws/desk/", headers)
    await socket.connect(timeout=10)
    await socket.receive_json_from(timeout=10)
    await _in_thread(lambda: lose(cast))

    await socket.send_json_to({"type": "watch", "conversation_id": str(cast.conversation_id), "last_seq": 0})

    outputs = [await socket.receive_output(timeout=10), await socket.receive_output(timeout=10)]
    assert MARKER not in str(outputs)
    assert (outputs[-1]["type"], outputs[-1]["code"]) == ("websocket.close", code)
    await socket.disconnect()
