"""The evaluation command measures with the product's own code and leaves nothing behind."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.accounts import selectors as account_selectors
from apps.accounts.errors import OrganisationNotFound
from tests.knowledge.factories import make_rows, write_jsonl


def run(*arguments: str) -> str:
    """Run the command and return what it printed."""
    out = StringIO()
    call_command("evaluate", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_search_is_measured_and_leaves_nothing(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_rows(12))
    queries = write_jsonl(
        tmp_path / "queries.jsonl", [{"id": "q1", "text": "locker number 7"}, {"id": "q2", "text": "unjudged"}]
    )
    (tmp_path / "qrels.csv").write_text("query_id,doc_id,relevance\nq1,a7,1\nq2,a1,0\n")
    arguments = ["--corpus", str(corpus), "--queries", str(queries), "--qrels", str(tmp_path / "qrels.csv")]

    out = run("retrieval", *arguments, "--json", str(tmp_path / "metrics.json"))

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert list(metrics) == ["hit@1", "hit@5", "recall@10", "mrr@10", "ndcg@10", "map", "ms_per_query"]
    assert metrics["hit@1"] == metrics["ndcg@10"] == metrics["map"] == 1
    assert metrics["ms_per_query"] > 0
    assert "hit@1             1.0000" in out
    with pytest.raises(OrganisationNotFound):
        account_selectors.get_organisation_by_slug("evaluation")


@pytest.mark.django_db(transaction=True)
def test_judgements_that_cannot_be_read_are_refused_in_a_line(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_rows(1))
    arguments = ["--corpus", str(corpus), "--queries", str(corpus), "--qrels", str(tmp_path / "no")]

    with pytest.raises(CommandError, match="cannot be read"):
        run("retrieval", *arguments)


def test_recognition_is_measured_in_all_and_by_type_and_category(tmp_path: Path) -> None:
    cases = [
        {"text": "Mail ana@example.org", "spans": [{"start": 5, "end": 20, "label": "EMAIL"}], "category": "plain"},
        {"text": "It is late", "spans": [{"start": 0, "end": 2, "label": "EMAIL"}], "category": "odd"},
    ]
    path = write_jsonl(tmp_path / "cases.jsonl", cases)

    out = run("pii", "--cases", str(path), "--json", str(tmp_path / "metrics.json"))

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert (metrics["precision"], metrics["recall"], metrics["f1"]) == (1, 0.5, pytest.approx(2 / 3))
    assert metrics["f2"] == pytest.approx(5 / 9)
    assert metrics["per_type"]["EMAIL"]["count"] == 2
    assert metrics["per_category"]["plain"]["recall"] == 1
    assert metrics["per_category"]["odd"]["recall"] == 0
    assert metrics["ms_per_text"] > 0
    assert "recall            0.5000" in out
    assert "per_category" in out


def test_cases_that_cannot_be_read_are_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("pii", "--cases", str(tmp_path / "nowhere.jsonl"))
