"""What of an answer may be shown."""

import pytest

from apps.ai.pipeline.check import UNGROUNDED_CONFIDENCE, check
from tests.ai.factories import grounding, passage, written


def test_citations_carry_their_passages() -> None:
    first, second = passage(4, "Free above £40.", title="Fees"), passage(2, "Two days.")

    verdict = check(written("Free above £40 [1]. Two days [2].", first, second), grounding(second, first))

    assert [(citation.n, citation.title) for citation in verdict.citations] == [(1, "Fees"), (2, "Delivery")]
    assert verdict.citations[0].passage_id == first.passage_id
    assert (verdict.outcome, verdict.confidence) == ("answered", 0.9)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See https://evil.example/x [1]", "See  [1]"),
        ("See [our page](https://evil.example/?q=secret) [1]", "See our page [1]"),
        ("See https://acme.example/help. [1]", "See https://acme.example/help. [1]"),
        ("See [help](https://acme.example/help) [1]", "See [help](https://acme.example/help) [1]"),
        ("[x](javascript:alert(1)) [1]", "x) [1]"),
    ],
)
def test_links_are_kept_only_when_a_passage_has_them(text: str, shown: str) -> None:
    source = passage(1, "More at https://acme.example/help for you.")

    verdict = check(written(text, source), grounding(source))

    assert verdict.text == shown


def test_an_answer_without_citations_counts_as_not_found() -> None:
    verdict = check(written("I believe it is two days."), grounding(passage(1, "Two days.")))

    assert verdict.outcome == "not_found"
    assert verdict.confidence == UNGROUNDED_CONFIDENCE


def test_small_talk_is_neither_answered_nor_missing() -> None:
    assert check(written("Hello!", finish="small_talk"), grounding()).outcome == "small_talk"


def test_a_hostile_answer_is_checked_in_linear_time() -> None:
    text = "[" * 20_000 + "](" * 20_000 + "https://" * 5_000

    verdict = check(written(text), grounding(passage(1, "Two days.")))

    assert verdict.citations == ()
