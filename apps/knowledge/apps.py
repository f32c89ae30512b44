"""Registration of the knowledge app."""

from django.apps import AppConfig

from apps.knowledge import datamap


class KnowledgeConfig(AppConfig):
    name = "apps.knowledge"
    label = "knowledge"
    verbose_name = "Knowledge"
    data_map = datamap.MAP
