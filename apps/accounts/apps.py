"""Registration of the accounts app."""

from django.apps import AppConfig

from apps.accounts import datamap


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"
    data_map = datamap.MAP
