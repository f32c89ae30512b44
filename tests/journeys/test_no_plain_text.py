"""What a customer gives away is nowhere to be read, and they and the agents still see it. More: `make canaries`."""

import asyncio
import json
from pathlib import Path
from typing import Any

from apps.ops.services.scanning.canaries import Canary, write_canaries
from bench.canary_agents import Agent
from tests.journeys.marks import JOURNEY
from tests.journeys.suite import Suite
from tests.journeys.visitor import Visitor

pytestmark = JOURNEY

CANARIES = [
    Canary("name", "name", "Wilhelmina Ashthwaite"),
    Canary("email", "email", "w.ashthwaite@fernpost.example"),
    Canary("obfuscated", "email", "tidybadger41@fernpost.example", also=("tidybadger41 at fernpost dot example",)),
    Canary("phone", "phone", "+447700900764", also=("07700 900764",)),
    Canary("card", "card", "4539 5787 6362 1486"),
    Canary("driver", "email", "driver.olmieri@kiteline.example"),
]
FIRST = (
    "Hello, my name is Wilhelmina Ashthwaite. How long do I have to return something I don't want? "
    "Write to w.ashthwaite@fernpost.example or tidybadger41 at fernpost dot example."
)
SECOND = "My number is 07700 900764, and I paid with 4539 5787 6362 1486. Do you deliver to Ireland?"
REPLY = "The driver will write to you from driver.olmieri@kiteline.example."


async def test_what_a_customer_gives_away_is_nowhere_in_plain_text(suite: Suite, vera: Visitor, tmp_path: Path) -> None:
    write_canaries(tmp_path / "canaries.jsonl", CANARIES)
    agent = Agent(suite)

    scanning = asyncio.create_task(asyncio.to_thread(_scan, suite, tmp_path))
    async with vera:
        await vera.send(FIRST)
        await vera.answer()
        await vera.send(SECOND)
        await vera.answer(number=2)
        accepted = await vera.frame("message.accepted")
        await asyncio.to_thread(agent.sign_in)
        await asyncio.to_thread(agent.reply, accepted["conversation_id"], REPLY)
        await vera.until(lambda: vera.texts_of("agent"))
        report = await scanning

    shown = [event["message"]["text"] for event in vera.fetch_updates()["events"]]
    controls = [state for store in report["stores"] for state in store["controls"].values()]
    assert report["problems"] == []
    assert len(controls) > 40
    assert all(controls)
    assert report["findings"] == []
    assert report["exit_code"] == 0
    assert {FIRST, SECOND, REPLY} <= set(shown)
    assert {FIRST, SECOND, REPLY} <= set(agent.read(accepted["conversation_id"]))


def _scan(suite: Suite, folder: Path) -> dict[str, Any]:
    canaries, report = folder / "canaries.jsonl", folder / "report.json"
    done = suite.manage("scan_plaintext", "--canaries", str(canaries), "--json", str(report), "--listen", "8")
    assert report.exists(), done.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    return found
