"""Whose data is this? The scope that every query on tenant data needs, and the manager that refuses without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.db import models

if TYPE_CHECKING:
    from apps.core.models import TenantModel

_organisation_id: ContextVar[UUID | None] = ContextVar("organisation_id", default=None)
ModelT = TypeVar("ModelT", bound="TenantModel")


class TenantScopeMissing(RuntimeError):
    """Tenant data was touched outside ``tenancy.scope(...)``. A programming error, never caught."""


@contextmanager
def scope(organisation_id: UUID) -> Iterator[None]:
    """Work on the data of one organisation inside the block. Scopes may nest; the innermost counts."""
    token = _organisation_id.set(organisation_id)
    try:
        yield
    finally:
        _organisation_id.reset(token)


def current_organisation_id() -> UUID:
    """Return the organisation of the current scope. Raises ``TenantScopeMissing`` outside of one."""
    organisation_id = _organisation_id.get()
    if organisation_id is None:
        raise TenantScopeMissing("Enter tenancy.scope(organisation_id) before touching tenant data.")
    return organisation_id


def find_current_organisation_id() -> UUID | None:
    """Return the organisation of the current scope, or None. For logs and context propagation only."""
    return _organisation_id.get()


class TenantManager(models.Manager[ModelT]):
    """Only rows of the organisation in scope; raises ``TenantScopeMissing`` when there is none."""

    def get_queryset(self) -> models.QuerySet[ModelT]:
        return super().get_queryset().filter(organisation_id=current_organisation_id())
