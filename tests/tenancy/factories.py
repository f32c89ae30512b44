"""Two organisations that look the same: identical customers, texts and addresses. Only ids tell them apart."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import connection

from apps.accounts import services as account_services
from apps.accounts.types import Role, Scope
from apps.ai.models import Run
from apps.conversations import selectors as conversation_selectors
from apps.conversations.models import Conversation, Message
from apps.core import clock, tenancy
from apps.core.models import TenantModel
from apps.customers.models import Customer
from apps.customers.services import merging, token_secrets
from apps.customers.types import IdentityKind, Level
from apps.desk.models import ReadMark
from apps.inboxes import services as inbox_services
from apps.inboxes.models import Inbox, WebSession
from apps.knowledge.models import Document, Passage
from apps.vault.services import indexes as vault_indexes
from tests.architecture import source
from tests.conftest import PASSWORD
from tests.customers.factories import identify, introduce, make_customer
from tests.knowledge.factories import save_articles

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation

TENANT_MODELS = [model for model in source.list_models() if issubclass(model, TenantModel)]
SECRET = "s_" + "t" * 43
QUESTION = "Where is the parcel for 4 Mill Lane, ordered by robin@example.org?"


@dataclass(frozen=True)
class Twin:
    """One of the two, with one thing of each kind."""

    organisation: "Organisation"
    member: "Membership"
    inbox: Inbox
    session: WebSession
    customer: Customer
    conversation: Conversation
    message: Message
    document: Document
    passage: Passage
    run: Run
    merge_id: UUID
    key_secret: str
    email_index: bytes

    @property
    def id(self) -> UUID:
        """The organisation's id."""
        return self.organisation.id

    def list_ids(self) -> frozenset[str]:
        """Return the ids of everything this organisation has, as text: what the other one may never see."""
        with tenancy.scope(self.id):
            rows = [model.objects.values_list("pk", flat=True) for model in TENANT_MODELS if has_id(model)]
            return frozenset(str(key) for keys in rows for key in keys)


def has_id(model: type[TenantModel]) -> bool:
    """Tell whether rows of this table have an id of their own."""
    return model._meta.pk.name == "id"


def make_twin(organisation: "Organisation") -> Twin:
    """Let the same customer ask the same thing of an organisation with the same knowledge."""
    email = f"robin@{organisation.slug}.example"
    member = account_services.save_member(
        organisation=organisation, email=email, name="Robin", role=Role.AGENT, password=PASSWORD
    )
    inbox = inbox_services.save_inbox(organisation=organisation, name="Website")
    with tenancy.scope(organisation.id):
        visit, accepted = inbox_services.accept_web_message(
            inbox=inbox, secret=SECRET, client_id=uuid4(), text=QUESTION, now=clock.now()
        )
        identify(visit.customer_id, introduce(email="robin@example.org", external_id="C-17", name="Robin"))
        merge = merging.merge_customers(
            first_id=visit.customer_id, second_id=make_customer().id, actor=member, now=clock.now()
        )
        # Somebody else says that this address is theirs: a suggestion, since it proves nothing.
        identify(make_customer().id, introduce(email="robin@example.org", level=Level.CLAIMED))
        token_secrets.create_token_secret(actor=member, name="Website")
        articles = save_articles()
        key = account_services.create_api_key(actor=member, name="Reports", scopes=list(Scope))
        conversation = conversation_selectors.get_conversation(accepted.conversation_id)
        ReadMark.objects.create(organisation=organisation, member=member, conversation=conversation, seq=1)
        return Twin(
            organisation=organisation,
            member=member,
            inbox=inbox,
            session=WebSession.objects.get(id=visit.session_id),
            customer=conversation.customer,
            conversation=conversation,
            message=Message.objects.get(conversation=conversation, seq=1),
            document=Document.objects.get(id=articles["refunds"]),
            passage=Passage.objects.filter(document_id=articles["refunds"])[0],
            run=Run.objects.create(
                organisation=organisation, conversation=conversation, question_seq=1, owner_version=1
            ),
            merge_id=merge.id,
            key_secret=key.secret,
            email_index=vault_indexes.blind_index(IdentityKind.EMAIL.value, "robin@example.org"),
        )


def fetch(sql: str, parameters: "list[Any] | Mapping[str, Any] | None" = None) -> list[tuple[Any, ...]]:
    """Return the rows that the database shows to a statement written by hand."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def count(table: str) -> int:
    """Return how many rows of a table the database shows."""
    return int(fetch(f'SELECT count(*) FROM "{table}"')[0][0])  # noqa: S608  names of our tables


@contextmanager
def telling_nothing() -> Iterator[None]:
    """Be outside of any scope inside the block."""
    token = tenancy._scope.set(None)
    try:
        yield
    finally:
        tenancy._scope.reset(token)
