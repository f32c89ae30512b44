"""Registration of the ai app."""

from django.apps import AppConfig

from apps.ai import datamap


class AiConfig(AppConfig):
    name = "apps.ai"
    label = "ai"
    verbose_name = "AI"
    data_map = datamap.MAP
