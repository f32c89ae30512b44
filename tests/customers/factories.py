"""Who is known to acme? Customers and introductions for tests."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from apps.customers.services import canonical, identifying, visitors
from apps.customers.types import Identified, IdentityKind, Introduction, Level

if TYPE_CHECKING:
    from apps.customers.models import Customer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_customer() -> "Customer":
    """Return a visitor of the organisation in scope."""
    return visitors.create_visitor(now=NOON)


def introduce(
    *,
    external_id: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    level: Level = Level.VERIFIED,
    source: str = "visitor_token",
) -> Introduction:
    """Return an introduction whose identities all have one level."""
    given = {IdentityKind.EXTERNAL_ID: external_id, IdentityKind.EMAIL: email, IdentityKind.PHONE: phone}
    identities = tuple(canonical.make_identity(kind, value, level) for kind, value in given.items() if value)
    facts = (canonical.make_fact("name", name),) if name else ()
    return Introduction(source, identities, facts)


def identify(customer_id: UUID, introduction: Introduction, *, now: datetime = NOON) -> Identified:
    """Let a customer be introduced."""
    return identifying.identify_customer(customer_id=customer_id, introduction=introduction, now=now)
