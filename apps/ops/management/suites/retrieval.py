"""How good is the search? A judged corpus, imported into an organisation of its own and searched."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from apps.accounts import services as account_services
from apps.core import tenancy
from apps.knowledge.services import evaluating
from apps.ops.management.suites.types import Metrics, Suite


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument("--corpus", type=Path, required=True, help="jsonl: id, title, text")
    parser.add_argument("--queries", type=Path, required=True, help="jsonl: id, text")
    parser.add_argument("--qrels", type=Path, required=True, help="csv: query_id, doc_id, relevance")
    parser.add_argument("--locale", default="en", metavar="xx", help="the corpus's language")


def _run(options: dict[str, Any]) -> Metrics:
    # An organisation of its own, so that neither sees the other; gone afterwards.
    organisation = account_services.save_organisation(slug=f"evaluation-{os.getpid()}", name="Evaluation")
    try:
        with tenancy.scope(organisation.id):
            return _evaluate(options)
    finally:
        with tenancy.scope(organisation.id):
            organisation.delete()


def _evaluate(options: dict[str, Any]) -> Metrics:
    bars: dict[str, tqdm[Any]] = {}

    def advance(stage: str, steps: int) -> None:
        if stage not in bars:
            bars[stage] = tqdm(desc=stage, unit=" rows", leave=False, disable=None)
        bars[stage].update(steps)

    try:
        return evaluating.evaluate_retrieval(
            corpus=options["corpus"],
            queries=options["queries"],
            qrels=options["qrels"],
            locale=options["locale"],
            progress=advance,
        )
    finally:
        for bar in bars.values():
            bar.close()
        evaluating.remove_corpus()


SUITE = Suite("retrieval", "search on a judged corpus", _add_arguments, _run)
