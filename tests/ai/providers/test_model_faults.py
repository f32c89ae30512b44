"""An endpoint that fails: what the caller is told, what had been said, and how often the endpoint was asked."""

import email.utils
from datetime import timedelta

import pytest

from apps.ai.errors import (
    ModelGarbled,
    ModelRateLimited,
    ModelRefusedRequest,
    ModelUnavailable,
    ProviderError,
)
from apps.ai.providers.openai_compatible.client import ModelProvider
from apps.core import clock
from tests.ai.providers.drafting import LIMITS, begin, fail, provider_for
from tests.simulators.model_behaviour import Json
from tests.simulators.model_endpoint import ModelEndpoint

GOOD = "Refunds take 5 working days. [1]"
FAILS_BEFORE_TEXT = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 408},
    {"kind": "close"},
    {"kind": "close", "reset": True},
    {"kind": "cut", "after": 0},
    {"kind": "error", "after": 0},
]


@pytest.mark.parametrize("fault", FAILS_BEFORE_TEXT, ids=str)
def test_a_failure_before_the_first_text_is_repeated_once_unnoticed(endpoint: ModelEndpoint, fault: Json) -> None:
    endpoint.control(faults=[fault])

    answer = "".join(begin(provider_for(endpoint)))

    assert answer == GOOD
    assert len(endpoint.requests()) == 2


@pytest.mark.parametrize("fault", FAILS_BEFORE_TEXT, ids=str)
def test_two_failures_before_the_first_text_are_told(endpoint: ModelEndpoint, fault: Json) -> None:
    endpoint.control(faults=[fault, fault])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelUnavailable
    assert (failure.said, failure.error.text_started, failure.error.retryable) == ("", False, True)
    assert len(endpoint.requests()) == 2


@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
@pytest.mark.parametrize("chunked", [False, True], ids=["until close", "chunked"])
def test_an_answer_broken_off_is_told_and_never_repeated(endpoint: ModelEndpoint, reset: bool, chunked: bool) -> None:
    endpoint.control(dialect={"chunked": chunked}, token_gap_ms=1, faults=[{"kind": "cut", "after": 3, "reset": reset}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelUnavailable
    assert failure.error.text_started
    assert GOOD.startswith(failure.said)
    assert len(endpoint.requests()) == 1


def test_an_error_in_mid_answer_is_told_and_never_repeated(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "error", "after": 3, "code": "server_error"}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelUnavailable
    assert failure.said == "Refunds take 5"
    assert str(failure.error) == "The model endpoint failed in its answer (server_error)."
    assert len(endpoint.requests()) == 1


def test_a_rate_limit_in_mid_stream_is_one(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "error", "after": 3, "code": "rate_limit_exceeded"}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelRateLimited


@pytest.mark.parametrize("form", ["json", "object", "utf8", "binary", "long_line"])
@pytest.mark.parametrize("after", [0, 3])
def test_garbage_in_the_stream_is_told_and_never_repeated(endpoint: ModelEndpoint, form: str, after: int) -> None:
    endpoint.control(faults=[{"kind": "garbage", "form": form, "after": after}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelGarbled
    assert failure.said == ["", "Refunds take 5"][after == 3]
    assert failure.error.text_started is (after == 3)
    assert len(endpoint.requests()) == 1


@pytest.mark.parametrize("form", ["html", "content_type", "not_http"])
def test_an_answer_that_is_no_stream_is_garbage(endpoint: ModelEndpoint, form: str) -> None:
    endpoint.control(faults=[{"kind": "garbage", "form": form}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelGarbled
    assert "LLM_BASE_URL" in str(failure.error)
    assert len(endpoint.requests()) == 1


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
def test_an_answer_without_text_is_garbage(endpoint: ModelEndpoint, reason: str) -> None:
    endpoint.control(faults=[{"kind": "empty", "finish_reason": reason}])

    assert type(fail(provider_for(endpoint)).error) is ModelGarbled


def test_an_answer_cut_by_a_content_filter_is_not_taken_for_a_whole_one(endpoint: ModelEndpoint) -> None:
    endpoint.control(dialect={"finish_reason": "content_filter"})

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelGarbled
    assert failure.error.text_started


def test_a_short_rate_limit_is_waited_for(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "status", "status": 429, "retry_after": "0.3"}])
    started = clock.monotonic()

    answer = "".join(begin(provider_for(endpoint)))

    assert answer == GOOD
    assert 0.3 <= clock.monotonic() - started < 1.5


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("2.5", 2.5), ("60", 60.0), ("999999", 3600.0), ("soon", None), ("-1", None)]
)
def test_a_rate_limit_too_long_to_wait_for_is_told_at_once(
    endpoint: ModelEndpoint, retry_after: str, seconds: float | None
) -> None:
    endpoint.control(faults=[{"kind": "status", "status": 429, "retry_after": retry_after}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelRateLimited
    assert failure.error.retry_after == seconds
    assert failure.seconds < 1
    assert len(endpoint.requests()) == 1


def test_a_rate_limit_until_a_date_is_understood(endpoint: ModelEndpoint) -> None:
    until = email.utils.format_datetime(clock.now() + timedelta(seconds=90), usegmt=True)
    endpoint.control(faults=[{"kind": "status", "status": 429, "retry_after": until}])

    error = fail(provider_for(endpoint)).error

    assert error.retry_after is not None
    assert 80 <= error.retry_after <= 90


def test_a_rate_limit_that_does_not_fit_the_deadline_is_told_at_once(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "status", "status": 429, "retry_after": "1.5"}])

    failure = fail(provider_for(endpoint), seconds=1.0)

    assert type(failure.error) is ModelRateLimited
    assert failure.seconds < 0.9


def test_a_second_rate_limit_is_told(endpoint: ModelEndpoint) -> None:
    endpoint.control(faults=[{"kind": "status", "status": 429, "retry_after": "0.1"}] * 2)

    assert type(fail(provider_for(endpoint)).error) is ModelRateLimited
    assert len(endpoint.requests()) == 2


def test_redirects_are_not_followed(endpoint: ModelEndpoint) -> None:
    elsewhere = f"{endpoint.url}/elsewhere"
    endpoint.control(faults=[{"kind": "redirect", "location": elsewhere}])

    failure = fail(provider_for(endpoint))

    assert type(failure.error) is ModelRefusedRequest
    assert "final address" in str(failure.error)
    assert [asked["path"] for asked in endpoint.requests()] == ["/v1/chat/completions"]


def test_a_refused_connection_is_told_quickly() -> None:
    provider = ModelProvider(base_url="http://127.0.0.1:9", api_key="", model="sim-1", limits=LIMITS)

    failure = fail(provider)

    assert type(failure.error) is ModelUnavailable
    assert failure.seconds < 1


def test_a_name_that_does_not_exist_is_told_as_unavailable() -> None:
    provider = ModelProvider(base_url="http://model.invalid/v1", api_key="", model="sim-1", limits=LIMITS)

    assert type(fail(provider).error) is ModelUnavailable


def test_an_endpoint_that_keeps_failing_is_left_alone(endpoint: ModelEndpoint) -> None:
    endpoint.control(random_faults=[{"kind": "garbage", "form": "html"}], fault_probability=1.0)
    provider = provider_for(endpoint)
    for _ in range(10):
        fail(provider)

    failure = fail(provider)

    assert type(failure.error) is ModelUnavailable
    assert "left alone" in str(failure.error)
    assert len(endpoint.requests()) == 10


def test_refused_requests_do_not_open_the_circuit(endpoint: ModelEndpoint) -> None:
    endpoint.control(models=["other"])
    provider = provider_for(endpoint)

    errors = {type(fail(provider).error) for _ in range(12)}

    assert errors == {ModelRefusedRequest}


def test_no_error_holds_a_word_of_the_prompt(endpoint: ModelEndpoint) -> None:
    endpoint.control(random_faults=[*FAILS_BEFORE_TEXT, {"kind": "status", "status": 400}], fault_probability=1.0)
    provider = provider_for(endpoint)

    told = [str(_error(provider)) for _ in range(9)]

    assert [text for text in told if "refunds" in text.lower()] == []


def _error(provider: ModelProvider) -> ProviderError:
    return fail(provider).error
