"""What do the desk's modules do in a browser? Each is loaded alone; the server's answers are chosen by the test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

pytestmark = pytest.mark.browser

STATIC = Path(__file__).resolve().parent.parent.parent / "static"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
PAGE = """<!doctype html><html data-icons="/static/desk/icons.svg"><link rel="icon" href="data:,">
<body data-csrf="token" data-home="/desk/">
<div id="scroll"><ul id="rows"></ul><div id="end"></div></div></body></html>"""
TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}

Answer = Callable[[dict[str, str]], tuple[int, Any]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # A module's life long, no longer: the loop inside would make Django refuse database work in later tests.
    with sync_playwright() as playwright:
        executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        chromium = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield chromium
        chromium.close()


class Server:
    """Serves the static files; what it answers to the desk's own requests is up to ``answer``."""

    def __init__(self) -> None:
        self.answer: Answer = lambda fields: (404, {})
        self.received: list[dict[str, str]] = []

    def serve(self, route: Route) -> None:
        place = urlsplit(route.request.url)
        if place.path == "/":
            route.fulfill(body=PAGE, content_type="text/html")
        elif place.path.startswith("/static/"):
            file = STATIC / place.path.removeprefix("/static/")
            route.fulfill(body=file.read_text(), content_type=TYPES[file.suffix])
        else:
            sent = parse_qs(route.request.post_data or place.query)
            fields = {name: values[0] for name, values in sent.items()}
            self.received.append(fields)
            status, body = self.answer(fields)
            route.fulfill(status=status, json=body)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    window = browser.new_page(base_url="http://desk.test")
    window.route("**/*", server.serve)
    window.goto("/")
    yield window
    window.close()


def run(page: Page, body: str, **given: Any) -> Any:
    """Run ``body`` as an async function with ``given`` as its variables, and return what it returns."""
    names = ", ".join(given)
    return page.evaluate(f"async ({{ {names} }}) => {{ {body} }}", given)


# What is known of the open conversation -----------------------------------------------------------------------

LOG = """
const { ConversationLog } = await import("/static/desk/log.js");
const log = new ConversationLog(0);
const message = (seq) => ({ seq, message: { id: `m${seq}`, seq } });
const seqs = (readable) => readable.map((one) => one.seq);
const delta = (offset, text, attempt = 1) => log.addDelta({ answer_id: "m2", attempt, offset, text }, 0);
const shown = () => [...log.drafts.values()].map((draft) => draft.broken ? null : draft.points.join(""));
"""


def test_messages_become_readable_in_order_and_once(page: Page) -> None:
    result = run(
        page,
        LOG + """return [1, 3, 3, 4, 2, 1].map((seq) => [seqs(log.receive(message(seq))), log.hasHole]);""",
    )

    assert result == [
        [[1], False],
        [[], True],
        [[], True],
        [[], True],
        [[2, 3, 4], False],
        [[], False],
    ]


def test_a_streamed_answer_counts_characters_as_people_do(page: Page) -> None:
    result = run(page, LOG + """delta(0, "Tea 🫖"); delta(5, " is ready"); return shown();""")

    assert result == ["Tea 🫖 is ready"]


def test_a_piece_that_does_not_fit_hides_the_draft_until_the_next_attempt(page: Page) -> None:
    result = run(
        page,
        LOG
        + """
        delta(0, "One"); delta(7, "lost"); const broken = shown();
        delta(0, "Two", 2); delta(3, "late", 1); return [broken, shown()];
        """,
    )

    assert result == [[None], ["Two"]]


def test_the_message_takes_the_place_of_its_draft(page: Page) -> None:
    result = run(
        page,
        LOG
        + """
        log.receive(message(1)); delta(0, "The ans"); log.receive(message(2)); delta(7, "wer"); return shown();
        """,
    )

    assert result == []


def test_an_answer_that_was_stopped_or_forgotten_leaves_no_draft(page: Page) -> None:
    result = run(
        page,
        LOG
        + """
        log.setAnswerState({ answer_id: "m2", attempt: 1, state: "thinking" }, 0);
        log.setAnswerState({ answer_id: "m9", attempt: 1, state: "thinking" }, 40_000);
        const both = log.drafts.size; const dropped = log.dropStaleDrafts(50_000); const one = log.drafts.size;
        log.setAnswerState({ answer_id: "m9", attempt: 1, state: "stopped" }, 50_000);
        return [both, dropped, one, log.drafts.size];
        """,
    )

    assert result == [2, True, 1, 0]


# Replies on their way -----------------------------------------------------------------------------------------

OUTBOX = """
const { DeskStorage } = await import("/static/desk/storage.js");
const { Outbox } = await import("/static/desk/outbox.js");
const storage = new DeskStorage("ana");
const outbox = new Outbox(storage, (id) => `/desk/c/${id}/reply/`);
const states = () => outbox.of("c1").map((item) => item.state);
const until = (wanted) => new Promise((resolve) => {
  const look = () => wanted() && resolve();
  outbox.addEventListener("change", look);
  look();
});
"""


def stored(fields: dict[str, str]) -> tuple[int, Any]:
    return 200, {"message_id": "m", "seq": 7, "is_new": True}


def test_a_reply_goes_out_with_the_owner_the_agent_saw(page: Page, server: Server) -> None:
    server.answer = stored

    result = run(
        page,
        OUTBOX
        + """
        outbox.add("c1", "Hello", 3); await until(() => states()[0] === "sent");
        const [item] = outbox.of("c1"); outbox.settle(item.clientId); return [item.seq, states()];
        """,
    )

    assert result == [7, []]
    (sent,) = server.received
    assert (sent["text"], sent["expected_owner_version"]) == ("Hello", "3")


def test_a_reply_that_meets_a_busy_server_is_sent_again_under_its_id(page: Page, server: Server) -> None:
    answers = iter([(503, {}), (200, {"message_id": "m", "seq": 7, "is_new": True})])
    server.answer = lambda fields: next(answers)

    result = run(
        page, OUTBOX + """outbox.add("c1", "Hello", 3); await until(() => states()[0] === "sent"); return 1;"""
    )

    assert result == 1
    first, second = server.received
    assert first == second


def test_replies_of_one_conversation_keep_their_order(page: Page, server: Server) -> None:
    question = {"code": "desk.changed_meanwhile", "detail": "Ben took it.", "question": "Send?", "owner_version": 5}
    answers = iter([(409, question), stored({}), stored({})])
    server.answer = lambda fields: next(answers)

    result = run(
        page,
        OUTBOX
        + """
        outbox.add("c1", "First", 3); outbox.add("c1", "Second", 3); await until(() => states()[0] === "question");
        const held = states(); const [item] = outbox.of("c1"); outbox.retry(item.clientId, item.ownerVersion);
        await until(() => states().every((state) => state === "sent")); return [held, item.question];
        """,
    )

    assert result == [["question", "waiting"], "Send?"]
    sent = [(fields["text"], fields["expected_owner_version"]) for fields in server.received]
    assert sent == [("First", "3"), ("First", "5"), ("Second", "3")]


def test_a_refused_reply_keeps_its_text_and_says_why(page: Page, server: Server) -> None:
    server.answer = lambda fields: (413, {"code": "message.too_long", "detail": "Too long.", "retryable": False})

    result = run(
        page,
        OUTBOX
        + """
        outbox.add("c1", "Hello", 3); await until(() => states()[0] === "failed");
        const [item] = outbox.of("c1"); return [item.error, outbox.withdraw(item.clientId), states()];
        """,
    )

    assert result == ["Too long.", "Hello", []]
    assert len(server.received) == 1


def test_an_unsent_reply_outlives_the_window(page: Page, server: Server) -> None:
    server.answer = lambda fields: (413, {"code": "x", "detail": "No.", "retryable": False})
    run(page, OUTBOX + """outbox.add("c1", "Hello", 3); await until(() => states()[0] === "failed"); return 0;""")

    page.reload()
    server.answer = stored
    result = run(
        page,
        OUTBOX
        + """
        const [item] = outbox.of("c1"); const before = [item.text, item.state]; outbox.retry(item.clientId);
        await until(() => states()[0] === "sent"); return before;
        """,
    )

    assert result == ["Hello", "failed"]
    assert server.received[0]["client_id"] == server.received[1]["client_id"]


def test_a_colleague_at_the_same_browser_sees_none_of_it(page: Page) -> None:
    result = run(
        page,
        OUTBOX
        + """
        storage.set("draft:c1", { text: "Dear", version: 1, at: Date.now() });
        return [new DeskStorage("ben").get("draft:c1"), new DeskStorage("ana").get("draft:c1").text];
        """,
    )

    assert result == [None, "Dear"]


def test_drafts_go_when_they_are_old_and_at_sign_out(page: Page) -> None:
    result = run(
        page,
        OUTBOX
        + """
        const day = 24 * 3600_000;
        storage.set("draft:new", { text: "a", version: 1, at: 20 * day });
        storage.set("draft:old", { text: "b", version: 1, at: 1 * day });
        storage.set("sound", true);
        storage.dropOldDrafts(21 * day); const kept = storage.names("draft:");
        storage.forget(); return [kept, storage.names("draft:"), storage.get("sound")];
        """,
    )

    assert result == [["draft:new"], [], True]


# The list -----------------------------------------------------------------------------------------------------

LIST = """
const { ConversationList } = await import("/static/desk/list.js");
const place = (id) => document.getElementById(id);
const list = new ConversationList({ element: place("rows"), end: place("end"), scroll: place("scroll"), me: { id: "ana" }, home: "/desk/" });
const row = (id, minute, more = {}) => ({
  id, title: `title ${id}`, reference: "Visitor 7KQ2M", channel: "web", status: "open", owner: { kind: "nobody", name: "", member_id: null },
  owner_version: 1, last_seq: 2, snippet: null, last_message_at: `2026-03-02T12:${minute}:00.000Z`,
  waiting_since: `2026-03-02T12:${minute}:00.000Z`, created_at: "2026-03-02T12:00:00.000Z", ...more,
});
const shown = () => [...document.querySelectorAll("#rows .row")].map((link) => link.dataset.conversation);
const unread = () => [...document.querySelectorAll("#rows .row--unread")].map((link) => link.dataset.conversation);
const page = (...rows) => ({ rows, read: {}, next: "" });
const bens = { owner: { kind: "person", name: "Ben", member_id: "ben" }, last_seq: 3 };
"""  # noqa: E501  JavaScript


def test_rows_move_as_conversations_do(page: Page) -> None:
    result = run(
        page,
        LIST
        + """
        list.fill("needs-a-person", page(row("b", "05"), row("a", "10"))); const first = shown();
        list.update(row("c", "01")); const second = shown();
        list.update(row("b", "05", bens)); return [first, second, shown()];
        """,
    )

    assert result == [["b", "a"], ["c", "b", "a"], ["c", "a"]]


def test_the_newest_activity_stands_first_elsewhere(page: Page) -> None:
    result = run(
        page,
        LIST
        + """
        list.fill("open", page(row("a", "10"), row("b", "05"))); list.update(row("b", "20", bens)); return shown();
        """,
    )

    assert result == ["b", "a"]


def test_an_older_state_does_not_overwrite_a_newer_one(page: Page) -> None:
    result = run(
        page,
        LIST
        + """
        list.fill("needs-a-person", page(row("b", "05", { last_seq: 9, title: "newer" })));
        list.update(row("b", "05", { title: "older" })); return list.row("b").title;
        """,
    )

    assert result == "newer"


def test_a_row_below_the_last_loaded_page_waits_for_its_page(page: Page) -> None:
    result = run(
        page,
        LIST
        + """
        list.fill("needs-a-person", { ...page(row("a", "05"), row("b", "10")), next: "cursor" });
        list.update(row("c", "20")); list.update(row("d", "07")); return shown();
        """,
    )

    assert result == ["a", "d", "b"]


def test_what_concerns_the_agent_and_was_not_seen_is_unread(page: Page) -> None:
    result = run(
        page,
        LIST
        + """
        const mine = { owner: { kind: "person", name: "Ana", member_id: "ana" } };
        const ai = { owner: { kind: "ai", name: "Alba", member_id: null } };
        const rows = [row("waits", "01"), row("mine", "02", mine), row("seen", "03", mine), row("ai", "04", ai), row("bens", "05", bens)];
        list.fill("open", { ...page(...rows), read: { seen: 2, mine: 1 } }); const before = unread().sort();
        list.setRead("mine", 2); return [before, unread()];
        """,  # noqa: E501  JavaScript
    )

    assert result == [["mine", "waits"], ["waits"]]


def test_a_page_that_is_older_than_the_socket_does_not_undo_it(page: Page, server: Server) -> None:
    run(page, LIST + """list.fill("open", page(row("a", "05"))); window.list = list; window.row = row; return 0;""")

    def answer_late(fields: dict[str, str]) -> tuple[int, Any]:
        page.evaluate("list.update(row('a', '05', { last_seq: 9, title: 'from the socket' })); undefined")
        old = page.evaluate("row('a', '05')")
        return 200, {"rows": [old], "read": {}, "next": ""}

    server.answer = answer_late

    assert run(page, "await list.refresh(); return list.row('a').title;") == "from the socket"


def test_an_empty_list_says_what_will_stand_there(page: Page) -> None:
    result = run(page, LIST + """list.fill("mine", page()); return place("end").innerText;""")

    assert "You have nothing open" in result


def test_a_list_that_cannot_be_fetched_says_so_and_tries_again(page: Page, server: Server) -> None:
    server.answer = lambda fields: (503, {"code": "x", "detail": "The database is away.", "retryable": True})
    failed = run(page, LIST + """await list.show("mine"); window.list = list; return place("end").innerText;""")
    server.answer = lambda fields: (200, {"rows": [], "read": {}, "next": ""})

    page.get_by_role("button", name="Try again").click()

    assert "The database is away." in failed
    page.get_by_text("You have nothing open").wait_for()
