"""Who may call what? Every endpoint times everybody; an endpoint without an entry fails."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from apps.conversations.models import Conversation, Message
from apps.core import tenancy
from apps.customers.models import Customer, Fact, Identity, Merge, MergeSuggestion
from apps.desk.models import ReadMark
from tests.architecture.cast import MARKER, Cast, list_routes, make_cast
from worker.queues import QUEUES

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from apps.accounts.models import Organisation
    from apps.inboxes.models import Inbox

WHO = ("anonymous", "visitor", "agent", "author", "admin", "other agent", "operator", "program", "other program")
# ``other visitor`` and ``other …`` belong to another organisation; ``operator`` runs the deployment and works nowhere.
EVERYBODY = (*WHO, "other visitor")
MAY_READ = {"visitor", "agent", "admin", "program"}
OUTSIDERS = {"anonymous", "other agent", "other program", "other visitor", "operator"}

Row = Mapping[str, int]


def _all(status: int, **exceptions: int) -> Row:
    others = {name.replace("_", " "): value for name, value in exceptions.items()}
    assert set(others) <= set(EVERYBODY)
    return dict.fromkeys(EVERYBODY, status) | others


OPEN = _all(200)
# Signing in is asked of everybody without a session, and a role or a membership of everybody with one.
DESK = _all(302, agent=200, admin=200, other_agent=200, author=403, operator=403)
DESK_THING = _all(302, agent=200, admin=200, other_agent=404, author=403, operator=403)
DESK_DEED = DESK_THING
DESK_DONE = {**DESK_DEED, "agent": 204, "admin": 204}
PROGRAMS = _all(401, program=200, other_program=200)
PROGRAMS_THING = _all(401, program=200, other_program=404)
SIGNED_IN = ("agent", "author", "admin", "other_agent", "operator")
FOR_STRANGERS = _all(200, **dict.fromkeys(SIGNED_IN, 302))
FOR_SIGNED_IN = _all(302, **dict.fromkeys(SIGNED_IN, 200))
# Everybody else is sent to the sign-in; what the operator sees there is looked at in test_admin.py.
ADMIN = dict.fromkeys(("anonymous", "agent", "admin", "program"), 302)

TABLE: dict[str, Row] = {
    "GET ": OPEN,
    "GET shop/": OPEN,
    "GET health/live": OPEN,
    "GET health/ready": _all(503),
    "GET metrics": OPEN,
    "GET robots.txt": OPEN,
    "GET chat/<uuid:inbox_id>/": OPEN,
    "GET api/v1/chat/<uuid:inbox_id>/updates": _all(401, visitor=200, other_visitor=200),
    "GET api/v1/conversations": PROGRAMS,
    "GET api/v1/conversations/<uuid:conversation_id>/messages": PROGRAMS_THING,
    "GET desk/": DESK,
    "GET desk/list/": DESK,
    "GET desk/counts/": DESK,
    "POST desk/search/": DESK,
    "GET desk/c/<uuid:conversation_id>/": DESK_THING,
    "GET desk/c/<uuid:conversation_id>/state/": DESK_THING,
    "GET desk/c/<uuid:conversation_id>/messages/": DESK_THING,
    "POST desk/c/<uuid:conversation_id>/read/": DESK_DONE,
    "POST desk/c/<uuid:conversation_id>/reply/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/take/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/return/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/close/": DESK_DEED,
    "POST desk/c/<uuid:conversation_id>/reopen/": DESK_DEED,
    "GET desk/customers/<uuid:customer_id>/": DESK_THING,
    "GET desk/customers/<uuid:customer_id>/state/": DESK_THING,
    "GET desk/customers/<uuid:customer_id>/timeline/": DESK_THING,
    "GET desk/customers/<uuid:customer_id>/entry/": DESK_THING,
    "POST desk/customers/<uuid:customer_id>/enter/": DESK_DONE,
    "POST desk/customers/<uuid:customer_id>/withdraw/": DESK_DONE,
    "POST desk/customers/<uuid:customer_id>/find/": DESK_THING,
    "GET desk/customers/<uuid:customer_id>/join/": DESK_THING,
    "GET desk/customers/<uuid:customer_id>/compare/<uuid:other_id>/": DESK_THING,
    "POST desk/customers/<uuid:customer_id>/join/<uuid:other_id>/": DESK_DONE,
    "GET desk/customers/<uuid:customer_id>/merges/<uuid:merge_id>/": DESK_THING,
    "POST desk/customers/<uuid:customer_id>/merges/<uuid:merge_id>/undo/": DESK_DONE,
    "POST desk/customers/suggestions/<uuid:suggestion_id>/accept/": DESK_DONE,
    "POST desk/customers/suggestions/<uuid:suggestion_id>/dismiss/": DESK_DONE,
    "GET accounts/login/": FOR_STRANGERS,
    "GET admin/login/": _all(302, agent=403, author=403, admin=403, other_agent=403),
    "GET accounts/logout/": FOR_SIGNED_IN,
    "GET accounts/inactive/": OPEN,
    "GET accounts/signup/": FOR_STRANGERS,
    "GET accounts/reauthenticate/": FOR_SIGNED_IN,
    "GET accounts/email/": FOR_SIGNED_IN,
    "GET accounts/confirm-email/": OPEN,
    "GET accounts/password/change/": FOR_SIGNED_IN,
    "GET accounts/password/set/": _all(302),
    "GET accounts/password/reset/": OPEN,
    "GET accounts/login/code/confirm/": _all(302),
    r"GET accounts/^confirm-email/(?P<key>[-:\w]+)/$": OPEN,
    "GET accounts/password/reset/key/done/": OPEN,
    r"GET accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": OPEN,
    "GET accounts/password/reset/done/": OPEN,
    "GET api/schema/": OPEN,
    "GET api/docs/": OPEN,
}


# The admin has its own sign-in address only to send people on to the common one.
ADMIN_ROUTES = [route for route in list_routes() if route.startswith("admin/") and route != "admin/login/"]
ROWS: dict[str, Row] = TABLE | {f"GET {route}": ADMIN for route in ADMIN_ROUTES}
# Of those whom the admin sends away, one of each sort is enough for its many pages.
WHO_ASKS = {f"GET {route}": (*ADMIN, "operator") for route in ADMIN_ROUTES}
DEEDS = [endpoint for endpoint in TABLE if endpoint.startswith("POST ")]


@pytest.fixture
def cast(acme: "Organisation", orbis: "Organisation", inbox: "Inbox") -> Cast:
    """Return everybody, at a time when no worker runs."""
    cache.delete_many([f"core:pulse:{queue.name}" for queue in QUEUES])
    return make_cast(acme, orbis, inbox)


VISITOR_UPDATES = "GET api/v1/chat/<uuid:inbox_id>/updates"
PROGRAM_LIST = "GET api/v1/conversations"
PROGRAM_MESSAGES = "GET api/v1/conversations/<uuid:conversation_id>/messages"
SHOWN_WITH_A_SECRET = {VISITOR_UPDATES, PROGRAM_LIST, PROGRAM_MESSAGES}
# Scripts, styles, pictures and frames of another origin; links that people may follow are not fetched.
FETCHED = re.compile(r'<(?:script|img|iframe|link|source|use)\b[^>]*?(?:src|href)="((?:https?:)?//[^"]+)"')


def _call(client: Client, cast: Cast, endpoint: str) -> "Response":
    method, route = endpoint.split(" ", 1)
    body: dict[str, Any] = {"text": "Found it.", "client_id": str(uuid4()), "seq": 1, "expected_owner_version": 1}
    body |= {"kind": "name", "value": "Vera", "q": "Vera"}
    return client.generic(
        method,
        cast.fill(route),
        "&".join(f"{name}={value}" for name, value in body.items()) if method == "POST" else "",
        "application/x-www-form-urlencoded",
    )


@dataclass(frozen=True)
class Seen:
    """What somebody got to see."""

    status: int
    body: str
    headers: Mapping[str, str]
    # What of acme's private things stood in body or headers.
    private: tuple[str, ...]


_SEEN: dict[str, dict[str, Seen]] = {}


def _ask(cast: Cast, endpoint: str) -> dict[str, Seen]:
    """Return what everybody sees; whatever they change is taken back. Asked once for all tests of a process."""
    if endpoint not in _SEEN:
        _SEEN[endpoint] = {who: _ask_as(who, cast, endpoint) for who in WHO_ASKS.get(endpoint, EVERYBODY)}
    return _SEEN[endpoint]


def _ask_as(who: str, cast: Cast, endpoint: str) -> Seen:
    with transaction.atomic():
        response = _call(cast.open_client(who), cast, endpoint)
        transaction.set_rollback(True)
    body, headers = response.content.decode(), dict(response.items())
    everything = f"{body}{headers}{response.cookies}"
    return Seen(response.status_code, body, headers, tuple(one for one in cast.list_private() if one in everything))


def _fingerprint() -> tuple[Any, ...]:
    with tenancy.everywhere("nothing may change in any organisation"):
        conversations = Conversation.everywhere.order_by("id").values_list()
        customers = Customer.everywhere.order_by("id").values_list("id", "root_id", "identified_at")
        merges = Merge.everywhere.order_by("id").values_list("id", "undone_at")
        suggestions = MergeSuggestion.everywhere.order_by("id").values_list("id", "state")
        people = (*customers, *merges, *suggestions, Identity.everywhere.count(), Fact.everywhere.count())
        return (*conversations, *people, Message.everywhere.count(), ReadMark.everywhere.count())


# The matrix ------------------------------------------------------------------------------------------------


def test_every_endpoint_has_an_entry_and_every_entry_an_endpoint() -> None:
    assert sorted({endpoint.split(" ", 1)[1] for endpoint in ROWS}) == sorted(list_routes())


def test_every_entry_answers_for_everybody() -> None:
    assert [endpoint for endpoint, row in TABLE.items() if set(row) != set(EVERYBODY)] == []


@pytest.mark.parametrize("endpoint", ROWS)
def test_everybody_gets_what_the_table_says(cast: Cast, endpoint: str) -> None:
    seen = _ask(cast, endpoint)

    assert {who: seen[who].status for who in ROWS[endpoint]} == ROWS[endpoint]


# What is shown ---------------------------------------------------------------------------------------------


def test_a_customers_words_are_shown_to_nobody_else(cast: Cast) -> None:
    shown = {(endpoint, who) for endpoint in ROWS for who, seen in _ask(cast, endpoint).items() if MARKER in seen.body}

    assert {who for _, who in shown} == MAY_READ
    assert {endpoint for endpoint, who in shown if who in {"visitor", "program"}} == SHOWN_WITH_A_SECRET


def test_no_byte_of_an_organisation_reaches_anybody_outside(cast: Cast) -> None:
    leaks = {
        (endpoint, who): seen.private
        for endpoint in ROWS
        for who, seen in _ask(cast, endpoint).items()
        if who in OUTSIDERS and seen.private and not (who == "operator" and endpoint in WHO_ASKS)
    }

    assert leaks == {}


def test_whoever_belongs_to_it_is_shown_something(cast: Cast) -> None:
    # Else the test above would be blind.
    shown = {who for endpoint in ROWS for who, seen in _ask(cast, endpoint).items() if seen.private}

    assert shown == {*MAY_READ, "operator"}


def test_what_shows_a_customers_words_is_not_kept_by_the_browser(cast: Cast) -> None:
    kept = {
        (endpoint, who)
        for endpoint in ROWS
        for who, seen in _ask(cast, endpoint).items()
        if MARKER in seen.body and "no-store" not in seen.headers.get("Cache-Control", "")
    }

    # Nothing keeps an answer to a request with an Authorization header (RFC 9111, section 3.5).
    assert {who for _, who in kept} <= {"program"}


def test_every_response_says_what_a_browser_may_do_with_it(cast: Cast) -> None:
    silent = {
        (endpoint, who)
        for endpoint in ROWS
        for who, seen in _ask(cast, endpoint).items()
        if "default-src 'self'" not in seen.headers.get("Content-Security-Policy", "")
        or seen.headers.get("X-Content-Type-Options") != "nosniff"
        or seen.headers.get("X-Frame-Options") != "DENY"
    }

    assert silent == set()


def test_pages_fetch_nothing_from_elsewhere(cast: Cast) -> None:
    elsewhere = {
        (endpoint, address)
        for endpoint in ROWS
        for seen in _ask(cast, endpoint).values()
        for address in FETCHED.findall(seen.body)
        if seen.headers.get("Content-Type", "").startswith("text/html")
    }

    assert elsewhere == set()


# What is changed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", DEEDS)
def test_whoever_is_refused_changes_nothing(cast: Cast, endpoint: str) -> None:
    before = _fingerprint()

    refused = [who for who, status in TABLE[endpoint].items() if status >= 300]
    statuses = [_call(cast.open_client(who), cast, endpoint).status_code for who in refused]

    assert min(statuses) >= 300
    assert _fingerprint() == before


OWN_ROUTES = sorted({endpoint.split(" ", 1)[1] for endpoint in TABLE})
UNLISTED = [
    f"{method} {route}"
    for route in OWN_ROUTES
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    if route.startswith(("desk/", "api/v1/")) and f"{method} {route}" not in TABLE
]


@pytest.mark.parametrize("endpoint", UNLISTED)
def test_a_way_of_asking_without_an_entry_is_refused_and_changes_nothing(cast: Cast, endpoint: str) -> None:
    before = _fingerprint()

    statuses = {_call(cast.open_client(who), cast, endpoint).status_code for who in ("agent", "visitor", "program")}

    assert 405 in statuses
    assert statuses <= {302, 401, 405}
    assert _fingerprint() == before


@pytest.mark.parametrize("endpoint", DEEDS)
def test_a_foreign_page_cannot_act_for_a_signed_in_agent(cast: Cast, endpoint: str) -> None:
    before = _fingerprint()
    victim = Client(enforce_csrf_checks=True)
    victim.force_login(cast.users["agent"])

    response = _call(victim, cast, endpoint)

    assert response.status_code == 403
    assert _fingerprint() == before
