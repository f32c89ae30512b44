"""Organisations, people and keys in the admin."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.http import HttpRequest

from apps.accounts.models import ApiKey, Membership, Organisation, User
from apps.core.admin import OperatorAdmin, TenantAdmin

# allauth keeps addresses of its own; here they would be a second place to look for people.
admin.site.unregister(EmailAddress)


@admin.register(Organisation)
class OrganisationAdmin(OperatorAdmin):
    list_display = ("name", "slug", "locale", "is_active", "created_at")
    search_fields = ("name", "slug")

    def has_delete_permission(self, request: HttpRequest, obj: Organisation | None = None) -> bool:
        return False  # it would take everything of the tenant with it, past erasure and its receipts

    ordering = ("name",)
    readonly_fields = ("created_at",)


@admin.register(User)
class UserAdmin(OperatorAdmin):
    list_display = ("name", "email", "is_active", "is_staff", "created_at")
    search_fields = ("name", "email")
    ordering = ("name",)
    readonly_fields = ("created_at",)
    exclude = ("password", "groups", "user_permissions")


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    list_display = ("user", "organisation", "role", "is_active")
    list_filter = ("role", "is_active")
    list_select_related = ("user", "organisation")
    ordering = ("organisation", "user")
    readonly_fields = ("created_at",)


@admin.register(ApiKey)
class ApiKeyAdmin(TenantAdmin):
    list_display = ("name", "organisation", "prefix", "scopes", "last_used_at", "revoked_at")
    list_select_related = ("organisation",)
    ordering = ("-created_at",)
    readonly_fields = ("organisation", "name", "prefix", "scopes", "created_by", "created_at", "last_used_at")
    exclude = ("secret_hash",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a key shows its secret once, which a form cannot do; `manage.py create_api_key` does
