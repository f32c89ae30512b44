"""Where does a laptop get the root key of its vault? Made once, beside the vault, readable by its owner only."""

import base64
import secrets

from launcher.layout import Layout, write_private


def make_root_keys(layout: Layout) -> None:
    """Writes the first root key if there is none. Call it only for a vault that is about to be made.

    For a vault that exists a new root key would open nothing: the suite then refuses to start and says so.
    """
    if not layout.root_keys.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        write_private(layout.root_keys, f"1:{key}\n")
