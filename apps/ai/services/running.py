"""How does the AI answer a conversation? One run at a time, against the state it started from, posted once."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from prometheus_client import Counter, Histogram

from apps.ai import selectors
from apps.ai.models import Run, RunState
from apps.ai.services import composing, streaming
from apps.ai.types import Answer, Turn, TurnAuthor
from apps.conversations import selectors as conversation_selectors
from apps.conversations.errors import OwnerChanged
from apps.conversations.services import ownership, protecting, protecting_past, recording, replying
from apps.conversations.types import OwnerKind
from apps.core import clock, connections, jobs
from apps.privacy.types import TokenTable
from apps.vault.errors import KeyShredded, VaultUnavailable
from apps.vault.services import keys as vault_keys

if TYPE_CHECKING:
    from apps.conversations.models import Conversation

logger = structlog.get_logger(__name__)

CONTEXT_MESSAGES = 12
# A run that crashed this often will crash again; then a person is asked instead.
MAX_ATTEMPTS = 3
BUSY_SECONDS = 0.3
# Waiting for the vault is nobody's failure: the job is not counted down while it is away.
VAULT_AWAY_SECONDS = 2.0
OWNER_CHECK_SECONDS = 1.0

_TURN_AUTHORS: dict[str, TurnAuthor] = {"customer": "customer", "ai": "ai", "agent": "agent"}

ANSWERS = Counter("switchboard_answers", "Answers posted, by engine and outcome.", ["engine", "outcome"])
FIRST_TEXT = Histogram(
    "switchboard_answer_first_text_seconds",
    "From the start of a run to its first text.",
    ["engine"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8),
)


@dataclass(frozen=True, slots=True)
class Task:
    """What a run has to do. ``text`` and ``turns`` are redacted; ``tokens`` say what was taken out."""

    run: Run
    conversation: "Conversation"
    text: str = field(repr=False)
    turns: tuple[Turn, ...] = field(repr=False)
    tokens: TokenTable = field(repr=False)


def answer_conversation(*, conversation_id: UUID, question_seq: int, job_id: UUID | None) -> Run | None:
    """Answer what the customer wrote up to now; None when there is nothing (left) for the AI to do.

    Repeating the call for the same ``job_id`` after a crash continues the same run. Raises ``jobs.Postpone`` while
    another run answers this conversation or the vault is away; without a job, ``VaultUnavailable``.
    """
    try:
        task = _begin(conversation_id, question_seq, job_id)
        return None if task is None else _answer(task)
    except VaultUnavailable:
        if job_id is None:
            raise
        raise jobs.Postpone(seconds=VAULT_AWAY_SECONDS, reason="the vault is away") from None
    except KeyShredded:
        # Erased while the question waited: there is nobody left to answer.
        logger.warning("run.customer_erased", conversation_id=str(conversation_id))
        _supersede(selectors.find_active_run(conversation_id))
        return None


def _answer(task: Task) -> Run:
    run = task.run
    screen = streaming.AnswerScreen(
        conversation_id=run.conversation_id, answer_id=run.answer_id, run_attempt=run.attempt, tokens=task.tokens
    )
    if run.attempt > MAX_ATTEMPTS:
        _give_up(run, now=clock.now())
        screen.stop()
        return run
    screen.think()
    answer = composing.compose_answer(
        organisation=task.conversation.organisation,
        text=task.text,
        turns=task.turns,
        tokens=task.tokens,
        deadline=clock.monotonic() + settings.LLM_TOTAL_SECONDS,
        sink=screen,
        cancelled=OwnerWatch(run),
    )
    screen.finish()
    try:
        _post(run, answer, now=clock.now())
    except OwnerChanged:
        _finish(run, RunState.SUPERSEDED, answer, now=clock.now())
        screen.stop()
    except VaultUnavailable:
        # Its key ran out of the cache meanwhile. The run begins again when the vault is back, not before.
        screen.stop()
        raise
    return run


class OwnerWatch:
    """Tells whether somebody has taken the conversation since the run began; asks the database once a second."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._asked_at = clock.monotonic()
        self._is_taken = False

    def __call__(self) -> bool:
        if not self._is_taken and clock.monotonic() - self._asked_at >= OWNER_CHECK_SECONDS:
            self._asked_at = clock.monotonic()
            conversation = conversation_selectors.get_conversation(self._run.conversation_id)
            self._is_taken = conversation.owner_version != self._run.owner_version
            connections.release()
        return self._is_taken


@transaction.atomic
def _begin(conversation_id: UUID, question_seq: int, job_id: UUID | None) -> Task | None:
    # Asked for first: without the customer's key no answer can be stored, and nobody waits for it under the lock.
    vault_keys.get_key(owner_id=conversation_selectors.get_conversation(conversation_id).customer_id)
    # Under the conversation's lock: two jobs for one conversation decide one after the other.
    conversation = recording.lock_conversation(conversation_id)
    run = selectors.find_run_of_job(job_id)
    if run is not None and run.state != RunState.RUNNING:
        return None
    if conversation.owner_kind != OwnerKind.AI:
        _supersede(run)
        return None
    answered_seq = conversation_selectors.find_answered_seq(conversation)
    if run is None:
        if question_seq <= answered_seq:
            return None
        _wait_for_other_run(conversation_id)
        run = Run(organisation_id=conversation.organisation_id, job_id=job_id, attempt=0)
    while protecting_past.protect_locked(conversation, limit=protecting_past.BATCH):
        # What was written before messages were redacted is redacted before a model sees it.
        continue
    run.conversation = conversation
    messages = conversation_selectors.list_texts_before(conversation, seq=conversation.last_seq, limit=CONTEXT_MESSAGES)
    asked = [message for message in messages if message.author_kind == "customer" and message.seq > answered_seq]
    run.question_seq = max((message.seq for message in asked), default=question_seq)
    run.owner_version = conversation.owner_version
    run.attempt += 1
    run.save()
    turns = tuple(
        Turn(author=_TURN_AUTHORS[message.author_kind], text=message.text)
        for message in messages
        if message not in asked
    )
    question = "\n".join(message.text for message in asked)
    return Task(run, conversation, question, turns, protecting.read_tokens(conversation))


def _wait_for_other_run(conversation_id: UUID) -> None:
    other = selectors.find_active_run(conversation_id)
    if other is None:
        return
    if other.job_id is None or jobs.is_open(other.job_id):
        raise jobs.Postpone(seconds=BUSY_SECONDS, reason="another run is answering")
    Run.objects.filter(id=other.id).update(state=RunState.FAILED, finished_at=clock.now())


@transaction.atomic
def _post(run: Run, answer: Answer, *, now: datetime) -> None:
    verdict = answer.verdict
    replying.send_answer(
        conversation_id=run.conversation_id,
        answer_id=run.answer_id,
        question_seq=run.question_seq,
        owner_version=run.owner_version,
        text=verdict.text,
        citations=verdict.citations,
        engine=answer.draft.engine,
        confidence=verdict.confidence,
        now=now,
    )
    _finish(run, RunState.POSTED, answer, now=now)
    transaction.on_commit(lambda: _measure(answer))


def _measure(answer: Answer) -> None:
    ANSWERS.labels(answer.draft.engine, answer.verdict.outcome).inc()
    FIRST_TEXT.labels(answer.draft.engine).observe(
        (answer.stage_ms["understand"] + answer.stage_ms["retrieve"] + answer.stage_ms["draft_first_text"]) / 1000
    )


def _finish(run: Run, state: RunState, answer: Answer, *, now: datetime) -> None:
    usage = answer.draft.usage
    run.state = state
    run.engine = answer.draft.engine
    run.model = usage.model
    run.outcome = answer.verdict.outcome
    run.confidence = answer.verdict.confidence
    run.stage_ms = answer.stage_ms
    run.prompt_tokens = usage.prompt_tokens
    run.completion_tokens = usage.completion_tokens
    run.finished_at = now
    run.trace = {
        "epoch": answer.grounding.epoch,
        "considered": answer.grounding.considered,
        "degraded": answer.grounding.degraded,
        "passages": [
            {
                "n": passage.n,
                "passage_id": str(passage.passage_id),
                "title": passage.title,
                "dense": passage.dense,
                "coverage": round(passage.coverage, 3),
                "score": round(passage.score, 4),
            }
            for passage in answer.grounding.passages
        ],
        "failures": [asdict(failure) for failure in answer.draft.failures],
        "removed": list(answer.verdict.removed),
    }
    run.save()


def _supersede(run: Run | None) -> None:
    if run is not None:
        Run.objects.filter(id=run.id).update(state=RunState.SUPERSEDED, finished_at=clock.now())


@transaction.atomic
def _give_up(run: Run, *, now: datetime) -> None:
    logger.error("run.given_up", run_id=str(run.id), attempts=run.attempt)
    Run.objects.filter(id=run.id).update(state=RunState.FAILED, finished_at=now)
    ownership.request_person(conversation_id=run.conversation_id, now=now)
