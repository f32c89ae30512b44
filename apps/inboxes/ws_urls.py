"""Socket addresses of inboxes, below /ws/chat/."""

from django.urls import path

from apps.inboxes.consumers import VisitorConsumer

websocket_urlpatterns = [path("<uuid:inbox_id>/", VisitorConsumer.as_asgi())]
