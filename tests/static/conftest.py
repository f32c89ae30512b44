"""What do the browser tests of the static modules share? A Chromium and a chat server that misbehaves on demand."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.simulators.chat_server import INBOX_ID, ChatServer, running_chat_server

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


def page_with(attributes: str, language: str = "en") -> str:
    """Return a shop's page with the chat element and nothing else."""
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Shop</title>'
        '<link rel="icon" href="data:,">'
        '<script type="module" src="/static/inboxes/widget.js"></script>'
        f'<h1>Shop</h1><switchboard-chat inbox="{INBOX_ID}" {attributes}></switchboard-chat></html>'
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium; tests that need it are marked `browser`."""
    # A module's life long, no longer: the loop inside would make Django refuse database work in later tests.
    with sync_playwright() as playwright:
        executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        chromium = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """Serve the static files, a shop page, a hosted chat page, and the visitor's socket."""
    pages = {
        "/": page_with(""),
        "/hosted": page_with('mode="page" organisation="Harbour Roast" assistant="Juniper"'),
        "/opened": page_with('open organisation="Harbour Roast"'),
        "/ar": page_with("", language="ar"),
    }
    with running_chat_server(pages=pages) as running:
        running.piece_delay = 0.002
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a fresh browser profile; two pages of it are two tabs of one visitor."""
    fresh = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 860})
    fresh.set_default_timeout(15_000)
    yield fresh
    fresh.close()


@pytest.fixture
def shop(context: BrowserContext, server: ChatServer) -> Page:
    """Open the shop page; nobody has clicked anything yet."""
    page = context.new_page()
    page.goto(server.origin + "/")
    return page
