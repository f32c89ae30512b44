"""Whatever a client sends, it gets a defined answer: a refusal in words on a usable socket, or a documented close."""

import json
from uuid import uuid4

import pytest

from tests.journeys.marks import JOURNEY
from tests.journeys.visitor import Visitor

pytestmark = JOURNEY

MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script> Do you deliver to Ireland?'


async def _is_usable(visitor: Visitor) -> bool:
    await visitor.say({"type": "ping"})
    return bool(await visitor.frame("pong"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x" * 10_000, "message.too_long"),
        ("", "message.empty"),
        (" \n\t ", "message.empty"),
        ("\x00\x07", "message.empty"),
        ("\ud800", "message.empty"),
    ],
    ids=["10000-characters", "nothing", "white-space", "control-characters", "half-a-character"],
)
async def test_a_message_that_cannot_be_taken_is_refused_and_stores_nothing(
    vera: Visitor, text: str, code: str
) -> None:
    client_id = str(uuid4())

    async with vera:
        await vera.send(text, client_id=client_id)
        refusal = await vera.frame("error")

        assert await _is_usable(vera)
    assert (refusal["code"], refusal["client_id"]) == (code, client_id)
    assert refusal["text"].endswith(".")
    assert vera.fetch_updates() == {"events": [], "more": False, "last_seq": 0}


@pytest.mark.parametrize(
    "text",
    ["🎉🎉🎉", "👩‍👩‍👧‍👦", "x" * 4_000, "!?", MARKUP, "\u202eyreviled", "Ωμέγα ", "a\u0000b"],
    ids=["emoji", "joined-emoji", "longest", "punctuation", "markup", "right-to-left-mark", "greek", "nul-inside"],
)
async def test_an_odd_message_is_stored_as_text_and_answered(vera: Visitor, text: str) -> None:
    async with vera:
        await vera.send(text)
        answer = await vera.answer()

        assert await _is_usable(vera)
    stored = vera.fetch_updates()["events"]
    assert stored[0]["message"]["text"] == text.replace("\x00", "").strip()
    assert len(answer["text"]) > 10
    assert "<" not in answer["text"]


@pytest.mark.parametrize(
    "frame",
    [
        "this is not JSON",
        "",
        "[1, 2]",
        "null",
        "[" * 30_000,
        '{"no": "type"}',
        '{"type": "message.delete"}',
        '{"type": {"a": 1}}',
        '{"type": "message.send", "client_id": "7", "text": "x"}',
        '{"type": "message.send", "text": "x"}',
        '{"type": "message.send", "client_id": "3d6f0a9e-5b0c-4c26-a6b5-0d6f9f8c1a11", "text": 7}',
        '{"type": "ping", "more": 1}',
        b"\x00\x01 binary",
    ],
    ids=lambda frame: repr(frame[:24]),
)
async def test_a_frame_that_cannot_be_read_is_refused_and_the_socket_stays_usable(
    vera: Visitor, frame: str | bytes
) -> None:
    async with vera:
        await vera.say_raw(frame)
        refusal = await vera.frame("error")

        assert await _is_usable(vera)
    assert refusal["code"] == "frame.unreadable"
    assert vera.fetch_updates()["events"] == []


@pytest.mark.parametrize("last_seq", [10**6, 2**63, 10**30])
async def test_a_client_that_claims_to_know_more_than_there_is_is_welcomed(vera: Visitor, last_seq: int) -> None:
    async with vera:
        await vera.send("Do you deliver to Ireland?")
        await vera.answer()
    ahead = Visitor(vera.url, vera.inbox_id, session=vera.session)
    await ahead.connect()
    await ahead.say({"type": "hello", "protocol": 1, "session": vera.session, "last_seq": last_seq})
    reply = await ahead.until(lambda: ahead.frames)
    await ahead.leave()

    assert reply[0][1]["type"] in {"welcome", "error"}
    assert ahead.fetch_updates(after=10**6)["events"] == []


async def test_a_client_that_sends_only_rubbish_is_closed(vera: Visitor) -> None:
    async with vera:
        for _ in range(6):
            await vera.say_raw("rubbish")

        assert await vera.closing_code() == 4400


@pytest.mark.parametrize("size", [65_537, 1_000_000])
async def test_a_frame_over_64_kib_closes_the_socket_with_1009(vera: Visitor, size: int) -> None:
    frame = {"type": "message.send", "client_id": str(uuid4()), "text": ""}
    async with vera:
        await vera.say(frame | {"text": "x" * (size - len(json.dumps(frame)))})

        assert await vera.closing_code() == 1009
    assert vera.fetch_updates()["events"] == []


async def test_a_client_in_a_hurry_is_closed_with_4429(vera: Visitor) -> None:
    async with vera:
        for _ in range(250):
            await vera.say({"type": "ping"})

        assert await vera.closing_code() == 4429


async def test_a_client_that_does_not_introduce_itself_is_closed_with_4408(vera: Visitor) -> None:
    await vera.connect()

    assert await vera.closing_code() == 4408


async def test_a_message_before_hello_is_refused(vera: Visitor) -> None:
    await vera.connect()
    await vera.send("Do you deliver to Ireland?")
    refusal = await vera.frame("error")
    await vera.leave()

    assert refusal["code"] == "hello.missing"
    assert vera.fetch_updates()["events"] == []


async def test_an_unknown_chat_is_closed_with_4404(vera: Visitor) -> None:
    vera.inbox_id = "00000000-0000-7000-8000-000000000000"
    await vera.connect()

    assert await vera.closing_code() == 4404


async def test_a_foreign_page_is_closed_out_with_4403(vera: Visitor) -> None:
    await vera.connect(origin="https://elsewhere.example")

    assert await vera.closing_code() == 4403


async def test_a_session_secret_of_the_wrong_form_is_refused(vera: Visitor) -> None:
    await vera.connect()
    await vera.say({"type": "hello", "protocol": 1, "session": "s_short", "last_seq": 0})
    refusal = await vera.frame("error")
    await vera.leave()

    assert refusal["code"] == "session.rejected"
