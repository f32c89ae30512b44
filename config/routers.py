"""Which connection does what? Everything through the application role; only migrations as the owner of the tables."""

from typing import Any

from django.db.models import Model

_VAULT = "vault"


class KeyvaultRouter:
    """Sends the vault's tables, and nothing else, to their own database."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return "keyvault" if model._meta.app_label == _VAULT else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return "keyvault" if model._meta.app_label == _VAULT else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return None if db.startswith("keyvault") == (app_label == _VAULT) else False


class OwnerRouter:
    """Lets migrations run on the connections of the tables' owners alone."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db in {"owner", "keyvault_owner"}
