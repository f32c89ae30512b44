"""Does the chat widget keep its promises in a real browser, on a line that drops, repeats and leaves gaps?"""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.simulators.chat_server import ChatServer, fill

pytestmark = pytest.mark.browser

JUNIPER = {"kind": "ai", "name": "Juniper"}
ANA = {"kind": "agent", "name": "Ana Sousa"}


def open_chat(page: Page) -> None:
    page.get_by_role("button", name="Open chat").click()
    expect(page.get_by_text("Ask about orders")).to_be_visible()


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Write a message").fill(text)
    page.keyboard.press("Enter")


def ask(page: Page, question: str) -> None:
    say(page, question)
    expect(page.get_by_role("list", name="Sources").last).to_be_visible()


def customer_texts(server: ChatServer) -> list[str]:
    messages = [event["message"] for event in server.only_conversation.messages]
    return [message["text"] for message in messages if message["author"]["kind"] == "customer"]


def sent_frames(server: ChatServer) -> list[tuple[str, str]]:
    return [(frame["client_id"], frame["text"]) for frame in server.received if frame["type"] == "message.send"]


def stored_names(page: Page) -> list[str]:
    names: list[str] = page.evaluate("Object.keys(localStorage).map((key) => key.split(':').slice(2).join(':'))")
    return sorted(names)


# Before the first click


def test_nothing_is_stored_and_only_the_launcher_is_loaded_before_the_first_click(
    shop: Page, context: BrowserContext, server: ChatServer
) -> None:
    expect(shop.get_by_role("button", name="Open chat")).to_be_visible()
    shop.wait_for_load_state("networkidle")

    assert server.requests == ["/", "/static/inboxes/widget.js"]
    assert stored_names(shop) == []
    assert shop.evaluate("Object.keys(sessionStorage)") == []
    assert context.cookies() == []


def test_the_hosted_page_stores_and_sends_nothing_before_it_is_touched(
    context: BrowserContext, server: ChatServer
) -> None:
    page = context.new_page()
    page.goto(server.origin + "/hosted")
    expect(page.get_by_text("talking to Juniper, an AI assistant.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    before = stored_names(page), server.received.copy()

    page.get_by_role("textbox", name="Write a message").click()
    expect(page.get_by_text("Ask about orders")).to_be_visible()

    assert before == ([], [])
    assert stored_names(page) == ["session"]


def test_a_chat_that_the_page_opens_waits_for_the_visitors_touch(context: BrowserContext, server: ChatServer) -> None:
    page = context.new_page()
    page.goto(server.origin + "/opened")
    expect(page.get_by_role("dialog", name="Harbour Roast")).to_be_visible()
    page.wait_for_load_state("networkidle")

    assert stored_names(page) == []
    assert server.received == []


def test_the_ai_introduces_itself_before_the_first_message(shop: Page) -> None:
    open_chat(shop)

    expect(shop.get_by_text("talking to Juniper, an AI assistant. A person can take over")).to_be_visible()
    expect(shop.get_by_role("button", name="Talk to a person")).to_be_visible()


# Answers


def test_an_answer_appears_while_it_is_being_written(shop: Page, server: ChatServer) -> None:
    server.hold_answers()
    open_chat(shop)

    say(shop, "May I return it?")

    expect(shop.locator(".streaming .prose")).to_have_text("You can return uno")
    expect(shop.get_by_role("list", name="Sources")).to_have_count(0)
    server.release_answers()
    expect(shop.get_by_role("list", name="Sources")).to_be_visible()
    expect(shop.locator(".streaming")).to_have_count(0)


def test_a_piece_that_does_not_fit_shows_dots_until_the_message_itself_arrives(shop: Page, server: ChatServer) -> None:
    server.faults.silent = True
    open_chat(shop)
    say(shop, "Hello?")
    expect(shop.get_by_text("Sent")).to_be_visible()
    answer = {"answer_id": "a1", "attempt": 1}

    server.send_frame(answer | {"type": "answer.delta", "offset": 0, "text": "Good "})
    expect(shop.get_by_text("Good")).to_be_visible()
    server.send_frame(answer | {"type": "answer.delta", "offset": 9, "text": "missing"})

    expect(shop.get_by_text("Juniper is thinking")).to_be_attached()
    expect(shop.get_by_text("Good")).to_have_count(0)
    server.post(author=JUNIPER, text="Good morning.", id="a1")
    expect(shop.get_by_role("listitem").filter(has_text="Good morning.")).to_have_count(1)


def test_a_second_attempt_replaces_the_text_of_the_first(shop: Page, server: ChatServer) -> None:
    server.faults.silent = True
    open_chat(shop)
    say(shop, "Hello?")
    expect(shop.get_by_text("Sent")).to_be_visible()

    first = {"type": "answer.delta", "answer_id": "a1", "attempt": 1, "offset": 0, "text": "From the 😀 model"}
    server.send_frame(first)
    expect(shop.locator(".streaming")).to_contain_text("From the 😀 model")
    server.send_frame(first | {"attempt": 2, "text": "From 😀"})
    server.send_frame(first | {"attempt": 1, "offset": 16, "text": " late"})
    server.send_frame(first | {"attempt": 2, "offset": 6, "text": " passages"})

    expect(shop.locator(".streaming .prose")).to_have_text("From 😀 passages")


def test_a_citation_opens_its_passage_and_escape_returns_to_where_one_was(shop: Page) -> None:
    open_chat(shop)
    ask(shop, "May I return it?")

    shop.locator(".citation").first.click()

    sheet = shop.get_by_role("dialog", name="Returns and refunds")
    expect(sheet).to_contain_text("Refunds reach your account within 5 working days")
    shop.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(shop.locator(".citation").first).to_be_focused()
    expect(shop.get_by_role("textbox", name="Write a message")).to_be_visible()


def test_markup_in_messages_is_shown_and_never_interpreted(shop: Page, server: ChatServer) -> None:
    attack = '<img src=x onerror="window.taken=1"> <b>bold</b> [press](javascript:window.taken=1)'
    server.faults.silent = True
    open_chat(shop)

    say(shop, attack)
    server.post(author=JUNIPER, text=attack, citations=[])

    expect(shop.get_by_role("listitem").filter(has_text=attack)).to_have_count(2)
    assert shop.locator("switchboard-chat img, switchboard-chat b, switchboard-chat a").count() == 0
    assert shop.evaluate("window.taken") is None


# Losing nothing


def test_a_message_is_said_once_although_its_acknowledgement_was_lost(shop: Page, server: ChatServer) -> None:
    server.faults.cut_before_ack = 1
    server.faults.silent = True
    open_chat(shop)

    say(shop, "Only once, please")

    expect(shop.get_by_text("Sent")).to_be_visible()
    assert customer_texts(server) == ["Only once, please"]
    expect(shop.get_by_text("Only once, please", exact=True)).to_have_count(1)
    assert "out" not in {name.split(":")[0] for name in stored_names(shop)}


def test_an_unconfirmed_message_is_sent_again_under_its_own_id_after_a_reload(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "First")
    server.faults.unreachable = True
    server.drop_connections()
    say(shop, "Written into the void")
    expect(shop.get_by_text("Waiting for connection")).to_be_visible()

    shop.reload()
    expect(shop.get_by_text("Written into the void")).to_be_visible()
    server.faults.unreachable = False

    expect(shop.get_by_text("Sent")).to_be_visible()
    assert customer_texts(server) == ["First", "Written into the void"]
    assert len({client_id for client_id, _ in sent_frames(server)}) == 2


def test_a_lost_line_is_announced_and_the_conversation_goes_on(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "First")
    server.faults.unreachable = True
    server.drop_connections()
    expect(shop.get_by_text("Connection lost. Reconnecting; nothing you write is lost.")).to_be_visible()

    server.faults.unreachable = False
    server.post(author=ANA, text="Said while you were away.")

    expect(shop.get_by_text("Said while you were away.").first).to_be_visible()
    expect(shop.get_by_text("Connection lost.")).to_be_hidden()


def test_a_hole_in_the_numbers_is_fetched_and_filled_in_order(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "First")
    server.faults.hide_created = 1
    server.post(author=ANA, text="You did not hear this one.")

    server.post(author=ANA, text="But this one.")

    said = shop.locator(".theirs .prose")
    expect(said).to_have_count(3)
    assert said.all_inner_texts()[1:] == ["You did not hear this one.", "But this one."]
    assert [path for path in server.requests if path.endswith("/updates")] != []


def test_an_event_the_socket_swallowed_is_fetched_after_its_acknowledgement(shop: Page, server: ChatServer) -> None:
    server.faults.silent = True
    server.faults.hide_created = 1
    open_chat(shop)

    say(shop, "Did you get this?")

    with shop.expect_response("**/updates?after=0&conversation=*") as response:
        pass
    assert response.value.ok
    expect(shop.get_by_text("Did you get this?")).to_have_count(1)


def test_a_failing_fetch_of_updates_is_tried_again(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "First")
    server.faults.fail_updates = 1
    server.faults.hide_created = 1
    server.post(author=ANA, text="You did not hear this one.")

    server.post(author=ANA, text="But this one.")

    expect(shop.get_by_text("You did not hear this one.").first).to_be_visible()
    assert len([path for path in server.requests if path.endswith("/updates")]) >= 2


def test_a_conversation_longer_than_a_page_is_all_there_after_a_reload(shop: Page, server: ChatServer) -> None:
    server.faults.silent = True
    open_chat(shop)
    say(shop, "Hello")
    expect(shop.get_by_text("Sent")).to_be_visible()
    fill(server.only_conversation, count=230)

    shop.reload()

    expect(shop.locator(".mine, .theirs")).to_have_count(231)
    expect(shop.get_by_text("Question number 229?")).to_be_in_viewport()


def test_a_text_that_cannot_be_opened_says_so_in_its_place(shop: Page, server: ChatServer) -> None:
    server.faults.silent = True
    open_chat(shop)
    say(shop, "Hello")
    expect(shop.get_by_text("Sent")).to_be_visible()

    server.post(author=ANA, text="", sealed="erased")
    server.post(author={"kind": "customer", "name": ""}, text="", sealed="damaged")

    expect(shop.locator(".theirs .prose")).to_have_text("This message has been erased.")
    expect(shop.locator(".mine .bubble").last).to_have_text("This message can no longer be read.")


def test_a_text_that_could_not_be_opened_heals_by_itself(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "Where is my order?")
    said = server.only_conversation.messages[0]["message"]
    said.update(text="I am [NAME_1]", sealed="unavailable")
    shop.reload()
    expect(shop.get_by_text("I am [NAME_1]")).to_be_visible()

    said.update(text="I am Vera", sealed=None)

    expect(shop.get_by_text("I am Vera", exact=True)).to_be_visible(timeout=20_000)
    expect(shop.get_by_text("[NAME_1]")).to_be_hidden()
    expect(shop.get_by_role("list", name="Sources")).to_have_count(1)


def test_two_tabs_show_every_message_once(shop: Page, context: BrowserContext, server: ChatServer) -> None:
    server.faults.silent = True
    open_chat(shop)
    say(shop, "From the first tab")
    expect(shop.get_by_text("Sent")).to_be_visible()
    second = context.new_page()
    second.goto(server.origin + "/")
    expect(second.get_by_text("From the first tab")).to_be_visible()

    say(second, "From the second tab")

    for tab in (shop, second):
        expect(tab.locator(".mine .bubble")).to_have_text(["From the first tab", "From the second tab"])
    assert len(server.conversations) == 1


def test_an_unknown_inbox_is_said_plainly_and_not_asked_again(shop: Page, server: ChatServer) -> None:
    server.faults.refuse_connections = 4404
    shop.get_by_role("button", name="Open chat").click()

    expect(shop.get_by_text("This chat is not available right now.")).to_be_visible()
    shop.evaluate("dispatchEvent(new Event('online'))")

    assert len([path for path in server.requests if path.startswith("/ws/")]) == 1


# Writing


def test_a_draft_outlives_a_reload(shop: Page) -> None:
    open_chat(shop)
    shop.get_by_role("textbox", name="Write a message").fill("Half a thought")

    shop.reload()
    open_chat(shop)

    expect(shop.get_by_role("textbox", name="Write a message")).to_have_value("Half a thought")


def test_shift_enter_begins_a_line_and_enter_sends(shop: Page, server: ChatServer) -> None:
    server.faults.silent = True
    open_chat(shop)

    shop.keyboard.type("one")
    shop.keyboard.press("Shift+Enter")
    shop.keyboard.type("two")
    shop.keyboard.press("Enter")

    expect(shop.get_by_text("Sent")).to_be_visible()
    assert customer_texts(server) == ["one\ntwo"]


def test_a_message_that_is_too_long_stays_in_the_field_and_is_counted(shop: Page, server: ChatServer) -> None:
    open_chat(shop)

    say(shop, "😀" * 4_012)

    expect(shop.get_by_text("12 characters too many")).to_be_visible()
    expect(shop.get_by_role("textbox", name="Write a message")).to_have_value("😀" * 4_012)
    assert sent_frames(server) == []


def test_a_refused_message_shows_the_servers_words_and_can_be_sent_again(shop: Page, server: ChatServer) -> None:
    server.faults.refuse_sends = 1
    server.faults.silent = True
    open_chat(shop)
    say(shop, "Please take this")
    expect(shop.get_by_text("This message could not be taken. Please try again.")).to_be_visible()

    shop.get_by_role("button", name="Try again").click()

    expect(shop.get_by_text("Sent")).to_be_visible()
    assert customer_texts(server) == ["Please take this"]


def test_a_refused_message_can_be_taken_back_for_editing(shop: Page, server: ChatServer) -> None:
    server.faults.refuse_sends = 1
    open_chat(shop)
    say(shop, "Please take this")

    shop.get_by_role("button", name="Edit").click()

    expect(shop.get_by_role("textbox", name="Write a message")).to_have_value("Please take this")
    expect(shop.locator(".mine")).to_have_count(0)


# People


def test_the_visitor_asks_for_a_person_waits_and_is_joined(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "First")

    shop.get_by_role("button", name="Talk to a person").click()
    expect(shop.get_by_text("Waiting for a person. You can keep writing.")).to_be_visible()
    server.change_owner("person", "Ana Sousa")

    expect(shop.get_by_text("talking with Ana Sousa.")).to_be_visible()
    expect(shop.get_by_text("Ana Sousa joined the conversation")).to_be_visible()
    expect(shop.get_by_role("button", name="Talk to a person")).to_be_hidden()


def test_escape_closes_the_chat_and_unread_answers_are_counted_on_the_launcher(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "First")

    shop.keyboard.press("Escape")
    expect(shop.get_by_role("button", name="Open chat")).to_be_focused()
    server.post(author=ANA, text="Are you there?")
    launcher = shop.get_by_role("button", name="Open chat, 1 unread message")
    expect(launcher).to_be_visible()
    launcher.click()

    expect(shop.get_by_text("Are you there?").first).to_be_visible()
    expect(shop.get_by_role("button", name="Close chat").last).to_be_visible()


def test_finished_answers_are_announced_once_and_whole(shop: Page, server: ChatServer) -> None:
    open_chat(shop)
    ask(shop, "First")

    announced = shop.get_by_role("log").locator("p")

    expect(announced).to_have_count(1)
    expect(announced).to_contain_text("Juniper: You can return unopened bags within 30 days; we pay the return label.")


def test_reading_back_is_not_interrupted_by_a_new_message(shop: Page, server: ChatServer) -> None:
    server.faults.silent = True
    open_chat(shop)
    say(shop, "Hello")
    expect(shop.get_by_text("Sent")).to_be_visible()
    fill(server.only_conversation, count=40)
    shop.reload()
    expect(shop.locator(".mine, .theirs")).to_have_count(41)
    shop.locator(".scroller").evaluate("(scroller) => { scroller.scrollTop = 0; }")
    expect(shop.get_by_role("button", name="Go to the latest message")).to_be_visible()

    server.post(author=ANA, text="News for you")

    expect(shop.get_by_role("button", name="New messages")).to_be_visible()
    assert shop.locator(".scroller").evaluate("(scroller) => scroller.scrollTop") == 0
    shop.get_by_role("button", name="New messages").click()
    expect(shop.locator(".theirs .prose").last).to_be_in_viewport()


def test_arabic_readers_get_arabic_texts_from_right_to_left(context: BrowserContext, server: ChatServer) -> None:
    page = context.new_page()
    page.goto(server.origin + "/ar")

    page.get_by_role("button", name="افتح المحادثة").click()

    expect(page.locator(".panel")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("textbox", name="اكتب رسالة")).to_be_focused()
