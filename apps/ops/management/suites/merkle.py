"""Are proofs about the audit log judged right? Test vectors of inclusion and consistency."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from apps.audit.services import evaluating
from apps.ops.management.suites.types import Metrics, Suite


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--cases",
        type=Path,
        required=True,
        help="jsonl: leafIdx, treeSize, root, leafHash, proof | size1, size2, root1, root2, proof; each with wantErr",
    )


def _run(options: dict[str, Any]) -> Metrics:
    return evaluating.evaluate_cases(cases=options["cases"])


SUITE = Suite("merkle", "verdicts on proofs of the audit log", _add_arguments, _run)
