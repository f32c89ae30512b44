"""Messages to screens, through the real channel layer."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connections, transaction
from pydantic import BaseModel

from apps.core import push
from tests.core.factories import read_counter
from tests.core.waiting import wait_until


class Note(BaseModel):
    """A frame of these tests."""

    type: Literal["note"] = "note"
    number: int


class Screen:
    """A reader of one group, as a socket is."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._channel = ""
        self._layer = get_channel_layer()

    async def open(self) -> "Screen":
        """Join the group, and wait until what is sent to it arrives."""
        self._channel = await self._layer.new_channel()
        await self._layer.group_add(self._group, self._channel)
        return self

    async def read(self, count: int = 1) -> list[int]:
        """Return the numbers of the next ``count`` notes."""
        async with asyncio.timeout(10):
            events = [await self._layer.receive(self._channel) for _ in range(count)]
        assert {event["type"] for event in events} == {"wire.forward"}
        return [Note.model_validate_json(event["text"]).number for event in events]


async def _in_thread(work: Callable[[], Any]) -> None:
    def work_and_return_connections() -> None:
        try:
            work()
        finally:
            connections.close_all()

    await sync_to_async(work_and_return_connections)()


@pytest.fixture
def group() -> str:
    """Return a group nobody else uses."""
    return push.conversation_group(uuid4())


def test_groups_are_named_by_kind_and_id() -> None:
    one = UUID("01890000-0000-7000-8000-000000000001")

    assert push.conversation_group(one) == "conversation.01890000000070008000000000000001"
    assert push.member_group(one) == "member.01890000000070008000000000000001"


async def test_a_transient_message_arrives_as_its_json(group: str) -> None:
    screen = await Screen(group).open()

    push.transient(group, Note(number=7))

    assert await screen.read() == [7]


async def test_everyone_in_a_group_hears_and_nobody_else(group: str) -> None:
    first, second = await Screen(group).open(), await Screen(group).open()
    other_group = push.conversation_group(uuid4())
    stranger = await Screen(other_group).open()

    push.transient(group, Note(number=1))
    push.transient(other_group, Note(number=2))

    assert await first.read() == [1]
    assert await second.read() == [1]
    assert await stranger.read() == [2]


async def test_a_thousand_messages_arrive_in_order(group: str) -> None:
    screen = await Screen(group).open()

    for number in range(1000):
        push.transient(group, Note(number=number))

    assert await screen.read(1000) == list(range(1000))


async def test_senders_in_many_threads_keep_their_own_order(group: str) -> None:
    screen = await Screen(group).open()

    def send(first: int) -> None:
        for number in range(first, first + 100):
            push.transient(group, Note(number=number))

    await asyncio.gather(*(asyncio.to_thread(send, sender * 100) for sender in range(5)))

    numbers = await screen.read(500)
    assert sorted(numbers) == list(range(500))
    for sender in range(5):
        mine = [number for number in numbers if number // 100 == sender]
        assert mine == sorted(mine)


@pytest.mark.django_db(transaction=True)
async def test_a_durable_message_waits_for_the_commit(group: str) -> None:
    screen = await Screen(group).open()

    def work() -> None:
        with transaction.atomic():
            push.durable(group, Note(number=1))
            push.transient(group, Note(number=2))

    await _in_thread(work)

    assert await screen.read(2) == [2, 1]


@pytest.mark.django_db(transaction=True)
async def test_a_durable_message_of_a_rollback_is_never_sent(group: str) -> None:
    screen = await Screen(group).open()

    def work() -> None:
        with transaction.atomic():
            push.durable(group, Note(number=1))
            transaction.set_rollback(True)
        push.durable(group, Note(number=2))

    await _in_thread(work)

    assert await screen.read() == [2]


async def test_beyond_the_limit_messages_are_dropped_and_counted(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = await Screen(group).open()
    dropped = read_counter("switchboard_push_dropped_total", reason="queue full")

    with monkeypatch.context() as limits:
        limits.setattr(push, "QUEUE_LIMIT", 0)
        push.transient(group, Note(number=1))
    push.transient(group, Note(number=2))

    assert await screen.read() == [2]
    assert read_counter("switchboard_push_dropped_total", reason="queue full") == dropped + 1


async def test_a_message_the_channel_layer_does_not_take_is_counted_and_the_next_is_sent(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_group = push.conversation_group(uuid4())
    screen = await Screen(other_group).open()
    dropped = read_counter("switchboard_push_dropped_total", reason="channel layer")

    with monkeypatch.context() as limits:
        limits.setattr(push, "SEND_SECONDS", 0)
        push.transient(group, Note(number=1))
        await asyncio.to_thread(
            wait_until,
            lambda: read_counter("switchboard_push_dropped_total", reason="channel layer") == dropped + 1,
        )
    push.transient(other_group, Note(number=2))

    assert await screen.read() == [2]


async def test_sent_messages_are_counted(group: str) -> None:
    screen = await Screen(group).open()
    sent = read_counter("switchboard_push_sent_total")

    push.transient(group, Note(number=1))
    await screen.read()

    await asyncio.to_thread(wait_until, lambda: read_counter("switchboard_push_sent_total") == sent + 1)
