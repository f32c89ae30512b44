"""The desk's socket, over the real channel layer, database and sessions."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from apps.accounts.models import Membership, User
from apps.accounts.types import Role
from apps.conversations.models import Conversation
from apps.core import tenancy
from apps.desk.consumers import WATCH_LIMIT, DeskConsumer
from config.asgi import application
from tests.conversations.factories import write
from tests.desk.factories import asked, take, waiting

if TYPE_CHECKING:
    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = (b"origin", b"http://localhost")


class Window:
    """A desk window that speaks the protocol."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def say(self, **frame: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(frame, default=str))

    async def hear(self) -> dict[str, Any]:
        return json.loads(await self.communicator.receive_from(timeout=5))  # type: ignore[no-any-return]

    async def hear_of(self, kind: str) -> dict[str, Any]:
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame

    async def watch(self, conversation_id: UUID, last_seq: int = 0) -> dict[str, Any]:
        await self.say(type="watch", conversation_id=conversation_id, last_seq=last_seq)
        return await self.hear()

    async def close_code(self) -> int:
        while (output := await self.communicator.receive_output(timeout=5))["type"] != "websocket.close":
            pass
        return int(output["code"])


def sign_in(user: User) -> bytes:
    browser = Client()
    browser.force_login(user)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value.encode()


@asynccontextmanager
async def opened(user: User | None, *, origin: tuple[bytes, bytes] = ORIGIN) -> AsyncIterator[Window]:
    headers = [(b"host", b"localhost"), origin]
    if user is not None:
        session = await database_sync_to_async(sign_in)(user)
        headers.append((b"cookie", settings.SESSION_COOKIE_NAME.encode() + b"=" + session))
    communicator = WebsocketCommunicator(application, "/ws/desk/", headers=headers)
    communicator.accepted, _ = await communicator.connect(timeout=5)
    try:
        yield Window(communicator)
    finally:
        await communicator.disconnect()


@asynccontextmanager
async def at_desk(member: Membership) -> AsyncIterator[Window]:
    async with opened(member.user) as window:
        assert (await window.hear())["type"] == "desk.welcome"
        yield window


@pytest.fixture
def conversation(acme: "Organisation", inbox: "Inbox") -> Conversation:
    with tenancy.scope(acme.id):
        return asked(inbox, "Where is my parcel?")


async def in_scope(conversation: Conversation, call: Any, *args: Any, **kwargs: Any) -> Any:
    def scoped() -> Any:
        with tenancy.scope(conversation.organisation_id):
            return call(*args, **kwargs)

    return await database_sync_to_async(scoped)()


async def test_a_member_is_welcomed_by_name(ana: Membership) -> None:
    async with opened(ana.user) as window:
        welcome = await window.hear()

    assert welcome == {
        "type": "desk.welcome",
        "member": {"id": str(ana.id), "name": "Ana", "short_name": "Ana", "role": "agent"},
        "heartbeat": 25,
    }


async def test_a_stranger_is_told_to_sign_in(db: None) -> None:
    async with opened(None) as window:
        refusal = await window.hear()

        assert (refusal["type"], refusal["code"]) == ("error", "desk.sign_in_needed")
        assert await window.close_code() == 4401


async def test_a_role_without_a_desk_is_told_why(author: Membership) -> None:
    async with opened(author.user) as window:
        refusal = await window.hear()

        assert refusal["code"] == "desk.role_missing"
        assert await window.close_code() == 4403


async def test_a_foreign_page_cannot_use_a_member_s_session(ana: Membership) -> None:
    async with opened(ana.user, origin=(b"origin", b"https://evil.example")) as window:
        assert window.communicator.accepted is False


async def test_watching_brings_what_was_missed_and_then_what_comes(ana: Membership, conversation: Conversation) -> None:
    async with at_desk(ana) as window:
        watching = await window.watch(conversation.id)
        await in_scope(conversation, write, conversation, "Hello?", minute=1)
        created = await window.hear_of("message.created")

    assert [event["message"]["text"] for event in watching["events"]] == ["Where is my parcel?"]
    assert (watching["conversation_id"], watching["more"], watching["last_seq"]) == (str(conversation.id), False, 1)
    assert (created["seq"], created["message"]["text"]) == (2, "Hello?")


async def test_watching_again_after_a_break_brings_only_what_is_new(
    ana: Membership, conversation: Conversation
) -> None:
    await in_scope(conversation, write, conversation, "Hello?", minute=1)

    async with at_desk(ana) as window:
        watching = await window.watch(conversation.id, last_seq=1)

    assert [event["seq"] for event in watching["events"]] == [2]


async def test_a_long_absence_is_filled_in_parts(ana: Membership, conversation: Conversation) -> None:
    def write_many() -> None:
        for number in range(100):
            write(conversation, f"line {number}", minute=1)

    await in_scope(conversation, write_many)

    async with at_desk(ana) as window:
        watching = await window.watch(conversation.id)

    assert (len(watching["events"]), watching["more"], watching["last_seq"]) == (100, True, 101)


async def test_a_conversation_of_another_organisation_cannot_be_watched(
    oskar: Membership, conversation: Conversation
) -> None:
    async with at_desk(oskar) as window:
        refusal = await window.watch(conversation.id)

        assert (refusal["type"], refusal["code"]) == ("error", "conversation.not_found")
        # Nothing of it arrives: what comes next is the answer to the ping.
        await in_scope(conversation, write, conversation, "A secret", minute=1)
        await window.say(type="ping")
        assert (await window.hear())["type"] == "pong"


async def test_a_conversation_that_is_no_longer_watched_is_quiet(ana: Membership, conversation: Conversation) -> None:
    async with at_desk(ana) as window:
        await window.watch(conversation.id)
        await window.say(type="unwatch", conversation_id=conversation.id)
        await window.say(type="ping")
        await window.hear_of("pong")
        await in_scope(conversation, write, conversation, "Hello?", minute=1)

        # The row still moves; the message itself is for those who watch. It would have come first.
        assert (await window.hear())["type"] == "conversation.updated"


async def test_a_window_cannot_watch_without_end(ana: Membership, acme: "Organisation", inbox: "Inbox") -> None:
    def start_many() -> list[Conversation]:
        with tenancy.scope(acme.id):
            return [asked(inbox, f"question {number}") for number in range(WATCH_LIMIT + 1)]

    conversations = await database_sync_to_async(start_many)()

    async with at_desk(ana) as window:
        answers = [await window.watch(one.id) for one in conversations]

    assert [frame["type"] for frame in answers[:-1]] == ["watching"] * WATCH_LIMIT
    assert answers[-1]["code"] == "desk.watch_limit_reached"


async def test_every_desk_of_the_organisation_hears_of_a_change(
    ana: Membership, ben: Membership, oskar: Membership, conversation: Conversation
) -> None:
    async with at_desk(ana) as window, at_desk(ben) as colleague, at_desk(oskar) as stranger:
        await in_scope(conversation, take, conversation, ben)
        frames = [await one.hear_of("conversation.updated") for one in (window, colleague)]
        await stranger.say(type="ping")

        assert (await stranger.hear())["type"] == "pong"

    row = frames[0]["conversation"]
    assert frames[1]["conversation"] == row
    assert (row["id"], row["last_seq"], row["owner_version"]) == (str(conversation.id), 2, 2)
    assert row["owner"] == {"kind": "person", "name": "Ben", "member_id": str(ben.id)}
    assert row["snippet"] == {"author_kind": "customer", "text": "Where is my parcel?"}


async def test_a_desk_hears_of_conversations_that_begin(ana: Membership, inbox: "Inbox") -> None:
    def begin() -> Conversation:
        with tenancy.scope(inbox.organisation_id):
            return waiting(inbox, "Somebody, please")

    async with at_desk(ana) as window:
        started = await database_sync_to_async(begin)()
        asked_first = await window.hear_of("conversation.updated")
        wants_person = await window.hear_of("conversation.updated")

    assert (asked_first["conversation"]["id"], asked_first["conversation"]["title"]) == (
        str(started.id),
        "Somebody, please",
    )
    assert wants_person["conversation"]["owner"]["kind"] == "nobody"
    assert wants_person["conversation"]["waiting_since"] == "2026-03-02T12:00:00.000Z"


async def test_those_who_watch_see_an_agent_typing(
    ana: Membership, ben: Membership, conversation: Conversation
) -> None:
    async with at_desk(ana) as window, at_desk(ben) as colleague:
        await window.watch(conversation.id)
        await colleague.watch(conversation.id)
        await window.say(type="typing.set", conversation_id=conversation.id, on=True)

        typing = await colleague.hear_of("typing")

    assert typing == {
        "type": "typing",
        "conversation_id": str(conversation.id),
        "author": {"kind": "agent", "name": "Ana"},
        "on": True,
    }


async def test_typing_where_one_does_not_watch_reaches_nobody(
    ana: Membership, oskar: Membership, conversation: Conversation
) -> None:
    async with at_desk(ana) as window, at_desk(oskar) as stranger:
        await window.watch(conversation.id)
        await stranger.say(type="typing.set", conversation_id=conversation.id, on=True)
        await stranger.say(type="ping")
        await stranger.hear_of("pong")
        await window.say(type="typing.set", conversation_id=conversation.id, on=False)

        typing = await window.hear_of("typing")

    assert typing["on"] is False


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "watch"},
        {"type": "watch", "conversation_id": "7"},
        {"type": "watch", "conversation_id": str(uuid4()), "last_seq": -1},
        {"type": "reply", "text": "Hello"},
        {"type": "ping", "extra": 1},
    ],
)
async def test_a_frame_that_cannot_be_read_is_refused_and_the_socket_stays(
    frame: dict[str, Any], ana: Membership
) -> None:
    async with at_desk(ana) as window:
        await window.say(**frame)
        refusal = await window.hear()
        await window.say(type="ping")

        assert refusal["code"] == "frame.unreadable"
        assert (await window.hear())["type"] == "pong"


def revoke_membership(member: Membership) -> None:
    with tenancy.scope(member.organisation_id):
        Membership.objects.filter(id=member.id).update(is_active=False)


def change_role(member: Membership) -> None:
    with tenancy.scope(member.organisation_id):
        Membership.objects.filter(id=member.id).update(role=Role.AUTHOR.value)


def sign_out_everywhere(member: Membership) -> None:
    member.user.set_password("another battery staple")
    member.user.save()


REVOCATIONS = [(revoke_membership, 4403), (change_role, 4403), (sign_out_everywhere, 4401)]


@pytest.mark.parametrize(("revoke", "code"), REVOCATIONS)
async def test_whoever_has_lost_the_desk_can_watch_nothing_more(
    revoke: Any, code: int, ana: Membership, conversation: Conversation
) -> None:
    async with at_desk(ana) as window:
        await database_sync_to_async(revoke)(ana)

        refusal = await window.watch(conversation.id)

        assert refusal["type"] == "error"
        assert await window.close_code() == code


@pytest.mark.parametrize(("revoke", "code"), REVOCATIONS)
async def test_whoever_has_lost_the_desk_is_shown_out_without_asking(
    revoke: Any, code: int, ana: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeskConsumer, "recheck_seconds", 0.05)

    async with at_desk(ana) as window:
        await database_sync_to_async(revoke)(ana)

        assert await window.close_code() == code


async def test_a_member_who_is_now_first_in_another_organisation_loses_this_window(
    ana: Membership, orbis: "Organisation", conversation: Conversation
) -> None:
    def move() -> None:
        with tenancy.scope(orbis.id):
            Membership.objects.create(organisation=orbis, user=ana.user, role=Role.AGENT.value)
        revoke_membership(ana)

    async with at_desk(ana) as window:
        await database_sync_to_async(move)()

        refusal = await window.watch(conversation.id)

        assert refusal["code"] == "membership.missing"
        assert await window.close_code() == 4403


async def test_a_member_who_stays_is_left_alone(
    ana: Membership, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeskConsumer, "recheck_seconds", 0.01)

    async with at_desk(ana) as window:
        answers = [await window.watch(conversation.id) for _ in range(20)]

    assert {frame["type"] for frame in answers} == {"watching"}
