"""What travels between processes is encrypted under a key that comes from the root keys."""

import asyncio
from typing import Any
from uuid import uuid4

import redis
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

CANARY = "canary-of-vera-3306"


def _layer(**changes: Any) -> RedisPubSubChannelLayer:
    configuration: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    return RedisPubSubChannelLayer(**{**configuration, **changes})


def test_a_frame_is_not_readable_on_its_way() -> None:
    layer = _layer()

    sealed = layer.serialize({"type": "push", "text": CANARY})

    assert CANARY.encode() not in sealed
    assert layer.deserialize(sealed) == {"type": "push", "text": CANARY}


def test_a_frame_under_the_former_root_key_is_still_read_and_new_ones_are_under_the_newest() -> None:
    old, new = b"o" * 32, b"n" * 32
    before, during, after = (_layer(symmetric_encryption_keys=keys) for keys in ([old], [new, old], [new]))

    assert during.deserialize(before.serialize({"a": 1})) == {"a": 1}
    assert after.deserialize(during.serialize({"a": 2})) == {"a": 2}


def test_the_broker_sees_nothing_that_can_be_read() -> None:
    seen: list[bytes] = []
    # Of its own: what is published does not keep to one database, and other test processes publish as well.
    room = f"room-{uuid4().hex}"

    async def travel() -> dict[str, Any]:
        layer = _layer()
        channel = await layer.new_channel()
        await layer.group_add(room, channel)
        watch: Any = redis.Redis.from_url(settings.REDIS_URL).pubsub()  # type: ignore[no-untyped-call]
        watch.psubscribe(f"sb*{room}*")
        await layer.group_send(room, {"type": "push", "text": CANARY})
        received = await asyncio.wait_for(layer.receive(channel), 10)
        while (message := watch.get_message(timeout=0.5)) is not None:
            if message["type"] == "pmessage":
                seen.append(message["data"])
        watch.close()
        await layer.flush()
        return dict(received)

    assert asyncio.run(travel())["text"] == CANARY
    assert len(seen) == 1
    assert CANARY.encode() not in seen[0]
