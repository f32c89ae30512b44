"""Imports articles from a file or folder into an organisation's knowledge base."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from apps.accounts import selectors as account_selectors
from apps.core import tenancy
from apps.core.errors import SuiteError
from apps.knowledge.services import importing, reading

BAD_ROWS_SHOWN = 20


class Command(BaseCommand):
    help = "Import jsonl or csv rows (id, title, text), or a folder of md and html files. Run it again to continue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument("--org", required=True, metavar="SLUG", help="the organisation's short name")
        parser.add_argument("--source", metavar="NAME", help="the source's name; the file's name if not given")
        parser.add_argument("--locale", metavar="xx", help="of documents that do not say; else the organisation's")
        for name in ("id", "title", "text"):
            parser.add_argument(f"--{name}-field", metavar="COLUMN", help=f"the column that holds the {name}")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        try:
            organisation = account_selectors.get_organisation_by_slug(options["org"])
            reading_options = reading.ReadingOptions(
                locale=options["locale"] or organisation.locale,
                fields={name: options[f"{name}_field"] for name in ("id", "title", "text") if options[f"{name}_field"]},
            )
            with (
                tenancy.scope(organisation.id),
                tqdm(total=reading.count_rows(path), unit="row", smoothing=0.1, disable=None) as bar,
            ):
                summary = importing.import_documents(
                    source_name=options["source"] or path.resolve().name,
                    path=path,
                    options=reading_options,
                    progress=bar.update,
                )
        except SuiteError as error:
            raise CommandError(error.message) from error
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. What was imported so far is kept; run the same command to continue."
            ) from None
        self._report(summary)

    def _report(self, summary: importing.ImportSummary) -> None:
        for place, reason in summary.bad[:BAD_ROWS_SHOWN]:
            self.stderr.write(f"skipped {place}: {reason}")
        if summary.bad_count > BAD_ROWS_SHOWN:
            self.stderr.write(f"… and {summary.bad_count - BAD_ROWS_SHOWN} more rows skipped")
        self.stdout.write(
            f"{summary.added} added, {summary.changed} changed, {summary.unchanged} unchanged, {summary.bad_count} bad"
            f" ({summary.passages} passages written)"
        )
