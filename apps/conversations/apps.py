"""Registration of the conversations app."""

from django.apps import AppConfig

from apps.conversations import datamap


class ConversationsConfig(AppConfig):
    name = "apps.conversations"
    label = "conversations"
    verbose_name = "Conversations"
    data_map = datamap.MAP
