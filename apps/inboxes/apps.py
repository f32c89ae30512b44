"""Registration of the inboxes app."""

from django.apps import AppConfig


class InboxesConfig(AppConfig):
    name = "apps.inboxes"
    label = "inboxes"
    verbose_name = "Inboxes"
