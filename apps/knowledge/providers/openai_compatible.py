"""How do vectors come from an OpenAI-compatible ``/embeddings`` endpoint? Batches, time-outs, named errors."""

import json
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import urllib3
from pydantic import BaseModel, ConfigDict, ValidationError

from apps.knowledge.errors import EncoderFailed, EncoderRefused
from apps.knowledge.types import Vectors

BATCH_SIZE = 64
ATTEMPTS = 5
LONGEST_WAIT_SECONDS = 30.0
QUERY_TIMEOUT = urllib3.Timeout(connect=2, read=4)
PASSAGES_TIMEOUT = urllib3.Timeout(connect=2, read=60)
# Without the model's tokeniser, tokens are estimated from characters, on the safe side for European languages.
CHARACTERS_PER_TOKEN = 3
MAX_TOKENS = 512


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    index: int
    embedding: list[float]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: list[_Row]


class EndpointEncoder:
    """An encoder behind HTTP. Its number of dimensions is that of its first answer."""

    max_tokens = MAX_TOKENS
    text_configs: frozenset[str] | None = None
    word_weight = 0.0175

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        self._url = base_url.rstrip("/") + "/embeddings"
        self._model = model
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._http = urllib3.PoolManager(maxsize=8, retries=False)
        self._dimensions = 0
        self._lock = threading.Lock()
        self._pause = threading.Event()

    @property
    def key(self) -> str:
        return f"endpoint:{self._model}:{self.dimensions}"

    @property
    def dimensions(self) -> int:
        with self._lock:
            if not self._dimensions:
                self._request(["dimensions"], QUERY_TIMEOUT)
        return self._dimensions

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text. Waits out 429 and 5xx, up to five attempts a batch.

        Raises ``EncoderFailed`` (try later) and ``EncoderRefused`` (correct the settings).
        """
        batches = [texts[start : start + BATCH_SIZE] for start in range(0, len(texts), BATCH_SIZE)]
        if not batches:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.concatenate([self._insist(batch) for batch in batches])

    def encode_query(self, text: str) -> Vectors:
        """Return the unit vector of ``text``. One attempt: a customer is waiting. Raises as ``encode_passages``."""
        vector: Vectors = self._request([text], QUERY_TIMEOUT)[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return an estimate of the tokens of each text."""
        return [-(-len(text) // CHARACTERS_PER_TOKEN) for text in texts]

    def _insist(self, texts: Sequence[str]) -> Vectors:
        for attempt in range(1, ATTEMPTS):
            try:
                return self._request(texts, PASSAGES_TIMEOUT)
            except EncoderFailed as error:
                wait = error.retry_after if error.retry_after is not None else float(2**attempt) / 2
            self._pause.wait(min(wait, LONGEST_WAIT_SECONDS))
        return self._request(texts, PASSAGES_TIMEOUT)

    def _request(self, texts: Sequence[str], timeout: urllib3.Timeout) -> Vectors:
        # Empty strings are refused by most endpoints; a blank is the nearest thing that is not.
        body = json.dumps({"model": self._model, "input": [text or " " for text in texts]}).encode()
        try:
            response = self._http.request("POST", self._url, body=body, headers=self._headers, timeout=timeout)
        except urllib3.exceptions.HTTPError as error:
            raise EncoderFailed(f"The embeddings endpoint did not answer: {type(error).__name__}.") from error
        if response.status != 200:
            raise _failure(response)
        return self._parse(response.data, len(texts))

    def _parse(self, data: bytes, count: int) -> Vectors:
        try:
            rows = sorted(_Answer.model_validate_json(data).data, key=lambda row: row.index)
            vectors = np.array([row.embedding for row in rows], dtype=np.float32)
        except (ValidationError, ValueError) as error:
            raise EncoderFailed("The embeddings endpoint answered something that is not embeddings.") from error
        if vectors.ndim != 2 or [row.index for row in rows] != list(range(count)) or not np.isfinite(vectors).all():
            raise EncoderFailed("The embeddings endpoint answered with other vectors than asked for.")
        if vectors.shape[1] != (self._dimensions or vectors.shape[1]):
            raise EncoderFailed(
                f"The embeddings endpoint answered with {vectors.shape[1]} dimensions instead of"
                f" {self._dimensions} as before."
            )
        self._dimensions = vectors.shape[1]
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / np.maximum(norms, np.float32(1e-12))
        return unit


def _failure(response: Any) -> EncoderFailed | EncoderRefused:
    if response.status == 429 or response.status >= 500:
        return EncoderFailed(
            f"The embeddings endpoint answered {response.status}.", retry_after=_seconds(response.headers)
        )
    return EncoderRefused(
        f"The embeddings endpoint refused with {response.status}; check EMBEDDINGS_API_KEY and _MODEL."
    )


def _seconds(headers: Any) -> float | None:
    try:
        return max(float(urllib3.Retry().parse_retry_after(headers.get("Retry-After", ""))), 0.0)
    except urllib3.exceptions.InvalidHeader:
        return None
