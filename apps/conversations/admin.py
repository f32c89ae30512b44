"""Conversations in the admin: to find one, not to change it."""

from django.contrib import admin
from django.http import HttpRequest

from apps.conversations.models import Conversation
from apps.core.admin import TenantAdmin


@admin.register(Conversation)
class ConversationAdmin(TenantAdmin):
    list_display = ("id", "organisation", "channel", "status", "owner_kind", "last_seq", "last_message_at")
    list_filter = ("status", "owner_kind", "channel")
    list_select_related = ("organisation",)
    ordering = ("-last_message_at",)
    show_full_result_count = False
    # Looking at a conversation opens nobody's key.
    exclude = ("tokens",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False
