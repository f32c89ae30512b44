"""The ASGI application: pages and API through Django, sockets through Channels."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# First: it loads the apps, which everything imported below needs.
_pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from apps.desk import ws_urls as desk  # noqa: E402
from apps.inboxes import ws_urls as inboxes  # noqa: E402
from config.sockets import UnknownSocket  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": _pages,
        "websocket": URLRouter(
            [
                # The visitor's socket checks origins itself, against its inbox's list.
                path("ws/chat/", URLRouter(inboxes.websocket_urlpatterns)),
                # A staff cookie must not be usable from a foreign page.
                path(
                    "ws/desk/",
                    AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(desk.websocket_urlpatterns))),
                ),
                re_path(r"^(?P<unknown>.*)$", UnknownSocket.as_asgi()),
            ]
        ),
    }
)
