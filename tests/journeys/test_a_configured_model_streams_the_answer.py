"""With a model configured, it writes the answer; whenever it fails, the built-in engine does, in the same place."""

from typing import Any

import pytest

from tests.journeys.marks import JOURNEY, WITH_MODEL
from tests.journeys.suite import Suite
from tests.journeys.visitor import Message, Visitor
from tests.simulators.model_endpoint import ModelEndpoint

pytestmark = [*JOURNEY, WITH_MODEL]

QUESTION = "How long do I have to return something I don't want?"


async def _ask(suite: Suite) -> tuple[Visitor, Message]:
    visitor = Visitor(suite.url, suite.inbox_id)
    async with visitor:
        await visitor.send(QUESTION)
        answer = await visitor.answer(within=30)
    return visitor, answer


async def test_the_model_writes_from_the_same_passages(suite: Suite, model: ModelEndpoint) -> None:
    model.control(token_gap_ms=30)

    visitor, answer = await _ask(suite)

    prompt = model.requests()[-1]["body"]["messages"][-1]["content"]
    deltas = [frame for _, frame in visitor.deltas_of(answer["id"])]
    assert answer["engine"] == "model"
    assert answer["citations"] != []
    assert [citation["title"] for citation in answer["citations"] if citation["passage"] not in prompt] == []
    assert len(deltas) >= 3
    assert "".join(frame["text"] for frame in deltas) == answer["text"]


async def test_the_key_and_the_model_reach_the_endpoint(suite: Suite, model: ModelEndpoint) -> None:
    await _ask(suite)

    request = model.requests()[-1]
    assert request["headers"]["authorization"] == "Bearer key-of-the-journeys"
    assert request["body"]["model"] == "sim-1"
    assert request["body"]["stream"] is True


@pytest.mark.parametrize(
    "faults",
    [
        [{"kind": "status", "status": 500}] * 2,
        [{"kind": "status", "status": 429, "retry_after": "600"}],
        [{"kind": "stall", "headers": False}],
        [{"kind": "garbage", "form": "html"}],
    ],
    ids=["500", "429", "stall", "html"],
)
async def test_the_built_in_engine_answers_when_the_model_does_not_begin(
    suite: Suite, model: ModelEndpoint, faults: list[dict[str, Any]]
) -> None:
    await _ask(suite)
    model.control(faults=faults)

    visitor, answer = await _ask(suite)

    _, later = await _ask(suite)
    assert answer["engine"] == "builtin"
    assert "45 days" in " ".join(citation["passage"] for citation in answer["citations"])
    assert len(visitor.texts_of("ai")) == 1
    assert later["engine"] == "model"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "stall", "after": 4},
        {"kind": "cut", "after": 4},
        {"kind": "garbage", "form": "binary", "after": 4},
        {"kind": "error", "after": 4},
    ],
    ids=["stall", "cut", "garbage", "error"],
)
async def test_the_built_in_engine_takes_over_in_the_same_place_when_the_model_breaks_off(
    suite: Suite, model: ModelEndpoint, fault: dict[str, Any]
) -> None:
    await _ask(suite)
    model.control(token_gap_ms=60, faults=[fault])

    visitor, answer = await _ask(suite)

    model.control(reset=True)
    _, later = await _ask(suite)
    deltas = [frame for _, frame in visitor.frames if frame["type"] == "answer.delta"]
    attempts = sorted({frame["attempt"] for frame in deltas})
    last = [frame["text"] for frame in deltas if frame["attempt"] == attempts[-1]]
    assert answer["engine"] == "builtin"
    assert {frame["answer_id"] for frame in deltas} == {answer["id"]}
    assert len(attempts) == 2
    assert "".join(last) == answer["text"]
    assert len(visitor.texts_of("ai")) == 1
    assert later["engine"] == "model"


async def test_a_citation_the_model_made_up_is_not_shown(suite: Suite, model: ModelEndpoint) -> None:
    model.control(style="obedient", invents=True)

    _, answer = await _ask(suite)

    cited = {citation["n"] for citation in answer["citations"]}
    assert "[9]" not in answer["text"]
    assert 9 not in cited
