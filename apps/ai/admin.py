"""Runs of the AI in the admin: what it did, and how long each stage took."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.ai.models import Run


@admin.register(Run)
class RunAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("id", "organisation", "state", "engine", "outcome", "confidence", "attempt", "started_at")
    list_filter = ("state", "engine", "outcome")
    list_select_related = ("organisation",)
    ordering = ("-started_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        # The admin of a deployment is across organisations; only superusers reach it.
        return Run.everywhere.all()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False
