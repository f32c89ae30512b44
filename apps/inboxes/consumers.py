"""The visitor's socket: who is it, what do they say, what have they missed?"""

from typing import Any, ClassVar
from uuid import UUID

from django.db import InterfaceError, OperationalError
from pydantic import TypeAdapter

from apps.conversations import selectors as conversation_selectors
from apps.conversations.types import MessageCreated, OwnerKind, PersonView, Typing
from apps.core import clock, errors, push, sockets, tenancy
from apps.core.ids import uuid7
from apps.core.sockets import SuiteConsumer, in_database
from apps.customers import errors as customer_errors
from apps.customers.types import Introduction
from apps.inboxes import selectors, services, wire
from apps.inboxes.errors import HelloMissing
from apps.inboxes.models import Inbox
from apps.inboxes.types import Visit


class VisitorConsumer(SuiteConsumer):
    """One browser tab of one visitor."""

    kind = "visitor"
    frames: ClassVar[TypeAdapter[Any]] = TypeAdapter(wire.VisitorFrame)
    inbox: Inbox | None = None
    session: str | None = None
    conversation_id: UUID | None = None
    # What the page's token said, and the customer this tab was welcomed as: another tab may bring another token.
    introduction: Introduction | None = None
    known_as: UUID | None = None
    _next_conversation_id: UUID | None = None

    async def connect(self) -> None:
        await super().connect()
        inbox_id = self.scope["url_route"]["kwargs"]["inbox_id"]
        try:
            inbox = await in_database(selectors.get_inbox)(inbox_id)
            headers = dict(self.scope["headers"])
            origin, host = headers.get(b"origin"), headers.get(b"host", b"").decode("latin-1")
            services.check_origin(inbox, origin=None if origin is None else origin.decode("latin-1"), host=host)
        except errors.SuiteError as error:
            await self.refuse_entry(error)
            return
        except (OperationalError, InterfaceError):
            await self.refuse_entry(errors.Unavailable())
            return
        self.inbox = inbox
        self.organisation_id = inbox.organisation_id

    async def on_hello(self, frame: wire.Hello) -> None:
        inbox = self._ready_inbox()
        visit, refusal = await self._meet(inbox, frame)
        self.session = frame.session
        self.known_as = None if visit is None else visit.customer_id
        # Joined before reading, so that nothing falls between the two; the client drops what it has seen.
        await self._follow(visit)
        await self.say(await in_database(_welcome)(inbox, visit, frame.last_seq))
        self.introduced()
        if refusal is not None:
            await self.say(sockets.ErrorFrame(code=refusal.code, text=refusal.message))

    async def _meet(self, inbox: Inbox, frame: wire.Hello) -> tuple[Visit | None, customer_errors.TokenRejected | None]:
        """Return the visit, and why the token was not accepted: the visitor goes on without it then."""
        self.introduction, refusal = None, None
        if frame.token is not None:
            try:
                read = in_database(services.read_visitor_token)
                self.introduction = await read(inbox=inbox, token=frame.token, now=clock.now())
                introduce = in_database(services.introduce_visitor)
                return await introduce(
                    inbox=inbox, secret=frame.session, introduction=self.introduction, now=clock.now()
                ), None
            except customer_errors.TokenRejected as error:
                refusal = error
            except customer_errors.TooManyIdentities as error:
                self.introduction, refusal = None, customer_errors.TokenRejected(error.message)
        return await in_database(services.find_visit)(inbox=inbox, secret=frame.session), refusal

    async def on_message_send(self, frame: wire.MessageSend) -> None:
        visit, accepted = await in_database(services.accept_web_message)(
            inbox=self._ready_inbox(),
            secret=self._ready_session(),
            client_id=frame.client_id,
            text=frame.text,
            now=clock.now(),
            new_conversation_id=await self._listen_ahead(),
            introduction=self.introduction,
            known_as=self.known_as,
        )
        self.known_as = visit.customer_id
        is_first = await self._follow(visit)
        await self.say(
            wire.MessageAccepted(
                client_id=frame.client_id,
                message_id=accepted.message_id,
                conversation_id=accepted.conversation_id,
                seq=accepted.seq,
            )
        )
        if is_first:
            await self._catch_up(accepted.conversation_id)

    async def on_person_request(self, frame: wire.PersonRequest) -> None:
        visit = await in_database(services.request_person)(
            inbox=self._ready_inbox(),
            secret=self._ready_session(),
            now=clock.now(),
            new_conversation_id=await self._listen_ahead(),
            introduction=self.introduction,
            known_as=self.known_as,
        )
        self.known_as = visit.customer_id
        is_first = await self._follow(visit)
        assert visit.conversation_id is not None
        await self.say(wire.PersonRequested(client_id=frame.client_id, conversation_id=visit.conversation_id))
        if is_first:
            await self._catch_up(visit.conversation_id)

    async def on_typing_set(self, frame: wire.TypingSet) -> None:
        self._ready_session()
        if self.conversation_id is None:
            return
        author = PersonView(kind="customer", name="")
        typing = Typing(conversation_id=self.conversation_id, author=author, on=frame.on)
        push.transient(push.conversation_group(self.conversation_id), typing)

    def _ready_inbox(self) -> Inbox:
        if self.inbox is None:
            raise HelloMissing
        return self.inbox

    def _ready_session(self) -> str:
        if self.session is None:
            raise HelloMissing
        return self.session

    async def _listen_ahead(self) -> UUID:
        """Return the id a new conversation would get, listening to it already: its answer begins at once."""
        if self._next_conversation_id is None:
            self._next_conversation_id = uuid7()
            if self.conversation_id is None:
                await self.join(push.conversation_group(self._next_conversation_id))
        return self._next_conversation_id

    async def _catch_up(self, conversation_id: UUID) -> None:
        """Say what was pushed between the commit of the first message and joining the group."""
        for missed in await in_database(_updates)(conversation_id):
            await self.say(missed)

    async def _follow(self, visit: Visit | None) -> bool:
        """Listen to the visit's conversation; True when something may have been missed before."""
        wanted = None if visit is None else visit.conversation_id
        if wanted == self.conversation_id:
            return False
        if wanted is not None and wanted == self._next_conversation_id:
            # Listened to since before it was created: nothing can have been missed.
            self.conversation_id = wanted
            return False
        for known in (self.conversation_id, self._next_conversation_id):
            if known is not None:
                await self.leave(push.conversation_group(known))
        self.conversation_id, self._next_conversation_id = wanted, None
        if wanted is not None:
            await self.join(push.conversation_group(wanted))
        return wanted is not None


def _updates(conversation_id: UUID) -> tuple[MessageCreated, ...]:
    conversation = conversation_selectors.get_conversation(conversation_id)
    return conversation_selectors.list_updates(conversation, after_seq=0).events


def _welcome(inbox: Inbox, visit: Visit | None, last_seq: int) -> wire.Welcome:
    organisation = inbox.organisation
    view = wire.InboxView(
        name=inbox.name,
        greeting=inbox.greeting or organisation.greeting,
        organisation=organisation.name,
        assistant=organisation.assistant_name,
    )
    if visit is None or visit.conversation_id is None:
        owner = PersonView(kind=OwnerKind.AI.value, name=organisation.assistant_name)
        return wire.Welcome(conversation_id=None, last_seq=0, events=(), more=False, owner=owner, inbox=view)
    with tenancy.scope(inbox.organisation_id):
        conversation = conversation_selectors.get_conversation(visit.conversation_id)
        updates = conversation_selectors.list_updates(conversation, after_seq=last_seq)
        return wire.Welcome(
            conversation_id=conversation.id,
            last_seq=updates.last_seq,
            events=updates.events,
            more=updates.more,
            owner=conversation_selectors.owner_view(conversation),
            inbox=view,
        )
