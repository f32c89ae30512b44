"""Numbering sources for the reader."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ai.pipeline.numbering import CitationNumbers
from tests.ai.factories import passage

PASSAGES = [passage(n, f"Passage {n}.") for n in range(1, 5)]


def test_sources_are_numbered_in_the_order_of_first_use() -> None:
    numbers = CitationNumbers(PASSAGES)

    text = numbers.feed("Free [4]. Two days [2], really [4].") + numbers.finish()

    assert text == "Free [1]. Two days [2], really [1]."
    assert [source.n for source in numbers.cited] == [4, 2]


def test_a_marker_that_names_no_passage_is_left_out_and_counted() -> None:
    numbers = CitationNumbers(PASSAGES)

    assert numbers.feed("Trust me [9]. Two days [2].") == "Trust me . Two days [1]."
    assert numbers.unknown == 1


@pytest.mark.parametrize("text", ["a [b] c", "[", "[12", "x[1234]", "[]", "see [2"])
def test_what_is_no_marker_stays(text: str) -> None:
    numbers = CitationNumbers(PASSAGES)

    assert numbers.feed(text) + numbers.finish() == text


@given(cuts=st.lists(st.integers(0, 34), max_size=10))
def test_it_does_not_matter_where_the_pieces_are_cut(cuts: list[int]) -> None:
    text = "Free [4]. Two days [2], really [4]."
    numbers = CitationNumbers(PASSAGES)
    edges = [0, *sorted(cuts), len(text)]

    shown = "".join(numbers.feed(text[start:end]) for start, end in pairwise(edges))

    assert shown + numbers.finish() == "Free [1]. Two days [2], really [1]."


def test_after_a_restart_numbering_begins_anew() -> None:
    numbers = CitationNumbers(PASSAGES)
    numbers.feed("Free [4]. Two [")

    numbers.restart()

    assert numbers.feed("Two days [2].") == "Two days [1]."
