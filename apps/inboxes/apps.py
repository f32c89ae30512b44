"""Registration of the inboxes app."""

from django.apps import AppConfig

from apps.inboxes import datamap


class InboxesConfig(AppConfig):
    name = "apps.inboxes"
    label = "inboxes"
    verbose_name = "Inboxes"
    data_map = datamap.MAP
