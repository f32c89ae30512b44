"""A page that only shows the launcher neither sends nor stores anything about its visitor."""

from playwright.sync_api import Request, expect

from tests.journeys.browsing import ShopChat
from tests.journeys.marks import BROWSER_JOURNEY

pytestmark = BROWSER_JOURNEY


def test_a_page_with_the_chat_sends_and_stores_nothing_before_the_first_click(shop: ShopChat) -> None:
    requests: list[Request] = []
    sockets: list[str] = []
    shop.page.on("request", lambda request: requests.append(request))
    shop.page.on("websocket", lambda socket: sockets.append(socket.url))

    shop.visit()
    shop.page.wait_for_load_state("networkidle")

    foreign = [request.url for request in requests if not request.url.startswith(f"{shop.suite.url}/")]
    talking = [request.url for request in requests if "/api/" in request.url or request.method != "GET"]
    assert (foreign, talking, sockets) == ([], [], [])
    assert [request.url for request in requests if request.url.endswith(("chat.js", "chat-client.js"))] == []
    assert shop.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert shop.page.context.cookies() == []


def test_opening_the_chat_stores_the_session_in_the_browser_only(shop: ShopChat) -> None:
    sockets: list[str] = []
    shop.page.on("websocket", lambda socket: sockets.append(socket.url))

    shop.visit().open()
    expect(shop.panel.locator(".greeting")).to_be_visible()

    names = shop.page.evaluate("Object.keys(localStorage).map((key) => key.split(':').pop()).sort()")
    assert sockets == [f"{shop.suite.url.replace('http', 'ws', 1)}/ws/chat/{shop.suite.inbox_id}/"]
    assert names == ["open", "session"]
    assert shop.page.context.cookies() == []
