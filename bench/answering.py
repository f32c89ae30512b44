"""What happens between Enter and the answer, as seen from the customer's socket and from the run's own record?"""

import asyncio
import os
import time
from dataclasses import dataclass
from typing import Any

import django

from tests.journeys.suite import Suite
from tests.journeys.visitor import Visitor

QUESTIONS_PER_VISITOR = 4
WARM_UP = 8
ECHOES = 200
COMMITS = 200
PAUSE_SECONDS = 0.05

ACCEPTED = "  accepted: stored and acknowledged"
FIRST_TEXT = "FIRST TEXT on the customer's screen"


@dataclass(frozen=True, slots=True)
class Answered:
    """One question on the customer's side; times on ``time.time`` (the clock the database shares)."""

    answer_id: str
    sent_at: float
    accepted_at: float
    thinking_at: float
    first_text_at: float
    created_at: float


async def ask_questions(suite: Suite, questions: list[str]) -> tuple[list[Answered], list[float]]:
    """Ask one question after the other, a few per visitor; returns them with the echo times in milliseconds."""
    warm_up = [questions[number % len(questions)] for number in range(WARM_UP)]
    await _ask_all(suite, warm_up)
    answers = await _ask_all(suite, questions)
    return answers, await _measure_echo(suite)


async def _ask_all(suite: Suite, questions: list[str]) -> list[Answered]:
    answers: list[Answered] = []
    for start in range(0, len(questions), QUESTIONS_PER_VISITOR):
        async with Visitor(suite.url, suite.inbox_id) as visitor:
            for number, text in enumerate(questions[start : start + QUESTIONS_PER_VISITOR], start=1):
                answers.append(await _ask(visitor, text, number))
                await asyncio.sleep(PAUSE_SECONDS)
    return answers


async def _ask(visitor: Visitor, text: str, number: int) -> Answered:
    offset = time.time() - time.perf_counter()
    sent_at = time.perf_counter()
    client_id = await visitor.send(text)
    answer_id = (await visitor.answer(number=number, within=30))["id"]

    def first(kind: str, **matching: object) -> float:
        return next(
            at + offset for at, frame in visitor.frames if frame["type"] == kind and matching.items() <= frame.items()
        )

    created = next(
        at + offset
        for at, frame in visitor.frames
        if frame["type"] == "message.created" and frame["message"]["id"] == answer_id
    )
    return Answered(
        answer_id=answer_id,
        sent_at=sent_at + offset,
        accepted_at=first("message.accepted", client_id=client_id),
        thinking_at=first("answer.state", answer_id=answer_id),
        first_text_at=first("answer.delta", answer_id=answer_id),
        created_at=created,
    )


async def _measure_echo(suite: Suite) -> list[float]:
    echoes = []
    async with Visitor(suite.url, suite.inbox_id) as visitor:
        for _ in range(ECHOES):
            visitor.frames.clear()
            started = time.perf_counter()
            await visitor.say({"type": "ping"})
            await visitor.frame("pong")
            echoes.append((time.perf_counter() - started) * 1000)
    return echoes


def read_stages(suite: Suite, answers: list[Answered]) -> tuple[list[dict[str, float]], list[float]]:
    """Return milliseconds by stage for each answer, from the runs' records, and those of single commits."""
    os.environ.update({"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(suite.folder)})
    django.setup()
    # Only now: models cannot be imported before the settings are known.
    from bench import records

    runs = records.read_runs([answer.answer_id for answer in answers])
    rows = [_stages(answer, *runs[answer.answer_id]) for answer in answers if answer.answer_id in runs]
    return rows, records.measure_commits(COMMITS)


def _stages(answer: Answered, started_at: float, stage: dict[str, Any]) -> dict[str, float]:
    thinking_ms = stage["understand"] + stage["retrieve"] + stage["draft_first_text"]

    def between(earlier: float, later: float) -> float:
        return (later - earlier) * 1000

    return {
        ACCEPTED: between(answer.sent_at, answer.accepted_at),
        "  queue: until a worker begins": between(answer.accepted_at, started_at),
        "  begin: lock, read, tell the screen": between(started_at, answer.thinking_at),
        "  understand": stage["understand"],
        "  encode the question": stage["encode"],
        "  search": stage["search"],
        "  rest of retrieval": stage["retrieve"] - stage["encode"] - stage["search"],
        "  first text of the engine": stage["draft_first_text"],
        "  push to the screen": between(answer.thinking_at, answer.first_text_at) - thinking_ms,
        FIRST_TEXT: between(answer.sent_at, answer.first_text_at),
        "rest of the answer, check and commit": between(answer.first_text_at, answer.created_at),
        "WHOLE ANSWER on the customer's screen": between(answer.sent_at, answer.created_at),
    }
