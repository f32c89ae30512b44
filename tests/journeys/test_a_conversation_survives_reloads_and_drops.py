"""Whatever happens to page, socket and server: the conversation is still there, complete and once."""

from playwright.sync_api import expect

from tests.journeys.browsing import ShopChat
from tests.journeys.marks import BROWSER_JOURNEY

pytestmark = BROWSER_JOURNEY


def test_a_reload_brings_the_conversation_back(shop: ShopChat) -> None:
    shop.visit().open()
    answer = shop.ask("How long do I have to return something I don't want?").inner_text()

    shop.page.reload()

    expect(shop.questions).to_have_count(1)
    expect(shop.questions.first).to_contain_text("How long do I have to return something I don't want?")
    expect(shop.answers).to_have_count(1)
    assert shop.answers.first.inner_text() == answer


def test_a_second_tab_shows_the_same_conversation_live(shop: ShopChat) -> None:
    shop.visit().open()
    shop.ask("How long do I have to return something I don't want?")
    other = ShopChat(shop.page.context.new_page(), shop.suite)
    other.page.goto(f"{shop.suite.url}/shop/")
    expect(other.answers).to_have_count(1)

    shop.ask("Do you deliver to Ireland?")

    expect(other.questions).to_have_count(2)
    expect(other.answers).to_have_count(2)


def test_a_message_written_while_the_server_is_gone_is_answered_when_it_is_back(shop: ShopChat) -> None:
    shop.visit().open()
    shop.ask("How long do I have to return something I don't want?")

    shop.suite.kill("web")
    shop.write("Do you deliver to Ireland?")

    expect(shop.answers).to_have_count(2)
    expect(shop.questions).to_have_count(2)
    expect(shop.questions.nth(1)).to_contain_text("Do you deliver to Ireland?")
