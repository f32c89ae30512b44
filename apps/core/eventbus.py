"""How does an app tell those above it that something happened? By a frozen event; wiring decides who hears it.

Two kinds of reaction, both listed in config/wiring.py. *Jobs* are written as rows in the publisher's transaction, so
a crash after commit loses none of them. *Listeners* run in the publisher's process after commit; they are for what
may be lost and fetched again, such as pushing to screens.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from django.db import connection, transaction
from prometheus_client import Counter

from apps.core import jobs, tenancy

logger = structlog.get_logger(__name__)

EVENTS = Counter("switchboard_events", "Events published, by name.", ["event"])
LISTENER_FAILURES = Counter("switchboard_listener_failures", "Listeners that raised.", ["event", "listener"])


IN_HAND: Final[Mapping[str, bool]] = MappingProxyType({"in_hand": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in the past tense. Fields are ids and small plain values; no personal data.

    The exception is a field of ``metadata=IN_HAND``: what the publisher holds, so that a listener in the same process
    need not read it back. It is None for whoever publishes without it; jobs do not get it. Keep it out of ``repr``.
    """

    organisation_id: UUID

    def arguments(self) -> dict[str, Any]:
        """Return the fields that a job started by this event receives."""
        return {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name != "organisation_id" and not one.metadata.get("in_hand")
        }


EventT = TypeVar("EventT", bound=Event)
Listener = Callable[[Any], None]

_listeners: dict[type[Event], tuple[Listener, ...]] = {}
_jobs: dict[type[Event], tuple[str, ...]] = {}


def connect(
    event: type[EventT], *, listeners: Iterable[Callable[[EventT], None]] = (), jobs: Iterable[str] = ()
) -> None:
    """Set who reacts to ``event``. Called once per event type, from config/wiring.py."""
    _listeners[event] = tuple(listeners)
    _jobs[event] = tuple(jobs)


def reactions() -> dict[type[Event], tuple[tuple[Listener, ...], tuple[str, ...]]]:
    """Return the wiring table, for documentation and tests."""
    return {event: (_listeners[event], _jobs[event]) for event in _listeners}


def publish(event: Event) -> None:
    """Announce ``event``. Raises ``RuntimeError`` outside a transaction and ``LookupError`` for an unwired event."""
    kind = type(event)
    if kind not in _listeners:
        raise LookupError(f"{kind.__name__} is not wired; add it to config/wiring.py, even with nobody listening.")
    if not connection.in_atomic_block:
        raise RuntimeError(f"{kind.__name__} was published outside a transaction.")
    EVENTS.labels(kind.__name__).inc()
    for name in _jobs[kind]:
        with tenancy.scope(event.organisation_id):
            jobs.enqueue(name, **event.arguments())
    for listener in _listeners[kind]:
        transaction.on_commit(lambda listener=listener: _hear(listener, event))  # type: ignore[misc]


def _hear(listener: Listener, event: Event) -> None:
    with tenancy.scope(event.organisation_id):
        try:
            listener(event)
        except Exception:
            LISTENER_FAILURES.labels(type(event).__name__, listener.__qualname__).inc()
            logger.exception("event.listener_failed", domain_event=type(event).__name__, listener=listener.__qualname__)
