"""`python -m config.web`: Daphne, closing oversized sockets in words instead of cutting the line.

Daphne leaves autobahn's ``failByDrop`` on, so a frame over the limit ends the connection without a close code and the
client can't tell it from a broken line. With it off the client gets 1009 (RFC 6455, section 7.4.1) and knows better
than to send the frame again.
"""

import os
import sys
from typing import Any

import django
from daphne import server
from daphne.cli import CommandLineInterface


class PoliteWebSocketFactory(server.WebSocketFactory):  # type: ignore[misc]
    """Daphne's factory with a close handshake on violations."""

    def setProtocolOptions(self, **options: Any) -> None:  # noqa: N802  autobahn's name
        super().setProtocolOptions(failByDrop=False, **options)


def main() -> None:
    """Run Daphne with its own command line, unless the root keys do not open the vault."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    _refuse_without_root_keys()
    # The server makes its factory itself; there is no other place to say which.
    server.WebSocketFactory = PoliteWebSocketFactory
    CommandLineInterface.entrypoint()


def _refuse_without_root_keys() -> None:
    # Models can be imported only now.
    from apps.vault.services import roots

    refusal = roots.find_refusal()
    if refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(os.EX_CONFIG)


if __name__ == "__main__":
    main()
