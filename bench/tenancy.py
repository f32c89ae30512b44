"""What does it cost that the database keeps organisations apart?

``python -m bench.tenancy`` fills a database of its own with four organisations and does the same work by turns with and
without the wall: without policies, and without the scope in front of each statement. Both are timed one right after
the other, in changing order, so that a disturbance meets both; the ratio is the median over these pairs, with its
quartiles. Also prints how the search's statements are planned.
Exit status 1 if a search gets slower by more than a tenth.
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench.measuring import describe_machine
from launcher.embedded import running

TARGET_SEARCH = 1.10


def main() -> int:
    """Print a line per kind of work."""
    parser = argparse.ArgumentParser(prog="python -m bench.tenancy", description=__doc__)
    parser.add_argument("--passages", type=int, default=12_000, help="of the largest organisation; beyond 10,000 "
                        "its search walks the graph")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as urls:
        os.environ.update(
            VAR_DIR=name,
            DATABASE_URL=urls.database_url,
            DATABASE_OWNER_URL=urls.database_owner_url,
            REDIS_URL=urls.redis_url,
            CACHE_URL=urls.cache_url,
            KNOWLEDGE_ENCODER="wordllama",
            DJANGO_SETTINGS_MODULE="config.settings",
        )
        import django

        django.setup()
        # Only now: models cannot be imported before the settings are known.
        from bench import tenancy_inside

        print("Filling …", file=sys.stderr)
        tenancy_inside.fill(options.passages)
        rows = tenancy_inside.measure(options.rounds)
        plans = tenancy_inside.explain()
    for row in rows:
        ratio = f"x {row.ratio:.3f} ({row.low:.3f} to {row.high:.3f})"
        print(f"{row.name:<44} {row.without:8.3f} ms  {row.within:8.3f} ms  {ratio}")
    for title, plan in plans.items():
        print(f"\n{title}\n{plan}")
    if options.json:
        figures = {"machine": describe_machine(), "work": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(row.ratio <= TARGET_SEARCH for row in rows if row.name.startswith("search")) else 1


if __name__ == "__main__":
    sys.exit(main())
