"""Connects the apps once all of them are loaded."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"
    label = "wiring"

    def ready(self) -> None:
        from django.core import checks

        from apps.privacy import checks as privacy_checks
        from config import wiring

        wiring.connect()
        checks.register(privacy_checks.check_data_map, "datamap")
