"""Two organisations that look the same: whatever one asks for, nothing of the other is shown (tests I1 and I3)."""

import dataclasses
import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib import admin
from django.db import connections, models
from django.test import Client
from django.urls import reverse
from pydantic import BaseModel

from apps.conversations.services import replying
from apps.conversations.types import EventName
from apps.core import clock, tenancy
from apps.core.errors import SuiteError
from apps.core.ids import uuid7
from apps.core.models import TenantModel
from apps.customers.types import IdentityKind
from apps.desk.types import View
from apps.knowledge.models import PassageVector
from apps.knowledge.selectors import candidates
from apps.knowledge.services import searching
from apps.knowledge.types import Audience
from config.asgi import application
from tests.architecture import source
from tests.customers.factories import introduce
from tests.tenancy.factories import QUESTION, SECRET, TENANT_MODELS, Twin, fetch, has_id

# Apps whose selectors read rows of organisations.
APPS = ("accounts", "ai", "conversations", "customers", "desk", "inboxes", "knowledge")
# By these a door finds out which organisation it is; each takes a proof of it.
DECIDING = {
    "accounts.selectors.find_membership": "signing in is the proof",
    "accounts.selectors.get_membership": "signing in is the proof",
    "accounts.selectors.get_organisation": "organisations are no secret; their rows are",
    "accounts.selectors.get_organisation_by_slug": "organisations are no secret; their rows are",
    "accounts.selectors.find_organisation_by_slug": "organisations are no secret; their rows are",
    "accounts.selectors.list_known_ids": "organisations are no secret; their rows are",
    "customers.selectors.list_known_ids": "says only which ids are known, to the vault",
    "inboxes.selectors.get_inbox": "an inbox's id is public",
    "conversations.selectors.list_unprotected_organisations": "shows no rows, and operators only",
    "ai.selectors.list_organisations_with_plain_traces": "shows no rows, and operators only",
}
# These ask nothing of the database: they show what their caller holds.
SHOWING = {
    "conversations.selectors.as_created",
    "conversations.selectors.as_last_text",
    "conversations.selectors.as_view",
    "conversations.selectors.cut_text",
    "conversations.selectors.owner_view",
    "conversations.selectors.read_text",
    "desk.selectors.conversations.summarise_after",
    "desk.selectors.people.as_person",
    "desk.selectors.people.join_identities",
    "desk.selectors.people.list_disagreements",
    "desk.selectors.people.list_said",
    "desk.selectors.people.unlock",
    "inboxes.selectors.as_visit",
}


# Selectors ---------------------------------------------------------------------------------------------------


def _selectors() -> dict[str, FunctionType]:
    found = {}
    for path in source.list_modules(*(f"apps/{app}" for app in APPS)):
        name = source.show(path).removesuffix(".py").replace("/", ".")
        if "selectors" in name.split("."):
            module = importlib.import_module(name.removesuffix(".__init__"))
            for function in vars(module).values():
                if isinstance(function, FunctionType) and function.__module__ == name and function.__name__[0] != "_":
                    found[f"{name.removeprefix('apps.')}.{function.__name__}"] = function
    return found


SELECTORS = _selectors()
TRIED = sorted(set(SELECTORS) - set(DECIDING) - SHOWING)


def _things(twin: Twin) -> dict[str, Any]:
    """Return what a selector may be asked for, by the name of its parameter: always a thing of ``twin``."""
    return {
        "after_seq": 0,
        "answer_id": twin.run.answer_id,
        "audiences": [Audience.PUBLIC.value],
        "blind_index": twin.email_index,
        "conversation": twin.conversation,
        "conversation_id": twin.conversation.id,
        "conversation_ids": [twin.conversation.id],
        "customer": twin.customer,
        "customer_id": twin.customer.id,
        "customer_ids": [twin.customer.id],
        "customer_root": twin.customer,
        "document_id": twin.document.id,
        "encoder_key": "none",
        "evidence": twin.email_index,
        "except_id": uuid7(),
        "external_id": "refunds",
        "first_root": twin.customer.id,
        "identities": introduce(email="robin@example.org").identities,
        "identity": introduce(email="robin@example.org").identities[0],
        "inbox": twin.inbox,
        "inbox_id": twin.inbox.id,
        "introduction": introduce(email="robin@example.org", external_id="C-17"),
        "job_id": twin.run.job_id,
        "kind": IdentityKind.EMAIL,
        "limit": 50,
        "member": twin.member,
        "member_id": twin.member.id,
        "merge_id": twin.merge_id,
        "message_id": twin.message.id,
        "names": list(EventName),
        "other_id": twin.customer.id,
        "owner_member_id": twin.member.id,
        "passage_id": twin.passage.id,
        "passage_ids": [twin.passage.id],
        "pool": 1000,
        "quotation": "thirty days",
        "second_root": twin.customer.id,
        "secret_hash": bytes(twin.session.secret_hash),
        "seq": 1,
        "source_name": "Help",
        "state": candidates.IndexState(1, 3, 300, ("english",)),
        "text": str(twin.conversation.id),
        "vector": None,
        "view": View.AI,
        "words": [twin.customer.reference],
    }


# Where a parameter means something else than it does elsewhere.
OTHERWISE: dict[str, dict[str, Any]] = {"knowledge.selectors.candidates.search_candidates": {"words": "refund"}}


def _needed(name: str) -> list[inspect.Parameter]:
    parameters = inspect.signature(SELECTORS[name]).parameters.values()
    return [parameter for parameter in parameters if parameter.default is parameter.empty]


def _secrets(name: str, twin: Twin) -> frozenset[str]:
    """Return the ids that the answer to ``name`` could give away: all but those that were handed in."""
    handed = [value for key, value in _things(twin).items() if key in {one.name for one in _needed(name)}]
    rows = [value for value in handed if isinstance(value, models.Model)]
    said = [*handed, *(list(vars(row).values()) for row in rows)]
    return (twin.list_ids() | {str(twin.id)}) - set(_walk(said))


def _ask(name: str, twin: Twin) -> str:
    """Return what a selector shows when asked for the things of ``twin``, as text; empty when it refuses."""
    known, needed = _things(twin) | OTHERWISE.get(name, {}), _needed(name)
    positional = [known[one.name] for one in needed if one.kind is one.POSITIONAL_OR_KEYWORD]
    named = {one.name: known[one.name] for one in needed if one.kind is one.KEYWORD_ONLY}
    try:
        return "\n".join(_walk(SELECTORS[name](*positional, **named)))
    except (SuiteError, LookupError):
        # A lookup fails where a caller holds a row that is not there for it.
        return ""


def _walk(value: Any) -> Iterator[str]:
    """Yield everything that can be read off a result."""
    if isinstance(value, models.Model):
        yield from _walk({name: one for name, one in vars(value).items() if name != "_state"})
    elif isinstance(value, BaseModel):
        yield value.model_dump_json()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from _walk([getattr(value, field.name) for field in dataclasses.fields(value)])
    elif isinstance(value, Mapping):
        yield from _walk([*value.keys(), *value.values()])
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for one in value:
            yield from _walk(one)
    else:
        yield str(value)


def _shown(text: str, ids: frozenset[str]) -> set[str]:
    return {one for one in ids if one in text}


def test_every_selector_is_tried_or_says_why_not() -> None:
    assert len(TRIED) > 35
    assert set(DECIDING) | SHOWING <= set(SELECTORS)


def test_every_parameter_of_a_selector_has_a_thing_to_try_it_with(ours: Twin) -> None:
    known = set(_things(ours))

    assert {name: wanting for name in TRIED if (wanting := {one.name for one in _needed(name)} - known)} == {}


@pytest.mark.parametrize("name", TRIED)
def test_a_selector_asked_for_foreign_things_shows_none(ours: Twin, theirs: Twin, name: str) -> None:
    with tenancy.scope(ours.id):
        assert _shown(_ask(name, theirs), _secrets(name, theirs)) == set()


def test_asked_for_their_own_things_selectors_show_them(ours: Twin, theirs: Twin) -> None:
    # Else the test above could be blind.
    with tenancy.scope(theirs.id):
        seeing = {name for name in TRIED if _shown(_ask(name, theirs), _secrets(name, theirs))}

    assert len(seeing) >= 25
    assert {"conversations.selectors.get_conversation", "ai.selectors.find_run_of_answer"} <= seeing
    assert {"knowledge.selectors.candidates.search_candidates", "inboxes.selectors.find_session"} <= seeing


@pytest.mark.parametrize("name", TRIED)
def test_a_selector_outside_of_any_scope_shows_nothing(ours: Twin, theirs: Twin, name: str) -> None:
    ids = _secrets(name, theirs)
    try:
        shown = _ask(name, theirs)
    except tenancy.TenantScopeMissing:
        shown = ""

    assert _shown(shown, ids) == set()


# Search ------------------------------------------------------------------------------------------------------

QUESTIONS = ("When does the refund reach my bank account?", "warranty of folding bicycles", "parcels to the islands")


@pytest.mark.parametrize("exact_up_to", [10_000, -1], ids=["every vector", "graph"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_search_finds_our_copy_of_identical_texts_at_any_depth(
    ours: Twin, theirs: Twin, monkeypatch: pytest.MonkeyPatch, question: str, exact_up_to: int
) -> None:
    monkeypatch.setattr(candidates, "EXACT_UP_TO", exact_up_to)
    foreign = theirs.list_ids()
    with tenancy.scope(ours.id):
        results = [searching.search_passages(query=question, limit=limit) for limit in (1, 2, 3, 10, 1000)]

    assert [len(result.hits) for result in results] == [1, 2, 3, 3, 3]
    assert {result.degraded_reason for result in results} == {""}
    assert _shown("\n".join(_walk(results)), foreign) == set()


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_find_the_same_with_the_same_scores(ours: Twin, theirs: Twin, question: str) -> None:
    # What the other one has does not even show in the scores.
    seen = []
    for twin in (ours, theirs):
        with tenancy.scope(twin.id):
            hits = searching.search_passages(query=question, limit=10).hits
            seen.append([(hit.text, hit.score, hit.dense, hit.lexical) for hit in hits])

    assert seen[0] == seen[1]


def test_the_nearest_vectors_are_ours_even_where_the_question_names_nobody(ours: Twin, theirs: Twin) -> None:
    with tenancy.scope(ours.id):
        vector = PassageVector.objects.filter(passage_id=ours.passage.id).values_list("embedding", flat=True)[0]
        rows = fetch(
            "SELECT organisation_id, embedding <#> %(vector)s::halfvec AS distance"
            " FROM knowledge_passagevector ORDER BY distance LIMIT 1000",
            {"vector": str(vector)},
        )

    assert {row[0] for row in rows} == {ours.id}
    assert len(rows) == 3


def test_the_words_of_another_organisation_cannot_be_counted(ours: Twin, theirs: Twin) -> None:
    sql = "SELECT organisation_id, count(*) FROM knowledge_posting WHERE term = 'refund' GROUP BY 1"
    with tenancy.scope(ours.id):
        rows = fetch(sql)

    assert [row[0] for row in rows] == [ours.id]
    assert fetch(sql) == []


# The admin ---------------------------------------------------------------------------------------------------

ADMINISTERED = sorted(
    (model for model in admin.site._registry if issubclass(model, TenantModel) and has_id(model)),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def operator(ours: Twin, theirs: Twin) -> Client:
    """Return the browser of the deployment's operator, who works for neither."""
    user = type(ours.member.user).objects.create_superuser("op@switchboard.example", "x" * 12, name="Operator")
    client = Client()
    client.force_login(user)
    return client


def _page(model: type[models.Model], page: str, *parts: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=parts)


@pytest.mark.parametrize("model", ADMINISTERED, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_page_of_the_admin_about_our_thing_shows_nothing_of_theirs(
    operator: Client, ours: Twin, theirs: Twin, model: Any, page: str
) -> None:
    with tenancy.scope(ours.id):
        thing = model.objects.all()[0]

    response = operator.get(_page(model, page, thing.pk))

    assert response.status_code in {200, 403}
    assert _shown(response.content.decode(), theirs.list_ids()) == set()


@pytest.mark.parametrize("model", ADMINISTERED, ids=lambda model: model._meta.label)
def test_a_list_of_the_admin_shows_operators_both(operator: Client, ours: Twin, theirs: Twin, model: Any) -> None:
    page = operator.get(_page(model, "changelist")).content.decode()

    assert _shown(page, ours.list_ids()) != set()
    assert _shown(page, theirs.list_ids()) != set()


@pytest.mark.parametrize("page", ["changelist", "add"])
@pytest.mark.parametrize("model", ADMINISTERED, ids=lambda model: model._meta.label)
def test_an_agent_sees_no_page_of_the_admin(ours: Twin, theirs: Twin, model: Any, page: str) -> None:
    client = Client()
    client.force_login(ours.member.user)

    response = client.get(_page(model, page))

    assert response.status_code == 302
    assert _shown(response.content.decode(), theirs.list_ids() | ours.list_ids()) == set()


# Sockets -----------------------------------------------------------------------------------------------------

with_commits = pytest.mark.django_db(transaction=True)


async def _in_thread(work: Callable[[], Any]) -> Any:
    def work_and_give_back() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return await sync_to_async(work_and_give_back, thread_sensitive=False)()


async def _hear(socket: WebsocketCommunicator, *, quiet: float = 0.5) -> str:
    """Return all frames until the socket is quiet."""
    heard = []
    while not await socket.receive_nothing(timeout=quiet):
        heard.append(str(await socket.receive_output(timeout=5)))
    return "\n".join(heard)


def _cookie(twin: Twin) -> bytes:
    client = Client()
    client.force_login(twin.member.user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    return f"{cookie.key}={cookie.value}".encode()


@with_commits
async def test_the_same_secret_opens_each_organisations_own_chat(ours: Twin, theirs: Twin) -> None:
    heard = {}
    for twin in (ours, theirs):
        socket = WebsocketCommunicator(application, f"/ws/chat/{twin.inbox.id}/", headers=[(b"host", b"localhost")])
        assert (await socket.connect(timeout=10))[0] is True
        await socket.send_json_to({"type": "hello", "protocol": 1, "session": SECRET, "last_seq": 0})
        heard[twin.id] = json.dumps(await socket.receive_json_from(timeout=10))
        await socket.disconnect()

    ids = {twin.id: await _in_thread(twin.list_ids) for twin in (ours, theirs)}
    for twin, other in ((ours, theirs), (theirs, ours)):
        assert QUESTION in heard[twin.id]
        assert str(twin.conversation.id) in heard[twin.id]
        assert _shown(heard[twin.id], ids[other.id]) == set()


@with_commits
async def test_a_desk_neither_opens_nor_hears_of_foreign_conversations(ours: Twin, theirs: Twin) -> None:
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    cookie = await _in_thread(lambda: _cookie(ours))
    socket = WebsocketCommunicator(application, "/ws/desk/", headers=[*headers, (b"cookie", cookie)])
    assert (await socket.connect(timeout=10))[0] is True
    welcome = await _hear(socket)
    await socket.send_json_to({"type": "watch", "conversation_id": str(theirs.conversation.id), "last_seq": 0})
    refusal = await _hear(socket)

    await _in_thread(lambda: _answer(theirs))
    after_theirs = await _hear(socket)
    await _in_thread(lambda: _answer(ours))
    after_ours = await _hear(socket)
    await socket.disconnect()

    foreign = await _in_thread(theirs.list_ids)
    assert "desk.welcome" in welcome
    assert "conversation.not_found" in refusal
    assert after_theirs == ""
    assert str(ours.conversation.id) in after_ours
    assert _shown(welcome + refusal + after_ours, foreign) == set()


def _answer(twin: Twin) -> None:
    with tenancy.scope(twin.id):
        replying.send_answer(
            conversation_id=twin.conversation.id,
            answer_id=twin.run.answer_id,
            question_seq=1,
            owner_version=1,
            text="It is on its way.",
            citations=[],
            engine="builtin",
            confidence=0.9,
            now=clock.now(),
        )


def test_the_twins_look_the_same(ours: Twin, theirs: Twin) -> None:
    sizes = []
    for twin in (ours, theirs):
        with tenancy.scope(twin.id):
            sizes.append({model._meta.label: model.objects.count() for model in TENANT_MODELS})

    assert sizes[0] == sizes[1]
    assert ours.list_ids() & theirs.list_ids() == frozenset()
    assert (ours.message.text, bytes(ours.session.secret_hash)) == (
        theirs.message.text,
        bytes(theirs.session.secret_hash),
    )
