"""Waiting: each limit holds within a fraction of a second, however the endpoint dawdles, and cancelling is prompt."""

import threading

import pytest

from apps.ai.errors import ModelRefusedRequest, ModelStalled
from apps.ai.providers.openai_compatible.client import Limits
from apps.core import clock
from tests.ai.providers.drafting import begin, fail, provider_for, read_into
from tests.simulators.model_behaviour import Json
from tests.simulators.model_endpoint import ModelEndpoint

FIRST, GAP, TOTAL = 0.4, 0.25, 0.9
SHORT = Limits(connect_seconds=0.5, first_token_seconds=FIRST, token_gap_seconds=GAP, total_seconds=TOTAL)
# What a loaded machine may add.
SLACK = 0.5


@pytest.mark.parametrize("headers", [True, False], ids=["after the headers", "before the headers"])
def test_no_first_text_in_time_is_a_stall(endpoint: ModelEndpoint, headers: bool) -> None:
    endpoint.control(faults=[{"kind": "stall", "after": 0, "headers": headers}])

    failure = fail(provider_for(endpoint, SHORT))

    assert type(failure.error) is ModelStalled
    assert not failure.error.text_started
    assert FIRST <= failure.seconds < FIRST + SLACK
    assert len(endpoint.requests()) == 1


def test_no_next_text_in_time_is_a_stall(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "stall", "after": 3}], token_gap_ms=1)

    failure = fail(provider_for(endpoint, SHORT))

    assert type(failure.error) is ModelStalled
    assert (failure.said, failure.error.text_started) == ("Refunds take 5", True)
    assert GAP <= failure.seconds < GAP + SLACK


@pytest.mark.parametrize(
    "fault",
    [{"kind": "trickle", "bytes": 1, "gap_ms": 20}, {"kind": "trickle", "bytes": 7, "gap_ms": 150}],
    ids=["byte by byte", "slowly"],
)
def test_a_trickle_of_bytes_does_not_extend_the_wait_for_text(endpoint: ModelEndpoint, fault: Json) -> None:
    endpoint.control(faults=[fault])

    failure = fail(provider_for(endpoint, SHORT))

    assert type(failure.error) is ModelStalled
    assert failure.said == ""
    assert FIRST <= failure.seconds < FIRST + SLACK


def test_keep_alives_and_reasoning_do_not_extend_the_wait_for_text(endpoint: ModelEndpoint) -> None:
    endpoint.control(
        faults=[{"kind": "trickle", "bytes": 4_000, "gap_ms": 50}], dialect={"comments": True, "reasoning": 2_000}
    )

    failure = fail(provider_for(endpoint, SHORT))

    assert type(failure.error) is ModelStalled
    assert FIRST <= failure.seconds < FIRST + SLACK


def test_the_total_holds_while_text_keeps_coming(endpoint: ModelEndpoint) -> None:
    endpoint.control(style="fixed", text="word " * 500, token_gap_ms=20)

    failure = fail(provider_for(endpoint, SHORT))

    assert type(failure.error) is ModelStalled
    assert failure.error.text_started
    assert TOTAL <= failure.seconds < TOTAL + SLACK
    assert endpoint.how_last_ended() == "gone"


def test_the_callers_deadline_holds_while_text_keeps_coming(endpoint: ModelEndpoint) -> None:
    endpoint.control(style="fixed", text="word " * 500, token_gap_ms=20)

    failure = fail(provider_for(endpoint, SHORT), seconds=0.3)

    assert type(failure.error) is ModelStalled
    assert 0.3 <= failure.seconds < 0.3 + SLACK


def test_a_deadline_already_past_sends_no_text_and_fails_at_once(endpoint: ModelEndpoint) -> None:
    failure = fail(provider_for(endpoint, SHORT), seconds=-1.0)

    assert type(failure.error) is ModelStalled
    assert failure.seconds < SLACK


def test_the_first_text_limit_spans_the_retry(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "status", "status": 500}, {"kind": "stall", "headers": False}])

    failure = fail(provider_for(endpoint, SHORT))

    assert type(failure.error) is ModelStalled
    assert failure.seconds < FIRST + SLACK


def test_a_refusal_whose_body_stalls_is_not_waited_for(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "status", "status": 403, "body": "stalls"}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelRefusedRequest
    assert failure.seconds < 0.5 + SLACK


def test_a_reader_that_takes_its_time_is_not_taken_for_a_stall(endpoint: ModelEndpoint) -> None:
    stream = begin(provider_for(endpoint, SHORT))
    next(stream)

    _let_pass(GAP + 0.1)

    assert "".join(stream) == " take 5 working days. [1]"


@pytest.mark.parametrize(
    "fault", [{"kind": "stall", "headers": False}, {"kind": "stall", "after": 0}], ids=["headers", "text"]
)
def test_cancelling_while_nothing_comes_ends_the_answer_promptly(endpoint: ModelEndpoint, fault: Json) -> None:
    endpoint.control(faults=[fault])
    stopped = threading.Event()
    threading.Timer(0.2, stopped.set).start()
    started = clock.monotonic()
    stream = begin(provider_for(endpoint), cancelled=stopped.is_set)

    said = list(stream)

    assert said == []
    assert stream.usage.finish == "cancelled"
    assert clock.monotonic() - started < 0.2 + SLACK
    assert endpoint.how_last_ended() == "gone"


def test_cancelling_in_mid_answer_keeps_what_was_said_and_closes_the_connection(endpoint: ModelEndpoint) -> None:
    endpoint.control(style="fixed", text="word " * 500, token_gap_ms=10)
    said: list[str] = []
    stream = begin(provider_for(endpoint), cancelled=lambda: len(said) >= 5)

    read_into(said, stream)

    assert len(said) >= 5
    assert stream.usage.finish == "cancelled"
    assert endpoint.how_last_ended() == "gone"


def test_closing_a_stream_closes_its_connection(endpoint: ModelEndpoint) -> None:
    endpoint.control(style="fixed", text="word " * 500, token_gap_ms=10)
    stream = begin(provider_for(endpoint))
    next(stream)

    stream.close()

    assert list(stream) == []
    assert stream.usage.finish == "cancelled"
    assert endpoint.how_last_ended() == "gone"


def test_cancelled_answers_do_not_open_the_circuit(endpoint: ModelEndpoint) -> None:
    provider = provider_for(endpoint)
    for _ in range(15):
        list(begin(provider, cancelled=lambda: True))

    assert "".join(begin(provider)) == "Refunds take 5 working days. [1]"


def test_many_answers_at_once_do_not_mix(endpoint: ModelEndpoint) -> None:
    endpoint.control(token_gap_ms=5)
    provider = provider_for(endpoint)
    answers: list[str] = []

    threads = [threading.Thread(target=lambda: answers.append("".join(begin(provider)))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["Refunds take 5 working days. [1]"] * 20


def _let_pass(seconds: float) -> None:
    """Wait: here time itself is what is tested."""
    threading.Event().wait(seconds)
