"""Inboxes in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.inboxes.models import Inbox


@admin.register(Inbox)
class InboxAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "organisation", "channel", "is_active", "created_at")
    list_filter = ("channel", "is_active")
    list_select_related = ("organisation",)
    ordering = ("organisation", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Inbox]:
        # The admin of a deployment is across organisations; only superusers reach it.
        return Inbox.everywhere.all()
