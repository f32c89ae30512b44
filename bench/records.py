"""What has the suite written down about its runs, and how long does one commit take? Needs Django set up."""

import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from apps.accounts import selectors as account_selectors
from apps.ai import selectors as ai_selectors
from apps.core import clock, tenancy
from apps.customers.services import visitors as customer_visitors


def read_runs(answer_ids: Iterable[str]) -> dict[str, tuple[float, dict[str, Any]]]:
    """Return start (on ``time.time``) and stages in milliseconds of the runs behind these answers."""
    found = {}
    with tenancy.scope(account_selectors.get_organisation_by_slug("demo").id):
        for answer_id in answer_ids:
            run = ai_selectors.find_run_of_answer(UUID(answer_id))
            if run is not None:
                found[answer_id] = (run.started_at.timestamp(), run.stage_ms)
    return found


def measure_commits(count: int) -> list[float]:
    """Store visitors who never write, one transaction each; returns milliseconds and removes them again."""
    times = []
    with tenancy.scope(account_selectors.get_organisation_by_slug("demo").id):
        for _ in range(count):
            started = time.perf_counter()
            visitor = customer_visitors.create_visitor(now=clock.now())
            times.append((time.perf_counter() - started) * 1000)
            visitor.delete()
    return times
