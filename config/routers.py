"""Which connection does what? Everything through the application role; only migrations as the owner of the tables."""

from typing import Any


class OwnerRouter:
    """Lets migrations run on the ``owner`` connection alone."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
