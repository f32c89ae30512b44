"""A website signs who its visitor is; the chat knows them, keeps people apart, and forgets when it is told to."""

import time

import pytest
from playwright.sync_api import Page, expect

from apps.core import clock
from apps.customers.services import tokens
from tests.journeys.browsing import Desk, ShopChat
from tests.journeys.marks import BROWSER_JOURNEY
from tests.journeys.suite import Suite

pytestmark = BROWSER_JOURNEY

QUESTION = "How long do I have to return something I don't want?"
ANOTHER = "Do you deliver to Ireland?"
PHOEBES = "Can a kettle be mended after the guarantee has ended?"
PHOEBE = "Sign in as Phoebe Garland"
JONAS = "Sign in as Jonas Brandt"


@pytest.fixture(scope="module")
def secret(suite: Suite) -> str:
    """Return a secret of the demo company for a server of this test's own."""
    made = suite.manage("create_token_secret", "--org", "demo", "--name", f"Journey {time.time_ns()}")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def sign(secret: str, person: str, **claims: object) -> str:
    return tokens.sign_token(secret=secret, claims={"sub": f"{person}-{time.time_ns()}", **claims}, now=clock.now())


def identify(page: Page, token: str) -> None:
    page.evaluate("(token) => Switchboard.identify(token)", token)


def stored_names(page: Page) -> list[str]:
    names: list[str] = page.evaluate("Object.keys(localStorage).map((key) => key.split(':').pop()).sort()")
    return names


def test_a_visitor_who_signs_in_keeps_the_conversation_and_finds_it_elsewhere(
    shop: ShopChat, browser_visitor: ShopChat, secret: str
) -> None:
    token = sign(secret, "ada", name="Ada Quill")
    shop.visit().open()
    shop.ask(QUESTION)
    identify(shop.page, token)
    shop.ask(ANOTHER)

    elsewhere = browser_visitor.visit()
    identify(elsewhere.page, token)
    elsewhere.open()

    expect(elsewhere.questions).to_have_count(2)
    expect(elsewhere.questions.first).to_contain_text(QUESTION)
    expect(shop.questions).to_have_count(2)


def test_somebody_else_on_the_same_browser_sees_nothing_of_it(shop: ShopChat, secret: str) -> None:
    adas, bens = sign(secret, "ada"), sign(secret, "ben")
    shop.visit()
    identify(shop.page, adas)
    shop.open()
    shop.ask(QUESTION)

    identify(shop.page, bens)
    expect(shop.questions).to_have_count(0)
    shop.ask(ANOTHER)
    expect(shop.questions).to_have_count(1)
    expect(shop.questions.first).to_contain_text(ANOTHER)

    identify(shop.page, adas)
    expect(shop.questions).to_have_count(1)
    expect(shop.questions.first).to_contain_text(QUESTION)


def test_two_tabs_of_different_people_never_write_for_each_other(shop: ShopChat, secret: str) -> None:
    adas, bens = sign(secret, "ada"), sign(secret, "ben")
    shop.visit()
    identify(shop.page, adas)
    shop.open()
    shop.ask(QUESTION)
    other = ShopChat(shop.page.context.new_page(), shop.suite)
    other.page.goto(f"{shop.suite.url}/shop/")
    identify(other.page, bens)
    other.page.evaluate("document.querySelector('switchboard-chat').open()")
    # Until the chat has been welcomed, it may still be showing what the browser has of Ada.
    expect(other.page.locator("switchboard-chat .panel.introduced")).to_be_visible()
    expect(other.questions).to_have_count(0)
    other.ask(ANOTHER)

    shop.ask("And what does it cost?")

    expect(shop.questions).to_have_count(2)
    expect(shop.questions.first).to_contain_text(QUESTION)
    expect(other.questions).to_have_count(1)


def test_signing_out_leaves_nothing_in_any_tab(shop: ShopChat, secret: str) -> None:
    shop.visit()
    identify(shop.page, sign(secret, "ada"))
    shop.open()
    shop.ask(QUESTION)
    other = ShopChat(shop.page.context.new_page(), shop.suite)
    other.page.goto(f"{shop.suite.url}/shop/")
    expect(other.questions).to_have_count(1)

    shop.page.evaluate("Switchboard.forget()")

    expect(shop.questions).to_have_count(0)
    expect(other.questions).to_have_count(0)
    assert stored_names(shop.page) == []
    shop.ask(ANOTHER)
    expect(shop.questions).to_have_count(1)


def test_a_token_that_is_not_accepted_is_told_to_the_page_and_not_to_the_visitor(shop: ShopChat, secret: str) -> None:
    shop.visit()
    shop.page.evaluate("document.addEventListener('switchboard:token', ({ detail }) => (document.title = detail.code))")
    identify(shop.page, sign(secret, "ada", exp=1_000_000_060, iat=1_000_000_000))

    shop.open()
    shop.ask(QUESTION)

    expect(shop.page).to_have_title("token.expired")
    expect(shop.panel.locator(".banner")).to_be_hidden()


def test_a_customer_of_the_demo_company_is_known_at_the_desk(shop: ShopChat, desk: Desk) -> None:
    shop.visit()
    shop.page.get_by_role("link", name=PHOEBE).click()
    expect(shop.page.get_by_text("Phoebe Garland")).to_be_visible()
    shop.open()
    shop.ask(PHOEBES)

    shop.page.keyboard.press("Escape")
    shop.page.get_by_role("link", name="Sign out").click()
    expect(shop.page.get_by_role("link", name=PHOEBE)).to_be_visible()
    assert stored_names(shop.page) == []
    shop.page.get_by_role("link", name=JONAS).click()
    shop.open()
    expect(shop.questions).to_have_count(0)

    desk.sign_in()
    desk.show("All open")
    desk.open(PHOEBES)
    expect(desk.page.locator("#context")).to_contain_text("Phoebe Garland")
