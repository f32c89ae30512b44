"""An agent sees a chat while it happens and can join it; the visitor reads them at once, and the AI falls silent."""

from playwright.sync_api import expect

from tests.journeys.browsing import Desk, ShopChat
from tests.journeys.marks import BROWSER_JOURNEY

pytestmark = BROWSER_JOURNEY


def test_an_agent_sees_a_chat_live_and_takes_over_by_replying(shop: ShopChat, desk: Desk) -> None:
    name = desk.suite.sign_ins["agent"]["name"].split()[0]
    desk.sign_in().show("All open")
    shop.visit().open()

    shop.ask("Is my parcel with the blue lantern late?")
    desk.open("Is my parcel with the blue lantern late?")
    shop.ask("And what do you refund then?")

    expect(desk.messages).to_have_count(4)
    desk.reply("I am looking into it for you.")
    expect(shop.panel.locator(".theirs").last).to_contain_text("I am looking into it for you.")
    expect(shop.panel.locator(".status")).to_contain_text(name)


def test_a_reply_written_without_a_connection_is_shown_and_sent_later(shop: ShopChat, desk: Desk) -> None:
    desk.sign_in().show("All open")
    shop.visit().open()
    shop.ask("Does the enamel mug chip when it falls?")
    desk.open("Does the enamel mug chip when it falls?")

    desk.page.context.set_offline(True)
    desk.reply("It may, and we mend it.")
    expect(desk.page.locator("#arriving .message--outgoing")).to_contain_text("It may, and we mend it.")
    desk.page.context.set_offline(False)

    expect(shop.panel.locator(".theirs").last).to_contain_text("It may, and we mend it.")
    expect(desk.page.locator("#arriving .message--outgoing")).to_have_count(0)
    expect(desk.messages.last).to_contain_text("It may, and we mend it.")


def test_the_ai_is_silent_while_a_person_answers(shop: ShopChat, desk: Desk, browser_visitor: ShopChat) -> None:
    desk.sign_in().show("All open")
    shop.visit().open()
    shop.ask("Can the green kettle be mended at all?")
    desk.open("Can the green kettle be mended at all?")
    desk.reply("I will ask our mending bench.")
    expect(shop.panel.locator(".theirs").last).to_contain_text("I will ask our mending bench.")

    shop.write("How long do I have to return something I don't want?")
    expect(desk.messages.last).to_contain_text("How long do I have to return something I don't want?")
    # Asked later and answered: the question before it is not in the AI's queue.
    browser_visitor.visit().open()
    browser_visitor.ask("Do you deliver to Ireland?")

    expect(shop.panel.locator(".theirs")).to_have_count(2)
    expect(desk.page.locator("#messages > .message--ai")).to_have_count(1)


def test_the_agent_sees_that_the_visitor_is_typing_and_the_visitor_the_agent(shop: ShopChat, desk: Desk) -> None:
    desk.sign_in().show("All open")
    shop.visit().open()
    shop.ask("Which of your kettles is the quietest one?")
    desk.open("Which of your kettles is the quietest one?")

    shop.field.press_sequentially("One more")
    expect(desk.page.get_by_text("The customer is writing")).to_be_visible()
    desk.reply_field.press_sequentially("Let me")

    expect(shop.panel.get_by_text("is typing")).to_be_attached()


def test_a_visitor_who_asks_for_a_person_is_shown_first_at_the_desk(shop: ShopChat, desk: Desk) -> None:
    desk.sign_in()
    shop.visit().open()
    shop.ask("My nightlight makes a humming sound")

    shop.panel.get_by_role("button", name="Talk to a person").click()

    expect(desk.row_of("My nightlight makes a humming sound")).to_contain_text("Needs a person")
    expect(shop.panel.locator(".person-state")).to_contain_text("Waiting for a person")
