"""Events: published in the transaction, turned into jobs with it, heard after it."""

from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.core import eventbus, tenancy
from apps.core.models import Job
from tests.core.factories import NOTE, read_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelSent(eventbus.Event):
    """A parcel left."""

    parcel_id: UUID
    weight: int
    letter: str | None = field(default=None, compare=False, repr=False, metadata=eventbus.IN_HAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLost(eventbus.Event):
    """A parcel is gone; nobody is wired to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelReturned(eventbus.Event):
    """A parcel came back; wired, with nobody listening."""


_HEARD: list[tuple[ParcelSent, UUID]] = []


def note_scope(event: ParcelSent) -> None:
    """Note what was heard, and in whose scope."""
    _HEARD.append((event, tenancy.current_organisation_id()))


def stumble(event: ParcelSent) -> None:
    """Fail."""
    raise ZeroDivisionError


# Types of this file only, so nothing is left for other tests to meet.
eventbus.connect(ParcelSent, listeners=[stumble, note_scope], jobs=[NOTE])
eventbus.connect(ParcelReturned)


@pytest.fixture
def heard() -> list[Any]:
    """Return what the listeners have noted in this test."""
    _HEARD.clear()
    return _HEARD


def _parcel(organisation_id: UUID | None = None) -> ParcelSent:
    return ParcelSent(organisation_id=organisation_id or uuid4(), parcel_id=uuid4(), weight=3)


def test_an_event_does_not_change() -> None:
    event = _parcel()

    with pytest.raises(FrozenInstanceError):
        event.weight = 4  # type: ignore[misc]


def test_a_job_receives_all_fields_but_the_organisation() -> None:
    event = _parcel()

    assert event.arguments() == {"parcel_id": event.parcel_id, "weight": 3}


def test_what_the_publisher_holds_reaches_listeners_but_neither_jobs_nor_logs(
    db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, heard: list[Any]
) -> None:
    event = ParcelSent(organisation_id=uuid4(), parcel_id=uuid4(), weight=3, letter="Dear Zoë")

    with django_capture_on_commit_callbacks(execute=True):
        eventbus.publish(event)

    assert heard[0][0].letter == "Dear Zoë"
    assert Job.objects.get().arguments == {"parcel_id": str(event.parcel_id), "weight": 3}
    assert "Zoë" not in repr(event)


def test_an_event_becomes_a_job_of_its_organisation(db: None) -> None:
    event = _parcel()

    eventbus.publish(event)

    job = Job.objects.get()
    assert (job.name, job.organisation_id) == (NOTE, event.organisation_id)
    assert job.arguments == {"parcel_id": str(event.parcel_id), "weight": 3}


def test_the_scope_of_the_publisher_stays_as_it_was(db: None) -> None:
    outer = uuid4()

    with tenancy.scope(outer):
        eventbus.publish(_parcel())
        assert tenancy.current_organisation_id() == outer


def test_an_event_that_nobody_wired_is_refused(db: None) -> None:
    with pytest.raises(LookupError, match="ParcelLost"):
        eventbus.publish(ParcelLost(organisation_id=uuid4()))


def test_an_event_wired_to_nobody_passes(db: None) -> None:
    eventbus.publish(ParcelReturned(organisation_id=uuid4()))

    assert Job.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(heard: list[Any]) -> None:
    with pytest.raises(RuntimeError, match="ParcelSent"):
        eventbus.publish(_parcel())

    assert Job.objects.count() == 0
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_jobs_and_listeners_with_it(heard: list[Any]) -> None:
    with transaction.atomic():
        eventbus.publish(_parcel())
        transaction.set_rollback(True)

    assert Job.objects.count() == 0
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_listeners_hear_after_commit_in_the_scope_of_the_event(heard: list[Any]) -> None:
    event = _parcel()

    with transaction.atomic():
        eventbus.publish(event)
        heard_before_commit = list(heard)

    assert heard_before_commit == []
    assert heard == [(event, event.organisation_id)]
    assert tenancy.find_current_organisation_id() is None


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_is_counted_and_stops_nobody(heard: list[Any]) -> None:
    labels = {"event": "ParcelSent", "listener": "stumble"}
    failures = read_counter("switchboard_listener_failures_total", **labels)

    with transaction.atomic():
        eventbus.publish(_parcel())

    assert read_counter("switchboard_listener_failures_total", **labels) == failures + 1
    assert len(heard) == 1
    assert Job.objects.count() == 1


def test_events_are_counted_by_name(
    db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, heard: list[Any]
) -> None:
    published = read_counter("switchboard_events_total", event="ParcelSent")

    with django_capture_on_commit_callbacks(execute=True):
        eventbus.publish(_parcel())

    assert read_counter("switchboard_events_total", event="ParcelSent") == published + 1
    assert len(heard) == 1


def test_the_wiring_table_can_be_read() -> None:
    listeners, jobs = eventbus.reactions()[ParcelSent]

    assert [listener.__name__ for listener in listeners] == ["stumble", "note_scope"]
    assert jobs == (NOTE,)
