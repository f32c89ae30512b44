"""Is the data map whole and true? `manage.py check` fails on the first column that nobody has declared."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.core import checks

from apps.privacy.checks import columns, reasons, stores, tables


def find_faults(registry: Apps = apps) -> list[checks.CheckMessage]:
    """Return everything that is undeclared, gone, or declared against the models; in a fixed order."""
    return [
        *tables.find_faults(registry),
        *columns.find_faults(registry),
        *stores.find_faults(registry),
        *reasons.find_faults(registry),
    ]


def check_data_map(*, app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[checks.CheckMessage]:
    """Compare all declarations with all models, also when only some apps are asked about: they refer to each other.

    Registered with Django by ``config/apps.py``.
    """
    return find_faults()
