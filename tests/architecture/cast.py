"""Who knocks at every door? One of each kind, and the things of acme they knock for."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts import services as account_services
from apps.accounts.models import Membership, Organisation, User
from apps.accounts.types import Role, Scope
from apps.conversations import selectors as conversation_selectors
from apps.core import clock, tenancy
from apps.core.models import TenantModel
from apps.customers.services import canonical, identifying, merging, visitors
from apps.customers.types import IdentityKind, Introduction, Level
from apps.inboxes import services as inbox_services
from apps.inboxes.models import Inbox
from tests.architecture import source
from tests.conftest import PASSWORD, VERA_SECRET

# Words that only those who may read acme's conversation may ever be shown.
MARKER = "the violet umbrella of platform nine"
FOREIGN_SECRET = "s_" + "f" * 43
EXAMPLES = {
    "content_type_id": "1",
    "object_id": "01890000-0000-7000-8000-00000000aaaa",
    "app_label": "accounts",
    "url": "nowhere",
    "key": "a1",
    "uidb36": "1",
}


@dataclass(frozen=True)
class Cast:
    """Acme's conversation with vera, and everybody who might ask for it."""

    acme: Organisation
    inbox: Inbox
    conversation_id: UUID
    people: Mapping[str, str]
    visitors: Mapping[str, str]
    users: Mapping[str, User]
    keys: Mapping[str, str] = field(default_factory=dict)

    def open_client(self, kind: str) -> Client:
        """Return a browser or program of this kind."""
        headers = {}
        if kind in self.visitors:
            headers["HTTP_AUTHORIZATION"] = f"Session {self.visitors[kind]}"
        if kind in self.keys:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {self.keys[kind]}"
        client = Client(raise_request_exception=False, **headers)  # type: ignore[arg-type]
        if kind in self.users:
            client.force_login(self.users[kind])
        return client

    def list_private(self) -> list[str]:
        """Return what must never reach anybody outside acme: its customer's words, and the ids of all its rows.

        The inbox's id is public, and whoever asks for a thing knows its id already.
        """
        asked_for = {str(self.inbox.id), str(self.conversation_id), *self.people.values()}
        with tenancy.scope(self.acme.id):
            keys = {str(key) for model in _list_tables() for key in model.objects.values_list("id", flat=True)}
        return [MARKER, *sorted(keys - asked_for)]

    def fill(self, route: str) -> str:
        """Return an address of this route that names acme's things."""
        things = {"inbox_id": str(self.inbox.id), "conversation_id": str(self.conversation_id)}
        names = {**EXAMPLES, **things, **self.people}
        plain = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: names[found[1]], re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", route))
        return "/" + plain.replace("^", "").replace("$", "")


def make_cast(acme: Organisation, orbis: Organisation, inbox: Inbox) -> Cast:
    """Let vera write to acme, and somebody else to orbis."""
    foreign_inbox = inbox_services.save_inbox(organisation=orbis, name="Ferries")
    conversation_id = _write(inbox, VERA_SECRET, f"I lost {MARKER}.")
    _write(foreign_inbox, FOREIGN_SECRET, "When does the ferry leave?")
    users = {
        "agent": _member(acme, Role.AGENT),
        "author": _member(acme, Role.AUTHOR),
        "admin": _member(acme, Role.ADMIN),
        "other agent": _member(orbis, Role.AGENT),
        "operator": User.objects.create_superuser("operator@switchboard.example", PASSWORD, name="Operator"),
    }
    keys = {"program": _key(acme), "other program": _key(orbis)}
    people = _introduce(acme, conversation_id)
    return Cast(
        acme, inbox, conversation_id, people, {"visitor": VERA_SECRET, "other visitor": FOREIGN_SECRET}, users, keys
    )


def _write(inbox: Inbox, secret: str, text: str) -> UUID:
    with tenancy.scope(inbox.organisation_id):
        _, accepted = inbox_services.accept_web_message(
            inbox=inbox, secret=secret, client_id=uuid4(), text=text, now=clock.now()
        )
    return accepted.conversation_id


def _introduce(acme: Organisation, conversation_id: UUID) -> dict[str, str]:
    """Let acme know vera, join her with one visitor, and suggest another; returns the names routes have for them."""
    address = canonical.make_identity(IdentityKind.EMAIL, "vera@acme.example", Level.CLAIMED)
    said = Introduction("agent", (address,), (("name", "Vera"),))
    with tenancy.scope(acme.id):
        vera_id = conversation_selectors.get_conversation(conversation_id).customer_id
        joined, other = (visitors.create_visitor(now=clock.now()).id for _ in range(2))
        identifying.identify_customer(customer_id=vera_id, introduction=said, now=clock.now())
        suggested = identifying.identify_customer(customer_id=other, introduction=said, now=clock.now())
        merge = merging.merge_customers(first_id=vera_id, second_id=joined, actor=None, now=clock.now())
    ids = {"customer_id": vera_id, "other_id": other, "merge_id": merge.id}
    return {name: str(one) for name, one in (ids | {"suggestion_id": suggested.suggestion_ids[0]}).items()}


def _member(organisation: Organisation, role: Role) -> User:
    membership: Membership = account_services.save_member(
        organisation=organisation,
        email=f"{role.value}@{organisation.slug}.example",
        name=f"{role.value} of {organisation.slug}",
        role=role,
        password=PASSWORD,
    )
    return membership.user


def _key(organisation: Organisation) -> str:
    with tenancy.scope(organisation.id):
        return account_services.create_api_key(actor=None, name="All", scopes=list(Scope)).secret


def _list_tables() -> list[type[TenantModel]]:
    models = [model for model in source.list_models() if issubclass(model, TenantModel)]
    return [model for model in models if model._meta.pk.name == "id"]


def list_routes() -> list[str]:
    """Return every route of the URL configuration, as written there."""
    return [route for route, _ in _walk(get_resolver().url_patterns, "")]


def _walk(patterns: "list[URLPattern | URLResolver]", prefix: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern.callback
