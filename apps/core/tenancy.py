"""Whose data is this? The scope that every query on tenant data needs, and the manager that refuses without one.

Two walls. In code ``TenantManager`` names the organisation in every query and raises without a scope. In the database
row-level security shows a statement the rows of its scope only, whatever the statement says; ``apps.core.postgres``
sends the scope along.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import structlog
from django.db import models

if TYPE_CHECKING:
    from apps.core.models import TenantModel

logger = structlog.get_logger(__name__)
ModelT = TypeVar("ModelT", bound="TenantModel")


class TenantScopeMissing(RuntimeError):
    """Tenant data was touched outside ``tenancy.scope(...)``. A programming error, never caught."""


@dataclass(frozen=True, slots=True)
class Everywhere:
    """The scope of work across organisations, with the reason for it."""

    reason: str


_scope: ContextVar[UUID | Everywhere | None] = ContextVar("tenancy_scope", default=None)


@contextmanager
def scope(organisation_id: UUID) -> Iterator[None]:
    """Work on the data of one organisation inside the block. Scopes may nest; the innermost counts.

    Raises ``TypeError`` for anything but a UUID: what stands here goes into the text of SQL.
    """
    if not isinstance(organisation_id, UUID):
        raise TypeError(f"A scope is the UUID of an organisation, not {type(organisation_id).__name__}.")
    token = _scope.set(organisation_id)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def everywhere(reason: str) -> Iterator[None]:
    """Work across organisations inside the block: for finding out which one it is, and for operators.

    Only the database's wall opens. ``objects`` still refuses; use the manager ``everywhere``. Each use is listed with
    its reason in ``tests/architecture/test_tenancy.py``. Raises ``ValueError`` without a reason.
    """
    if not reason:
        raise ValueError("Working across organisations needs a reason.")
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("tenancy.everywhere", reason=reason)
    token = _scope.set(Everywhere(reason))
    try:
        yield
    finally:
        _scope.reset(token)


def current_organisation_id() -> UUID:
    """Return the organisation of the current scope. Raises ``TenantScopeMissing`` outside of one."""
    found = _scope.get()
    if not isinstance(found, UUID):
        raise TenantScopeMissing("Enter tenancy.scope(organisation_id) before touching tenant data.")
    return found


def find_current_organisation_id() -> UUID | None:
    """Return the organisation of the current scope, or None. For logs and context propagation only."""
    found = _scope.get()
    return found if isinstance(found, UUID) else None


def find_scope() -> UUID | Everywhere | None:
    """Return what the database is told: an organisation, everywhere, or nothing. For ``apps.core.postgres`` only."""
    return _scope.get()


class TenantManager(models.Manager[ModelT]):
    """Only rows of the organisation in scope; raises ``TenantScopeMissing`` when there is none."""

    def get_queryset(self) -> models.QuerySet[ModelT]:
        return super().get_queryset().filter(organisation_id=current_organisation_id())
