"""Measures a part of the product on judged data: `evaluate SUITE …` runs the product's own code, never a copy of it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from apps.accounts import services as account_services
from apps.core import tenancy
from apps.core.errors import SuiteError
from apps.knowledge.services import evaluating

Metrics = dict[str, float]


@dataclass(frozen=True, slots=True)
class Suite:
    """One kind of evaluation: its arguments, and what runs it."""

    help: str
    add_arguments: Callable[[CommandParser], None]
    run: Callable[[dict[str, Any]], Metrics]


class Command(BaseCommand):
    help = "Evaluate a part of the product on files given by path; prints a table."

    def add_arguments(self, parser: CommandParser) -> None:
        suites = parser.add_subparsers(dest="suite", required=True, metavar="SUITE")
        for name, suite in SUITES.items():
            suite_parser = suites.add_parser(name, help=suite.help)
            suite_parser.add_argument("--json", type=Path, metavar="FILE", help="write the metrics there, too")
            suite.add_arguments(suite_parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            metrics = SUITES[options["suite"]].run(options)
        except SuiteError as error:
            raise CommandError(error.message) from error
        for name, value in metrics.items():
            self.stdout.write(f"{name:<14}{value:>10.4f}" if value < 10 else f"{name:<14}{value:>10.1f}")
        if options["json"]:
            options["json"].write_text(json.dumps(metrics, indent=1) + "\n")


def _add_retrieval_arguments(parser: CommandParser) -> None:
    parser.add_argument("--corpus", type=Path, required=True, help="jsonl: id, title, text")
    parser.add_argument("--queries", type=Path, required=True, help="jsonl: id, text")
    parser.add_argument("--qrels", type=Path, required=True, help="csv: query_id, doc_id, relevance")
    parser.add_argument("--locale", default="en", metavar="xx", help="the corpus's language")


def _run_retrieval(options: dict[str, Any]) -> Metrics:
    # An organisation of its own, so that neither sees the other; gone afterwards.
    organisation = account_services.save_organisation(slug=f"evaluation-{os.getpid()}", name="Evaluation")
    try:
        with tenancy.scope(organisation.id):
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
    finally:
        organisation.delete()


SUITES = {
    "retrieval": Suite("search on a judged corpus", _add_retrieval_arguments, _run_retrieval),
}
