"""Inboxes in the admin."""

from django.contrib import admin

from apps.core.admin import TenantAdmin
from apps.inboxes.models import Inbox


@admin.register(Inbox)
class InboxAdmin(TenantAdmin):
    list_display = ("name", "organisation", "channel", "is_active", "created_at")
    list_filter = ("channel", "is_active")
    list_select_related = ("organisation",)
    ordering = ("organisation", "name")
    readonly_fields = ("created_at",)
