"""What happens by the clock, and the settings that no work is lost by."""

from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.cache import cache

from apps.core import pulse
from worker import periodic
from worker.celery import app
from worker.queues import AI, BULK, COMPLIANCE, OUTBOUND, QUEUES, URGENT
from worker.schedule import SCHEDULE
from worker.tasks import SuiteTask

NAMES = [queue.name for queue in QUEUES]


def test_there_are_five_queues() -> None:
    assert NAMES == [URGENT, AI, OUTBOUND, COMPLIANCE, BULK]
    assert NAMES == ["urgent", "ai", "outbound", "compliance", "bulk"]


@pytest.mark.parametrize("entry", SCHEDULE)
def test_periodic_work_that_waited_for_its_successor_is_dropped(entry: str) -> None:
    work = SCHEDULE[entry]

    assert 0 < work["options"]["expires"] <= work["schedule"]


@pytest.mark.parametrize("queue", NAMES)
def test_every_queue_gets_its_own_canary(queue: str) -> None:
    work = SCHEDULE[f"pulse-{queue}"]

    assert work["task"] == "worker.pulse"
    assert (work["kwargs"], work["options"]["queue"]) == ({"queue": queue}, queue)
    # Three canaries may be late before a queue counts as silent.
    assert work["schedule"] * 3 < pulse.SILENCE_SECONDS


def test_the_beat_runs_this_schedule() -> None:
    assert app.conf.beat_schedule == SCHEDULE


def test_a_canary_leaves_its_trace() -> None:
    cache.delete("core:pulse:compliance")

    periodic.record_pulse(queue="compliance")

    assert pulse.list_silent(["compliance"]) == []


def test_a_worker_that_begins_to_consume_counts_at_once() -> None:
    cache.delete_many(["core:pulse:ai", "core:pulse:bulk"])
    consumer = SimpleNamespace(queues=[SimpleNamespace(name="ai")])

    periodic._record_first_pulse(sender=SimpleNamespace(task_consumer=consumer))

    assert pulse.list_silent(["ai", "bulk"]) == ["bulk"]


def test_every_task_of_ours_is_a_suite_task() -> None:
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]

    assert len(ours) > 2
    assert [task.name for task in ours if not isinstance(task, SuiteTask)] == []


def test_a_message_is_acknowledged_only_when_its_work_is_done() -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is True
    assert app.conf.worker_prefetch_multiplier == 1


def test_a_message_is_not_delivered_again_while_its_task_may_still_run() -> None:
    assert app.conf.task_time_limit <= 60
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] > app.conf.task_time_limit


def test_only_json_is_read_from_the_queue() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_a_queue_that_is_not_ours_is_an_error() -> None:
    assert app.conf.task_create_missing_queues is False
