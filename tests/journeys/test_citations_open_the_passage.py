"""A citation opens the passage it stands for, with the keyboard alone, and gives the reader back where they were."""

from playwright.sync_api import expect

from tests.journeys.browsing import ShopChat
from tests.journeys.marks import BROWSER_JOURNEY

pytestmark = BROWSER_JOURNEY


def test_a_citation_opens_with_the_keyboard_and_closes_with_escape(shop: ShopChat) -> None:
    keyboard = shop.visit().page.keyboard
    shop.launcher.focus()
    keyboard.press("Enter")
    expect(shop.field).to_be_focused()
    keyboard.type("How long do I have to return something I don't want?")
    keyboard.press("Enter")
    source = shop.answers.first.get_by_role("button", name="Source 1").last
    expect(source).to_be_visible()

    for _ in range(20):
        keyboard.press("Shift+Tab")
        if source.evaluate("node => node === node.getRootNode().activeElement"):
            break
    keyboard.press("Enter")

    dialog = shop.panel.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("45 days")
    keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(source).to_be_focused()
    expect(shop.field).to_be_visible()


def test_a_marker_in_the_text_opens_the_same_passage(shop: ShopChat) -> None:
    shop.visit().open()
    answer = shop.ask("How long do I have to return something I don't want?")

    answer.locator(".prose").get_by_role("button", name="Source 1").first.click()

    expect(shop.sheet).to_contain_text("Source 1")
    expect(shop.sheet).to_contain_text("45 days")
