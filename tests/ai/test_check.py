"""What of an answer may be shown."""

import pytest

from apps.ai.pipeline.check import UNGROUNDED_CONFIDENCE, check
from tests.ai.factories import grounding, passage, written


def test_citations_come_in_order_of_first_use_with_their_passages() -> None:
    first, second = passage(1, "Two days."), passage(2, "Free above £40.", title="Fees")

    verdict = check(written("Free above £40 [2]. Two days [1], really [2]."), grounding(first, second))

    assert [(citation.n, citation.title) for citation in verdict.citations] == [(2, "Fees"), (1, "Delivery")]
    assert verdict.citations[0].passage_id == second.passage_id
    assert (verdict.outcome, verdict.confidence) == ("answered", 0.9)


def test_a_marker_that_names_no_passage_is_taken_out() -> None:
    verdict = check(written("Two days [1]. Trust me [9]."), grounding(passage(1, "Two days.")))

    assert verdict.text == "Two days [1]. Trust me ."
    assert verdict.removed == ("citation",)


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
    verdict = check(written(text), grounding(passage(1, "More at https://acme.example/help for you.")))

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
