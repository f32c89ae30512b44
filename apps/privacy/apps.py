"""Registration of the privacy app."""

from django.apps import AppConfig

from apps.privacy import datamap


class PrivacyConfig(AppConfig):
    name = "apps.privacy"
    label = "privacy"
    verbose_name = "Privacy"
    data_map = datamap.MAP
