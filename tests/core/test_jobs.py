"""Jobs as rows: written with the work, rung after commit, claimed by one worker, never lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import shared_task
from django.db import connection, connections, transaction
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from apps.core import clock, jobs, tenancy
from apps.core.models import Job
from tests.core.factories import (
    NOTE,
    QUEUE,
    broker_away,
    claim_job,
    count_rings,
    enqueue_note,
    let_lease_run_out,
    make_job,
    read_counter,
)

CONCURRENT_CLAIMS = 8


# Enqueueing ------------------------------------------------------------------------------------------------


def test_a_job_keeps_its_ids_as_text_and_the_organisation_in_scope(db: None) -> None:
    organisation_id, document_id = uuid4(), uuid4()

    with tenancy.scope(organisation_id):
        job = jobs.enqueue(NOTE, document_id=document_id, page=3)

    stored = Job.objects.get(id=job.id)
    assert stored.name == NOTE
    assert stored.organisation_id == organisation_id
    assert stored.arguments == {"document_id": str(document_id), "page": 3}
    assert (stored.fence, stored.attempts, stored.lease_until, stored.dead_at) == (0, 0, None, None)


def test_a_job_outside_a_scope_belongs_to_nobody(db: None) -> None:
    job = jobs.enqueue(NOTE)

    assert Job.objects.get(id=job.id).organisation_id is None


def test_a_job_that_no_app_defines_is_refused(db: None) -> None:
    with pytest.raises(jobs.UnknownJob, match="unheard_of"):
        jobs.enqueue("tests.unheard_of")

    assert Job.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_job_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match=NOTE):
        jobs.enqueue(NOTE)

    assert Job.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queue")
def test_the_queue_is_rung_only_after_commit() -> None:
    with transaction.atomic():
        jobs.enqueue(NOTE)
        rings_before_commit = count_rings()

    assert rings_before_commit == 0
    assert count_rings() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queue")
def test_a_rolled_back_job_neither_exists_nor_rings() -> None:
    with transaction.atomic():
        jobs.enqueue(NOTE)
        transaction.set_rollback(True)

    assert Job.objects.count() == 0
    assert count_rings() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queue")
def test_a_job_for_later_is_not_rung_and_cannot_be_claimed_yet() -> None:
    job = enqueue_note(run_at=datetime.now(UTC) + timedelta(hours=1))

    assert count_rings() == 0
    assert jobs.claim(job.id) is None
    assert jobs.ring_due_jobs() == 0


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_loses_the_ring_but_not_the_job() -> None:
    failed_before = read_counter("switchboard_job_rings_failed_total")

    with broker_away():
        job = enqueue_note()

    assert Job.objects.filter(id=job.id).exists()
    assert read_counter("switchboard_job_rings_failed_total") == failed_before + 1


def test_a_broker_that_is_away_keeps_nobody_waiting(db: None) -> None:
    started = clock.monotonic()

    with broker_away():
        rung = jobs.ring(uuid4(), NOTE)

    assert rung is False
    assert clock.monotonic() - started < 1


@pytest.mark.usefixtures("empty_queue")
def test_a_sweep_ends_with_the_first_ring_that_fails(db: None) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    Job.objects.bulk_create([Job(name=NOTE, ring_at=past) for _ in range(5)])
    failed_before = read_counter("switchboard_job_rings_failed_total")

    with broker_away():
        jobs.ring_due_jobs()

    assert read_counter("switchboard_job_rings_failed_total") == failed_before + 1


# Claiming --------------------------------------------------------------------------------------------------


def test_a_claim_carries_what_the_task_needs(db: None) -> None:
    organisation_id = uuid4()
    job = make_job(organisation_id=organisation_id, arguments={"page": 3})

    claim = claim_job(job)

    assert claim == jobs.Claim(job.id, 1, 1, NOTE, organisation_id, {"page": 3})


def test_a_claimed_job_is_held_for_six_seconds(db: None) -> None:
    job = make_job()

    claim_job(job)

    held = Job.objects.annotate(clock=Now()).get(id=job.id)
    assert timedelta(seconds=5) < held.lease_until - held.clock < timedelta(seconds=6)  # type: ignore[operator]
    assert jobs.claim(job.id) is None


def test_a_job_whose_lease_ran_out_is_claimed_with_a_higher_fence(db: None) -> None:
    job = make_job()
    claim_job(job)
    let_lease_run_out(job.id)

    second = claim_job(job)

    assert (second.fence, second.attempt) == (2, 2)


def test_dead_and_finished_jobs_cannot_be_claimed(db: None) -> None:
    dead, finished = make_job(dead_at=datetime.now(UTC)), make_job()
    jobs.complete(claim_job(finished))

    assert jobs.claim(dead.id) is None
    assert jobs.claim(finished.id) is None
    assert jobs.claim(uuid4()) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_exactly_one_gets_a_job() -> None:
    for _ in range(10):
        job = make_job()
        start = Barrier(CONCURRENT_CLAIMS)

        with ThreadPoolExecutor(CONCURRENT_CLAIMS) as pool:
            claims = list(pool.map(lambda _: _claim_at_once(job.id, start), range(CONCURRENT_CLAIMS)))  # noqa: B023

        assert [claim.fence for claim in claims if claim is not None] == [1]


def _claim_at_once(job_id: UUID, start: Barrier) -> jobs.Claim | None:
    start.wait(timeout=10)
    try:
        return jobs.claim(job_id)
    finally:
        connections.close_all()


def test_a_job_that_kills_its_worker_every_time_is_buried(db: None) -> None:
    job = make_job()
    for _ in range(jobs.MAX_ATTEMPTS):
        claim_job(job)
        let_lease_run_out(job.id)

    assert jobs.claim(job.id) is None
    assert Job.objects.get(id=job.id).dead_at is not None


# Renewing --------------------------------------------------------------------------------------------------


def test_renewing_extends_the_lease_of_what_is_still_ours(db: None) -> None:
    mine, lost = make_job(), make_job()
    held, stale = claim_job(mine), claim_job(lost)
    let_lease_run_out(lost.id)
    claim_job(lost)
    Job.objects.update(lease_until=Now() + timedelta(seconds=1))

    ours = jobs.renew([held, stale])

    assert ours == {mine.id}
    leases = dict(Job.objects.values_list("id", "lease_until"))
    assert leases[mine.id] - leases[lost.id] > timedelta(seconds=4)  # type: ignore[operator]


def test_renewing_nothing_asks_nothing(django_assert_num_queries: DjangoAssertNumQueries, db: None) -> None:
    with django_assert_num_queries(0):
        assert jobs.renew([]) == set()


def test_a_renewed_job_cannot_be_taken(db: None) -> None:
    job = make_job()
    claim = claim_job(job)
    let_lease_run_out(job.id)

    jobs.renew([claim])

    assert jobs.claim(job.id) is None


# Ending ----------------------------------------------------------------------------------------------------


def test_a_completed_job_is_gone(db: None) -> None:
    job = make_job()

    assert jobs.complete(claim_job(job)) is True
    assert Job.objects.count() == 0
    assert jobs.is_open(job.id) is False


def test_whoever_lost_the_lease_can_no_longer_change_the_job(db: None) -> None:
    job = make_job()
    stale = claim_job(job)
    let_lease_run_out(job.id)
    claim_job(job)
    before = Job.objects.values().get(id=job.id)

    completed = jobs.complete(stale)
    jobs.postpone(stale, seconds=60, error="late")
    jobs.bury(stale, error="late")

    assert completed is False
    assert Job.objects.values().get(id=job.id) == before


def test_burying_a_job_that_another_worker_holds_is_not_counted_as_dead(db: None) -> None:
    job = make_job()
    stale = claim_job(job)
    let_lease_run_out(job.id)
    claim_job(job)
    dead_before = read_counter("switchboard_jobs_dead_total", name=NOTE)

    jobs.bury(stale, error="late")

    assert read_counter("switchboard_jobs_dead_total", name=NOTE) == dead_before


def test_a_postponed_job_is_free_but_not_due(db: None) -> None:
    job = make_job()

    jobs.postpone(claim_job(job), seconds=60, error="model.away")

    stored = Job.objects.annotate(clock=Now()).get(id=job.id)
    assert stored.lease_until is None
    assert stored.run_at == stored.ring_at
    assert timedelta(seconds=59) < stored.run_at - stored.clock < timedelta(seconds=60)
    assert (stored.attempts, stored.last_error, stored.dead_at) == (1, "model.away", None)
    assert jobs.claim(job.id) is None


def test_a_postponed_job_can_be_claimed_when_its_time_has_come(db: None) -> None:
    job = make_job()

    jobs.postpone(claim_job(job), seconds=0)

    assert claim_job(job).attempt == 2


def test_waiting_that_is_nobodys_failure_never_counts(db: None) -> None:
    job = make_job()
    for _ in range(jobs.MAX_ATTEMPTS * 2):
        jobs.postpone(claim_job(job), seconds=0, counts=False, error="another run is answering")

    stored = Job.objects.get(id=job.id)
    assert (stored.attempts, stored.dead_at) == (0, None)


def test_the_last_failed_attempt_buries_the_job(db: None) -> None:
    job = make_job()
    dead_before = read_counter("switchboard_jobs_dead_total", name=NOTE)
    for _ in range(jobs.MAX_ATTEMPTS - 1):
        jobs.postpone(claim_job(job), seconds=0, error="model.away")
    open_before_last = jobs.is_open(job.id)

    jobs.postpone(claim_job(job), seconds=0, error="model.away")

    stored = Job.objects.get(id=job.id)
    assert open_before_last is True
    assert jobs.is_open(job.id) is False
    assert (stored.attempts, stored.last_error, stored.lease_until) == (12, "model.away", None)
    assert read_counter("switchboard_jobs_dead_total", name=NOTE) == dead_before + 1


def test_a_long_error_is_cut_to_its_column(db: None) -> None:
    postponed, buried = make_job(), make_job()

    jobs.postpone(claim_job(postponed), seconds=0, error="x" * 500)
    jobs.bury(claim_job(buried), error="x" * 500)

    assert set(Job.objects.values_list("last_error", flat=True)) == {"x" * 200}


# Sweeping --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("empty_queue")
def test_a_ring_that_nobody_answered_is_repeated(db: None) -> None:
    make_job(ring_at=datetime.now(UTC) - timedelta(seconds=1))

    assert jobs.ring_due_jobs() == 1
    assert count_rings() == 1


@pytest.mark.usefixtures("empty_queue")
def test_a_job_rung_a_moment_ago_is_left_alone(db: None) -> None:
    make_job()
    jobs.ring_due_jobs()

    assert jobs.ring_due_jobs() == 0
    assert count_rings() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queue")
def test_a_fresh_job_is_rung_by_its_transaction_not_by_the_sweeper() -> None:
    enqueue_note()

    assert jobs.ring_due_jobs() == 0
    assert count_rings() == 1


@pytest.mark.usefixtures("empty_queue")
def test_held_dead_and_later_jobs_are_not_rung(db: None) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    claim_job(make_job(ring_at=past))
    make_job(ring_at=past, dead_at=past)
    make_job(ring_at=past, run_at=datetime.now(UTC) + timedelta(hours=1))

    assert jobs.ring_due_jobs() == 0
    assert count_rings() == 0


@pytest.mark.usefixtures("empty_queue")
def test_a_job_whose_worker_died_is_rung_again(db: None) -> None:
    job = make_job(ring_at=datetime.now(UTC) - timedelta(minutes=1))
    claim_job(job)
    let_lease_run_out(job.id)

    assert jobs.ring_due_jobs() == 1
    assert count_rings() == 1


@pytest.mark.usefixtures("empty_queue")
def test_a_job_that_no_app_defines_any_more_does_not_silence_the_others(db: None) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    Job.objects.create(name="tests.removed_long_ago", ring_at=past - timedelta(minutes=1))
    make_job(ring_at=past)

    jobs.ring_due_jobs()

    assert count_rings() == 1


@pytest.mark.usefixtures("empty_queue")
def test_a_sweep_takes_at_most_500_the_longest_waiting_first(db: None) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    rows = [Job(name=NOTE, ring_at=past + timedelta(seconds=number)) for number in range(501)]
    Job.objects.bulk_create(rows)

    assert jobs.ring_due_jobs() == 500
    assert Job.objects.get(ring_at__lt=datetime.now(UTC)).id == rows[-1].id


@pytest.mark.usefixtures("empty_queue")
def test_a_sweep_takes_at_most_500_whatever_plan_the_database_chooses(db: None) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    Job.objects.bulk_create([Job(name=NOTE, ring_at=past) for _ in range(501)])
    # With these it compares row by row, and would ask the inner query anew for each.
    ways = ("hashjoin", "mergejoin", "hashagg", "sort", "material")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET LOCAL enable_{way} = off" for way in ways))

    assert jobs.ring_due_jobs() == 500


# Names -----------------------------------------------------------------------------------------------------


def test_a_task_is_found_by_its_name() -> None:
    assert jobs.find_task(NOTE).name == NOTE


def test_a_ring_goes_to_the_queue_of_its_task(empty_queue: None) -> None:
    assert jobs.ring(uuid4(), NOTE) is True
    assert count_rings() == 1


def test_a_message_carries_the_jobs_id_only_whatever_its_task_wants_to_know(empty_queue: None) -> None:
    assert jobs.ring(uuid4(), "tests.note_page") is True
    assert count_rings() == 1


@shared_task(name="tests.second_note", queue=QUEUE)
def second_note(**_later: Any) -> None:
    """Do nothing; a second name."""


def test_a_claim_names_its_own_task(db: None) -> None:
    job = Job.objects.create(name="tests.second_note")

    assert claim_job(job).name == "tests.second_note"
