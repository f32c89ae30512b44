"""Which words mean alike? Static word vectors from the wordllama package, a few microseconds a word and no network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wordllama
from numpy.typing import NDArray

from apps.ai.providers.builtin.asking import WordVectors

DIMENSIONS = 256


def load_word_vectors() -> WordVectors:
    """Return the vectors of words; loading takes a quarter of a second and some 80 MB, so do it once a process."""
    # The loader looks for weights in the package but for the tokeniser in its cache: point that at the package.
    home = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(dim=DIMENSIONS, cache_dir=home, disable_download=True)
    model.tokenizer.no_padding()

    def look_up(words: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(words), DIMENSIONS), dtype=np.float32)
        for row, found in zip(
            vectors, model.tokenizer.encode_batch(list(words), add_special_tokens=False), strict=True
        ):
            if found.ids:
                row[:] = model.embedding[found.ids].mean(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
        return vectors

    return look_up
