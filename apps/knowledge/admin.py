"""Sources and documents in the admin: to look at. They change through imports and the services."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from apps.core.admin import TenantAdmin
from apps.knowledge.models import Document, Source


class ReadOnlyAdmin(TenantAdmin):
    """Shows rows and changes none: a change past the services would leave the index behind."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "organisation", "created_at")
    list_filter = ("organisation",)
    list_select_related = ("organisation",)
    search_fields = ("name",)
    ordering = ("organisation", "name")


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ("title", "external_id", "organisation", "source", "locale", "audience", "is_live", "updated_at")
    list_filter = ("is_live", "audience", "locale", "organisation")
    list_select_related = ("organisation", "source")
    search_fields = ("title", "external_id")
    ordering = ("-updated_at",)
    exclude = ("content_hash",)
    show_full_result_count = False  # counting every document of a deployment would make the page slow
