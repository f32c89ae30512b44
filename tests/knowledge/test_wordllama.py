"""The light encoder works from its own package, without a network."""

import numpy as np
import pytest

from apps.knowledge.providers.wordllama import WordLlamaEncoder


@pytest.fixture(scope="module")
def encoder() -> WordLlamaEncoder:
    return WordLlamaEncoder()


def test_like_texts_lie_near_each_other(encoder: WordLlamaEncoder) -> None:
    passages = encoder.encode_passages(["The parcel arrives in two days.", "Worn tyres are not covered."])
    question = encoder.encode_query("When does my parcel arrive?")

    near, far = passages @ question
    assert near > far + 0.2
    assert passages.dtype == np.float32
    assert np.allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_in_company(encoder: WordLlamaEncoder) -> None:
    texts = ["short", "a much longer text with many more words in it"]

    together = encoder.encode_passages(texts)

    assert np.allclose(together, np.stack([encoder.encode_query(text) for text in texts]), atol=1e-6)


def test_a_text_without_words_has_no_direction(encoder: WordLlamaEncoder) -> None:
    assert not encoder.encode_query("").any()
    assert encoder.count_tokens([""]) == [0]
