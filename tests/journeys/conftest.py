"""What do journeys share? One suite without a model and one with, each started when it is first needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.environment import ROOT, WORKER
from tests.journeys.browsing import Desk, ShopChat, running_browser
from tests.journeys.suite import Suite, clear_folder, running_suite
from tests.journeys.visitor import Visitor
from tests.simulators.model_endpoint import ModelEndpoint, running_model_endpoint


def _fresh_folder(name: str) -> Path:
    """An empty data folder per test process, so that no run meets the data of another."""
    folder = ROOT / "var" / "journeys" / f"{WORKER}-{name}"
    clear_folder(folder)
    return folder


@pytest.fixture(scope="session")
def suite() -> Iterator[Suite]:
    """Return the suite as a newcomer has it: the demo company, and no model configured."""
    with running_suite(_fresh_folder("plain")) as running:
        yield running


@pytest.fixture(scope="session")
def model_endpoint() -> Iterator[ModelEndpoint]:
    """Return the imitated endpoint that ``model_suite`` asks."""
    with running_model_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def _suite_with_model(model_endpoint: ModelEndpoint) -> Iterator[Suite]:
    settings = {
        "LLM_BASE_URL": model_endpoint.base_url,
        "LLM_API_KEY": "key-of-the-journeys",
        "LLM_MODEL": "sim-1",
        "LLM_FIRST_TOKEN_SECONDS": "2",
        "LLM_TOKEN_GAP_SECONDS": "1",
        "LLM_TOTAL_SECONDS": "20",
    }
    with running_suite(_fresh_folder("model"), **settings) as running:
        yield running


@pytest.fixture
def model(model_endpoint: ModelEndpoint) -> ModelEndpoint:
    """Return the endpoint, behaving well and remembering nothing."""
    model_endpoint.control(reset=True)
    model_endpoint.forget()
    return model_endpoint


@pytest.fixture
def model_suite(_suite_with_model: Suite, model: ModelEndpoint) -> Suite:
    """Return a suite whose answers come from the imitated endpoint."""
    return _suite_with_model


@pytest.fixture
def vera(suite: Suite) -> Visitor:
    """Return a visitor who has never been here."""
    return Visitor(suite.url, suite.inbox_id)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Return a Chromium of this test's own: the synchronous driver cannot stay while socket journeys run."""
    with running_browser() as chromium:
        yield chromium


@pytest.fixture
def shop(browser: Browser, suite: Suite) -> ShopChat:
    """Return the demo company's page in a browser that has never been there; not loaded yet."""
    return ShopChat(browser.new_context(locale="en-GB", reduced_motion="reduce").new_page(), suite)


@pytest.fixture
def desk(browser: Browser, suite: Suite) -> Desk:
    """Return the desk in a browser where nobody is signed in yet."""
    return Desk(browser.new_context(locale="en-GB", reduced_motion="reduce").new_page(), suite)


@pytest.fixture
def browser_visitor(browser: Browser, suite: Suite) -> ShopChat:
    """Return the same page in another visitor's browser."""
    return ShopChat(browser.new_context(locale="en-GB", reduced_motion="reduce").new_page(), suite)
