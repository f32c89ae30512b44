"""What every task gets: its job's lease, scope and log context, and an honest end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from celery import shared_task
from django.db import OperationalError, connection, connections
from django.db.models.functions import Now

from apps.core import errors, jobs, tenancy
from apps.core.models import Job
from tests.core.factories import claim_job, let_lease_run_out, read_counter
from worker.tasks import LONGEST_BACKOFF_SECONDS

ACT = "tests.act"
ORGANISATION_ID = UUID("01890000-0000-7000-8000-00000000aaaa")

pytestmark = pytest.mark.django_db(transaction=True)


class Refused(errors.Invalid):
    code = "tests.refused"


class Away(errors.Unavailable):
    code = "tests.away"


@dataclass
class Stage:
    """What the task of this file does next, and what it met."""

    failure: Exception | None = None
    meanwhile: Callable[[], None] | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)


_stages = [Stage()]


@shared_task(name=ACT, queue="bulk")
def act(*, job_id: UUID | None = None, **later: Any) -> str:
    """Note the circumstances, then do what the test asks for."""
    stage = _stages[0]
    arguments = later if job_id is None else {"job_id": job_id, **later}
    job = None if job_id is None else Job.objects.annotate(clock=Now()).get(id=job_id)
    stage.calls.append(
        {
            "arguments": arguments,
            "scope": tenancy.find_current_organisation_id(),
            "log": dict(structlog.contextvars.get_contextvars()),
            "held": job is not None and job.lease_until is not None and job.lease_until > job.clock,
        }
    )
    if stage.meanwhile is not None:
        stage.meanwhile()
    if stage.failure is not None:
        raise stage.failure
    return "acted"


@pytest.fixture(autouse=True)
def stage() -> Stage:
    """Return the task's instructions, cleared."""
    _stages[0] = Stage()
    return _stages[0]


def _job(**values: Any) -> Job:
    job = Job.objects.create(name=ACT, organisation_id=ORGANISATION_ID, **values)
    job.refresh_from_db()
    return job


def _work_on(job: Job, **surplus: Any) -> Any:
    return jobs.find_task(ACT)(job_id=str(job.id), **surplus)


def _outcomes() -> dict[str, float]:
    names = ("done", "skipped", "postponed", "failed", "crashed")
    return {name: read_counter("switchboard_tasks_total", task=ACT, outcome=name) for name in names}


def _new_outcomes(before: dict[str, float]) -> list[str]:
    return [name for name, count in _outcomes().items() for _ in range(int(count - before[name]))]


def _break_connection() -> None:
    """Let the server end this thread's connection, as a restart would."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


# Running ---------------------------------------------------------------------------------------------------


def test_a_job_is_done_with_its_arguments_and_then_gone(stage: Stage) -> None:
    job, before = _job(arguments={"page": 3}), _outcomes()

    _work_on(job)

    assert [call["arguments"] for call in stage.calls] == [{"job_id": job.id, "page": 3}]
    assert Job.objects.count() == 0
    assert _new_outcomes(before) == ["done"]


def test_arguments_come_from_the_row_and_not_from_the_message(stage: Stage) -> None:
    job = _job(arguments={"page": 3})

    _work_on(job, page=9, surplus=True)

    assert [call["arguments"] for call in stage.calls] == [{"job_id": job.id, "page": 3}]


def test_a_task_runs_in_the_scope_of_its_job_and_leaves_it(stage: Stage) -> None:
    _work_on(_job())

    assert [call["scope"] for call in stage.calls] == [ORGANISATION_ID]
    assert tenancy.find_current_organisation_id() is None


def test_a_job_of_no_organisation_runs_without_a_scope(stage: Stage) -> None:
    _work_on(_job_of_nobody())

    assert [call["scope"] for call in stage.calls] == [None]


def _job_of_nobody() -> Job:
    return Job.objects.create(name=ACT)


def test_log_lines_of_a_task_name_the_task_the_job_and_the_organisation(stage: Stage) -> None:
    job = _job()

    _work_on(job)

    expected = {"task": ACT, "job_id": str(job.id), "organisation_id": str(ORGANISATION_ID)}
    assert stage.calls[0]["log"].items() >= expected.items()
    assert not expected.keys() & structlog.contextvars.get_contextvars().keys()


def test_the_job_is_held_while_the_task_runs(stage: Stage) -> None:
    _work_on(_job())

    assert [call["held"] for call in stage.calls] == [True]


def test_periodic_work_without_a_job_simply_runs(stage: Stage) -> None:
    before = _outcomes()

    answer = jobs.find_task(ACT)(queue="bulk")

    assert answer == "acted"
    assert [call["arguments"] for call in stage.calls] == [{"queue": "bulk"}]
    assert _new_outcomes(before) == []


@pytest.mark.parametrize("failure", [None, Refused(), Away(), ZeroDivisionError()])
def test_a_thread_that_waits_for_its_next_task_holds_no_connection(stage: Stage, failure: Exception | None) -> None:
    job, stage.failure = _job(), failure

    with ThreadPoolExecutor(1) as pool:
        pool.submit(_work_on, job).exception()
        is_connected = pool.submit(lambda: connections["default"].connection is not None).result()

    assert len(stage.calls) == 1
    assert is_connected is False


# Not running -----------------------------------------------------------------------------------------------


def test_a_job_held_by_another_worker_is_skipped(stage: Stage) -> None:
    job, before = _job(), _outcomes()
    claim_job(job)

    _work_on(job)

    assert stage.calls == []
    assert Job.objects.get(id=job.id).fence == 1
    assert _new_outcomes(before) == ["skipped"]


def test_a_message_delivered_twice_is_done_once(stage: Stage) -> None:
    job, before = _job(), _outcomes()

    _work_on(job)
    _work_on(job)

    assert len(stage.calls) == 1
    assert _new_outcomes(before) == ["done", "skipped"]


def test_a_job_not_yet_due_is_skipped(stage: Stage) -> None:
    job = _job()
    Job.objects.update(run_at=Now() + timedelta(hours=1))

    _work_on(job)

    assert stage.calls == []
    assert Job.objects.filter(id=job.id).exists()


# Failing ---------------------------------------------------------------------------------------------------


def test_a_failure_that_no_repetition_cures_ends_the_job(stage: Stage) -> None:
    job, stage.failure, before = _job(), Refused(), _outcomes()

    _work_on(job)

    stored = Job.objects.get(id=job.id)
    assert stored.dead_at is not None
    assert (stored.last_error, stored.lease_until, stored.attempts) == ("tests.refused", None, 1)
    assert _new_outcomes(before) == ["failed"]


def test_a_failure_that_may_pass_is_tried_again_when_it_says(stage: Stage) -> None:
    job, stage.failure, before = _job(), Away(retry_after=30), _outcomes()

    _work_on(job)

    assert _wait_seconds(job) == pytest.approx(30, abs=1)
    assert Job.objects.values_list("last_error", "attempts", "dead_at").get(id=job.id) == ("tests.away", 1, None)
    assert _new_outcomes(before) == ["postponed"]


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (8, 128), (11, 1024)])
def test_without_a_hint_the_pause_doubles(stage: Stage, attempt: int, seconds: float) -> None:
    job, stage.failure = _job(attempts=attempt - 1), Away()

    _work_on(job)

    assert 0.8 * seconds - 1 < _wait_seconds(job) <= 1.2 * seconds


def test_no_pause_is_longer_than_an_hour_and_some_jitter(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_ATTEMPTS", 100)
    job, stage.failure = _job(attempts=40), Away()

    _work_on(job)

    assert 0.8 * LONGEST_BACKOFF_SECONDS - 1 < _wait_seconds(job) <= 1.2 * LONGEST_BACKOFF_SECONDS


def test_a_task_whose_turn_has_not_come_waits_without_counting(stage: Stage) -> None:
    job, before = _job(), _outcomes()
    stage.failure = jobs.Postpone(seconds=20, reason="another run is answering")

    _work_on(job)

    assert _wait_seconds(job) == pytest.approx(20, abs=1)
    assert Job.objects.values_list("last_error", "attempts").get(id=job.id) == ("another run is answering", 0)
    assert _new_outcomes(before) == ["postponed"]


def test_a_crash_surfaces_and_the_job_is_tried_again(stage: Stage) -> None:
    job, stage.failure, before = _job(), ZeroDivisionError("secret words"), _outcomes()

    with pytest.raises(ZeroDivisionError):
        _work_on(job)

    stored = Job.objects.get(id=job.id)
    # Only the type: a message may quote personal data.
    assert (stored.last_error, stored.attempts, stored.lease_until) == ("ZeroDivisionError", 1, None)
    assert 0 < _wait_seconds(job) <= 1.2
    assert _new_outcomes(before) == ["crashed"]
    assert tenancy.find_current_organisation_id() is None


def test_a_job_is_given_back_although_its_database_connection_broke(stage: Stage) -> None:
    job, before = _job(), _outcomes()
    stage.meanwhile = _break_connection

    with pytest.raises(OperationalError):
        _work_on(job)

    stored = Job.objects.get(id=job.id)
    assert (stored.last_error, stored.attempts, stored.lease_until) == ("OperationalError", 1, None)
    assert _new_outcomes(before) == ["crashed"]


def test_a_crash_shows_as_a_failure_in_the_worker(stage: Stage) -> None:
    job, stage.failure = _job(), ZeroDivisionError()

    result = jobs.find_task(ACT).apply(kwargs={"job_id": str(job.id)})

    assert result.state == "FAILURE"
    assert isinstance(result.result, ZeroDivisionError)


@pytest.mark.parametrize("failure", [Away(), ZeroDivisionError()])
def test_the_twelfth_failure_ends_the_job(stage: Stage, failure: Exception) -> None:
    job, stage.failure = _job(attempts=11), failure

    jobs.find_task(ACT).apply(kwargs={"job_id": str(job.id)})

    assert Job.objects.get(id=job.id).dead_at is not None


@pytest.mark.parametrize("failure", [None, Refused(), Away(), ZeroDivisionError()])
def test_whoever_lost_the_lease_changes_nothing_of_the_job(stage: Stage, failure: Exception | None) -> None:
    job, stage.failure = _job(), failure

    def take_over() -> None:
        let_lease_run_out(job.id)
        claim_job(job)

    stage.meanwhile = take_over

    jobs.find_task(ACT).apply(kwargs={"job_id": str(job.id)})

    stored = Job.objects.get(id=job.id)
    assert (stored.fence, stored.attempts, stored.dead_at, stored.last_error) == (2, 2, None, "")
    assert stored.lease_until is not None


def test_a_job_id_that_names_nothing_is_skipped(stage: Stage) -> None:
    jobs.find_task(ACT)(job_id=str(uuid4()))

    assert stage.calls == []


def _wait_seconds(job: Job) -> float:
    stored = Job.objects.annotate(clock=Now()).get(id=job.id)
    assert stored.run_at == stored.ring_at
    return float((stored.run_at - stored.clock).total_seconds())
