"""What do the parts that make an answer hand to one another? Frozen values, and the port of every engine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from apps.conversations.types import Citation, Outward

TurnAuthor = Literal["customer", "ai", "agent"]
Finish = Literal["stop", "length", "not_found", "small_talk", "cancelled", ""]


@dataclass(frozen=True, slots=True)
class GroundingPassage:
    """A passage the answer may rest on. ``n`` is the number in its citation marker, from 1."""

    n: int
    passage_id: UUID
    document_id: UUID
    title: str
    heading: str
    text: str
    score: float
    coverage: float
    dense: float | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    author: TurnAuthor
    text: str


@dataclass(frozen=True, slots=True)
class DraftRequest:
    """Everything an engine may know. ``turns`` are the earlier ones, oldest first, without ``question``.

    ``language`` is the organisation's (two letters); engines answer in the customer's where they can tell it.
    """

    question: str
    turns: tuple[Turn, ...]
    passages: tuple[GroundingPassage, ...]
    language: str
    organisation_name: str
    assistant_name: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost. Times in milliseconds; ``None`` where the engine does not know.

    ``finish`` is empty while the answer is being written: ``stop`` (complete), ``length`` (cut at the limit),
    ``not_found`` (the passages do not hold it), ``small_talk`` (a greeting or thanks), ``cancelled``. ``evidence`` is
    the engine's own measure, 0 to 1, of how surely the passages hold the answer.
    """

    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    finish: Finish = ""
    evidence: float | None = None


class AnswerStream(Protocol):
    """An answer while it is written: iterate for pieces of text, then ask ``usage``; ``close`` stops it."""

    @property
    def usage(self) -> Usage: ...

    def __iter__(self) -> Iterator[str]: ...

    def __next__(self) -> str: ...

    def close(self) -> None: ...


class AnswerProvider(Protocol):
    """The port of every engine. Threads may share one: what belongs to one answer lives in its stream."""

    @property
    def name(self) -> Literal["builtin", "model"]: ...

    def stream(self, request: DraftRequest, *, deadline: float, cancelled: Callable[[], bool]) -> AnswerStream:
        """Begin an answer to be done by ``deadline`` (on ``clock.monotonic``). Iterating raises ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the query it is searched by."""

    text: str
    query: str
    has_words: bool


@dataclass(frozen=True, slots=True)
class Grounding:
    """What an answer may rest on. ``confidence`` (0 to 1): how likely the best passage is about the question."""

    passages: tuple[GroundingPassage, ...]
    confidence: float
    epoch: int
    encode_ms: float
    search_ms: float
    considered: int
    degraded: bool


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """An engine that gave up, and whether the customer had already seen text of it."""

    engine: str
    code: str
    after_text: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer as an engine wrote it, unchecked. ``[1]`` in ``text`` is the first of ``cited``, and so on."""

    text: str
    cited: tuple[GroundingPassage, ...]
    unknown_markers: int
    engine: str
    usage: Usage
    first_text_ms: float | None
    failures: tuple[EngineFailure, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer that may be shown. ``outcome`` is ``answered``, ``not_found`` or ``small_talk``."""

    text: str
    citations: tuple[Citation, ...]
    confidence: float
    outcome: str
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole result of composing an answer. ``stage_ms`` by stage, in milliseconds."""

    verdict: Verdict
    grounding: Grounding
    draft: Draft
    stage_ms: dict[str, float]


class Sink(Protocol):
    """Where text goes while it is written."""

    def write(self, piece: str) -> None: ...

    def restart(self) -> None: ...


class AnswerState(Outward):
    """An answer begins, or ends without one. Transient."""

    type: Literal["answer.state"] = "answer.state"
    conversation_id: UUID
    answer_id: UUID
    attempt: int
    state: Literal["thinking", "stopped"]


class AnswerDelta(Outward):
    """A piece of an answer while it is written; ``offset`` counts code points. Transient.

    A higher ``attempt`` replaces the text so far. The message with id ``answer_id`` replaces the draft.
    """

    type: Literal["answer.delta"] = "answer.delta"
    conversation_id: UUID
    answer_id: UUID
    attempt: int
    offset: int
    text: str


class AskedCitation(Outward):
    """A source of an answer given outside a chat."""

    n: int
    document_id: UUID
    title: str
    passage: str


class Asked(Outward):
    """An answer given outside a chat. ``stage_ms`` by stage, in milliseconds."""

    answer: str
    citations: tuple[AskedCitation, ...]
    confidence: float
    engine: str
    stage_ms: dict[str, float]
    conversation_id: UUID
