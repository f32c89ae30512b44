"""Which cursors does Django get? Scoped ones, whoever opens them."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import NotSupportedError
from django.db.backends.postgresql import base

from apps.core.postgres.cursors import ScopedCursor


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL; what it sends carries the scope of ``apps.core.tenancy``."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return the parameters of a connection whose cursors are scoped, also those opened past Django.

        Raises ``ImproperlyConfigured`` for options that would send statements without their scope.
        """
        if self.settings_dict["OPTIONS"].get("server_side_binding"):
            raise ImproperlyConfigured("server_side_binding leaves no room for the scope of a statement.")
        if not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            raise ImproperlyConfigured("DISABLE_SERVER_SIDE_CURSORS must be set: a cursor outlives its scope.")
        return {**super().get_connection_params(), "cursor_factory": ScopedCursor}

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor. Raises ``NotSupportedError`` for one kept by the server, which would outlive its scope."""
        if name:
            raise NotSupportedError("A cursor kept by the server would outlive the scope it was opened in.")
        return super().create_cursor()
