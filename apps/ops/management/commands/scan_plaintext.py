"""`manage.py scan_plaintext`: search everything that is stored for values that must not stand there in plain text."""

import json
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import SuiteError
from apps.ops.services.scanning import running
from apps.ops.services.scanning.canaries import read_canaries
from apps.ops.services.scanning.databases import list_databases
from apps.ops.services.scanning.places import PlacesOptions, list_places
from apps.ops.services.scanning.running import ScanResult

NOT_SEEN = 2
FOUND = 1
_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Search databases, Valkey, files and logs for sown values in plain text. "
        "Exit status: 0 nothing found, 1 something found, 2 not everything was seen."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--canaries", type=Path, help="values to look for; else canaries.jsonl in VAR_DIR")
        parser.add_argument("--listen", type=float, default=0.0, metavar="SECONDS", help="watch live traffic first")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result here")
        parser.add_argument("--folder", type=Path, action="append", default=[], help="search this folder too")
        parser.add_argument("--server-logs", type=Path, metavar="FOLDER", help="where PostgreSQL writes its log")
        parser.add_argument(
            "--superuser-url-file",
            action="append",
            default=[],
            metavar="DATABASE=FILE",
            help="a file with the URL of a role that sees all statistics and statements",
        )
        parser.add_argument("--without", action="append", default=[], metavar="STORE", help="leave a store out")

    def handle(self, *args: Any, **options: Any) -> None:
        given: Path = options["canaries"] or Path(settings.VAR_DIR) / "canaries.jsonl"
        extent = PlacesOptions(
            folders=tuple(options["folder"]),
            server_logs=options["server_logs"],
            superusers=_read_superusers(options["superuser_url_file"]),
            ignored=(given,),
        )
        try:
            with _leaving_through_the_clean_up():
                result = running.scan(
                    canaries=read_canaries(given),
                    places=list_places(extent),
                    lock=list_databases()[0],
                    listen_seconds=options["listen"],
                    left_out=options["without"],
                    on_progress=self._show_progress if options["verbosity"] else lambda _line: None,
                )
        except SuiteError as error:
            raise CommandError(error.message, returncode=NOT_SEEN) from error
        if options["json"]:
            options["json"].write_text(json.dumps(result.to_json(), indent=1) + "\n")
        self._show(result)
        if result.problems:
            raise CommandError("Not everything was seen: " + "; ".join(result.problems), returncode=NOT_SEEN)
        if result.total_findings:
            raise CommandError(f"{result.total_findings:,} findings.", returncode=FOUND)

    def _show_progress(self, line: str) -> None:
        self.stderr.write(line)

    def _show(self, result: ScanResult) -> None:
        self.stdout.write(f"{'store':<38}{'MB read':>10}{'items':>10}{'controls':>10}{'findings':>10}")
        for store in result.stores:
            seen = f"{sum(store.controls.values())}/{len(store.controls)}"
            size = store.bytes_read / 1e6
            self.stdout.write(f"{store.name:<38}{size:>10.2f}{store.items:>10}{seen:>10}{store.findings:>10}")
            for note in store.opaque:
                self.stdout.write(f"    could not be unpacked: {note}")
        for name, reason in result.out_of_reach.items():
            self.stdout.write(f"{name}: not searched ({reason})")
        for name in result.left_out:
            self.stdout.write(f"{name}: LEFT OUT on request")
        for found in list(result.findings)[:_SHOWN]:
            where = " ".join(part for part in (found.place, found.column, found.row) if part)
            self.stdout.write(f"FOUND {found.canary} ({found.kind}, {found.encoding}) in {found.store}: {where}")
        if result.total_findings > _SHOWN:
            self.stdout.write(f"… {result.total_findings - _SHOWN:,} more; --json FILE keeps up to 50,000")
        self.stdout.write(
            f"{result.canaries:,} canaries, {result.needles:,} needles, {result.seconds:.1f} s, "
            f"{result.total_findings:,} findings"
        )


def _read_superusers(given: list[str]) -> dict[str, str]:
    urls = {}
    for pair in given:
        name, mark, path = pair.partition("=")
        if not mark:
            raise CommandError(f"--superuser-url-file {pair}: DATABASE=FILE is expected.", returncode=NOT_SEEN)
        try:
            urls[name] = Path(path).read_text().strip()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.", returncode=NOT_SEEN) from error
    return urls


@contextmanager
def _leaving_through_the_clean_up() -> Iterator[None]:
    """Let a request to end take the controls away first, as Ctrl-C does."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(NOT_SEEN)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
