"""Addresses of inboxes."""

from django.urls import path

from apps.inboxes import api, views

app_name = "inboxes"
urlpatterns = [
    path("chat/<uuid:inbox_id>/", views.chat_page, name="chat"),
    path("api/v1/chat/<uuid:inbox_id>/updates", api.UpdatesApi.as_view(), name="updates"),
]
