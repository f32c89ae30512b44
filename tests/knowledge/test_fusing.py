"""Meaning and words are added as evidence."""

import pytest

from apps.core.ids import uuid7
from apps.knowledge.providers.wordllama import WordLlamaEncoder
from apps.knowledge.selectors.candidates import Candidate
from apps.knowledge.services import fusing

DOCUMENT = uuid7()


def candidate(dense: float | None, lexical: float) -> Candidate:
    return Candidate(uuid7(), DOCUMENT, 0, dense, lexical, 0.0)


def order(*candidates: Candidate, word_weight: float = 0.015) -> list[int]:
    ranked = fusing.rank(candidates, word_weight=word_weight)
    return [candidates.index(one.candidate) for one in ranked]


def test_common_words_do_not_outweigh_meaning() -> None:
    assert order(candidate(0.60, 2.0), candidate(0.50, 5.0)) == [0, 1]


def test_rare_words_do() -> None:
    assert order(candidate(0.60, 2.0), candidate(0.50, 15.0)) == [1, 0]


def test_in_a_long_message_many_words_are_no_more_evidence_than_some() -> None:
    assert order(candidate(0.70, 80.0), candidate(0.50, 100.0)) == [0, 1]


def test_without_vectors_words_decide() -> None:
    assert order(candidate(None, 1.0), candidate(None, 3.0), candidate(None, 2.0)) == [1, 2, 0]


def test_a_passage_without_a_vector_counts_as_the_farthest() -> None:
    assert order(candidate(0.5, 0.0), candidate(0.3, 0.0), candidate(None, 1.0)) == [0, 2, 1]


@pytest.mark.parametrize(("dense", "lexical"), [(1.0, 400.0), (-0.2, 0.0), (None, 0.0), (None, 10.0)])
def test_scores_lie_between_0_and_1(dense: float | None, lexical: float) -> None:
    (ranked,) = fusing.rank([candidate(dense, lexical)], word_weight=0.015)

    assert 0 <= ranked.score <= 1


def test_nothing_found_is_nothing_ranked() -> None:
    assert fusing.rank([], word_weight=0.015) == []


def test_words_weigh_more_in_a_language_the_encoder_does_not_know() -> None:
    encoder = WordLlamaEncoder()

    assert fusing.word_weight_of(encoder, ["english"]) == encoder.word_weight
    assert fusing.word_weight_of(encoder, ["german"]) == fusing.FOREIGN_WORD_WEIGHT
    assert fusing.word_weight_of(None, ["english"]) == 1.0
