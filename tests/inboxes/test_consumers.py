"""The visitor's socket, over the real channel layer and database."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from channels.testing import WebsocketCommunicator

from apps.conversations.models import Message
from apps.core import clock, tenancy
from apps.core.sockets import in_database
from apps.customers.models import Customer
from apps.customers.services import token_secrets, tokens
from config.asgi import application
from tests.conversations import vault

if TYPE_CHECKING:
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.django_db(transaction=True)


class Visitor:
    """A client that speaks the protocol."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def say(self, **frame: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(frame))

    async def hear(self) -> dict[str, Any]:
        return json.loads(await self.communicator.receive_from(timeout=5))  # type: ignore[no-any-return]

    async def hear_of(self, kind: str) -> dict[str, Any]:
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame

    async def close_code(self) -> int:
        while (output := await self.communicator.receive_output(timeout=5))["type"] != "websocket.close":
            pass
        return int(output["code"])


@asynccontextmanager
async def visiting(inbox_id: object, *, origin: str | None = None) -> AsyncIterator[Visitor]:
    headers = [(b"host", b"testserver")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    communicator = WebsocketCommunicator(application, f"/ws/chat/{inbox_id}/", headers=headers)
    await communicator.connect(timeout=5)
    try:
        yield Visitor(communicator)
    finally:
        await communicator.disconnect()


def hello(secret: str, last_seq: int = 0, token: str | None = None) -> dict[str, Any]:
    return {"type": "hello", "protocol": 1, "session": secret, "last_seq": last_seq, "token": token}


@pytest.fixture
def sign(inbox: "Inbox") -> Callable[..., str]:
    """Return the website's server, which signs tokens for its visitors."""
    with tenancy.scope(inbox.organisation_id):
        secret = token_secrets.create_token_secret(name="Website").secret
    return lambda **claims: tokens.sign_token(secret=secret, claims=claims, now=clock.now())


def count_messages(inbox: "Inbox") -> Callable[[], int]:
    def count() -> int:
        with tenancy.scope(inbox.organisation_id):
            return Message.objects.count()

    return count


async def test_a_visitor_is_welcomed_before_anything_is_stored(inbox: "Inbox", vera: str) -> None:
    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera))

        welcome = await visitor.hear()

    assert welcome["type"] == "welcome"
    assert (welcome["conversation_id"], welcome["last_seq"], welcome["events"]) == (None, 0, [])
    assert welcome["inbox"]["assistant"] == "Alba"
    assert welcome["owner"] == {"kind": "ai", "name": "Alba"}


async def test_a_message_is_acknowledged_and_comes_back_to_every_tab(inbox: "Inbox", vera: str) -> None:
    client_id = str(uuid4())
    async with visiting(inbox.id) as first, visiting(inbox.id) as second:
        for tab in (first, second):
            await tab.say(**hello(vera))
            await tab.hear_of("welcome")
        await first.say(type="message.send", client_id=str(uuid4()), text="Hello")
        await first.hear_of("message.created")
        await second.say(**hello(vera))
        assert (await second.hear_of("welcome"))["last_seq"] == 1

        await first.say(type="message.send", client_id=client_id, text="Second")
        accepted = await first.hear_of("message.accepted")
        created = await second.hear_of("message.created")

    assert (accepted["client_id"], accepted["seq"]) == (client_id, 2)
    assert created["message"]["id"] == accepted["message_id"]
    assert created["message"]["text"] == "Second"


async def test_a_resend_after_a_lost_acknowledgement_is_the_same_message(inbox: "Inbox", vera: str) -> None:
    client_id = str(uuid4())
    accepted = []
    for _ in range(2):
        async with visiting(inbox.id) as visitor:
            await visitor.say(**hello(vera))
            await visitor.hear_of("welcome")
            await visitor.say(type="message.send", client_id=client_id, text="Hello")
            accepted.append(await visitor.hear_of("message.accepted"))

    assert accepted[0] == accepted[1]


async def test_a_visitor_who_comes_back_gets_what_was_missed(inbox: "Inbox", vera: str) -> None:
    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera))
        for text in ("one", "two", "three"):
            await visitor.say(type="message.send", client_id=str(uuid4()), text=text)
            await visitor.hear_of("message.accepted")

    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera, last_seq=1))
        welcome = await visitor.hear_of("welcome")

    assert [event["message"]["text"] for event in welcome["events"]] == ["two", "three"]
    assert welcome["more"] is False


@pytest.mark.parametrize(
    ("text", "code"), [("", "message.empty"), (" \n", "message.empty"), ("x" * 4001, "message.too_long")]
)
async def test_a_refused_message_names_its_reason_and_leaves_the_socket_usable(
    inbox: "Inbox", vera: str, text: str, code: str
) -> None:
    client_id = str(uuid4())
    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera))
        await visitor.hear_of("welcome")

        await visitor.say(type="message.send", client_id=client_id, text=text)
        error = await visitor.hear()
        await visitor.say(type="ping")

        assert (error["type"], error["code"], error["client_id"]) == ("error", code, client_id)
        assert (await visitor.hear())["type"] == "pong"


async def test_a_message_before_hello_is_refused(inbox: "Inbox") -> None:
    async with visiting(inbox.id) as visitor:
        await visitor.say(type="message.send", client_id=str(uuid4()), text="Hello")

        assert (await visitor.hear())["code"] == "hello.missing"


async def test_an_unknown_inbox_closes_with_4404() -> None:
    async with visiting(uuid4()) as visitor:
        assert (await visitor.hear())["code"] == "inbox.not_found"
        assert await visitor.close_code() == 4404


async def test_a_foreign_origin_closes_with_4403(inbox: "Inbox") -> None:
    async with visiting(inbox.id, origin="https://evil.example") as visitor:
        assert (await visitor.hear())["code"] == "origin.refused"
        assert await visitor.close_code() == 4403


async def test_a_person_can_be_asked_for_at_any_time(inbox: "Inbox", vera: str) -> None:
    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera))
        await visitor.hear_of("welcome")

        await visitor.say(type="person.request", client_id=str(uuid4()))
        await visitor.hear_of("person.accepted")

    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera))
        welcome = await visitor.hear_of("welcome")

    assert welcome["owner"]["kind"] == "nobody"
    assert welcome["events"][0]["message"]["event"]["name"] == "person.requested"


# Visitor tokens ---------------------------------------------------------------------------------------------


def names_of(inbox: "Inbox") -> list[str | None]:
    with tenancy.scope(inbox.organisation_id):
        return [customer.name for customer in Customer.objects.order_by("id")]


async def test_a_visitor_with_a_token_is_known_from_the_first_message(
    inbox: "Inbox", vera: str, sign: Callable[..., str]
) -> None:
    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera, token=sign(sub="u-paul", name="Paul Reed")))
        assert (await visitor.hear())["type"] == "welcome"
        assert await in_database(names_of)(inbox) == []

        await visitor.say(type="message.send", client_id=str(uuid4()), text="Hello")
        await visitor.hear_of("message.accepted")

    assert await in_database(names_of)(inbox) == ["Paul Reed"]


async def test_a_fresh_token_may_come_with_another_hello(inbox: "Inbox", vera: str, sign: Callable[..., str]) -> None:
    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera))
        await visitor.say(type="message.send", client_id=str(uuid4()), text="Hello")
        accepted = await visitor.hear_of("message.accepted")

        await visitor.say(**hello(vera, token=sign(sub="u-paul", name="Paul Reed")))
        welcome = await visitor.hear_of("welcome")

    assert welcome["conversation_id"] == accepted["conversation_id"]
    assert await in_database(names_of)(inbox) == ["Paul Reed"]


@pytest.mark.parametrize("token", ["", "no.token.at-all", "x" * 5000])
async def test_a_rejected_token_is_named_and_the_chat_goes_on(
    inbox: "Inbox", vera: str, sign: Callable[..., str], token: str
) -> None:
    async with visiting(inbox.id) as visitor:
        await visitor.say(**hello(vera, token=token))
        assert (await visitor.hear())["type"] == "welcome"
        error = await visitor.hear()
        await visitor.say(type="message.send", client_id=str(uuid4()), text="Hello")
        accepted = await visitor.hear_of("message.accepted")

    assert (error["type"], error["code"].split(".")[0], error["client_id"]) == ("error", "token", None)
    assert accepted["seq"] == 1
    assert await in_database(names_of)(inbox) == [None]


async def test_somebody_elses_token_shows_nothing_of_the_conversation_before(
    inbox: "Inbox", vera: str, sign: Callable[..., str]
) -> None:
    async with visiting(inbox.id) as pauls, visiting(inbox.id) as ruths:
        await pauls.say(**hello(vera, token=sign(sub="u-paul")))
        await pauls.say(type="message.send", client_id=str(uuid4()), text="Paul's question")
        await pauls.hear_of("message.accepted")

        await ruths.say(**hello(vera, token=sign(sub="u-ruth")))
        welcome = await ruths.hear_of("welcome")
        client_id = str(uuid4())
        await pauls.say(type="message.send", client_id=client_id, text="Paul's second question")
        refused = await pauls.hear_of("error")
        await pauls.say(**hello(vera, token=sign(sub="u-paul")))
        back = await pauls.hear_of("welcome")

    assert (welcome["conversation_id"], welcome["events"]) == (None, [])
    assert (refused["code"], refused["client_id"], refused["retry_after"]) == ("session.changed", client_id, 1.0)
    assert [event["message"]["text"] for event in back["events"]][:1] == ["Paul's question"]


async def test_with_the_keys_away_a_token_is_answered_with_try_again(
    inbox: "Inbox", vera: str, sign: Callable[..., str]
) -> None:
    token = sign(sub="u-paul")
    with vault.away():
        async with visiting(inbox.id) as visitor:
            await visitor.say(**hello(vera, token=token))
            error = await visitor.hear()

    assert (error["type"], error["code"]) == ("error", "vault.unavailable")
    assert await in_database(names_of)(inbox) == []
