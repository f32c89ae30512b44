"""The address and the key: what is understood, what is refused, and that the key shows up nowhere."""

import io
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.ai.errors import ProviderError
from apps.ai.providers.openai_compatible.client import ModelProvider
from apps.ai.providers.openai_compatible.endpoint import read_base_url
from tests.ai.providers.drafting import KEY, LIMITS, begin, provider_for
from tests.simulators.model_behaviour import Json
from tests.simulators.model_endpoint import ModelEndpoint


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("http://localhost:8080", "http://localhost:8080/v1"),
        ("http://localhost:8080/", "http://localhost:8080/v1"),
        (" http://localhost:8080/v1 ", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1/", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1/chat/completions", "http://localhost:8080/v1"),
        ("https://models.example/api/openai/v1//", "https://models.example/api/openai/v1"),
        ("https://models.example/v1beta/openai/", "https://models.example/v1beta/openai"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
)
def test_the_address_is_understood_with_and_without_slash_and_version(given: str, understood: str) -> None:
    assert str(read_base_url(given)) == understood


@pytest.mark.parametrize(
    "given", ["", "localhost:8080", "ftp://models.example", "http://", "http://user:pw@models.example", "http://m/?k=1"]
)
def test_an_address_that_cannot_be_one_is_refused_by_the_name_of_its_setting(given: str) -> None:
    with pytest.raises(ValueError, match="LLM_BASE_URL"):
        read_base_url(given)


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_each_form_of_the_address_reaches_the_endpoint(endpoint: ModelEndpoint, suffix: str) -> None:
    provider = ModelProvider(base_url=endpoint.url + suffix, api_key="", model="sim-1", limits=LIMITS)

    list(begin(provider))

    assert endpoint.requests()[-1]["path"] == "/v1/chat/completions"
    assert "authorization" not in endpoint.requests()[-1]["headers"]


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\r\nX-Other: 1", f"a {KEY}", f"{KEY}é"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="LLM_API_KEY") as refused:
        ModelProvider(base_url="http://localhost", api_key=key, model="sim-1")

    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    "controls",
    [
        {"api_key": "another"},
        {"faults": [{"kind": "status", "status": 400, "code": KEY}] * 2},
        {"faults": [{"kind": "status", "status": 500, "code": KEY}] * 2},
        {"faults": [{"kind": "error", "after": 2, "code": KEY}]},
        {"faults": [{"kind": "close", "reset": True}] * 2},
        {"faults": [{"kind": "garbage", "form": "not_http"}]},
        {"faults": [{"kind": "garbage", "form": "json", "after": 2}]},
        {"faults": [{"kind": "redirect", "location": "http://elsewhere.invalid/"}]},
        {"faults": [{"kind": "status", "status": 429, "retry_after": "50"}]},
    ],
    ids=str,
)
def test_the_key_shows_up_in_no_error_and_no_log(endpoint: ModelEndpoint, controls: Json) -> None:
    endpoint.control(**controls)
    provider = provider_for(endpoint)

    with _everything_logged() as log, pytest.raises(ProviderError) as failed:
        list(begin(provider))

    assert KEY not in "".join(traceback.format_exception(failed.value))
    assert KEY not in repr(provider)
    assert KEY not in log.getvalue()


@contextmanager
def _everything_logged() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
