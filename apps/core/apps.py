"""Registration of the core app."""

from django.apps import AppConfig

from apps.core.datamap import own


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"
    verbose_name = "Core"
    data_map = own.MAP
