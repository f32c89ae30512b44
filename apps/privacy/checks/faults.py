"""How is a fault of the data map told? What is wrong, and what to write where."""

from django.apps import AppConfig
from django.apps.registry import Apps
from django.core.checks import CheckMessage, Error

from apps.core.datamap import find_map


def fault(number: int, where: str, what: str, hint: str) -> CheckMessage:
    """Return a failure of `manage.py check`; ``where`` is the app, model or column it is about."""
    return Error(f"{where} {what}", hint=hint, obj="Data map", id=f"privacy.E{number:03}")


def file_of(registry: Apps, app: str) -> str:
    """Return where an app's declarations are written."""
    return f"{registry.get_app_config(app).name.replace('.', '/')}/datamap.py"


def file_for(registry: Apps, label: str) -> str:
    """Return where a model is to be declared: by its own app, or by the one of ours that answers for a library's."""
    config = _find_config(registry, label.partition(".")[0])
    if config is not None and (find_map(config) is not None or config.name.startswith("apps.")):
        return file_of(registry, config.label)
    return "the datamap.py of the app of ours that answers for this library"


def _find_config(registry: Apps, app: str) -> AppConfig | None:
    return next((config for config in registry.get_app_configs() if config.label == app), None)
