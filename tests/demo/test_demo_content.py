"""Does the demo content agree with itself? Every number, name and quotation is checked against its source."""

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from apps.accounts.types import BusinessCalendar, Role
from apps.conversations.types import MESSAGE_LIMIT, AuthorKind, EventName, OwnerKind, Status

DEMO = Path(__file__).resolve().parents[2] / "demo"
FRONT_MATTER_KEYS = ["id", "title", "category", "locale", "audience", "updated", "tags"]
FACT_ROW = re.compile(r"^\| ([a-z]+\.[a-z_]+) \| (.+?) \| ([a-z0-9, -]+) \|$", re.MULTILINE)
MONEY = re.compile(r"[£€]\d+(?:,\d{3})*(?:\.\d\d)?|\d+(?:,\d\d)? [£€]")
SKU = re.compile(r"\b[A-Z]{3}-(?:\d\d|[A-Z]{3})\b")
ORDER_STATUSES = {
    *("placed", "packed", "dispatched", "out_for_delivery", "waiting_for_collection", "delivered", "returning", "lost"),
    *("cancelled", "ready_to_collect", "collected"),
    *("return_requested", "returned", "exchanged", "refunded", "partly_refunded"),
}
# service: (carrier, price, goods from which it is free, shape of the tracking number), as in the delivery articles
FELLRUNNER, STORCHENPOST, GANNET = r"FR\d{9}", r"SP\d{10}", r"GA\d{8}GB"
SERVICES = {
    "uk_standard": ("Fellrunner Parcels", 395, 5000, FELLRUNNER),
    "uk_express": ("Fellrunner Parcels", 750, None, FELLRUNNER),
    "uk_saturday": ("Fellrunner Parcels", 995, None, FELLRUNNER),
    "uk_far": ("Fellrunner Parcels", 695, 8000, FELLRUNNER),
    "letter": ("Letter post", 180, None, "None"),
    "collect": (None, 0, None, "None"),
    "eu_one": ("Storchenpost", 590, 7000, STORCHENPOST),
    "eu_two": ("Storchenpost", 890, 12000, STORCHENPOST),
    "eu_three": ("Storchenpost", 1290, 12000, STORCHENPOST),
    "world_light": ("Gannet Air", 1800, None, GANNET),
    "world_heavy": ("Gannet Air", 3200, None, GANNET),
}


def _read_article(path: Path) -> dict[str, str]:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return {**dict(line.split(": ", 1) for line in front.splitlines()), "body": body, "stem": path.stem}


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def _sum_of_money(text: str) -> tuple[str, int]:
    """Return currency sign and pence or cents; German sums have a comma before the cents."""
    currency = "£" if "£" in text else "€"
    amount = re.sub(r",(\d\d)$", r".\1", text.strip("£€ ")).replace(",", "")
    return currency, round(float(amount) * 100)


def _load(name: str) -> Any:
    return json.loads((DEMO / name).read_text(encoding="utf-8"))


ARTICLES = {path.stem: _read_article(path) for path in sorted((DEMO / "articles").glob("*.md"))}
TEXTS = {key: _plain(article["body"]) for key, article in ARTICLES.items()}
FACTS_TEXT = (DEMO / "facts.md").read_text(encoding="utf-8")
FACTS = [(key, value.replace("\\|", "|"), where.split(", ")) for key, value, where in FACT_ROW.findall(FACTS_TEXT)]
PRODUCTS = {row["sku"]: row for row in csv.DictReader((DEMO / "products.csv").open(encoding="utf-8", newline=""))}
ORDERS: list[dict[str, Any]] = _load("orders.json")
CONVERSATIONS: list[dict[str, Any]] = _load("conversations.json")
MESSAGES = [(talk["key"], message) for talk in CONVERSATIONS for message in talk["messages"]]
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
ORGANISATION: dict[str, Any] = _load("organisation.json")
STAFF = {person["email"]: person for person in ORGANISATION["staff"]}
COPY: dict[str, Any] = _load("site/copy.json")
SVGS = sorted((DEMO / "site").glob("*.svg"))


# Articles and facts


def test_an_article_is_named_by_its_id_and_has_complete_front_matter() -> None:
    keys = {key: list(article)[: len(FRONT_MATTER_KEYS)] for key, article in ARTICLES.items()}

    assert all(names == FRONT_MATTER_KEYS for names in keys.values()), keys
    assert [article["id"] for article in ARTICLES.values()] == list(ARTICLES)
    assert {article["audience"] for article in ARTICLES.values()} == {"public"}
    assert all(date.fromisoformat(article["updated"]) for article in ARTICLES.values())


def test_there_are_enough_articles_in_both_languages_and_no_title_is_used_twice() -> None:
    english = [article for article in ARTICLES.values() if article["locale"] == "en"]
    german = [article for article in ARTICLES.values() if article["locale"] == "de"]

    assert (len(english), len(german)) == (47, 4)
    assert len({article["category"] for article in english}) == 8
    assert len({article["title"] for article in ARTICLES.values()}) == len(ARTICLES)


@pytest.mark.parametrize("key", ARTICLES)
def test_an_article_is_neither_too_short_nor_too_long(key: str) -> None:
    words = re.findall(r"\w+", ARTICLES[key]["body"])

    assert 150 <= len(words) <= 600


def test_the_keys_of_the_fact_sheet_are_unique() -> None:
    keys = [key for key, _, _ in FACTS]

    assert len(keys) == len(set(keys))
    assert len(keys) > 200


@pytest.mark.parametrize(("key", "value", "where"), FACTS, ids=[key for key, _, _ in FACTS])
def test_a_fact_occurs_in_each_article_named_beside_it(key: str, value: str, where: list[str]) -> None:
    missing = [article for article in where if _plain(value) not in TEXTS[article]]

    assert missing == [], key


def test_every_sum_of_money_in_the_articles_is_a_fact_or_a_price() -> None:
    known = {_sum_of_money(found) for found in MONEY.findall(FACTS_TEXT)}
    known |= {("£", int(row["price_pence"])) for row in PRODUCTS.values()}
    known |= {("€", int(row["price_eur_cents"])) for row in PRODUCTS.values()}

    strays = [
        (key, found)
        for key, article in ARTICLES.items()
        for found in MONEY.findall(article["body"])
        if _sum_of_money(found) not in known
    ]

    assert strays == []


def test_every_article_number_in_the_articles_is_in_the_catalogue() -> None:
    named = {sku for article in ARTICLES.values() for sku in SKU.findall(article["body"])}

    assert named <= set(PRODUCTS)
    assert len(named) > 20


@pytest.mark.parametrize(
    ("key", "sku", "column"),
    [
        ("recall.refund", "KET-08", "price_pence"),
        ("recall.refund_eu", "KET-08", "price_eur_cents"),
        ("parts.seal", "PRT-LID", "price_pence"),
        ("parts.stopper", "PRT-STP", "price_pence"),
        ("parts.stopper_de", "PRT-STP", "price_eur_cents"),
        ("parts.battery", "PRT-BAT", "price_pence"),
    ],
)
def test_a_price_in_the_fact_sheet_is_the_price_in_the_catalogue(key: str, sku: str, column: str) -> None:
    values = {fact: value for fact, value, _ in FACTS}

    assert _sum_of_money(MONEY.findall(values[key])[0])[1] == int(PRODUCTS[sku][column])


# Organisation


def test_the_opening_hours_are_those_in_the_articles() -> None:
    calendar = BusinessCalendar.model_validate(ORGANISATION["calendar"])
    spans = [
        " and ".join(f"{span.start:%H:%M} to {span.end:%H:%M}" for span in intervals) for intervals in calendar.weekdays
    ]

    assert len(set(spans[:5])) == 1
    assert f"monday to friday {spans[0]}, saturday {spans[5]}" in TEXTS["contact-and-complaints"]
    assert spans[6] == ""
    assert {day.isoformat() for day in calendar.overrides} == set(ORGANISATION["override_reasons"])


def test_the_staff_have_known_roles_and_addresses_that_cannot_exist() -> None:
    roles = [person["role"] for person in STAFF.values()]

    assert set(roles) <= set(Role)
    assert (roles.count("owner"), roles.count("admin"), roles.count("agent")) == (1, 1, 3)
    assert all(email.endswith(".example") for email in STAFF)
    assert len(STAFF) == len(ORGANISATION["staff"])


def test_every_address_in_the_demo_ends_in_example() -> None:
    files = [path for path in DEMO.rglob("*") if path.suffix in {".md", ".json", ".jsonl", ".csv"}]

    hosts = {host for path in files for host in re.findall(r"[\w.]+@([\w.-]+\w)", path.read_text(encoding="utf-8"))}

    assert {host.rsplit(".", 1)[-1] for host in hosts} == {"example"}


# Products and orders


def test_the_catalogue_is_complete() -> None:
    prices = [int(row["price_pence"]) for row in PRODUCTS.values()]

    assert len(PRODUCTS) == 33
    assert min(prices) > 0
    assert all(int(row["price_eur_cents"]) > int(row["price_pence"]) for row in PRODUCTS.values())
    assert {row["currency"] for row in PRODUCTS.values()} == {"GBP"}
    assert all(len(row["description"]) > 30 for row in PRODUCTS.values())


def test_order_numbers_rise_with_time() -> None:
    numbers = [order["number"] for order in ORDERS]
    placed = [order["placed_days_ago"] for order in ORDERS]

    assert len(ORDERS) == 64
    assert numbers == sorted(set(numbers))
    assert placed == sorted(placed, reverse=True)
    assert all(re.fullmatch(r"WJ-\d{5}", number) for number in numbers)


@pytest.mark.parametrize("order", ORDERS, ids=[order["number"] for order in ORDERS])
def test_an_order_adds_up(order: dict[str, Any]) -> None:
    column = {"GBP": "price_pence", "EUR": "price_eur_cents"}[order["currency"]]
    goods = sum(item["unit_price"] * item["quantity"] for item in order["items"])
    stitched = [item for item in order["items"] if "embroidery" in item]
    stitching = sum(item["embroidery"]["price"] * item["quantity"] for item in stitched)
    discount = (order["discount"] or {"amount": 0})["amount"]
    carrier, price, free_from, _ = SERVICES[order["delivery"]["service"]]
    is_free = free_from is not None and goods - discount >= free_from

    assert all(item["unit_price"] == int(PRODUCTS[item["sku"]][column]) for item in order["items"])
    assert all(PRODUCTS[item["sku"]]["embroidery"] == "yes" for item in stitched)
    assert all(len(item["embroidery"]["text"]) <= 12 for item in stitched)
    assert order["delivery"]["carrier"] == carrier
    assert order["delivery"]["price"] == price * (not is_free)
    assert order["total"] == goods + stitching - discount + order["delivery"]["price"]


@pytest.mark.parametrize("order", ORDERS, ids=[order["number"] for order in ORDERS])
def test_an_order_has_a_possible_history(order: dict[str, Any]) -> None:
    steps = [order["placed_days_ago"], order["dispatched_days_ago"], order["delivered_days_ago"]]
    done = [step for step in steps if step is not None]
    returned = order["return"] or {}
    way_back = [returned.get(f"{step}_days_ago") for step in ("requested", "handed_in", "received", "refunded")]
    happened = [step for step in way_back if step is not None]
    shape = {True: SERVICES[order["delivery"]["service"]][3], False: "None"}[order["dispatched_days_ago"] is not None]

    assert order["status"] in ORDER_STATUSES
    assert done == sorted(done, reverse=True)
    assert happened == sorted(happened, reverse=True)
    assert all(step <= done[-1] for step in happened)
    assert set(returned.get("skus", [])) <= {item["sku"] for item in order["items"]}
    assert re.fullmatch(shape, str(order["delivery"]["tracking"]))


def test_nothing_with_a_lithium_battery_leaves_the_united_kingdom_and_the_european_union() -> None:
    services = {
        order["delivery"]["service"]
        for order in ORDERS
        for item in order["items"]
        if PRODUCTS[item["sku"]]["lithium_battery"] == "yes"
    }

    assert services.isdisjoint({"world_light", "world_heavy", "letter"})


def test_orders_include_late_lost_returned_and_refunded_ones() -> None:
    late = [
        order
        for order in ORDERS
        if None not in (order["delivered_days_ago"], order["due_days_ago"])
        and order["delivered_days_ago"] < order["due_days_ago"]
    ]

    assert len(late) >= 2
    assert {"lost", "returned", "refunded", "partly_refunded", "cancelled"} <= {order["status"] for order in ORDERS}


# Conversations


def test_the_desk_starts_with_fourteen_conversations_in_every_state() -> None:
    states = {(talk["status"], talk["owner"]["kind"]) for talk in CONVERSATIONS}
    first_words = [talk["messages"][0]["text"] for talk in CONVERSATIONS]

    assert len({talk["key"] for talk in CONVERSATIONS}) == 14
    assert {status for status, _ in states} == set(Status)
    assert {kind for _, kind in states} == set(OwnerKind)
    assert {"en", "de"} == {talk["customer"]["locale"] for talk in CONVERSATIONS}
    assert max(len(text) for text in first_words) > 2500
    assert any(not re.search(r"\w", text) for text in first_words)
    assert any("<script>" in text for text in first_words)


@pytest.mark.parametrize("talk", CONVERSATIONS, ids=[talk["key"] for talk in CONVERSATIONS])
def test_a_conversation_is_in_order_and_names_only_what_exists(talk: dict[str, Any]) -> None:
    minutes = [message["minutes_ago"] for message in talk["messages"]]
    staff = [message.get("staff") for message in talk["messages"]] + [talk["owner"]["staff"]]
    events = [message["event"]["name"] for message in talk["messages"] if message["author"] == "system"]

    assert minutes == sorted(minutes, reverse=True)
    assert set(staff) <= {*STAFF, None}
    assert set(events) <= set(EventName)
    assert {message["author"] for message in talk["messages"]} <= set(AuthorKind)
    assert all(len(message["text"]) <= MESSAGE_LIMIT for message in talk["messages"])
    assert (talk["owner"]["kind"] == OwnerKind.PERSON) == (talk["owner"]["staff"] is not None)
    assert talk["order"] in {None, *(order["number"] for order in ORDERS)}
    assert len(talk["title"]) <= 120


def test_an_order_discussed_on_the_desk_belongs_to_the_customer_who_asks() -> None:
    owners = {order["number"]: order["customer"]["email"] for order in ORDERS}

    strangers = [
        talk["key"]
        for talk in CONVERSATIONS
        if talk["order"] is not None and owners[talk["order"]] != talk["customer"]["email"]
    ]

    assert strangers == []


def test_a_quoted_passage_occurs_letter_for_letter_in_its_article() -> None:
    quotations = [(key, citation) for key, message in MESSAGES for citation in message.get("citations", [])]

    wrong = [
        (key, citation["passage"])
        for key, citation in quotations
        if citation["passage"] not in ARTICLES[citation["article_id"]]["body"]
    ]

    assert wrong == []
    assert len(quotations) > 30


def test_every_citation_of_an_answer_is_marked_in_its_text() -> None:
    unmarked = [
        (key, message["text"])
        for key, message in MESSAGES
        if {int(n) for n in re.findall(r"\[(\d+)\]", message["text"])}
        != {citation["n"] for citation in message.get("citations", [])}
    ]

    assert unmarked == []


# Questions


def test_no_question_is_asked_twice_and_every_article_answers_one() -> None:
    answered = [question for question in QUESTIONS if question["article_ids"]]

    assert len({question["question"] for question in QUESTIONS}) == len(QUESTIONS)
    assert (len(answered), len(QUESTIONS) - len(answered)) == (100, 20)
    assert {key for question in answered for key in question["article_ids"]} == set(ARTICLES)


@pytest.mark.parametrize("question", QUESTIONS, ids=[question["question"][:40] for question in QUESTIONS])
def test_the_facts_of_an_answer_occur_in_its_articles(question: dict[str, Any]) -> None:
    missing = [
        fact
        for fact in question["answer_contains"]
        if not any(_plain(fact) in TEXTS[key] for key in question["article_ids"])
    ]

    assert missing == []
    assert bool(question["answer_contains"]) == bool(question["article_ids"])


# Storefront


@pytest.mark.parametrize("path", SVGS, ids=[path.name for path in SVGS])
def test_an_illustration_is_small_and_stands_alone(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tags = {element.tag.rsplit("}")[-1] for element in ElementTree.fromstring(source).iter()}  # noqa: S314 our own file

    assert path.stat().st_size <= 8 * 1024
    assert tags.isdisjoint({"script", "text", "image", "use", "style", "a", "foreignObject"})
    assert re.findall(r"href|https?://(?!www\.w3\.org/2000/svg)|\son\w+=", source) == []


def test_the_storefront_names_only_articles_products_and_images_that_exist() -> None:
    text = json.dumps(COPY)
    items = COPY["products"]["items"]
    images = {COPY["hero"]["image"], *(item["image"] for item in items)}
    anchors = {section["anchor"] for section in COPY["sections"]} | {"shop", "help"}

    assert set(re.findall(r'article_id": "([^"]+)"', text)) <= set(ARTICLES)
    assert {item["sku"] for item in items} <= set(PRODUCTS)
    assert images | {"logo.svg"} == {path.name for path in SVGS}
    assert {link["anchor"] for link in COPY["navigation"]} <= anchors


def test_the_readme_counts_correctly() -> None:
    readme = (DEMO / "README.md").read_text(encoding="utf-8")

    assert "| 47 English, 4 German |" in readme
    assert f"| the catalogue | {len(PRODUCTS)} |" in readme
    assert f"refunded | {len(ORDERS)} |" in readme
    assert "| 100 answered, 20 not |" in readme
    assert f"| {len(SVGS)} SVG" in readme
