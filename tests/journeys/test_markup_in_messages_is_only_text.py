"""Whoever writes HTML, customer, agent or model: nobody's browser runs it."""

from playwright.sync_api import Page, expect

from tests.journeys.browsing import Desk, ShopChat
from tests.journeys.marks import BROWSER_JOURNEY, WITH_MODEL
from tests.simulators.model_endpoint import ModelEndpoint

pytestmark = BROWSER_JOURNEY

MARKUP = '<img src=x onerror="window.ran=1"><script>window.ran=2</script><b>bold</b> [x](javascript:window.ran=3) hello'


def _ran(page: Page) -> object:
    return page.evaluate("window.ran ?? null")


def test_markup_of_a_visitor_is_text_in_the_chat_and_at_the_desk(shop: ShopChat, desk: Desk) -> None:
    desk.sign_in().show("All open")
    shop.visit().open()

    shop.ask(MARKUP)
    desk.open("window.ran=1")

    expect(shop.questions.first).to_contain_text(MARKUP)
    expect(desk.messages.first).to_contain_text("<script>window.ran=2</script>")
    assert desk.page.locator("#messages img, #messages b, #messages script, #messages a").count() == 0
    assert (_ran(shop.page), _ran(desk.page)) == (None, None)


def test_markup_of_an_agent_is_text_in_the_chat(shop: ShopChat, desk: Desk) -> None:
    desk.sign_in().show("All open")
    shop.visit().open()
    shop.ask("Do you know how to write markup?")
    desk.open("Do you know how to write markup?")

    desk.reply(MARKUP)

    expect(shop.panel.locator(".theirs").last).to_contain_text("<script>window.ran=2</script>")
    assert shop.panel.locator(".theirs img, .theirs script, .theirs a[href^='javascript']").count() == 0
    assert (_ran(shop.page), _ran(desk.page)) == (None, None)


@WITH_MODEL
def test_markup_of_a_model_is_text_in_the_chat(shop: ShopChat, model: ModelEndpoint) -> None:
    model.control(style="fixed", text=f"{MARKUP} [1]", token_gap_ms=20)
    shop.visit().open()

    answer = shop.ask("How long do I have to return something I don't want?")

    expect(answer).to_contain_text("hello")
    assert shop.panel.locator(".theirs img, .theirs script, .theirs a[href^='javascript']").count() == 0
    assert _ran(shop.page) is None
