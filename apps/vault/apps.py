"""Registration of the vault: its services hand out the keys that encrypted fields ask for."""

from importlib import import_module

from django.apps import AppConfig

from apps.vault import datamap, types


class VaultConfig(AppConfig):
    name = "apps.vault"
    label = "vault"
    verbose_name = "Vault"
    data_map = datamap.MAP

    def ready(self) -> None:
        # Only now: services import models, which need all apps loaded.
        keys = import_module("apps.vault.services.keys")
        types.use_keyring(keys)
