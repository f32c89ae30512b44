"""How well is personal data recognised? Judged texts, recogniser vectors, national numbers and telephone numbers."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from apps.ops.management.suites.types import Metrics, Suite
from apps.privacy.services import evaluating


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--cases",
        type=Path,
        required=True,
        help="jsonl: text, spans | entity, text, expected_len; csv: region, national, e164 | module, value, valid",
    )


def _run(options: dict[str, Any]) -> Metrics:
    with tqdm(desc="read", unit=" texts", leave=False, disable=None) as bar:
        return evaluating.evaluate_cases(cases=options["cases"], progress=bar.update)


SUITE = Suite("pii", "recognition of personal data", _add_arguments, _run)
