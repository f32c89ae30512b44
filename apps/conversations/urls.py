"""Addresses of conversations for programs."""

from django.urls import path

from apps.conversations import api

app_name = "conversations"
urlpatterns = [
    path("api/v1/conversations", api.ConversationListApi.as_view(), name="list"),
    path("api/v1/conversations/<uuid:conversation_id>/messages", api.MessageListApi.as_view(), name="messages"),
]
