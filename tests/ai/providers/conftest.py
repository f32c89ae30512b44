"""A real endpoint on loopback, shared by the tests of a module and set back before each."""

from collections.abc import Iterator

import pytest

from tests.simulators.model_endpoint import ModelEndpoint, running_model_endpoint


@pytest.fixture(scope="module")
def _running_endpoint() -> Iterator[ModelEndpoint]:
    with running_model_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(_running_endpoint: ModelEndpoint) -> ModelEndpoint:
    """Return a model endpoint that behaves well until it is told otherwise."""
    _running_endpoint.control(reset=True)
    _running_endpoint.forget()
    return _running_endpoint
