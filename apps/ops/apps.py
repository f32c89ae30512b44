"""Registration of the ops app."""

from django.apps import AppConfig

from apps.ops import datamap


class OpsConfig(AppConfig):
    name = "apps.ops"
    label = "ops"
    verbose_name = "Ops"
    data_map = datamap.MAP
