"""`manage.py docs [--check]`: the reference pages that come from the code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import data_pages, reference
from config.env import BASE_DIR


class Command(BaseCommand):
    help = "Write the generated pages of docs/ from the code; --check only compares."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail if a page is out of date.")

    def handle(self, *args: Any, **options: Any) -> None:
        pages = {
            BASE_DIR / "docs" / "settings.md": reference.settings_markdown(),
            BASE_DIR / "docs" / "realtime.md": reference.realtime_markdown(),
            BASE_DIR / "docs" / "data-map.md": data_pages.data_map_markdown(),
            BASE_DIR / "docs" / "records-of-processing.md": data_pages.records_markdown(),
        }
        for path, content in pages.items():
            if path.exists() and path.read_text() == content:
                continue
            if options["check"]:
                raise CommandError(f"docs/{path.name} is out of date; run `python manage.py docs`.")
            path.write_text(content)
            self.stdout.write(f"wrote docs/{path.name}")
