"""Runs of the AI in the admin: what it did, and how long each stage took."""

from django.contrib import admin
from django.http import HttpRequest

from apps.ai.models import Run
from apps.core.admin import TenantAdmin


@admin.register(Run)
class RunAdmin(TenantAdmin):
    list_display = ("id", "organisation", "state", "engine", "outcome", "confidence", "attempt", "started_at")
    list_filter = ("state", "engine", "outcome")
    list_select_related = ("organisation",)
    ordering = ("-started_at",)
    show_full_result_count = False
    # Looking at a run opens nobody's key.
    exclude = ("trace", "plain_trace")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False
