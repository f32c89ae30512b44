"""How long from Enter to the first streamed text, and where does the time go?

``python -m bench`` asks a suite of its own (or, with ``--var``, the one that runs on that folder) 200 questions as
customers do, over the socket, one after the other; it compares with what the same machine needs at least: an echo
over the same socket, and one INSERT with COMMIT through Django.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench import answering
from bench.measuring import Percentiles, describe_machine
from launcher.layout import PROJECT, Layout, is_locked
from launcher.session import read_own_state
from tests.journeys.suite import Suite, clear_folder, running_suite

TARGET_MS = 300.0
IDLE_LOAD = 0.5


def main() -> int:
    """Print the table; exit status 1 if the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--var", type=Path, help="data folder of a running suite to measure instead of an own one")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    busy = os.getloadavg()[0]
    with _suite(options.var) as suite:
        answers, echoes = asyncio.run(answering.ask_questions(suite, _questions(options.questions)))
        rows, commits = answering.read_stages(suite, answers)
    table = {name: Percentiles.of([row[name] for row in rows]) for name in rows[0]}
    floors = {"echo over the socket": Percentiles.of(echoes), "INSERT and COMMIT": Percentiles.of(commits)}
    _print(table, floors, count=len(rows), busy=busy)
    if options.json:
        figures = {"machine": describe_machine(), "load": busy, "questions": len(rows)}
        parts = {"stages": table, "floors": floors}
        shown = {part: {name: asdict(row) for name, row in found.items()} for part, found in parts.items()}
        options.json.write_text(json.dumps(figures | shown, indent=2) + "\n")
    return 0 if table[answering.FIRST_TEXT].p95 <= TARGET_MS else 1


@contextlib.contextmanager
def _suite(given: Path | None) -> Iterator[Suite]:
    if given is None:
        print("Starting a suite …", file=sys.stderr)
        folder = PROJECT / "var" / "bench"
        clear_folder(folder)
        with running_suite(folder) as suite:
            yield suite
        return
    layout = Layout.of(given)
    if not is_locked(layout.lock("up")):
        raise SystemExit(f"No suite runs on {given}.")
    yield Suite(layout.folder, str(read_own_state(layout)["address"]), dict(os.environ))


def _questions(count: int) -> list[str]:
    rows = [json.loads(line) for line in (PROJECT / "demo" / "questions.jsonl").read_text().splitlines()]
    return [rows[number % len(rows)]["question"] for number in range(count)]


def _print(table: dict[str, Percentiles], floors: dict[str, Percentiles], *, count: int, busy: float) -> None:
    print(f"{count} questions, one after the other; {describe_machine()}")
    if busy > IDLE_LOAD:
        print(f"NOTE: the machine was not idle (load {busy:.1f}); the figures are too high.")
    print(f"\n{'milliseconds':<44}{'p50':>9}{'p95':>9}{'p99':>9}")
    for name, row in table.items():
        print(f"{name:<44}{row.p50:>9.1f}{row.p95:>9.1f}{row.p99:>9.1f}")
    print("\nwhat this machine needs at least")
    for name, row in floors.items():
        print(f"{name:<44}{row.p50:>9.1f}{row.p95:>9.1f}{row.p99:>9.1f}")
    echo, commit = floors.values()
    first, accepted = table[answering.FIRST_TEXT], table[answering.ACCEPTED]
    print(f"\naccepted : echo + commit      {accepted.p50 / (echo.p50 + commit.p50):8.1f} times at the median")
    print(f"first text : echo             {first.p50 / echo.p50:8.1f} times at the median")
    verdict = "met" if first.p95 <= TARGET_MS else "MISSED"
    print(f"first text, p95: {first.p95:.0f} ms of {TARGET_MS:.0f} ms allowed: {verdict}")


if __name__ == "__main__":
    sys.exit(main())
