"""Does anything a person wrote stand anywhere in plain text? A day's traffic of canaries, then a search for them.

``python -m bench.canaries`` starts a suite of its own with an imitated model endpoint and lets invented customers and
agents write through the real front doors. ``manage.py scan_plaintext`` searches before the first word (nothing may be
found), while all chats are open, and again when it is quiet. Also checked: customers and agents still see what was
written, and the model saw none of it. Writes docs/plaintext-scan.md; exit status 1 if anything was found, 2 if the
scanner was blind. ``--keep`` leaves the report as it is.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from apps.ops.services.scanning.canaries import Canary, write_canaries
from apps.ops.services.scanning.matching import Matcher
from apps.ops.services.scanning.needles import build_needles
from bench.canary_agents import Agent
from bench.canary_people import People, Person, Sown
from bench.canary_report import Findings, render_report
from bench.customers import Customer
from launcher.layout import PROJECT
from tests.journeys.suite import Suite, clear_folder, running_suite
from tests.simulators.model_endpoint import ModelEndpoint, running_model_endpoint

REPORT = PROJECT / "docs" / "plaintext-scan.md"
FOLDER = PROJECT / "var" / "canaries"
SETTINGS = {"LLM_API_KEY": "", "LLM_MODEL": "sim-1", "LLM_TOTAL_SECONDS": "30"}
ANSWERED_WITHIN = 180.0
TOKEN_SHARE = 5
SCAN_SECONDS = 900.0
SHOWN = 3


@dataclass
class Traffic:
    """What was written, by whom, and what they saw of it."""

    people: list[Person]
    colleagues: list[Person]
    canaries: list[Canary]
    customers: dict[int, Customer] = field(default_factory=dict)
    conversations: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    answers: int = 0

    @property
    def sown(self) -> dict[str, Sown]:
        """All canaries by id, with the manner in which they were written."""
        return {one.canary.id: one for person in (*self.people, *self.colleagues) for one in person.sown}


def main() -> int:
    """Seed, scan, compare, report."""
    parser = argparse.ArgumentParser(prog="python -m bench.canaries", description=__doc__)
    parser.add_argument("--chats", type=int, default=1000, help="how many customers have their chat open at once")
    parser.add_argument("--replies", type=int, default=60, help="how many of them an agent answers")
    parser.add_argument("--seconds", type=float, default=240.0, help="over which the customers' messages are spread")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave docs/plaintext-scan.md as it is")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    clear_folder(FOLDER / "suite")
    with running_model_endpoint() as model:
        _say("Starting a suite …")
        with running_suite(FOLDER / "suite", LLM_BASE_URL=model.base_url, **SETTINGS) as suite:
            found, traffic = run(suite, model, options)
    text = render_report(found, traffic.sown, chats=options.chats, seed=options.seed)
    print(text)
    _show_missed(found, traffic)
    if not options.keep:
        REPORT.write_text(text)
        print(f"Written: {REPORT.relative_to(PROJECT)}")
    return found.exit_code


def _show_missed(found: Findings, traffic: Traffic) -> None:
    """Print a few of the invented messages that redaction did not see through, for whoever improves it."""
    shown: Counter[tuple[str, str]] = Counter()
    for person in (*traffic.people, *traffic.colleagues):
        for one in person.sown:
            shape = (one.canary.kind, one.manner)
            if one.canary.id not in found.unrecognised or shown[shape] == SHOWN:
                continue
            shown[shape] += 1
            message = next((text for text in person.turns if one.written and one.written in text), "")
            print(f"not recognised: {one.canary.kind} ({one.manner}): {message!r}")


def run(suite: Suite, model: ModelEndpoint, options: argparse.Namespace) -> tuple[Findings, Traffic]:
    """Let people write to a running suite and search it before, meanwhile and afterwards."""
    people = People(options.seed)
    traffic = Traffic(
        people=[people.make(number) for number in range(options.chats)],
        colleagues=[people.make_colleague(options.chats + number) for number in range(options.replies)],
        canaries=[],
    )
    tokens = _make_tokens(suite, people, traffic)
    traffic.canaries = [one.canary for one in traffic.sown.values()]
    write_canaries(FOLDER / "canaries.jsonl", traffic.canaries)
    _say(f"{len(traffic.canaries):,} canaries. Scanning before anyone has written …")
    before = scan(suite, "before")
    agent = Agent(suite)
    during = asyncio.run(_talk(suite, traffic, tokens, agent, options.seconds))
    _say("Scanning afterwards …")
    after = scan(suite, "after")
    traffic.problems += _check_customers(traffic) + _check_agents(traffic, agent)
    in_prompts = _search_prompts(model, traffic.canaries)
    found = Findings(
        before, during, after, in_prompts, traffic.problems, answers=traffic.answers, tokens=len(tokens),
        replies=len(traffic.colleagues), prompts=len(model.requests()),
    )  # fmt: skip
    return found, traffic


def scan(suite: Suite, name: str, *, listen: float = 0.0) -> dict[str, Any]:
    """Run the command against the suite and return its report. Raises RuntimeError with its last words."""
    report = FOLDER / f"{name}.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "manage.py", "scan_plaintext", "--canaries", str(FOLDER / "canaries.jsonl")]
    command += ["--json", str(report), "--listen", str(listen)]
    done = subprocess.run(
        command, cwd=PROJECT, env=suite.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=listen + SCAN_SECONDS, check=False,
    )  # fmt: skip
    if not report.exists():
        raise RuntimeError(f"the scan gave no report: {done.stderr[-1000:]}")
    found: dict[str, Any] = json.loads(report.read_text())
    _say(f"  exit status {done.returncode}, {found['total_findings']:,} findings, {found['seconds']} s")
    return found


def _make_tokens(suite: Suite, people: People, traffic: Traffic) -> dict[int, str]:
    """Return visitor tokens for some people, signed as the shop's server would sign them."""
    made = suite.manage("create_token_secret", "--org", "demo", "--name", "Canaries")
    if made.returncode != 0:
        return {}
    return Agent.sign_tokens(
        made.stdout.strip().splitlines()[-1],
        {person.number: people.make_token_claims(person) for person in traffic.people[::TOKEN_SHARE]},
    )


# Traffic -----------------------------------------------------------------------------------------------------------
class Introduced(Customer):
    """A customer whose page brings a visitor token."""

    token = ""

    async def say(self, frame: dict[str, Any]) -> None:
        if self.token and frame["type"] == "hello":
            frame = frame | {"token": self.token}
        await super().say(frame)


async def _talk(suite: Suite, traffic: Traffic, tokens: dict[int, str], agent: Agent, seconds: float) -> dict[str, Any]:
    """Open all chats, then write and scan at once; returns the report of the scan meanwhile."""
    gate = asyncio.Semaphore(40)
    for person in traffic.people:
        customer = Introduced(suite.url, suite.inbox_id)
        customer.token = tokens.get(person.number, "")
        traffic.customers[person.number] = customer
    started = time.monotonic()
    try:
        await asyncio.gather(*(_open(customer, gate) for customer in traffic.customers.values()))
        _say(f"{len(traffic.customers):,} chats open after {time.monotonic() - started:.0f} s. Writing and scanning …")
        scanning = asyncio.create_task(asyncio.to_thread(scan, suite, "during", listen=seconds))
        await asyncio.gather(
            *(_write(traffic, person, seconds, gate) for person in traffic.people),
            _reply(traffic, agent, seconds),
        )
        traffic.answers = sum(bool(q.answered_at) for one in traffic.customers.values() for q in one.questions)
        _say(f"{traffic.answers:,} answers after {time.monotonic() - started:.0f} s.")
        return await scanning
    finally:
        await asyncio.gather(*(one.__aexit__() for one in traffic.customers.values()), return_exceptions=True)


async def _open(customer: Customer, gate: asyncio.Semaphore) -> None:
    async with gate:
        await customer.__aenter__()


async def _write(traffic: Traffic, person: Person, seconds: float, gate: asyncio.Semaphore) -> None:
    """Write this person's messages at their moments within the time, each after the answer to the one before."""
    began, customer = time.monotonic(), traffic.customers[person.number]
    step = seconds / len(person.turns)
    for number, text in enumerate(person.turns):
        moment = step * (number + hash((person.number * 7919 + number) % 1000) / 1000)
        await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
        async with gate:
            try:
                await customer.ask(text, within=ANSWERED_WITHIN)
            except TimeoutError:
                traffic.problems.append(f"person {person.number} got no answer to message {number + 1}")
                return
        accepted = next((f for _, f in customer.frames if f["type"] == "message.accepted"), None)
        if accepted is not None:
            traffic.conversations[person.number] = accepted["conversation_id"]


async def _reply(traffic: Traffic, agent: Agent, seconds: float) -> None:
    """Let an agent answer some conversations by hand, after their customers have had their say."""
    await asyncio.sleep(seconds * 0.9)
    await asyncio.to_thread(agent.sign_in)
    for colleague, person in zip(traffic.colleagues, reversed(traffic.people), strict=False):
        customer, text = traffic.customers[person.number], colleague.turns[0]
        try:
            await customer.until(partial(_has_had_their_say, customer, person), within=ANSWERED_WITHIN)
            await asyncio.to_thread(agent.reply, traffic.conversations[person.number], text)
            await customer.until(partial(_has_seen, customer, text), within=ANSWERED_WITHIN)
        except TimeoutError:
            traffic.problems.append(f"person {person.number} did not see the agent's reply as it was written")


def _has_had_their_say(customer: Customer, person: Person) -> bool:
    return len(customer.questions) == len(person.turns) and bool(customer.questions[-1].answered_at)


def _has_seen(customer: Customer, text: str) -> bool:
    return any(message["text"] == text for message in customer.messages.values())


# What people see -----------------------------------------------------------------------------------------------------
def _check_customers(traffic: Traffic) -> list[str]:
    """Every customer must still see exactly what they wrote, also after a reload."""
    problems = []
    for person in traffic.people:
        events = traffic.customers[person.number].fetch_updates()["events"]
        seen = [event["message"]["text"] for event in events if event["message"]["author"]["kind"] == "customer"]
        written = [question.text for question in traffic.customers[person.number].questions if question.seq]
        if seen != written:
            problems.append(f"person {person.number} no longer sees what they wrote")
    return problems


def _check_agents(traffic: Traffic, agent: Agent) -> list[str]:
    """Agents must see what customers wrote and what they wrote themselves."""
    problems = []
    for colleague, person in zip(traffic.colleagues, reversed(traffic.people), strict=False):
        seen = agent.read(traffic.conversations[person.number])
        missing = [text for text in (*person.turns, colleague.turns[0]) if text not in seen]
        if missing:
            problems.append(f"an agent does not see {len(missing)} messages of person {person.number} as written")
    return problems


def _search_prompts(model: ModelEndpoint, canaries: list[Canary]) -> Counter[str]:
    """Return the canaries that reached the model, by id; parts of names may come from addresses and do not count."""
    matcher = Matcher([needle for needle in build_needles(canaries) if "a part" not in needle.encoding])
    found: Counter[str] = Counter()
    for request in model.requests():
        found.update({needle.canary for needle in matcher.find(json.dumps(request).encode())})
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
