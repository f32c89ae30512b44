"""How does the light encoder run? 256 static dimensions a word, averaged: cheaper than a transformer, and coarser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import wordllama

from apps.knowledge.types import Vectors

KEY = "wordllama-l2-supercat:256:1"
DIMENSIONS = 256
# Words are averaged, so nothing is ever cut; longer texts only get vaguer.
MAX_TOKENS = 512


class WordLlamaEncoder:
    """The light encoder. Its weights lie in the installed package; nothing is ever downloaded."""

    key = KEY
    dimensions = DIMENSIONS
    max_tokens = MAX_TOKENS
    text_configs: frozenset[str] | None = frozenset({"english"})
    word_weight = 0.03

    def __init__(self) -> None:
        # The loader looks for weights in the package but for the tokeniser in its cache: point that at the package.
        home = Path(wordllama.__file__).parent
        self._model: Any = wordllama.WordLlama.load(dim=DIMENSIONS, cache_dir=home, disable_download=True)
        # Padding is for batches of equal shape; here each text is averaged alone, so a short one stays exact.
        self._model.tokenizer.no_padding()

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text. Shape (n, 256); all zeros for a text without words."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        encodings = self._model.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for row, encoding in zip(vectors, encodings, strict=True):
            if encoding.ids:
                row[:] = self._model.embedding[encoding.ids].mean(axis=0)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / np.maximum(norms, np.float32(1e-12))
        return unit

    def encode_query(self, text: str) -> Vectors:
        """Return the unit vector of ``text``. Shape (256,)."""
        vector: Vectors = self.encode_passages([text])[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces of each text."""
        encodings = self._model.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]
