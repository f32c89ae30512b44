"""Silent queues are noticed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from apps.core import clock, pulse

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_pulse() -> Iterator[None]:
    """Begin and end without a trace of any worker."""
    queues = ("core:pulse:ai", "core:pulse:bulk", "core:pulse:urgent")
    cache.delete_many(queues)
    yield
    cache.delete_many(queues)


def test_a_queue_that_was_never_served_is_silent() -> None:
    assert pulse.list_silent(["bulk", "ai"]) == ["ai", "bulk"]


def test_a_queue_just_served_is_not_silent() -> None:
    pulse.record("ai")

    assert pulse.list_silent(["ai", "bulk"]) == ["bulk"]


@pytest.mark.parametrize(("age", "silent"), [(0, []), (60, []), (61, ["ai"])])
def test_a_queue_is_silent_after_a_minute(age: int, silent: list[str]) -> None:
    with clock.reading(lambda: NOON):
        pulse.record("ai")

    with clock.reading(lambda: NOON + timedelta(seconds=age)):
        assert pulse.list_silent(["ai"]) == silent


def test_the_patience_can_be_chosen() -> None:
    with clock.reading(lambda: NOON):
        pulse.record("ai")

    with clock.reading(lambda: NOON + timedelta(seconds=10)):
        assert pulse.list_silent(["ai"], seconds=5) == ["ai"]


def test_a_newer_pulse_replaces_an_older_one() -> None:
    with clock.reading(lambda: NOON - timedelta(hours=2)):
        pulse.record("urgent")

    pulse.record("urgent")

    assert pulse.list_silent(["urgent"]) == []
