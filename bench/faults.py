"""What is broken on purpose, and what is promised then? One function per fault; the table at the end is the drill."""

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import redis

from bench.customers import Customer, Question
from bench.history import check_history
from launcher.layout import read_urls
from tests.journeys.suite import Suite
from tests.simulators.model_endpoint import ModelEndpoint

ANSWERED_WITHIN = 30.0
# How long the drill itself waits before it gives a question up.
PATIENCE = 60.0
QUESTIONS = (
    "How long do I have to return something I don't want?",
    "Do you deliver to Ireland?",
    "How do I descale the kettle?",
    "What does Night Post cost?",
    "Can I change my order?",
)
Happening = Callable[["Place", AsyncExitStack], Awaitable[str]]
VICTIMS = ("web", "worker-ai", "worker-default", "worker-bulk", "beat", "broker", "cache", "postgres")


@dataclass
class Place:
    """Where the drill happens."""

    suite: Suite
    model: ModelEndpoint
    random: random.Random
    customers: list[Customer] = field(default_factory=list)

    async def customer(self, stack: AsyncExitStack) -> Customer:
        """Let one more customer come; they stay until the stack is unwound."""
        customer = await stack.enter_async_context(Customer(self.suite.url, self.suite.inbox_id))
        self.customers.append(customer)
        return customer

    def question(self) -> str:
        return self.random.choice(QUESTIONS)

    async def recovered(self, *, within: float = 60.0) -> float:
        """Wait until /health/ready says so twice; returns the seconds it took. Raises TimeoutError."""
        started, streak = time.monotonic(), 0
        async with asyncio.timeout(within):
            while streak < 2:
                streak = streak + 1 if await asyncio.to_thread(self.suite.is_ready) else 0
                await asyncio.sleep(0.1)
        return time.monotonic() - started


@dataclass(frozen=True)
class Fault:
    """One thing that breaks: what is promised, and the function that breaks it and returns what it measured."""

    name: str
    promise: str
    happen: Happening


@dataclass
class Result:
    """What became of a promise."""

    fault: Fault
    measured: str
    problems: list[str]


class Broken(Exception):
    """A promise was not kept."""


async def run_fault(fault: Fault, place: Place) -> Result:
    """Let the fault happen to a recovered suite, then compare memories and storage."""
    place.model.control(reset=True)
    await place.recovered()
    problems: list[str] = []
    measured = "nothing: it broke off"
    async with AsyncExitStack() as stack:
        try:
            measured = await fault.happen(place, stack)
        except (Broken, TimeoutError) as error:
            problems.append(str(error) or "nothing happened in time")
        await place.recovered()
        for customer in place.customers:
            problems += await asyncio.to_thread(check_history, customer, answered_within=ANSWERED_WITHIN)
    return Result(fault, measured, problems)


def _slowest(questions: list[Question]) -> str:
    return f"slowest answer {max(question.seconds for question in questions):.1f} s"


async def _kill_worker_in_mid_answer(place: Place, stack: AsyncExitStack) -> str:
    place.model.control(token_gap_ms=200)
    customer = await place.customer(stack)
    asking = asyncio.create_task(customer.ask(QUESTIONS[0], within=PATIENCE))
    await customer.frame("answer.delta")
    place.suite.kill("worker-ai")
    question = await asking
    attempts = {frame["attempt"] for _, frame in customer.frames if frame["type"] == "answer.delta"}
    slots = {frame["answer_id"] for _, frame in customer.frames if frame["type"] == "answer.delta"}
    if len(attempts) < 2 or len(slots) != 1:
        raise Broken(f"expected two attempts in one place, saw attempts {attempts} in {len(slots)} places")
    return f"one answer after {question.seconds:.1f} s, in the same place"


async def _kill_all_workers_in_mid_answer(place: Place, stack: AsyncExitStack) -> str:
    place.model.control(token_gap_ms=100)
    customers = [await place.customer(stack) for _ in range(10)]
    asking = [asyncio.create_task(customer.ask(place.question(), within=PATIENCE)) for customer in customers]
    await customers[0].frame("answer.delta")
    for name in ("worker-ai", "worker-default", "beat"):
        place.suite.kill(name)
    return f"10 questions under way, {_slowest(list(await asyncio.gather(*asking)))}"


def _kill_idle(name: str) -> Happening:
    async def happen(place: Place, stack: AsyncExitStack) -> str:
        customer = await place.customer(stack)
        await customer.ask(place.question(), within=PATIENCE)
        place.suite.kill(name)
        question = await customer.ask(place.question(), within=PATIENCE)
        return f"next question answered after {question.seconds:.1f} s"

    return happen


def _kill_broker(away: float) -> Happening:
    async def happen(place: Place, stack: AsyncExitStack) -> str:
        place.model.control(token_gap_ms=40)
        customers = [await place.customer(stack) for _ in range(10)]
        asking = [asyncio.create_task(customer.ask(place.question(), within=PATIENCE)) for customer in customers]
        await customers[0].frame("answer.delta")
        await _take_away(place, "broker", signal.SIGKILL, away)
        during = list(await asyncio.gather(*asking))
        after = [await customer.ask(place.question(), within=PATIENCE) for customer in customers[:3]]
        drops = sum(customer.drops for customer in customers)
        return f"10 chats open, {drops} sockets closed, {_slowest(during)}; afterwards {_slowest(after)}"

    return happen


async def _take_away(place: Place, name: str, how: signal.Signals, seconds: float) -> None:
    """End one of the embedded servers; its keeper may start it again only after so many seconds."""
    keeper = place.suite.pids()["keeper"]
    if seconds:
        os.kill(keeper, signal.SIGSTOP)
    try:
        place.suite.kill(name, how)
        await asyncio.sleep(seconds)
    finally:
        os.kill(keeper, signal.SIGCONT)


async def _empty_broker(place: Place, stack: AsyncExitStack) -> str:
    """All doorbells are lost; the rows are not."""
    place.model.control(token_gap_ms=40)
    customers = [await place.customer(stack) for _ in range(10)]
    urls = read_urls(place.suite.folder)
    assert urls is not None
    broker = redis.Redis.from_url(urls.redis_url)
    asking = [asyncio.create_task(customer.ask(place.question(), within=PATIENCE)) for customer in customers]
    async with asyncio.timeout(10):
        while not all(customer.questions and customer.questions[0].seq for customer in customers):
            broker.flushall()
            await asyncio.sleep(0.005)
    broker.flushall()
    broker.close()
    return f"10 questions under way, {_slowest(list(await asyncio.gather(*asking)))}"


def _restart_database(how: signal.Signals, away: float) -> Happening:
    async def happen(place: Place, stack: AsyncExitStack) -> str:
        customers = [await place.customer(stack) for _ in range(5)]
        for customer in customers:
            await customer.ask(place.question(), within=PATIENCE)
        started = time.monotonic()
        asking = [asyncio.create_task(customer.ask(place.question(), within=PATIENCE)) for customer in customers]
        watching = asyncio.create_task(_watch_pages(place))
        await _take_away(place, "postgres", how, away)
        await place.recovered()
        back = time.monotonic() - started
        questions = list(await asyncio.gather(*asking))
        watching.cancel()
        statuses = await watching
        told = sum(bool(customer.notices) for customer in customers)
        if away and not (told and 503 in statuses):
            raise Broken(f"it was away for {away:.0f} s: {told} customers were told, pages answered {sorted(statuses)}")
        if statuses - {200, 503}:
            raise Broken(f"pages answered {sorted(statuses)}, not only 200 and 503")
        notice = f"{told} of 5 customers told; pages {'/'.join(map(str, sorted(statuses)))}"
        return f"{notice}; ready after {back:.1f} s, {_slowest(questions)}"

    return happen


async def _watch_pages(place: Place) -> set[int]:
    """Ask for the desk's door and for updates again and again until cancelled; returns the statuses met (0: none)."""
    statuses: set[int] = set()
    paths = ("/accounts/login/", f"/api/v1/chat/{place.suite.inbox_id}/updates")
    with suppress(asyncio.CancelledError):
        for path in itertools.cycle(paths):
            statuses.add(await asyncio.to_thread(place.suite.status, path))
            await asyncio.sleep(0.2)
    return statuses


async def _kill_web(place: Place, stack: AsyncExitStack) -> str:
    place.model.control(token_gap_ms=20)
    customers = [await place.customer(stack) for _ in range(50)]
    asking = [asyncio.create_task(customer.ask(place.question(), within=PATIENCE)) for customer in customers]
    await customers[0].frame("answer.delta")
    place.suite.kill("web")
    killed_at = time.monotonic()
    back = await place.recovered()
    questions = list(await asyncio.gather(*asking))
    late = max(question.answered_at for question in questions) - killed_at
    return f"50 chats open, ready after {back:.1f} s, all answered {late:.1f} s after the kill"


def _random_kills(rounds: int) -> Happening:
    async def happen(place: Place, stack: AsyncExitStack) -> str:
        place.model.control(token_gap_ms=20)
        customers = [await place.customer(stack) for _ in range(25)]
        stopping = asyncio.Event()
        writing = [asyncio.create_task(_keep_writing(place, customer, stopping)) for customer in customers]
        killed = []
        for _ in range(rounds):
            await asyncio.sleep(place.random.uniform(3, 7))
            name = place.random.choice(VICTIMS)
            killed.append(name)
            place.suite.kill(name)
            await place.recovered()
        stopping.set()
        await asyncio.gather(*writing)
        questions = list(itertools.chain.from_iterable(customer.questions for customer in customers))
        counts = ", ".join(f"{name} {killed.count(name)}" for name in sorted(set(killed)))
        return f"{len(questions)} messages, {rounds} kills ({counts}), {_slowest(questions)}"

    return happen


async def _keep_writing(place: Place, customer: Customer, stopping: asyncio.Event) -> None:
    """One message each five seconds, or as soon as the one before is answered."""
    await asyncio.sleep(place.random.uniform(0, 5))
    while not stopping.is_set():
        started = time.monotonic()
        await customer.ask(place.question(), within=PATIENCE)
        await asyncio.sleep(max(0.0, 5 - (time.monotonic() - started)))


def list_faults(rounds: int) -> list[Fault]:
    """Return the drill, in order."""
    once = "one answer per question, within 30 s"
    return [
        Fault("kill -9 worker-ai in mid-answer", f"{once}, in the same place", _kill_worker_in_mid_answer),
        Fault("kill -9 all workers and beat in mid-answer", once, _kill_all_workers_in_mid_answer),
        Fault("kill -9 worker-ai while idle", "the next question is answered within 30 s", _kill_idle("worker-ai")),
        Fault("kill -9 beat", "the next question is answered within 30 s", _kill_idle("beat")),
        Fault("kill -9 cache", "the next question is answered within 30 s", _kill_idle("cache")),
        Fault("kill -9 broker (Valkey) in mid-answer", f"open chats resume by themselves; {once}", _kill_broker(0)),
        Fault("broker away for 8 s in mid-answer", f"open chats resume by themselves; {once}", _kill_broker(8)),
        Fault("broker emptied (FLUSHALL)", f"the rows ring again; {once}", _empty_broker),
        Fault("PostgreSQL restarted", f"resumes; {once}", _restart_database(signal.SIGINT, 0)),
        Fault("kill -9 PostgreSQL", f"resumes; {once}", _restart_database(signal.SIGKILL, 0)),
        Fault("PostgreSQL away for 8 s", f"clear notice, then resumes; {once}", _restart_database(signal.SIGKILL, 8)),
        Fault("kill -9 Daphne with 50 chats", f"clients resume; {once}", _kill_web),
        Fault(
            f"{rounds} random kills under 5 messages/s",
            f"nothing lost, doubled or out of order; {once}",
            _random_kills(rounds),
        ),
    ]
