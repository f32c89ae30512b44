"""A visitor asks in their own words, sees the answer being written, and can check where it comes from."""

import json

import pytest

from launcher.layout import PROJECT
from tests.journeys.marks import JOURNEY
from tests.journeys.suite import Suite
from tests.journeys.visitor import Visitor

pytestmark = JOURNEY


def _facts_of(question: str) -> list[str]:
    lines = (PROJECT / "demo" / "questions.jsonl").read_text().splitlines()
    asked = {row["question"]: row["answer_contains"] for row in map(json.loads, lines)}
    return list(asked[question])


@pytest.mark.parametrize(
    "question",
    [
        "How long do I have to return something I don't want?",
        "can i send back a lamp i havent used",
        "what does it cost me to post a return in the uk",
    ],
)
async def test_an_answer_cites_the_passage_that_holds_the_fact(vera: Visitor, question: str) -> None:
    facts = _facts_of(question)

    async with vera:
        await vera.send(question)
        answer = await vera.answer()

    passages = " ".join(citation["passage"] for citation in answer["citations"])
    assert [fact for fact in facts if fact not in passages] == []
    assert [citation["n"] for citation in answer["citations"]] == list(range(1, len(answer["citations"]) + 1))
    assert "[1]" in answer["text"]
    assert answer["engine"] == "builtin"
    assert 0 < answer["confidence"] <= 1


async def test_the_text_streams_in_before_the_answer_is_complete(vera: Visitor) -> None:
    async with vera:
        await vera.send("How long do I have to return something I don't want?")
        answer = await vera.answer()

    kinds = [frame["type"] for _, frame in vera.frames]
    deltas = [frame for _, frame in vera.deltas_of(answer["id"])]
    streamed = "".join(frame["text"] for frame in deltas)
    assert kinds.index("answer.state") < kinds.index("answer.delta")
    assert deltas[0]["offset"] == 0
    assert streamed == answer["text"]
    assert vera.frames[-1][1]["message"] == answer


async def test_a_message_is_acknowledged_once_it_is_stored(vera: Visitor, suite: Suite) -> None:
    async with vera:
        client_id = await vera.send("Do you deliver to Ireland?")
        accepted = await vera.frame("message.accepted", client_id=client_id)
        await vera.answer()

    stored = vera.fetch_updates()["events"]
    assert accepted["seq"] == 1
    assert [event["seq"] for event in stored] == [1, 2]
    assert stored[0]["message"]["id"] == accepted["message_id"]
    assert stored[0]["message"]["client_id"] == client_id
    assert stored[0]["message"]["text"] == "Do you deliver to Ireland?"


async def test_a_message_sent_again_is_stored_and_answered_once(vera: Visitor) -> None:
    async with vera:
        client_id = await vera.send("Do you deliver to Ireland?")
        first = await vera.frame("message.accepted", client_id=client_id)
        await vera.answer()
    again = Visitor(vera.url, vera.inbox_id, session=vera.session)
    async with again:
        await again.send("Do you deliver to Ireland?", client_id=client_id)
        second = await again.frame("message.accepted", client_id=client_id)

    stored = again.fetch_updates()["events"]
    assert second == first
    assert [event["message"]["author"]["kind"] for event in stored] == ["customer", "ai"]
