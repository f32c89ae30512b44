"""A worker that is killed while it writes an answer costs the customer seconds, not the answer. More: `make drill`."""

import time

from tests.journeys.marks import JOURNEY, WITH_MODEL
from tests.journeys.suite import Suite
from tests.journeys.visitor import Visitor
from tests.simulators.model_endpoint import ModelEndpoint

pytestmark = [*JOURNEY, WITH_MODEL]


async def test_a_worker_killed_in_mid_answer_leaves_one_answer_within_30_s(suite: Suite, model: ModelEndpoint) -> None:
    model.control(token_gap_ms=200)
    visitor = Visitor(suite.url, suite.inbox_id)

    async with visitor:
        await visitor.send("How long do I have to return something I don't want?")
        await visitor.frame("answer.delta")
        killed = suite.kill("worker-ai")
        killed_at = time.monotonic()
        model.control(reset=True)
        answer = await visitor.answer(within=30)
        seconds = time.monotonic() - killed_at
        await visitor.send("Do you deliver to Ireland?")
        await visitor.answer(number=2)

    slots = {frame["answer_id"] for _, frame in visitor.frames if frame["type"] == "answer.delta"}
    first = {frame["attempt"] for _, frame in visitor.deltas_of(answer["id"])}
    stored = visitor.fetch_updates()["events"]
    assert seconds <= 30
    assert suite.pids()["worker-ai"] != killed
    assert [event["message"]["author"]["kind"] for event in stored] == ["customer", "ai", "customer", "ai"]
    assert stored[1]["message"]["id"] == answer["id"]
    assert first == {100, 200}
    assert len(slots) == 2
