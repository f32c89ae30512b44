"""Socket addresses of the desk, below /ws/desk/."""

from django.urls import path

from apps.desk.consumers import DeskConsumer

websocket_urlpatterns = [path("", DeskConsumer.as_asgi())]
