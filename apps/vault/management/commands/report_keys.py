"""`manage.py report_keys`: what is under which key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import SuiteError
from apps.vault.services import reporting


class Command(BaseCommand):
    help = "Show how many keys each root key wraps, and for each encrypted column whether it can be read."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            coverage = reporting.report_coverage()
        except SuiteError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("Root keys")
        for version, count in coverage.live_by_root.items():
            self.stdout.write(f"  {version:>6}  wraps {count} keys")
        self.stdout.write("Organisations")
        for one in coverage.organisations:
            self.stdout.write(f"  {one.organisation_id}  {one.live} keys, {one.shredded} shredded")
        self.stdout.write("Encrypted columns")
        for column in coverage.columns:
            self.stdout.write(_describe(column))
        unreadable = sum(column.undecryptable.total() for column in coverage.columns)
        plain = sum(column.plain for column in coverage.columns)
        said = [f"{unreadable} sampled values cannot be read."] if unreadable else []
        said += [f"{plain} rows are not encrypted yet: docs/how-to/keys.md says how."] if plain else []
        if said:
            raise CommandError(" ".join(said))


def _describe(column: reporting.ColumnReport) -> str:
    name = f"{column.table}.{column.column}"
    line = f"  {name:<48}{column.encrypted} encrypted, {column.empty} empty; of {column.sampled} sampled"
    line += f" {column.plain} still in plain text," if column.plain else ""
    line += f" {column.shredded} shredded, {column.undecryptable.total()} unreadable"
    reasons = ", ".join(f"{code} {count}" for code, count in sorted(column.undecryptable.items()))
    return f"{line} ({reasons})" if reasons else line
