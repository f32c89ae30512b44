"""The circuit breaker: when it opens, whom it lets through, and how it closes."""

import pytest

from apps.ai.providers.openai_compatible.breaker import CircuitBreaker


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    """Return a clock to move by hand."""
    return Watch()


@pytest.fixture
def breaker(watch: Watch) -> CircuitBreaker:
    """Return a closed breaker."""
    return CircuitBreaker(now=watch)


def _record(breaker: CircuitBreaker, outcomes: str) -> None:
    for outcome in outcomes:
        breaker.record(succeeded=outcome == "+")


@pytest.mark.parametrize("outcomes", ["-" * 9, "+-" * 4 + "+", "+" * 6 + "-" * 5, ""])
def test_it_stays_closed_below_ten_calls_or_half_failures(breaker: CircuitBreaker, outcomes: str) -> None:
    _record(breaker, outcomes)

    assert breaker.allows_call()
    assert not breaker.is_open


@pytest.mark.parametrize("outcomes", ["-" * 10, "+" * 5 + "-" * 5, "+-" * 5])
def test_it_opens_when_half_of_ten_calls_failed(breaker: CircuitBreaker, outcomes: str) -> None:
    _record(breaker, outcomes)

    assert breaker.is_open
    assert not breaker.allows_call()


def test_failures_older_than_half_a_minute_are_forgotten(breaker: CircuitBreaker, watch: Watch) -> None:
    _record(breaker, "-" * 9)
    watch.seconds += 31

    _record(breaker, "-" * 9)

    assert not breaker.is_open


def test_one_probe_is_let_through_every_fifteen_seconds(breaker: CircuitBreaker, watch: Watch) -> None:
    _record(breaker, "-" * 10)

    watch.seconds += 14.9
    early = breaker.allows_call()
    watch.seconds += 0.2
    due = [breaker.allows_call() for _ in range(3)]
    watch.seconds += 15.1
    later = [breaker.allows_call() for _ in range(3)]

    assert (early, due, later) == (False, [True, False, False], [True, False, False])


def test_a_probe_that_succeeds_closes_it(breaker: CircuitBreaker, watch: Watch) -> None:
    _record(breaker, "-" * 10)
    watch.seconds += 15.1
    breaker.allows_call()

    _record(breaker, "+")

    assert [breaker.allows_call() for _ in range(3)] == [True, True, True]
    _record(breaker, "-" * 9)
    assert not breaker.is_open


def test_a_probe_that_fails_keeps_it_open_for_another_interval(breaker: CircuitBreaker, watch: Watch) -> None:
    _record(breaker, "-" * 10)
    watch.seconds += 15.1
    breaker.allows_call()

    _record(breaker, "-")

    watch.seconds += 14.9
    assert not breaker.allows_call()
    watch.seconds += 0.2
    assert breaker.allows_call()
