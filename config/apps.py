"""Connects the apps once all of them are loaded."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"
    label = "wiring"

    def ready(self) -> None:
        from config import wiring

        wiring.connect()
