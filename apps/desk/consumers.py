"""The desk's socket: who is it, are they still allowed, what do they watch?"""

import asyncio
from importlib import import_module
from typing import Any, ClassVar
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib import auth
from django.db import Error as DatabaseError
from django.http import HttpRequest
from pydantic import TypeAdapter

from apps.accounts.errors import MembershipMissing
from apps.conversations import selectors as conversation_selectors
from apps.conversations.types import AuthorKind, PersonView
from apps.core import errors, push
from apps.core.sockets import SuiteConsumer, in_database
from apps.desk import policies, wire
from apps.desk.errors import SignInNeeded, WatchLimitReached

logger = structlog.get_logger(__name__)

WATCH_LIMIT = 20


class DeskConsumer(SuiteConsumer):
    """One desk window of one member. Whoever loses session, membership or role loses the socket."""

    kind = "desk"
    frames: ClassVar[TypeAdapter[Any]] = TypeAdapter(wire.DeskFrame)
    recheck_seconds: ClassVar[float] = 20.0
    member: wire.MemberView | None = None

    async def connect(self) -> None:
        self._watched: set[UUID] = set()
        self._rechecks: asyncio.Task[None] | None = None
        await super().connect()
        if not await self._is_allowed():
            return
        assert self.member is not None
        await self.join(push.member_group(self.member.id))
        await self.say(wire.DeskWelcome(member=self.member))
        self.introduced()
        self._rechecks = asyncio.create_task(self._recheck())

    async def disconnect(self, code: int) -> None:
        if self._rechecks is not None:
            self._rechecks.cancel()
        await super().disconnect(code)

    async def on_watch(self, frame: wire.Watch) -> None:
        if not await self._is_allowed():
            return
        if len(self._watched - {frame.conversation_id}) >= WATCH_LIMIT:
            raise WatchLimitReached
        await in_database(conversation_selectors.get_conversation)(frame.conversation_id)
        # Joined before reading, so that nothing falls between the two; the client drops what it has seen.
        await self.join(push.conversation_group(frame.conversation_id))
        self._watched.add(frame.conversation_id)
        await self.say(await in_database(_watching)(frame.conversation_id, frame.last_seq))

    async def on_unwatch(self, frame: wire.Unwatch) -> None:
        if frame.conversation_id in self._watched:
            self._watched.discard(frame.conversation_id)
            await self.leave(push.conversation_group(frame.conversation_id))

    async def on_typing_set(self, frame: wire.TypingSet) -> None:
        if frame.conversation_id not in self._watched or self.member is None:
            return
        author = PersonView(kind=AuthorKind.AGENT.value, name=self.member.short_name)
        typing = wire.Typing(conversation_id=frame.conversation_id, author=author, on=frame.on)
        push.transient(push.conversation_group(frame.conversation_id), typing)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(self.recheck_seconds)
            try:
                if not await self._is_allowed():
                    return
            except DatabaseError as error:
                # Nothing reaches this socket either while the database is away; the next round decides.
                logger.warning("desk.recheck_failed", error=type(error).__name__)

    async def _is_allowed(self) -> bool:
        """Look up session, membership and role afresh; close when they no longer permit the desk."""
        try:
            organisation_id, member = await in_database(_get_member)(self.scope["session"].session_key)
            if self.member is not None and member.id != self.member.id:
                # They are now a member of another organisation first; this window shows the former one.
                raise MembershipMissing
        except (errors.Unauthenticated, errors.Forbidden) as error:
            await self._refuse(error, None)
            await self.close_with(error.close_code)
            return False
        self.organisation_id, self.member = organisation_id, member
        return True


def _get_member(session_key: str | None) -> tuple[UUID, wire.MemberView]:
    if session_key is None:
        raise SignInNeeded
    # Read from storage each time: the session in the socket's scope is as old as the socket.
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    membership = policies.access_desk(auth.get_user(request))
    user = membership.user
    member = wire.MemberView(id=membership.id, name=str(user), short_name=user.get_short_name(), role=membership.role)
    return membership.organisation_id, member


def _watching(conversation_id: UUID, last_seq: int) -> wire.Watching:
    conversation = conversation_selectors.get_conversation(conversation_id)
    updates = conversation_selectors.list_updates(conversation, after_seq=last_seq)
    return wire.Watching(
        conversation_id=conversation.id, events=updates.events, more=updates.more, last_seq=updates.last_seq
    )
