"""The one place to ask for the time."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ONE = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)

    now = clock.now()

    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


def test_inside_a_reading_now_answers_from_its_source() -> None:
    with clock.reading(lambda: NOON):
        assert clock.now() == NOON


def test_readings_nest_and_end_with_their_block() -> None:
    with clock.reading(lambda: NOON):
        with clock.reading(lambda: ONE):
            assert clock.now() == ONE
        assert clock.now() == NOON

    assert clock.now() > ONE


def test_a_reading_ends_even_when_its_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), clock.reading(lambda: NOON):
        raise ZeroDivisionError

    assert clock.now() != NOON


def test_monotonic_never_goes_backwards() -> None:
    readings = [clock.monotonic() for _ in range(1000)]

    assert readings == sorted(readings)
