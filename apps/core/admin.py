"""How do tables appear in the admin? Across organisations in lists, within one on every page of a tenant's thing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from apps.core import tenancy
from apps.core.models import TenantModel


class OperatorAdmin(ModelAdmin):  # type: ignore[misc]
    """An admin of any table. Only superusers of the deployment reach it, so it sees all organisations."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with self._everywhere():
            return _render(super().changelist_view(request, *args, **kwargs))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        with self._everywhere(), self._scope(request, object_id):
            return _render(super().changeform_view(request, object_id, *args, **kwargs))

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        with self._everywhere(), self._scope(request, object_id):
            return _render(super().delete_view(request, object_id, *args, **kwargs))

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        with self._everywhere(), self._scope(request, object_id):
            return _render(super().history_view(request, object_id, *args, **kwargs))

    @contextmanager
    def _everywhere(self) -> Iterator[None]:
        with tenancy.everywhere("the admin shows operators all organisations"):
            yield

    @contextmanager
    def _scope(self, request: HttpRequest, object_id: str | None) -> Iterator[None]:
        yield


class TenantAdmin(OperatorAdmin):
    """An admin of a tenant table.

    A page of one thing works in the scope of its organisation; a new thing in that of the organisation chosen for it.
    """

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        # Across organisations on purpose, as said above.
        return self.model.everywhere.order_by(*self.get_ordering(request))  # type: ignore[no-any-return]

    def get_readonly_fields(self, request: HttpRequest, obj: TenantModel | None = None) -> tuple[str, ...]:
        """Return what cannot be changed: a thing never moves to another organisation."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if obj is None or "organisation" in fields else (*fields, "organisation")

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        related = db_field.remote_field.model
        if issubclass(related, TenantModel):
            # Choices of the same organisation; before one is chosen there are none.
            organisation_id = tenancy.find_current_organisation_id()
            choices = related.everywhere.all()
            kwargs["queryset"] = (
                choices.none() if organisation_id is None else choices.filter(organisation_id=organisation_id)
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]

    @contextmanager
    def _scope(self, request: HttpRequest, object_id: str | None) -> Iterator[None]:
        organisation_id = self._find_organisation_id(request, object_id)
        if organisation_id is None:
            yield
            return
        with tenancy.scope(organisation_id):
            yield

    def _find_organisation_id(self, request: HttpRequest, object_id: str | None) -> UUID | None:
        if object_id is not None:
            thing = self.get_object(request, object_id)
            return None if thing is None else thing.organisation_id
        try:
            return UUID(request.POST.get("organisation", ""))
        except ValueError:
            return None


def _render(response: HttpResponse) -> HttpResponse:
    """Render a page now: that asks the database too, so it must not wait until the scope has ended."""
    return response.render() if isinstance(response, TemplateResponse) else response
