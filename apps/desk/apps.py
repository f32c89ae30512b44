"""Registration of the desk app."""

from django.apps import AppConfig

from apps.desk import datamap


class DeskConfig(AppConfig):
    name = "apps.desk"
    label = "desk"
    verbose_name = "Desk"
    data_map = datamap.MAP
