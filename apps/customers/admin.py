"""Customers in the admin: only what a website signs visitor tokens with. People's data is for the desk."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.core import tenancy
from apps.core.admin import TenantAdmin
from apps.customers import selectors
from apps.customers.errors import TooManyTokenSecrets
from apps.customers.models import TokenSecret
from apps.customers.services import token_secrets

if TYPE_CHECKING:
    from apps.core.models import TenantModel


class TokenSecretForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which organisation's website gets a secret, and what it is called."""

    class Meta:
        model = TokenSecret
        fields = ("organisation", "name")

    def clean(self) -> dict[str, Any]:
        """Raise ``ValidationError`` when the organisation has three active ones already."""
        cleaned: dict[str, Any] = super().clean() or {}
        organisation = cleaned.get("organisation")
        if organisation is not None:
            with tenancy.scope(organisation.id):
                if len(selectors.list_token_secrets()) >= len(token_secrets.SLOTS):
                    raise ValidationError(TooManyTokenSecrets.default_message)
        return cleaned


@admin.register(TokenSecret)
class TokenSecretAdmin(TenantAdmin):
    form = TokenSecretForm
    list_display = ("name", "organisation", "prefix", "created_at", "retired_at")
    list_select_related = ("organisation",)
    ordering = ("-created_at",)
    actions = ("retire",)

    def get_readonly_fields(self, request: HttpRequest, obj: "TenantModel | None" = None) -> tuple[str, ...]:
        return () if obj is None else ("organisation", "name", "prefix", "created_at", "created_by", "retired_at")

    def get_fields(self, request: HttpRequest, obj: TokenSecret | None = None) -> tuple[str, ...]:
        return ("organisation", "name") if obj is None else self.get_readonly_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: TokenSecret | None = None) -> bool:
        return False  # a retired secret stays, so that it can be seen who could sign when

    def save_model(self, request: HttpRequest, obj: TokenSecret, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        if not change:
            made = token_secrets.create_token_secret(name=obj.name)
            obj.id = made.id
            obj.refresh_from_db()

    def response_add(
        self, request: HttpRequest, obj: TokenSecret, post_url_continue: str | None = None
    ) -> HttpResponse:
        # A page of its own: a message would wait in a cookie until it is shown.
        context = {**self.admin_site.each_context(request), "title": "A new secret for visitor tokens", "made": obj}
        return TemplateResponse(request, "customers/token_secret_made.html", context)

    @admin.action(description="Retire: accept no token signed with it any more")
    def retire(self, request: HttpRequest, queryset: "QuerySet[TokenSecret]") -> None:
        for secret in [one for one in queryset if one.retired_at is None]:
            with tenancy.scope(secret.organisation_id):
                token_secrets.retire_token_secret(secret_id=secret.id)
