"""How does the bundled encoder run? all-MiniLM-L6-v2 in int8 on CTranslate2, pooled in numpy; no torch, no network."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from tokenizers import Tokenizer

from apps.knowledge.errors import EncoderMissing
from apps.knowledge.types import Vectors

KEY = "all-minilm-l6-v2:int8:1"
FOLDER = "all-minilm-l6-v2-int8-1"
DIMENSIONS = 384
MAX_TOKENS = 256
# Larger batches are slower, not faster: their activations fall out of the processor's cache.
BATCH_TOKENS = 2048


class MiniLmEncoder:
    """The bundled encoder; about 100 MB in memory, shared by all threads of a process."""

    key = KEY
    dimensions = DIMENSIONS
    max_tokens = MAX_TOKENS
    text_configs: frozenset[str] | None = frozenset({"english"})
    word_weight = 0.0175

    def __init__(self, folder: Path) -> None:
        """Load what ``build_encoder`` stored below ``folder``. Raises ``EncoderMissing``."""
        home = folder / FOLDER
        if not (home / "model.bin").exists():
            raise EncoderMissing
        self._tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._counter = Tokenizer.from_file(str(home / "tokenizer.json"))
        self._counter.no_padding()
        self._counter.no_truncation()
        self._threads = os.cpu_count() or 1
        # One thread per text keeps a question from waiting for another; passages run on several at once.
        self._model = ctranslate2.Encoder(
            str(home), device="cpu", compute_type="int8", inter_threads=self._threads, intra_threads=1
        )
        # One pool for all callers: the batches of the next call begin while the last of this one is still computed.
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="encoder")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, in the order given. Shape (n, 384)."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

        def encode(batch: list[int]) -> None:
            vectors[batch] = self._encode([tokens[index] for index in batch])

        for _ in self._pool.map(encode, _batches(tokens)):
            pass
        return vectors

    def encode_query(self, text: str) -> Vectors:
        """Return the unit vector of ``text``, cut at 256 tokens. Shape (384,)."""
        vector: Vectors = self._encode([self._tokenizer.encode(text).ids])[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces of each text."""
        return [
            len(encoding.ids) for encoding in self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        ]

    def _encode(self, tokens: list[list[int]]) -> Vectors:
        output: Any = self._model.forward_batch(tokens)
        states = np.array(output.last_hidden_state)
        lengths = np.array([len(ids) for ids in tokens])
        # The mean is over a text's own tokens: what pads it to the longest of its batch does not count.
        mask = (np.arange(states.shape[1]) < lengths[:, None]).astype(np.float32)
        sums = np.matmul(mask[:, None, :], states)[:, 0, :]
        means: Vectors = sums / lengths[:, None].astype(np.float32)
        unit: Vectors = means / np.linalg.norm(means, axis=1, keepdims=True)
        return unit


def _batches(tokens: list[list[int]]) -> list[list[int]]:
    """Return indexes grouped so that texts of like length share a batch: padding costs as much as text."""
    batches: list[list[int]] = []
    for index in sorted(range(len(tokens)), key=lambda index: len(tokens[index]), reverse=True):
        longest = len(tokens[batches[-1][0]]) if batches else 0
        if batches and (len(batches[-1]) + 1) * longest <= BATCH_TOKENS:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
