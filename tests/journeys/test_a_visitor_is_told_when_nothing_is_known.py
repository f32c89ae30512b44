"""What the knowledge base does not hold is not made up: the visitor is told so."""

import pytest

from tests.journeys.marks import JOURNEY
from tests.journeys.visitor import Visitor

pytestmark = JOURNEY


@pytest.mark.parametrize(
    "question",
    [
        "Who won the cup final last year?",
        "What dose of melatonin should I take for jet lag?",
        "how do I reset my wifi router",
    ],
)
async def test_a_question_without_an_answer_is_answered_honestly(vera: Visitor, question: str) -> None:
    async with vera:
        await vera.send(question)
        answer = await vera.answer()

    assert answer["citations"] == []
    assert "[1]" not in answer["text"]
    assert "could not find" in answer["text"]


async def test_a_visitor_may_ask_for_a_person_and_the_ai_falls_silent(vera: Visitor) -> None:
    async with vera:
        await vera.say({"type": "person.request", "client_id": "6d5a2f6e-2f0a-4f4e-9b1c-8a5f4b1c2d3e"})
        waiting = await vera.until(lambda: next((m for m in vera.messages.values() if m["event"]), None))
        await vera.send("How long is delivery?")
        await vera.until(lambda: len(vera.messages) == 2)

    stored = vera.fetch_updates()["events"]
    assert waiting["event"]["name"] in {"person.requested", "owner.changed"}
    assert [event["message"]["author"]["kind"] for event in stored] == ["system", "customer"]
