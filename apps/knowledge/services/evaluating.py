"""How good is the search? Measured with judged questions, through the same calls that answer a customer."""

import csv
import json
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from apps.core import clock
from apps.knowledge.errors import EvaluationUnreadable
from apps.knowledge.selectors import documents as document_selectors
from apps.knowledge.services import importing, indexing, reading, searching

SOURCE = "evaluation"
# How deep a ranking is looked at for the average precision.
DEPTH = 100
REMOVED_AT_ONCE = 500

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """A question and the documents that answer it, with their grades above 0."""

    text: str
    relevant: dict[str, float]


def evaluate_retrieval(
    *, corpus: Path, queries: Path, qrels: Path, locale: str = "en", progress: Progress = lambda _stage, _steps: None
) -> dict[str, float]:
    """Import ``corpus`` into the organisation in scope and search it with every judged query; returns the metrics.

    The organisation should be empty and is left with the corpus in it. Raises ``EvaluationUnreadable`` and what
    importing raises.
    """
    judged = read_judged(queries=queries, qrels=qrels)
    importing.import_documents(
        source_name=SOURCE,
        path=corpus,
        options=reading.ReadingOptions(locale=locale),
        progress=lambda rows: progress("import", rows),
    )
    names = {
        document_id: name for name, document_id in document_selectors.list_document_ids(source_name=SOURCE).items()
    }
    rankings, milliseconds = [], []
    for question in judged:
        started = clock.monotonic()
        result = searching.search_passages(query=question.text, limit=DEPTH)
        milliseconds.append((clock.monotonic() - started) * 1000)
        rankings.append(_documents_of(result.hits, names))
        progress("search", 1)
    metrics = measure([question.relevant for question in judged], rankings)
    return {**metrics, "ms_per_query": statistics.fmean(milliseconds)}


def remove_corpus() -> None:
    """Take everything out again that ``evaluate_retrieval`` imported into the organisation in scope."""
    ids = list(document_selectors.list_document_ids(source_name=SOURCE).values())
    for start in range(0, len(ids), REMOVED_AT_ONCE):
        indexing.delete_documents(document_ids=ids[start : start + REMOVED_AT_ONCE])


def measure(relevant: Sequence[dict[str, float]], rankings: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the metrics over all questions, fractions of 1: ``rankings`` are document ids, best first."""
    rows = [_measure_one(grades, ranking) for grades, ranking in zip(relevant, rankings, strict=True)]
    return {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}


def read_judged(*, queries: Path, qrels: Path) -> list[Judged]:
    """Return the queries that have a relevant document. Raises ``EvaluationUnreadable``."""
    relevant: dict[str, dict[str, float]] = {}
    try:
        with qrels.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                if float(row["relevance"]) > 0:
                    relevant.setdefault(row["query_id"], {})[row["doc_id"]] = float(row["relevance"])
        judged = [
            Judged(str(query["text"]), relevant[str(query["id"])])
            for query in _json_lines(queries)
            if str(query["id"]) in relevant
        ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise EvaluationUnreadable(f"The queries or judgements cannot be read: {error!r}") from error
    if not judged:
        raise EvaluationUnreadable("No query has a relevant document.")
    return judged


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)


def _documents_of(hits: Iterable[Any], names: dict[UUID, str]) -> list[str]:
    """Return the documents of passages in the order of their best one."""
    return list(dict.fromkeys(names[hit.document_id] for hit in hits))


def _measure_one(grades: dict[str, float], ranking: Sequence[str]) -> dict[str, float]:
    gains = [grades.get(name, 0.0) for name in ranking]
    places = [place for place, gain in enumerate(gains, start=1) if gain > 0]
    ideal = sorted(grades.values(), reverse=True)
    return {
        "hit@1": float(1 in places),
        "hit@5": float(any(place <= 5 for place in places)),
        "recall@10": sum(place <= 10 for place in places) / len(grades),
        "mrr@10": 1 / places[0] if places and places[0] <= 10 else 0.0,
        "ndcg@10": _discounted(gains[:10]) / _discounted(ideal[:10]),
        "map": sum(count / place for count, place in enumerate(places, start=1)) / len(grades),
    }


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))
