"""The metrics are those of the literature."""

import math

import pytest

from apps.knowledge.services import evaluating


def test_metrics_of_a_known_ranking() -> None:
    relevant = [{"a": 1.0, "b": 1.0}, {"x": 2.0}]
    rankings = [["c", "a", "d", "b"], ["y"]]

    metrics = evaluating.measure(relevant, rankings)

    first_ndcg = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert metrics == {
        "hit@1": 0.0,
        "hit@5": 0.5,
        "recall@10": 0.5,
        "mrr@10": 0.25,
        "ndcg@10": pytest.approx(first_ndcg / 2),
        "map": pytest.approx((1 / 2 + 2 / 4) / 2 / 2),
    }


def test_what_comes_too_late_does_not_count() -> None:
    ranking = [f"d{number}" for number in range(20)]

    metrics = evaluating.measure([{"d10": 1.0}], [ranking])

    assert (metrics["hit@5"], metrics["recall@10"], metrics["mrr@10"], metrics["ndcg@10"]) == (0, 0, 0, 0)
    assert metrics["map"] == pytest.approx(1 / 11)
