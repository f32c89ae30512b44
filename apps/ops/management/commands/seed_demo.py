"""`manage.py seed_demo`: the demo company, so that there is something to see on the first day."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.accounts import services as account_services
from apps.accounts.types import BusinessCalendar, Role
from apps.conversations import selectors as conversation_selectors
from apps.conversations.services import closing, ownership, receiving, replying
from apps.conversations.types import Channel, Citation
from apps.core import clock, tenancy
from apps.customers import selectors as customer_selectors
from apps.customers.services import canonical as customer_canonical
from apps.customers.services import identifying as customer_identifying
from apps.customers.services import token_secrets
from apps.customers.services import visitors as customer_visitors
from apps.customers.types import IdentityKind, Introduction, Level
from apps.inboxes import services as inbox_services
from apps.knowledge.selectors import passages as knowledge_passages
from apps.knowledge.services import importing as knowledge_importing
from apps.knowledge.services import reading as knowledge_reading
from apps.ops import selectors as ops_selectors

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Organisation
    from apps.conversations.models import Conversation
    from apps.customers.models import Customer
    from apps.inboxes.models import Inbox

DEMO = settings.BASE_DIR / "demo"
# Known to everyone, which is why production refuses to run with the demo.
PASSWORD = "mind-the-gap-2026"  # noqa: S105
SOURCE = "Help articles"
SHOP = "Website"
# Client ids follow from the content, so that seeding twice stores nothing twice.
NAMESPACE = UUID("6f1c1c52-6f0e-4a53-9d5e-1f2f7b0b5a10")


class Command(BaseCommand):
    help = "Create the demo company or bring it up to date. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo is switched off (setting DEMO).")
        content = json.loads((DEMO / "organisation.json").read_text())
        organisation = _save_organisation(content)
        members = _save_staff(organisation, content["staff"])
        inbox = inbox_services.save_inbox(organisation=organisation, name=content["inbox"]["name"])
        with tenancy.scope(organisation.id):
            _import_articles()
            seeded = _seed_conversations(inbox, members)
            secret = _ensure_token_secret()
        _write_access(content["staff"], secret)
        self.stdout.write(f"{organisation.name}: {len(members)} staff, {seeded} new conversations")


def _save_organisation(content: dict[str, Any]) -> "Organisation":
    return account_services.save_organisation(
        slug=content["slug"],
        calendar=BusinessCalendar.model_validate(content["calendar"]),
        own_words="\n".join(content["own_words"]),
        **{key: content[key] for key in ("name", "assistant_name", "greeting", "brand_colour", "locale")},
    )


def _save_staff(organisation: "Organisation", staff: list[dict[str, Any]]) -> "dict[str, Membership]":
    return {
        person["email"]: account_services.save_member(
            organisation=organisation,
            email=person["email"],
            name=person["name"],
            role=Role(person["role"]),
            password=PASSWORD,
            is_staff=person["role"] in {Role.OWNER, Role.ADMIN, Role.OFFICER},
            is_superuser=person["role"] == Role.OWNER,
        )
        for person in staff
    }


def _import_articles() -> None:
    summary = knowledge_importing.import_documents(
        source_name=SOURCE, path=DEMO / "articles", options=knowledge_reading.ReadingOptions()
    )
    if summary.bad:
        place, reason = summary.bad[0]
        raise CommandError(f"demo/articles: {place}: {reason}")


def _seed_conversations(inbox: "Inbox", members: "dict[str, Membership]") -> int:
    """Play the stories; those already there are left alone, whatever has happened to them since."""
    if conversation_selectors.list_conversations(limit=1).conversations:
        return 0
    stories = json.loads((DEMO / "conversations.json").read_text())
    now = clock.now()
    for story in stories:
        _Story(story, inbox, members, now).play()
    return len(stories)


def _make_customer(person: dict[str, Any], now: datetime) -> "Customer":
    """Return a customer who gave an address in the chat, or a visitor who gave none."""
    customer = customer_visitors.create_visitor(now=now)
    if person["email"] is not None:
        email = customer_canonical.make_identity(IdentityKind.EMAIL, person["email"], Level.CLAIMED)
        name = customer_canonical.make_fact("name", person["label"])
        introduction = Introduction("chat", (email,), (name,))
        customer_identifying.identify_customer(customer_id=customer.id, introduction=introduction, now=now)
        customer.refresh_from_db()
    return customer


class _Story:
    """One conversation, told through the services as it would have happened."""

    def __init__(self, story: dict[str, Any], inbox: "Inbox", members: "dict[str, Membership]", now: datetime) -> None:
        self.story = story
        self.members = members
        self.now = now
        began = now - timedelta(minutes=story["messages"][0]["minutes_ago"])
        self.conversation: Conversation = receiving.start_conversation(
            inbox_id=inbox.id,
            channel=Channel.WEB,
            customer=_make_customer(story["customer"], began),
            now=began,
        )
        self.question_seq = 0

    def play(self) -> None:
        for number, line in enumerate(self.story["messages"]):
            at = self.now - timedelta(minutes=line["minutes_ago"])
            if line["author"] == "customer":
                self._write(number, line, at)
            elif line["author"] == "ai":
                self._answer(number, line, at)
            elif line["author"] == "agent":
                self._reply(number, line, at)
            else:
                self._happen(line, at)

    def _id(self, number: int) -> UUID:
        # The conversation's own id takes part: message ids are unique across all of them.
        return uuid5(NAMESPACE, f"{self.conversation.id}/{number}")

    def _write(self, number: int, line: dict[str, Any], at: datetime) -> None:
        accepted = receiving.receive_message(
            conversation_id=self.conversation.id,
            client_id=self._id(number),
            text=line["text"],
            now=at,
            wants_answer=False,
        )
        self.question_seq = accepted.seq

    def _answer(self, number: int, line: dict[str, Any], at: datetime) -> None:
        current = conversation_selectors.get_conversation(self.conversation.id)
        replying.send_answer(
            conversation_id=self.conversation.id,
            answer_id=self._id(number),
            question_seq=self.question_seq,
            owner_version=current.owner_version,
            text=line["text"],
            citations=[_citation(cited) for cited in line["citations"]],
            engine=line["engine"],
            confidence=line["confidence"],
            now=at,
        )

    def _reply(self, number: int, line: dict[str, Any], at: datetime) -> None:
        replying.send_agent_reply(
            actor=self.members[line["staff"]],
            conversation_id=self.conversation.id,
            client_id=self._id(number),
            text=line["text"],
            now=at,
        )

    def _happen(self, line: dict[str, Any], at: datetime) -> None:
        event, conversation_id = line["event"]["name"], self.conversation.id
        if event == "person.requested":
            ownership.request_person(conversation_id=conversation_id, now=at)
        elif event == "owner.changed" and line["event"]["owner"]["kind"] == "person":
            actor = self.members[line["event"]["owner"]["staff"]]
            ownership.take_conversation(actor=actor, conversation_id=conversation_id, now=at)
        elif event == "owner.changed":
            ownership.return_to_ai(conversation_id=conversation_id, now=at)
        elif event == "conversation.closed":
            closing.close_conversation(actor=self.members[line["staff"]], conversation_id=conversation_id, now=at)
        else:
            raise CommandError(f"demo/conversations.json: unknown event {event!r} in {self.story['key']}")


def _citation(cited: dict[str, Any]) -> Citation:
    passage = knowledge_passages.find_passage_quoting(
        source_name=SOURCE, external_id=cited["article_id"], quotation=cited["passage"]
    )
    if passage is None:
        raise CommandError(f"demo/conversations.json cites what article {cited['article_id']!r} does not say.")
    return Citation(
        n=cited["n"],
        document_id=passage.document_id,
        passage_id=passage.passage_id,
        title=passage.title,
        passage=passage.text,
    )


def _ensure_token_secret() -> str:
    """Return the secret of the demo company's own website; a new one replaces one whose file is gone."""
    known = ops_selectors.read_shop_secret()
    active = customer_selectors.list_token_secrets()
    if known and any(known.startswith(secret.prefix) for secret in active):
        return known
    for secret in active:
        if secret.name == SHOP:
            token_secrets.retire_token_secret(secret_id=secret.id)
    return token_secrets.create_token_secret(name=SHOP).secret


def _write_access(staff: list[dict[str, Any]], token_secret: str) -> None:
    sign_ins = [
        {"name": person["name"], "email": person["email"], "password": PASSWORD, "role": person["role"]}
        for person in staff
    ]
    path = Path(settings.VAR_DIR) / "demo.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"sign_ins": sign_ins, "token_secret": token_secret}, indent=1))
    path.chmod(0o600)
