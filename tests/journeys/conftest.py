"""What do journeys share? A real suite, without a model or with one; visitors; a browser for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.environment import ROOT, WORKER
from tests.journeys.browsing import Desk, ShopChat, running_browser
from tests.journeys.marks import MODEL, WITHOUT_MODEL
from tests.journeys.suite import Suite, clear_folder, running_suite
from tests.journeys.visitor import Visitor
from tests.simulators.model_endpoint import ModelEndpoint, running_model_endpoint


@pytest.fixture(scope="session")
def _folder() -> Path:
    """An empty data folder per test process, so that no run meets the data of another."""
    folder = ROOT / "var" / "journeys" / WORKER
    clear_folder(folder)
    return folder


@pytest.fixture(scope="session")
def _endpoint() -> Iterator[ModelEndpoint]:
    with running_model_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="session", params=[WITHOUT_MODEL])
def suite(request: pytest.FixtureRequest, _folder: Path, _endpoint: ModelEndpoint) -> Iterator[Suite]:
    """Return the suite as a newcomer has it, with the demo company; marked WITH_MODEL, with a model configured."""
    model = {
        "LLM_BASE_URL": _endpoint.base_url,
        "LLM_API_KEY": "key-of-the-journeys",
        "LLM_MODEL": "sim-1",
        "LLM_FIRST_TOKEN_SECONDS": "2",
        "LLM_TOKEN_GAP_SECONDS": "1",
        "LLM_TOTAL_SECONDS": "20",
    }
    settings = {WITHOUT_MODEL: {}, MODEL: model}[request.param]
    with running_suite(_folder, **settings) as running:
        yield running


@pytest.fixture
def model(_endpoint: ModelEndpoint) -> ModelEndpoint:
    """Return the imitated endpoint behind WITH_MODEL, behaving well and remembering nothing."""
    _endpoint.control(reset=True)
    _endpoint.forget()
    return _endpoint


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
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Open pages of browsers that have never been anywhere; no script on them may fail, in no test."""
    failures: list[str] = []

    def open_page() -> Page:
        context = browser.new_context(locale="en-GB", reduced_motion="reduce")
        context.on("weberror", lambda failure: failures.append(str(failure.error)))
        return context.new_page()

    yield open_page
    assert failures == []


@pytest.fixture
def shop(new_page: Callable[[], Page], suite: Suite) -> ShopChat:
    """Return the demo company's page in a browser that has never been there; not loaded yet."""
    return ShopChat(new_page(), suite)


@pytest.fixture
def desk(new_page: Callable[[], Page], suite: Suite) -> Desk:
    """Return the desk in a browser where nobody is signed in yet."""
    return Desk(new_page(), suite)


@pytest.fixture
def browser_visitor(new_page: Callable[[], Page], suite: Suite) -> ShopChat:
    """Return the same page in another visitor's browser."""
    return ShopChat(new_page(), suite)
