"""Measures a part of the product on judged data: `evaluate SUITE …` runs the product's own code, never a copy of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import SuiteError
from apps.ops.management.suites import merkle, pii, retrieval

SUITES = {suite.name: suite for suite in (merkle.SUITE, pii.SUITE, retrieval.SUITE)}


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
            if isinstance(value, int | float):
                self.stdout.write(f"{name:<14}{_show(value)}")
        for name, value in metrics.items():
            if isinstance(value, Mapping):
                self._write_table(name, value)
        if options["json"]:
            options["json"].write_text(json.dumps(metrics, indent=1) + "\n")

    def _write_table(self, name: str, rows: Mapping[str, Any]) -> None:
        """Write a nested table: one row a name, one column a number."""
        self.stdout.write(f"\n{name}")
        for row, values in rows.items():
            numbers = values if isinstance(values, Mapping) else {"": values}
            self.stdout.write(f"  {row:<26}" + "".join(f"{_show(value)} {key:<9}" for key, value in numbers.items()))


def _show(value: float) -> str:
    return f"{value:>10.4f}" if value < 10 else f"{value:>10.1f}"
