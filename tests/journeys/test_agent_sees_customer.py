"""An agent says who a visitor is, joins two visitors who are one person, and takes it back; other windows follow."""

import re

from playwright.sync_api import Page, ViewportSize, expect

from tests.journeys.browsing import Desk, ShopChat
from tests.journeys.marks import BROWSER_JOURNEY

pytestmark = BROWSER_JOURNEY

WIDE, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)


def sign_in(desk: Desk) -> Page:
    """Return the desk in a window wide enough for the details to stand beside the conversation."""
    desk.page.set_viewport_size(WIDE)
    return desk.sign_in().show("All open").page


def open_customer_of(desk: Desk, text: str) -> None:
    """Open the conversation, and from it the page of its customer."""
    desk.open(text)
    desk.page.locator("#context .who__name").click()
    expect(desk.page.locator("#customer-title")).to_be_visible()


def enter(page: Page, kind: str, value: str) -> None:
    """Record what one knows about the customer on the screen."""
    page.get_by_role("button", name="Add…").click()
    dialog = page.get_by_role("dialog", name="Add what you know")
    dialog.get_by_role("radio", name=kind).check()
    dialog.get_by_role("textbox").fill(value)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog).to_be_hidden()


def test_an_agent_joins_two_visitors_and_takes_it_back(shop: ShopChat, browser_visitor: ShopChat, desk: Desk) -> None:
    first, second = "Can I change the address of my lantern order?", "Has my lantern order been sent already?"
    shop.visit().open().ask(first)
    browser_visitor.visit().open().ask(second)
    page = sign_in(desk)

    open_customer_of(desk, first)
    enter(page, "Name", "Mia Okafor")
    enter(page, "E-mail", "mia@example.org")
    expect(page.locator("#customer-title")).to_have_text("Mia Okafor")
    watching = page.context.new_page()
    watching.goto(page.url)
    expect(watching.locator("#happenings .happening")).to_have_count(1)

    open_customer_of(desk, second)
    enter(page, "E-mail", "Mia@Example.org")
    expect(page.locator("#context")).to_contain_text("Same e-mail address, said by an agent, not verified")
    page.get_by_role("button", name="Compare with Mia Okafor and join").click()
    expect(page.get_by_role("dialog", name="One person?")).to_contain_text("mia@example.org")
    page.get_by_role("button", name="Join", exact=True).click()

    for window in (page, watching):
        expect(window.locator("#customer-head")).to_contain_text("2 customers joined")
        expect(window.locator("#happenings .happening")).to_have_count(2)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    for window in (page, watching):
        expect(window.locator("#customer-head")).not_to_contain_text("joined")
        expect(window.locator("#happenings .happening")).to_have_count(1)
    expect(page.locator("#context")).to_contain_text(re.compile("Undone by "))


def test_who_somebody_is_stands_beside_the_conversation_without_a_reload(shop: ShopChat, desk: Desk) -> None:
    text = "Could my reading lamp be engraved with initials?"
    shop.visit().open().ask(text)
    page = sign_in(desk)
    desk.open(text)
    watching = page.context.new_page()
    watching.goto(page.url)
    expect(watching.locator("#context")).to_contain_text("Nobody has said who this is.")

    page.locator("#context .who__name").click()
    enter(page, "Name", "Mia Okafor")

    expect(watching.locator("#context .who__name")).to_have_text("Mia Okafor")


def test_everything_about_a_customer_works_from_the_keyboard(shop: ShopChat, desk: Desk) -> None:
    text = "Which of your lamps can be dimmed by hand?"
    shop.visit().open().ask(text)
    page = sign_in(desk)
    open_customer_of(desk, text)

    page.locator("#deed-join").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#find-customer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#deed-join")).to_be_focused()

    page.locator("#deed-enter").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Name")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Otto Berg")
    page.keyboard.press("Enter")
    expect(page.locator("#customer-title")).to_have_text("Otto Berg")
    expect(page.locator("#deed-enter")).to_be_focused()


def test_on_a_telephone_the_details_are_a_sheet(shop: ShopChat, desk: Desk) -> None:
    text = "Do your night lights work with foreign plugs?"
    shop.visit().open().ask(text)
    page = sign_in(desk)
    open_customer_of(desk, text)

    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Details", exact=True).click()
    expect(page.get_by_role("button", name="Close details")).to_be_focused()
    expect(page.locator("#customer")).to_have_attribute("inert", "")
    page.keyboard.press("Escape")

    expect(page.locator("#context")).to_be_hidden()
    expect(page.get_by_role("button", name="Details", exact=True)).to_be_focused()
