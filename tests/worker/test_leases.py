"""Who keeps a running job ours."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import F
from django.db.models.functions import Now

from apps.core import jobs
from apps.core.models import Job
from tests.core.factories import claim_job, let_lease_run_out, make_job
from tests.core.waiting import wait_until
from worker.leases import LeaseKeeper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew often."""
    monkeypatch.setattr(jobs, "RENEW_SECONDS", 0.02)


def _is_held(job_id: UUID) -> bool:
    return Job.objects.filter(id=job_id, lease_until__gt=Now() + timedelta(seconds=5)).exists()


def _held(*job_ids: UUID) -> Callable[[], bool]:
    return lambda: all(_is_held(job_id) for job_id in job_ids)


def test_a_lease_is_renewed_again_and_again_inside_the_block() -> None:
    job = make_job()
    claim = claim_job(job)

    with LeaseKeeper().holding(claim):
        for _ in range(3):
            let_lease_run_out(job.id)
            wait_until(_held(job.id))


def test_all_held_leases_are_renewed() -> None:
    first, second = make_job(), make_job()
    keeper = LeaseKeeper()

    with keeper.holding(claim_job(first)), keeper.holding(claim_job(second)):
        Job.objects.update(lease_until=Now() - timedelta(seconds=1))
        wait_until(_held(first.id, second.id))


def test_a_lease_is_left_alone_after_the_block() -> None:
    released, kept = make_job(), make_job()
    keeper = LeaseKeeper()

    with keeper.holding(claim_job(kept)):
        with keeper.holding(claim_job(released)):
            pass
        Job.objects.update(lease_until=Now() - timedelta(seconds=1))
        wait_until(_held(kept.id))

    assert not _is_held(released.id)


def test_a_keeper_is_used_again_after_it_held_nothing() -> None:
    keeper, job = LeaseKeeper(), make_job()
    with keeper.holding(claim_job(make_job())):
        pass

    with keeper.holding(claim_job(job)):
        let_lease_run_out(job.id)
        wait_until(_held(job.id))


def test_a_lease_that_another_worker_took_is_not_renewed_and_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    job, other = make_job(), make_job()
    keeper, claim = LeaseKeeper(), claim_job(job)
    Job.objects.filter(id=job.id).update(fence=F("fence") + 1)
    let_lease_run_out(job.id)

    with keeper.holding(claim), keeper.holding(claim_job(other)):
        let_lease_run_out(other.id)
        wait_until(_held(other.id))
        wait_until(lambda: "lease.lost" in caplog.text)

    assert not _is_held(job.id)


def test_a_renewal_the_database_refuses_does_not_end_the_keeper(caplog: pytest.LogCaptureFixture) -> None:
    job = make_job()
    keeper, claim = LeaseKeeper(), claim_job(job)
    beyond_integer = jobs.Claim(job.id, 2**40, 1, job.name, None, {})

    with keeper.holding(beyond_integer):
        wait_until(lambda: "lease.renewal_failed" in caplog.text)
    let_lease_run_out(job.id)
    with keeper.holding(claim):
        wait_until(_held(job.id))
