"""How do journeys use a browser? As people do: by what they can see, name and reach."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.journeys.suite import Suite

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
]
# A whole answer, also on a machine with other work to do.
PATIENCE_MS = 20_000

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run Chromium for the length of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class ShopChat:
    """The chat on the demo company's page."""

    def __init__(self, page: Page, suite: Suite) -> None:
        self.page = page
        self.suite = suite
        self.launcher = page.get_by_role("button", name="Open chat")
        self.panel = page.locator("switchboard-chat .panel")
        self.field = self.panel.get_by_role("textbox", name="Write a message")
        self.answers = self.panel.locator(".log > .theirs:not(.streaming):has(.prose)")
        self.questions = self.panel.locator(".log > .mine")
        self.sheet = self.panel.locator(".sheet")

    def visit(self) -> "ShopChat":
        """Load the page and nothing else."""
        self.page.goto(f"{self.suite.url}/shop/")
        expect(self.launcher).to_be_visible()
        return self

    def open(self) -> "ShopChat":
        self.launcher.click()
        expect(self.field).to_be_visible()
        return self

    def write(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def ask(self, text: str) -> Locator:
        """Write, and wait for one more complete answer of the assistant; returns it."""
        before = self.answers.count()
        self.write(text)
        expect(self.answers).to_have_count(before + 1)
        return self.answers.nth(before)


class Desk:
    """The desk of one signed-in member."""

    def __init__(self, page: Page, suite: Suite) -> None:
        self.page = page
        self.suite = suite
        self.rows = page.locator("#rows .row")
        self.messages = page.locator("#messages > .message")
        self.reply_field = page.locator("#reply")

    def sign_in(self, role: str = "agent") -> "Desk":
        person = self.suite.sign_ins[role]
        self.page.goto(f"{self.suite.url}/desk/")
        self.page.locator("input[name=login]").fill(person["email"])
        self.page.locator("input[name=password]").fill(person["password"])
        self.page.locator("input[name=password]").press("Enter")
        expect(self.page.locator("#rows")).to_be_visible()
        return self

    def show(self, view: str) -> "Desk":
        """Choose a list: Needs a person, Mine, AI is answering, All open, Closed."""
        self.page.get_by_role("navigation").get_by_role("link", name=view).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(view)
        return self

    def row_of(self, text: str) -> Locator:
        return self.rows.filter(has_text=text).first

    def open(self, text: str) -> None:
        """Open the conversation that is called like its first message."""
        self.row_of(text).click()
        expect(self.messages.first).to_contain_text(text)

    def reply(self, text: str) -> None:
        self.reply_field.fill(text)
        self.reply_field.press("Enter")
