"""What do other apps hold of the knowledge base? Search results, document drafts, and the port of every encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Audience(StrEnum):
    """Who may read a document. Answers to customers use public documents only."""

    PUBLIC = "public"
    INTERNAL = "internal"


class Encoder(Protocol):
    """Turns text into vectors of length 1. Threads share one instance.

    ``key`` names model, precision and version: vectors of different keys never meet. ``max_tokens`` is where a text
    is cut; whoever makes passages keeps below it. ``text_configs`` are the languages it understands, as PostgreSQL
    calls them (None: any). ``word_weight`` is what a point of BM25 is worth beside the cosine.
    """

    @property
    def key(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    @property
    def text_configs(self) -> frozenset[str] | None: ...

    @property
    def word_weight(self) -> float: ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, shape (n, dimensions). Uses all processors. Raises ``EncoderFailed``."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """Return the vector of a question, shape (dimensions,). Raises ``EncoderFailed``."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without the markers an encoder adds around them."""
        ...


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document as it comes from outside, already cleaned. ``external_id`` is unique within its source."""

    external_id: str
    title: str
    body: str
    locale: str = "en"
    audience: Audience = Audience.PUBLIC


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A stretch of a document's body: ``text`` is ``body[start:end]``; ``heading`` is the path of headings above it."""

    ordinal: int
    heading: str
    text: str
    start: int
    end: int
    token_count: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found.

    ``score`` ranks, 0 to 1. ``dense`` is the cosine of question and passage (None without vectors), ``lexical`` the
    BM25 score, ``coverage`` the share of the question's words in the passage, weighted by rarity, 0 to 1.
    """

    passage_id: UUID
    document_id: UUID
    title: str
    heading: str
    text: str
    score: float
    dense: float | None
    lexical: float
    coverage: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first, and at which epoch of the organisation's knowledge.

    ``degraded`` means that only words were compared; ``degraded_reason`` says why. Times in milliseconds.
    """

    hits: tuple[Hit, ...]
    epoch: int
    encode_ms: float
    search_ms: float
    encoder_key: str
    degraded_reason: str = ""

    @property
    def degraded(self) -> bool:
        """Whether the search went without vectors."""
        return bool(self.degraded_reason)


@dataclass(frozen=True, slots=True)
class PassageView:
    """A passage to be shown beside an answer that cites it."""

    passage_id: UUID
    document_id: UUID
    title: str
    heading: str
    text: str
    is_live: bool
