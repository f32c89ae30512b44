"""Who keeps writing while things break? Customers who behave like the widget: they come back, resend and catch up."""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.error import HTTPError
from uuid import uuid4

from websockets.exceptions import WebSocketException

from tests.journeys.visitor import Frame, Visitor

ACKNOWLEDGED_WITHIN = 12.0
CREATED_WITHIN = 3.0
WELCOME_WITHIN = 10.0
HEARTBEAT = 25.0
PONG_WITHIN = 10.0


@dataclass
class Question:
    """One message of a customer and what became of it; times on ``time.monotonic``."""

    text: str
    client_id: str = field(default_factory=lambda: str(uuid4()))
    asked_at: float = field(default_factory=time.monotonic)
    sent_at: float = 0.0
    not_before: float = 0.0
    accepted_at: float = 0.0
    answered_at: float = 0.0
    seq: int = 0

    @property
    def seconds(self) -> float:
        """From the first attempt to send to the complete answer."""
        return self.answered_at - self.asked_at


class Customer(Visitor):
    """``async with`` keeps the socket open, whatever happens to it, until the end of the block."""

    def __init__(self, url: str, inbox_id: str) -> None:
        super().__init__(url, inbox_id)
        self.questions: list[Question] = []
        self.notices: list[Frame] = []
        self.http_statuses: list[int] = []
        self.drops = 0
        self.contradictions: list[str] = []
        self._online = False
        self._heard_at = 0.0
        self._pinged_at = 0.0
        self._attempts = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._stay_connected()), asyncio.create_task(self._mind_the_time())]
        await self.until(lambda: self._online or None, within=60)
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.leave()

    async def ask(self, text: str, *, within: float) -> Question:
        """Write and wait for the complete answer. Raises TimeoutError; the question stays on the list."""
        question = Question(text)
        self.questions.append(question)
        await self._send(question)
        await self.until(lambda: self._is_answered(question) or None, within=within)
        return question

    def _is_answered(self, question: Question) -> bool:
        if question.seq and not question.answered_at:
            later = (m for seq, m in self.messages.items() if seq > question.seq and m["author"]["kind"] == "ai")
            if next(later, None) is not None:
                question.answered_at = time.monotonic()
        return bool(question.answered_at)

    async def _send(self, question: Question) -> None:
        if not self._online or time.monotonic() < question.not_before:
            return
        question.sent_at = time.monotonic()
        with suppress(WebSocketException, OSError):
            await self.send(question.text, client_id=question.client_id)

    async def _stay_connected(self) -> None:
        while True:
            try:
                async with asyncio.timeout(WELCOME_WITHIN):
                    await self._come_back()
                assert self._reader is not None
                await self._reader
                self.drops += 1
            except (OSError, WebSocketException, TimeoutError):
                pass
            self._online = False
            self._pinged_at = 0.0
            for question in self._open_questions():
                question.sent_at = 0.0
            wait = min(15.0, 0.5 * 2**self._attempts) * random.uniform(0.5, 1.0)
            self._attempts += 1
            await asyncio.sleep(wait)

    async def _come_back(self) -> None:
        seen = len(self.frames)
        await self.connect()
        await self.say({"type": "hello", "protocol": 1, "session": self.session, "last_seq": self.last_seq})
        await self.until(lambda: any(frame["type"] == "welcome" for _, frame in self.frames[seen:]) or None)
        self._online, self._attempts, self._heard_at = True, 0, time.monotonic()
        for question in self._open_questions():
            await self._send(question)
        async with self._news:
            self._news.notify_all()

    async def _mind_the_time(self) -> None:
        """All that depends on time, once a second, as the widget does it."""
        while True:
            await asyncio.sleep(1.0)
            if not self._online:
                continue
            now = time.monotonic()
            is_overdue = any(q.sent_at and now - q.sent_at > ACKNOWLEDGED_WITHIN for q in self._open_questions())
            if is_overdue or (self._pinged_at and now - self._pinged_at > PONG_WITHIN):
                self.drop()
                continue
            if now - self._heard_at > HEARTBEAT and not self._pinged_at:
                self._pinged_at = now
                with suppress(WebSocketException):
                    await self.say({"type": "ping"})
            for question in self._open_questions():
                if not question.sent_at:
                    await self._send(question)
            if self._has_hole() or any(
                q.accepted_at and q.seq not in self.messages and now - q.accepted_at > CREATED_WITHIN
                for q in self.questions
            ):
                await self.catch_up()

    async def catch_up(self) -> None:
        """Fetch over HTTP what the socket did not bring; failures are noted by status, 0 when there was no answer."""
        try:
            page = await asyncio.to_thread(self.fetch_updates, self.last_seq)
        except HTTPError as error:
            self.http_statuses.append(error.code)
        except OSError:
            self.http_statuses.append(0)
        else:
            await self._take({"type": "updates", "events": page["events"]})

    def _has_hole(self) -> bool:
        return max(self.messages, default=0) > self.last_seq

    def _open_questions(self) -> list[Question]:
        return [question for question in self.questions if not question.seq]

    async def _take(self, frame: Frame) -> None:
        self._heard_at, self._pinged_at = time.monotonic(), 0.0
        if frame["type"] == "message.accepted":
            self._accept(frame)
        elif frame["type"] == "error":
            self._note(frame)
        for event in [frame] if frame["type"] == "message.created" else frame.get("events", []):
            known = self.messages.get(event["seq"])
            if known is not None and known != event["message"]:
                self.contradictions.append(f"seq {event['seq']} was {known} and became {event['message']}")
        await super()._take(frame)

    def _accept(self, frame: Frame) -> None:
        for question in self.questions:
            if question.client_id == frame["client_id"] and not question.seq:
                question.seq, question.accepted_at = frame["seq"], time.monotonic()

    def _note(self, frame: Frame) -> None:
        self.notices.append(frame)
        for question in self._open_questions():
            if question.client_id == frame["client_id"] and frame["retry_after"]:
                question.sent_at, question.not_before = 0.0, time.monotonic() + frame["retry_after"]
