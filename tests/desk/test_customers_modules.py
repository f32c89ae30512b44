"""What does the timeline of a customer do in a browser? Loaded alone; the server's answers are chosen by the test."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.desk.test_modules import STATIC, TYPES
from tests.desk.test_modules import browser as browser

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en" data-icons="/static/desk/icons.svg"><link rel="icon" href="data:,">
<body data-home="/desk/"><div id="customer-head" data-reference="Visitor 7KQ2M"></div>
<div id="happenings-scroll"><div id="happenings"></div><div id="earlier"></div></div></body></html>"""
BEGIN = """const { Happenings } = await import("/static/desk/happenings.js");
window.view = new Happenings({ page, address: "/timeline/", home: "/desk/", onCitation: () => {} });"""


class Server:
    """Serves the static files, and pages of the timeline by cursor; without one for a cursor it is broken."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}

    def serve(self, route: Route) -> None:
        path, _, query = route.request.url.removeprefix("http://desk.test").partition("?")
        if path == "/":
            route.fulfill(body=PAGE, content_type="text/html")
        elif path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            route.fulfill(body=file.read_text(), content_type=TYPES[file.suffix])
        elif (cursor := query.removeprefix("cursor=")) in self.pages:
            route.fulfill(body=json.dumps(self.pages[cursor]), content_type="application/json")
        else:
            route.fulfill(status=503, body="")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    window = browser.new_page(base_url="http://desk.test", locale="en-GB", timezone_id="Asia/Tokyo")
    window.route("**/*", server.serve)
    window.goto("/")
    yield window
    window.close()


def entry(number: int, at: str, text: str, *, conversation: int = 1, **changes: Any) -> dict[str, Any]:
    """Return one message of a timeline; the number orders messages of one moment."""
    message = {
        "id": str(UUID(int=number)), "seq": number, "kind": "text", "text": text, "event": None, "citations": [],
        "author": {"kind": "customer", "name": "Visitor 7KQ2M"}, "engine": "", "confidence": None, "client_id": None,
        "created_at": at, "sealed": None,
    }  # fmt: skip
    return {
        "conversation_id": str(UUID(int=conversation)),
        "channel": "web",
        "title": f"Conversation {conversation}",
        "message": message | changes,
    }


def begin(page: Page, *entries: dict[str, Any], cursor: str = "") -> None:
    page.evaluate(f"async (page) => {{ {BEGIN} }}", {"entries": list(entries), "next": cursor})


def cards(page: Page) -> list[list[str]]:
    return [card.locator(".said__text").all_inner_texts() for card in page.locator(".happening").all()]


def test_there_is_a_card_for_each_day_and_conversation_newest_first(page: Page) -> None:
    begin(
        page,
        # 2 March in Tokyo, where the reader sits, though 1 March where the server does.
        entry(5, "2026-03-01T16:00:00.000Z", "five"),
        entry(4, "2026-03-01T15:30:00.000Z", "four", conversation=2),
        entry(3, "2026-03-01T15:10:00.000Z", "three"),
        entry(2, "2026-03-01T14:50:00.000Z", "two"),
        entry(1, "2026-03-01T14:40:00.000Z", "one"),
    )

    assert cards(page) == [["three", "five"], ["four"], ["one", "two"]]
    assert page.locator(".happenings__day").all_inner_texts() == ["2 March 2026", "1 March 2026"]
    expect(page.locator("#earlier")).to_have_text("This is how it began.")


def test_earlier_pages_come_as_one_scrolls_and_join_their_cards(page: Page, server: Server) -> None:
    server.pages["older"] = {"entries": [entry(1, "2026-03-01T01:00:00.000Z", "one")], "next": ""}

    begin(page, entry(2, "2026-03-01T02:00:00.000Z", "two"), cursor="older")

    expect(page.locator("#earlier")).to_have_text("This is how it began.")
    assert cards(page) == [["one", "two"]]


def test_a_page_that_does_not_come_can_be_asked_for_again(page: Page, server: Server) -> None:
    begin(page, entry(2, "2026-03-01T02:00:00.000Z", "two"), cursor="older")
    expect(page.locator("#earlier")).to_contain_text("Earlier messages could not be fetched.")
    server.pages["older"] = {"entries": [entry(1, "2026-03-01T01:00:00.000Z", "one")], "next": ""}

    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".said__text")).to_have_count(2)


def test_news_is_added_without_losing_what_was_fetched(page: Page, server: Server) -> None:
    begin(page, entry(2, "2026-03-01T02:00:00.000Z", "two"), entry(1, "2026-03-01T01:00:00.000Z", "one"))
    server.pages[""] = {
        "entries": [entry(3, "2026-03-01T03:00:00.000Z", "three"), entry(2, "2026-03-01T02:00:00.000Z", "two")],
        "next": "older",
    }

    page.evaluate("window.view.refresh()")

    assert cards(page) == [["one", "two", "three"]]
    expect(page.locator("#earlier")).to_have_text("This is how it began.")


@pytest.mark.parametrize(
    ("sealed", "text", "shown"),
    [
        ("erased", "", "This message has been erased."),
        ("damaged", "", "This message cannot be read: it is not what was stored."),
        ("unavailable", "I am [NAME_1]", "I am [NAME_1] Personal details cannot be shown just now."),
    ],
)
def test_what_cannot_be_read_says_so(sealed: str, text: str, shown: str, page: Page) -> None:
    begin(page, entry(1, "2026-03-01T01:00:00.000Z", text, sealed=sealed))

    assert " ".join(page.locator(".said__body").inner_text().split()) == f"Visitor 7KQ2M {shown}"


def test_a_long_text_is_folded_until_asked_for(page: Page) -> None:
    begin(page, entry(1, "2026-03-01T01:00:00.000Z", "line\n" * 40))
    folded = page.locator(".said__text--folded")
    expect(folded).to_have_count(1)

    page.get_by_role("button", name="Show all").click()

    expect(folded).to_have_count(0)
    expect(page.locator(".said__text")).to_be_focused()


def test_somebody_without_a_message_has_an_empty_timeline(page: Page) -> None:
    begin(page)

    expect(page.locator("#happenings")).to_contain_text("Nothing was said yet")
    expect(page.locator("#earlier")).to_have_text("")


def test_markup_in_a_message_or_title_is_only_text(page: Page) -> None:
    item = entry(1, "2026-03-01T01:00:00.000Z", "<img src=x onerror=alert(1)>")

    begin(page, item | {"title": "<b>bold</b>"})

    assert page.locator("#happenings img, #happenings b").count() == 0
    expect(page.locator(".happening__title")).to_have_text("<b>bold</b>")
