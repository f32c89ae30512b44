"""Registration of the audit app."""

from django.apps import AppConfig

from apps.audit import datamap


class AuditConfig(AppConfig):
    name = "apps.audit"
    label = "audit"
    verbose_name = "Audit"
    data_map = datamap.MAP
