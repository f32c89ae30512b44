"""Who rings again for jobs that were left behind."""

import pytest
from django.db import Error as DatabaseError

from apps.core import jobs
from tests.core.factories import clear_rings, count_rings, make_job
from tests.core.waiting import wait_until
from worker import sweeping
from worker.sweeping import Sweeper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sweeper(monkeypatch: pytest.MonkeyPatch) -> Sweeper:
    """Return a quick sweeper that is not running yet."""
    monkeypatch.setattr(sweeping, "SWEEP_SECONDS", 0.02)
    return Sweeper()


def test_a_sweep_rings_for_due_jobs() -> None:
    clear_rings()
    make_job()

    sweeping.sweep()

    assert count_rings() == 1
    clear_rings()


def test_a_sweeper_sweeps_at_once_and_again(sweeper: Sweeper) -> None:
    clear_rings()
    make_job()
    sweeper.start()
    try:
        wait_until(lambda: count_rings() == 1)
        make_job()
        wait_until(lambda: count_rings() == 2)
    finally:
        sweeper.stop()
        clear_rings()


def test_a_database_that_is_away_does_not_end_the_sweeping(sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse() -> int:
        asked.append(1)
        raise DatabaseError

    monkeypatch.setattr(jobs, "ring_due_jobs", refuse)
    sweeper.start()
    try:
        wait_until(lambda: len(asked) > 2)
    finally:
        sweeper.stop()
